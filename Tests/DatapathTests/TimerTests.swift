import BPFInstructions
import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// Timers in an object that clang made; Objects/timers.c says what it does.
@Suite struct TimerTests {
  private static func object() throws -> ObjectFile {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Objects/timers.bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: "timers.bpf.o")
  }

  private static let second: UInt64 = 1_000_000_000

  /// The first words of the frame that a run left.
  private static func run(
    _ backend: any Backend, at time: UInt64, first: UInt8 = 0, words count: Int
  ) throws -> [Int64] {
    let packet = [first] + [UInt8](repeating: 0, count: 299)
    return try packet.withUnsafeBytes { bytes in
      _ = try backend.run(Frame(bytes: bytes, wireLength: bytes.count, timestamp: time, number: 1))
      #expect(backend.trap == nil, "\(backend.trap.map { backend.describe($0).reason } ?? "")")
      return (0..<count).map { backend.output.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }
  }

  private static func simulator(_ program: String, _ engine: EngineKind = .threaded) throws -> SimulatorBackend {
    let object = try object()
    let spec = try #require(object.programs.first { $0.name == program })
    return try SimulatorBackend(object: object, program: spec, hook: .xdp, engine: engine)
  }

  private static func kernel(_ program: String) throws -> KernelBackend {
    let object = try object()
    let spec = try #require(object.programs.first { $0.name == program })
    return try KernelBackend(object: object, program: spec, hook: .xdp)
  }

  /// What Linux 6.18 answered.
  private static let answers: [Int64] = [
    -22, -22, -22, -22, -22, 0, -16, -22, 0, -22, 0, 0, 1, 0, -22, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, -22, 0, 0, 0, 0, 1,
  ]
  private static let fired: [Int64] = [0, 20, 3, -35, 0, 0, -22, 5, 0x1122_3344_5566_7788, 1]

  @Test("the helpers of timers answer as Linux does", arguments: EngineKind.allCases)
  func answers(engine: EngineKind) throws {
    let words = try TimerTests.run(TimerTests.simulator("errors", engine), at: TimerTests.second, words: 32)
    #expect(words == TimerTests.answers)
  }

  @Test(
    "the running kernel still answers what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernelAnswers() throws {
    #expect(try TimerTests.run(TimerTests.kernel("errors"), at: 0, words: 32) == TimerTests.answers)
  }

  @Test("callbacks run before the packet after their time, and see map, key and value", arguments: EngineKind.allCases)
  func fire(engine: EngineKind) throws {
    let backend = try TimerTests.simulator("fire", engine)
    _ = try TimerTests.run(backend, at: TimerTests.second, first: 1, words: 1)
    #expect(backend.deferredReport?.timers == 0)
    let words = try TimerTests.run(backend, at: 2 * TimerTests.second, words: 10)
    #expect(words == TimerTests.fired)
    let report = try #require(backend.deferredReport)
    #expect(report.timers == 7)
    #expect(report.started == 0)
  }

  @Test(
    "the running kernel's callbacks still leave what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernelFire() throws {
    let backend = try TimerTests.kernel("fire")
    _ = try TimerTests.run(backend, at: 0, first: 1, words: 1)
    var words: [Int64] = []
    for _ in 0..<100 where words.dropFirst().first != TimerTests.fired[1] {
      usleep(20_000)
      words = try TimerTests.run(backend, at: 0, words: 10)
    }
    #expect(words == TimerTests.fired)
  }

  @Test("timers run when their time has come and not before", arguments: EngineKind.allCases)
  func order(engine: EngineKind) throws {
    let backend = try TimerTests.simulator("fire", engine)
    let start = TimerTests.second
    _ = try TimerTests.run(backend, at: start, first: 1, words: 1)
    // At 1 ms the array's timer has run twice, and the hash's at 2 ms not yet.
    let early = try TimerTests.run(backend, at: start + 1_999_999, words: 10)
    #expect(early[1...2] == [0, 0])
    #expect(backend.deferredReport?.timers == 3)
    #expect(backend.deferredReport?.untilNext == 1)
    let later = try TimerTests.run(backend, at: start + 2_000_000, words: 10)
    #expect(later[2] == 3)
    #expect(later[1] == 0)
    #expect(backend.deferredReport?.started == 1)
    #expect(backend.deferredReport?.untilNext == 1_000_000)
    backend.settle(for: 1_000_000)
    #expect(backend.deferredReport?.timers == 6)
    backend.settle(for: 1_000_000)
    #expect(backend.deferredReport?.timers == 7)
    #expect(try TimerTests.run(backend, at: start, words: 10) == TimerTests.fired)
  }

  @Test("timers of a map that no user space holds cannot be initialised", arguments: EngineKind.allCases)
  func withoutUser(engine: EngineKind) throws {
    let backend = try TimerTests.simulator("errors", engine)
    for map in backend.machine.maps { map.hasUserReference = false }
    // What Linux 6.18 answered when the loader had closed its maps.
    #expect(
      try TimerTests.run(backend, at: 1, words: 32) == [
        -22, -22, -22, -22, -22, -1, -1, -22, -22, -22, -22, -22, -22, -22, -22, -22, -22, -22, -1, -1, -1, 0, -1, -22,
        -22, 0, -22, -1, -22, -22, 0, -22,
      ])
  }

  @Test("instructions of callbacks are no packet's", arguments: EngineKind.allCases)
  func instructions(engine: EngineKind) throws {
    let packet = [UInt8](repeating: 0, count: 300)
    func count(_ backend: SimulatorBackend, _ time: UInt64) throws -> Int {
      try packet.withUnsafeBytes {
        try backend.run(Frame(bytes: $0, wireLength: 300, timestamp: time, number: 1)).instructions
      }
    }
    let quiet = try count(TimerTests.simulator("fire", engine), 2 * TimerTests.second)
    let backend = try TimerTests.simulator("fire", engine)
    _ = try TimerTests.run(backend, at: TimerTests.second, first: 1, words: 1)
    #expect(try count(backend, 2 * TimerTests.second) == quiet)
    #expect(try #require(backend.deferredReport).instructions > 100)
  }

  @Test(
    "a trap in a callback stops the callback, is told as one, and leaves packets alone", arguments: EngineKind.allCases)
  func trap(engine: EngineKind) throws {
    let object = try TimerTests.object()
    var spec = try #require(object.programs.first { $0.name == "fire" })
    let callback = try #require(spec.functions.first { $0.name == "stamp" })
    // r0 = *(u32 *)(r0 + 0), with r0 = 0.
    spec.instructions[callback.slot] = Instruction(opcode: 0x61)
    spec.references[callback.slot] = nil
    let backend = try SimulatorBackend(object: object, program: spec, hook: .xdp, engine: engine)
    _ = try TimerTests.run(backend, at: TimerTests.second, first: 1, words: 1)
    let words = try TimerTests.run(backend, at: 2 * TimerTests.second, words: 10)
    #expect(Array(words[..<8]) == Array(TimerTests.fired[..<8]))
    let traps = try #require(backend.deferredReport).traps
    #expect(traps.count == 1)
    let trap = try #require(traps.first)
    #expect(trap.count == 1)
    let description = backend.describe(trap.trap)
    #expect(description.reason == "in the callback of a timer in map recent: read of 4 bytes at 0x0: a NULL pointer")
    #expect(description.function == "stamp")
  }
}
