import BPFMachine
import BPFObject
import Capture

/// Something that runs one loaded program on frames, one at a time: the simulator, or a kernel through bpf(2).
public protocol Backend: AnyObject {
  /// The program that runs.
  var program: ProgramSpec { get }
  /// Where the program is attached.
  var hook: Hook { get }
  /// The object's maps, in its order.
  var maps: [any MapAccess] { get }
  /// Runs the program on `frame`.
  func run(_ frame: Frame) throws(BackendError) -> Outcome
  /// What stopped the last run; nil when it ended with `exit`.
  var trap: Trap? { get }
  /// The target that the last run's redirect helper noted; nil when there was none or the backend cannot tell.
  var redirect: Redirect? { get }
  /// The frame as the last run left it: from data_meta to the end. Valid until the next run.
  var output: UnsafeRawBufferPointer { get }
  /// How many of the first bytes of ``output`` are metadata, in front of the Ethernet header.
  var outputMetadataLength: Int { get }
  /// `struct xdp_md` or `struct __sk_buff` after the last run, as `BPF_PROG_TEST_RUN` writes it back: for XDP `data` is the
  /// metadata length and `data_end` the end of the directly readable bytes, counted from data_meta. Empty when the backend
  /// cannot tell.
  var contextOut: [UInt8] { get }
  /// Runs what timers and work queues have left to do, until `duration` nanoseconds after the last packet.
  func settle(for duration: UInt64)
  /// What became of timers and work queues so far; nil when the backend cannot tell.
  var deferredReport: DeferredReport? { get }
  /// What is run, in words.
  var title: String { get }
  /// A trap of an earlier run in words.
  func describe(_ trap: Trap) -> TrapDescription
  /// A redirect target in words: `ifindex 3`, `tx_port[1] ifindex 4`.
  func describe(_ redirect: Redirect) -> String
  /// What a prog_array takes for the object's program of that name; nil when there is no such program.
  func programNumber(named name: String) throws(BackendError) -> UInt32?
  /// The name of the program that a prog_array shows as that number; nil when the backend cannot tell.
  func programName(number: UInt32) -> String?
}

extension Backend {
  /// None by default.
  public func programName(number: UInt32) -> String? { nil }
  /// Nothing by default.
  public func settle(for duration: UInt64) {}
  /// Nil by default.
  public var deferredReport: DeferredReport? { nil }
  /// The program's name.
  public var title: String { program.name }
  /// Empty by default.
  public var contextOut: [UInt8] { [] }
}

/// A backend that cannot go on; what was computed before stands.
public struct BackendError: Error, Hashable, Sendable {
  /// What failed, where, and what to do, in one line.
  public var message: String
  /// errno of the system call that failed, 0 when it was none.
  public var errno: Int32
  /// Only this frame cannot be run on this backend, whatever the program; the next ones can.
  public var isFrameLimit: Bool

  public init(message: String, errno: Int32 = 0, isFrameLimit: Bool = false) {
    self.message = message
    self.errno = errno
    self.isFrameLimit = isFrameLimit
  }
}
