import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// Iteration over maps, locks in values and values of other CPUs, in an object that clang made; Objects/elements.c says what it does.
@Suite struct ElementTests {
  private static func object() throws -> ObjectFile {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Objects/elements.bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: "elements.bpf.o")
  }

  private static func words(_ backend: any Backend) throws -> [Int64] {
    let packet = [UInt8](repeating: 0, count: 600)
    return try packet.withUnsafeBytes { bytes in
      _ = try backend.run(Frame(bytes: bytes, wireLength: bytes.count, timestamp: 1, number: 1))
      #expect(backend.trap == nil, "\(backend.trap.map { backend.describe($0).reason } ?? "")")
      return (0..<35).map { backend.output.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }
  }

  /// What Linux 6.18 wrote.
  private static let recorded: [Int64] = [
    5, 5, 5, 5, 6, 6, 21_474_836_550, 210, 5, 21_474_841_625, 385, -22, 5, 21_474_841_625, 420, 5, 21_474_841_625, 955,
    0, 0, 0, -17, -22, 0, -7, -17, 12, 50, 50, 3007, 4, 0, 0, 0, 4,
  ]

  @Test("elements are visited, deleted, replaced and locked as Linux does it", arguments: EngineKind.allCases)
  func simulated(engine: EngineKind) throws {
    let object = try ElementTests.object()
    let program = try #require(object.programs.first)
    let backend = try SimulatorBackend(object: object, program: program, hook: .xdp, engine: engine)
    #expect(try ElementTests.words(backend) == ElementTests.recorded)
  }

  @Test(
    "the running kernel still writes what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernel() throws {
    let object = try ElementTests.object()
    let program = try #require(object.programs.first)
    let backend = try KernelBackend(object: object, program: program, hook: .xdp)
    #expect(try ElementTests.words(backend) == ElementTests.recorded)
  }

  @Test(
    "locks in an order that the verifier refuses stop the program",
    arguments: [
      // A second lock in the place of the unlock, an unlock in the place of the lock, no unlock.
      (94, 93, "bpf_spin_lock while another lock is held"), (93, 94, "bpf_spin_unlock of a lock that is not held"),
      (94, 5, "the program ends while it holds the lock that it takes here"),
    ] as [(Int32, Int32, String)])
  func lockMisuse(from: Int32, to: Int32, reason: String) throws {
    for engine in EngineKind.allCases {
      let object = try ElementTests.object()
      var program = try #require(object.programs.first)
      let slot = try #require(
        program.instructions.firstIndex { $0.opcode == 0x85 && $0.source == 0 && $0.immediate == from })
      program.instructions[slot].immediate = to
      let backend = try SimulatorBackend(object: object, program: program, hook: .xdp, engine: engine)
      let packet = [UInt8](repeating: 0, count: 600)
      let outcome = try packet.withUnsafeBytes {
        try backend.run(Frame(bytes: $0, wireLength: $0.count, timestamp: 1, number: 1))
      }
      #expect(outcome.isTrapped)
      let trap = try #require(backend.trap)
      #expect(backend.describe(trap).reason == reason)
      // The next packet is none the worse for it.
      let again = try packet.withUnsafeBytes {
        try backend.run(Frame(bytes: $0, wireLength: $0.count, timestamp: 2, number: 2))
      }
      #expect(again.isTrapped)
      #expect(backend.trap?.slot == trap.slot)
    }
  }
}
