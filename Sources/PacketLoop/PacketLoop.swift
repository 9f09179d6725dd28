import BPFObject
import Capture
import Datapath
import VerdictReport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the frames of a capture, held in memory, again and again as `verdict run` does: for tools that count what a packet
/// costs, such as valgrind, by comparing N times with 2 N times.
@main
struct PacketLoop {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 || arguments.count == 5, let times = Int(arguments[3]), times > 0 else {
      print("usage: PacketLoop OBJECT CAPTURE TIMES [PROGRAM]")
      exit(64)
    }
    do {
      let object = try ObjectFile(path: arguments[1])
      let program = try object.chooseProgram(arguments.count == 5 ? arguments[4] : nil)
      let backend = try SimulatorBackend(object: object, program: program, hook: program.hook ?? .xdp)
      let frames = RepeatedFrames(try FrameStore(CaptureReader(path: arguments[2])), times: times)
      let result = Replay(backend: backend).run(frames, named: arguments[2])
      print("\(result.report.packets) packets")
    } catch {
      print(error)
      exit(65)
    }
  }
}

/// The same frames again and again, all of them in one batch.
private final class RepeatedFrames: FrameSource {
  private let frames: UnsafeMutableBufferPointer<Frame>
  private let store: FrameStore
  private var isDelivered = false

  init(_ store: FrameStore, times: Int) {
    self.store = store
    frames = .allocate(capacity: store.frames.count * times)
    for time in 0..<times {
      _ = frames.extracting((time * store.frames.count)...).update(from: store.frames)
    }
  }

  deinit { frames.deallocate() }

  func nextFrames(limit: Int) throws(CaptureError) -> UnsafeBufferPointer<Frame> {
    if isDelivered { return UnsafeBufferPointer(start: nil, count: 0) }
    isDelivered = true
    return UnsafeBufferPointer(frames)
  }
}
