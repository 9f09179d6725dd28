import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// Values of tasks and cgroups in an object that clang made; Objects/storage.c says what it does.
@Suite struct StorageTests {
  private static func object() throws -> ObjectFile {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Objects/storage.bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: "storage.bpf.o")
  }

  private static func words(_ backend: any Backend) throws -> [Int64] {
    let packet = [UInt8](repeating: 0, count: 200)
    return try packet.withUnsafeBytes { bytes in
      _ = try backend.run(Frame(bytes: bytes, wireLength: bytes.count, timestamp: 1, number: 1))
      #expect(backend.trap == nil, "\(backend.trap.map { backend.describe($0).reason } ?? "")")
      return (0..<15).map { backend.output.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }
  }

  /// What Linux 6.18 wrote.
  private static let recorded: [Int64] = [0, 0, -2, 506, 6, 6, 0, -2, 1, 0, 0, 90, 91, 0, -2]

  @Test("a task and a cgroup have values as Linux gives them", arguments: EngineKind.allCases)
  func simulated(engine: EngineKind) throws {
    let object = try StorageTests.object()
    let program = try #require(object.programs.first)
    let backend = try SimulatorBackend(object: object, program: program, hook: .xdp, engine: engine)
    for _ in 0..<2 { #expect(try StorageTests.words(backend) == StorageTests.recorded) }
  }

  @Test(
    "the running kernel still writes what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernel() throws {
    let object = try StorageTests.object()
    let program = try #require(object.programs.first)
    let backend = try KernelBackend(object: object, program: program, hook: .xdp)
    #expect(try StorageTests.words(backend) == StorageTests.recorded)
  }
}
