import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// `bpf_loop` and `bpf_for_each_map_elem` in an object that clang made; Objects/callbacks.c says what it does.
@Suite struct CallbackTests {
  private static func object() throws -> ObjectFile {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Objects/callbacks.bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: "callbacks.bpf.o")
  }

  private static func words(_ backend: any Backend) throws -> (UInt32, [UInt64]) {
    let packet = [UInt8](repeating: 0, count: 96)
    return try packet.withUnsafeBytes { bytes in
      let outcome = try backend.run(Frame(bytes: bytes, wireLength: bytes.count, timestamp: 1, number: 1))
      #expect(backend.trap == nil, "\(backend.trap.map { backend.describe($0).reason } ?? "")")
      return (
        outcome.returnValue, (0..<9).map { backend.output.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
      )
    }
  }

  /// What Linux 6.18 wrote.
  private static let recorded: [UInt64] = [
    100, 10, 0, 0xffff_fff9, 5, 1, 1_234_605_616_436_523_575, 105, 59,
  ]

  @Test(
    "callbacks run as often, in the order and with the arguments that Linux gives them", arguments: EngineKind.allCases)
  func simulated(engine: EngineKind) throws {
    let object = try CallbackTests.object()
    let program = try #require(object.programs.first)
    let backend = try SimulatorBackend(object: object, program: program, hook: .xdp, engine: engine)
    let (verdict, words) = try CallbackTests.words(backend)
    #expect(verdict == 3)
    #expect(words == CallbackTests.recorded)
  }

  @Test(
    "the running kernel still writes what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernel() throws {
    let object = try CallbackTests.object()
    let program = try #require(object.programs.first)
    let backend = try KernelBackend(object: object, program: program, hook: .xdp)
    let (verdict, words) = try CallbackTests.words(backend)
    #expect(verdict == 3)
    #expect(words == CallbackTests.recorded)
  }
}
