import BPFMachine
import BPFObject
import Capture
import Datapath
import VerdictReport

/// A backend whose program answers with a byte of the packet: byte 0 is the verdict, byte 1 the number of instructions.
/// 0xff in byte 2 traps; the output is the packet behind four bytes of metadata.
final class FakeBackend: Backend {
  let program = ProgramSpec(name: "fake", section: "xdp", type: .xdp, instructions: [])
  let hook: Hook
  var maps: [any MapAccess] = []
  private(set) var left: [UInt8] = []
  /// Number of the packet at which the backend gives up.
  var failsAt: Int?

  init(hook: Hook = .xdp) { self.hook = hook }

  func run(_ frame: Frame) throws(BackendError) -> Outcome {
    if frame.number == failsAt {
      throw BackendError(message: "packet \(frame.number): the kernel said EINVAL", errno: 22)
    }
    left = [0xaa, 0xbb, 0xcc, 0xdd] + frame.bytes
    storage.deallocate()
    storage = .allocate(byteCount: left.count, alignment: 1)
    storage.copyBytes(from: left)
    let isTrapped = frame.bytes[2] == 0xff
    let verdict = isTrapped ? 0 : UInt32(frame.bytes[0])
    trap = isTrapped ? Trap(reason: .badRead(address: UInt64(frame.number), size: 4), slot: 7, program: 0) : nil
    redirect = verdict == 4 ? .interface(3, ingress: false) : nil
    return Outcome(
      returnValue: verdict, instructions: Int(frame.bytes[1]), isTrapped: isTrapped, isRedirected: redirect != nil)
  }

  private(set) var trap: Trap?
  private(set) var redirect: Redirect?

  private var storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)
  var output: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
  var outputMetadataLength: Int { 4 }

  func describe(_ trap: Trap) -> TrapDescription {
    TrapDescription(
      reason: "read of 4 bytes at 0x\(trap.slot)", instruction: trap.slot, function: "fake", source: "fake.c:12",
      sourceText: "  if (tcp->syn)")
  }

  func programNumber(named name: String) throws(BackendError) -> UInt32? { nil }

  func describe(_ redirect: Redirect) -> String { "ifindex 3" }

  deinit { storage.deallocate() }
}

/// Frames from memory, a second apart.
final class FrameList: FrameSource {
  private let frames: [[UInt8]]
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
  private let lent = UnsafeMutablePointer<Frame>.allocate(capacity: 1)
  private var index = 0
  /// What is thrown after the last frame.
  var fault: CaptureError?
  var wireLength: Int?

  init(_ frames: [[UInt8]]) { self.frames = frames }
  deinit {
    buffer.deallocate()
    lent.deallocate()
  }

  func nextFrames(limit: Int) throws(CaptureError) -> UnsafeBufferPointer<Frame> {
    guard index < frames.count, limit > 0 else {
      if limit > 0, let fault { throw fault }
      return UnsafeBufferPointer(start: nil, count: 0)
    }
    let frame = frames[index]
    index += 1
    buffer.copyBytes(from: frame)
    lent.pointee = Frame(
      bytes: UnsafeRawBufferPointer(rebasing: buffer[..<frame.count]), wireLength: wireLength ?? frame.count,
      timestamp: 1_700_000_000_000_000_000 + UInt64(index) * 1_000_000_001, number: index)
    return UnsafeBufferPointer(start: lent, count: 1)
  }
}
