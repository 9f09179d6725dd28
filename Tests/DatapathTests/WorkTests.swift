import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// Work items in an object that clang made; Objects/work.c says what it does.
@Suite struct WorkTests {
  private static func object() throws -> ObjectFile {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Objects/work.bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: "work.bpf.o")
  }

  private static func run(_ backend: any Backend, first: UInt8, words count: Int) throws -> [Int64] {
    let packet = [first] + [UInt8](repeating: 0, count: 199)
    return try packet.withUnsafeBytes { bytes in
      _ = try backend.run(Frame(bytes: bytes, wireLength: bytes.count, timestamp: 1, number: 1))
      #expect(backend.trap == nil, "\(backend.trap.map { backend.describe($0).reason } ?? "")")
      return (0..<count).map { backend.output.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }
  }

  /// What Linux 6.18 answered, and what its callbacks left.
  private static let answers: [Int64] = [-22, -22, -22, 0, -16, -22, -22, 0, -22, 0, 0, 0, 0]
  private static let counted: [Int64] = [2, 5, 7]

  @Test("work is done as soon as the program has ended", arguments: EngineKind.allCases)
  func simulated(engine: EngineKind) throws {
    let object = try WorkTests.object()
    let program = try #require(object.programs.first)
    let backend = try SimulatorBackend(object: object, program: program, hook: .xdp, engine: engine)
    #expect(try WorkTests.run(backend, first: 1, words: 13) == WorkTests.answers)
    #expect(try WorkTests.run(backend, first: 0, words: 3) == WorkTests.counted)
    #expect(backend.deferredReport?.works == 2)
    #expect(backend.deferredReport?.started == 0)
  }

  @Test(
    "the running kernel still does what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernel() throws {
    let object = try WorkTests.object()
    let program = try #require(object.programs.first)
    let backend = try KernelBackend(object: object, program: program, hook: .xdp)
    #expect(try WorkTests.run(backend, first: 1, words: 13) == WorkTests.answers)
    var words: [Int64] = []
    for _ in 0..<100 where words != WorkTests.counted {
      usleep(20_000)
      words = try WorkTests.run(backend, first: 0, words: 3)
    }
    #expect(words == WorkTests.counted)
  }
}
