import BPFMachine
import BPFObject
import Capture
import Datapath

/// A backend whose answer to a frame is a closure's.
final class ScriptedBackend: Backend {
  struct Answer {
    var verdict: UInt32 = 2
    /// What is left: metadata, then the frame; nil for the frame as it came.
    var output: [UInt8]?
    var metadata = 0
    var trap: Trap.Reason?
    var context: [UInt8] = []
  }

  let program = ProgramSpec(name: "scripted", section: "xdp", type: .xdp, instructions: [])
  let hook = Hook.xdp
  var maps: [any MapAccess]
  /// Time stamps that the frames came with.
  private(set) var times: [UInt64] = []
  private let answer: (Frame) throws(BackendError) -> Answer
  private var last = Answer()
  private var storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)

  init(maps: [any MapAccess] = [], _ answer: @escaping (Frame) throws(BackendError) -> Answer) {
    self.maps = maps
    self.answer = answer
  }

  deinit { storage.deallocate() }

  func run(_ frame: Frame) throws(BackendError) -> Outcome {
    times.append(frame.timestamp)
    last = try answer(frame)
    let left = last.output ?? Array(frame.bytes)
    storage.deallocate()
    storage = .allocate(byteCount: left.count, alignment: 1)
    storage.copyBytes(from: left)
    return Outcome(returnValue: last.verdict, instructions: 1, isTrapped: last.trap != nil)
  }

  var trap: Trap? { last.trap.map { Trap(reason: $0, slot: 3, program: 0) } }
  let redirect: Redirect? = nil
  var output: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
  var outputMetadataLength: Int { last.metadata }
  var contextOut: [UInt8] { last.context }

  func describe(_ trap: Trap) -> TrapDescription {
    TrapDescription(reason: "stopped", instruction: trap.slot, function: "scripted", source: nil, sourceText: nil)
  }

  func programNumber(named name: String) throws(BackendError) -> UInt32? { nil }
  func describe(_ redirect: Redirect) -> String { "" }
}
