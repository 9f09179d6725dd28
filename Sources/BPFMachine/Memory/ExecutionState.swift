/// What a running program's instructions and helpers share. Both engines use it; it lives behind one pointer, which
/// ``Machine`` owns, so that the hot path touches no class field.
package struct ExecutionState {
  /// r0-r10; the first bytes of the state, which the threaded engine relies on.
  package var registers = Registers()
  /// The frame that the next call fills, and the end of the array that holds them.
  var nextFrame: UnsafeMutablePointer<CallFrame>
  var endOfFrames: UnsafeMutablePointer<CallFrame>
  /// 64-bit immediates of every loaded program.
  var constants: UnsafePointer<UInt64>
  /// The machine that runs.
  var machine: Unmanaged<Machine>
  /// Where a run stopped: the last instruction executed and the budget mark at it.
  var stop: UnsafeRawPointer
  var stopMark = 0
  /// Why, when it was not by `exit`.
  var trap: Trap.Reason?
  /// Where a helper that transfers control goes on: first instruction of the program a tail call chose (threaded), and its
  /// index among the loaded programs (reference).
  var target: UnsafeRawPointer
  var targetProgram = 0
  /// The arena's address for user space and its guest address: the upper halves, the lower ones are the same.
  var arenaUser: UInt64 = 0
  var arenaGuest: UInt64 = 0
  /// The machine's maps, for helpers: no reference counting or tracked access on the way to one.
  var maps: UnsafeMutablePointer<Unmanaged<BPFMap>>
  var mapCount = 0
  /// Behind `bpf_get_prandom_u32`.
  var random: RandomState
  /// First instruction of each loaded program, by its index.
  var starts: UnsafeMutablePointer<UnsafeRawPointer>
  var programCount = 0
  /// What a redirect helper noted in this run.
  var redirect: Redirect?
  /// Nanoseconds that `bpf_ktime_get_ns` gives.
  var clock: UInt64 = 0
  /// When the first timer is due; never when none is started.
  var nextExpiry = UInt64.max
  /// Where each callback that runs now goes on when its helper is done (threaded), innermost last.
  var callbackReturns: UnsafeMutablePointer<UnsafeRawPointer>
  /// How many helpers are calling back.
  var callbackDepth = 0
  /// What a callback returns to.
  var callbackEnd: UnsafeRawPointer
  /// The element of ``targetProgram`` that a callback begins with (reference).
  var targetElement = 0
  /// True while a TC program runs on the socket buffer, false while an XDP program runs on the packet buffer.
  var runsOnSocketBuffer = false
  /// Index of the program that a TC run began with, or that a tail call put in its place.
  var currentProgram = 0
  /// A program sent copies of the skb.
  var hasCopies = false
  /// Sockets that frames of BPF_PROG_TEST_RUN came with so far.
  var testRuns: UInt64 = 0
  /// Tail calls so far in this run.
  var tailCalls = 0
  /// `may_goto` goes on this many times more.
  var loopCredit = 0
  /// A program sent copies of its skb that are to be sent on.
  var hasClones = false
  /// A program put something into a ring buffer.
  var hasRecords = false
  /// A kfunc left something that the end of the run must see to: an object, a lock.
  var hasLeftovers = false
  /// The frame top that the trampoline hands on.
  var resumeFrame: UnsafeMutableRawPointer
}

/// What follows a helper call.
package enum Sequel {
  /// The next instruction.
  case goOn
  /// Nothing: ``ExecutionState/trap`` says why.
  case trapped
  /// Another program, in the place of the current function.
  case transferred
  /// A function of the program; when it returns, the helper is asked again.
  case called
  /// The caller, as after `exit`.
  case returned
  /// An exception, of which r0 is the cookie: to the exception callback of the function that the kernel entered.
  case thrown
}

/// Eleven registers, and one that nobody names, so that the size is 96 bytes.
package struct Registers {
  package var storage:
    (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
      (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

/// What a bpf-to-bpf call saves.
struct CallFrame {
  /// r6-r9.
  var saved: SIMD4<UInt64>
  /// The instruction to go on with.
  var resume: UnsafeRawPointer

  /// Frames that Linux allows: `MAX_CALL_FRAMES`.
  static let maximum = 8
  /// Frames that a packet can come to: a tail call from a subprogram leaves the callers' frames where they are, and there
  /// may be 33 of them.
  static let room = maximum * 34
  /// Stack bytes of a frame: `MAX_BPF_STACK`.
  static let stackBytes = 512
}

package typealias StatePointer = UnsafeMutablePointer<ExecutionState>

extension UnsafeMutablePointer where Pointee == ExecutionState {
  /// The registers as an array in memory.
  @inline(__always)
  package var registers: UnsafeMutablePointer<UInt64> {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: UInt64.self)
  }
}
