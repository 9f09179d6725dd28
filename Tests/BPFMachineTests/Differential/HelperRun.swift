import BPFInstructions
import BPFKernel
import BPFObject
import Foundation

@testable import BPFMachine

/// A program with maps, run on several packets in turn: what each left, and what the maps hold at the end.
struct HelperRun: Equatable {
  /// One packet.
  struct Step: Equatable {
    var returnValue: UInt32
    var output: [UInt8]
    /// `data` and `data_end` of the context out: metadata length, and metadata with the linear part.
    var metadata: UInt32
    var linear: UInt32
    var trap: Trap?
  }

  var steps: [Step] = []
  var maps: [[MapEntry]] = []

  private static func spec(_ programs: HelperPrograms, _ code: [Instruction]) -> ProgramSpec {
    ProgramSpec(
      name: "random", section: "xdp", type: .xdp, flags: programs.takesFragments ? 1 << 5 : 0, instructions: code,
      references: programs.references(code))
  }

  /// What tables hold before the first packet: `lo`, and CPU 0.
  private static func seed(_ map: any MapAccess) throws {
    func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let padding = [UInt8](repeating: 0, count: Int(map.spec.valueSize) - 4)
    switch map.spec.type {
    case .devmap, .devmapHash:
      for key in [0, 2, 5] as [UInt32] { try map.update(word(key), [word(1) + padding], flags: 0) }
    case .cpumap: try map.update(word(0), [word(64) + padding], flags: 0)
    default: break
    }
  }

  private mutating func list(_ map: any MapAccess) throws {
    switch map.spec.type {
    case .queue, .stack: break
    default: maps.append(try map.entries().sorted { $0.key.lexicographicallyPrecedes($1.key) })
    }
  }

  /// On one of the machine's engines.
  init(_ programs: HelperPrograms, _ code: [Instruction], packets: [[UInt8]], engine: EngineKind, cpu: Int) throws {
    var configuration = MachineConfiguration()
    configuration.cpus = PossibleCPUs.count
    configuration.cpu = cpu
    let machine = try Machine(maps: programs.maps, configuration: configuration)
    let index = try machine.load(HelperRun.spec(programs, code))
    for map in machine.maps { try HelperRun.seed(map) }
    for packet in packets {
      let outcome = try packet.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 7, engine: engine) }
      let left = machine.packet
      steps.append(
        Step(
          returnValue: outcome.returnValue, output: [UInt8](left.output), metadata: UInt32(left.metadataCount),
          linear: UInt32(left.output.count - left.fragmentCount), trap: machine.trap))
    }
    for map in machine.maps { try list(map) }
  }

  /// In the kernel; nil when its verifier refuses the program, or when `BPF_PROG_TEST_RUN` refuses a packet.
  init?(_ programs: HelperPrograms, _ code: [Instruction], packets: [[UInt8]]) throws {
    let maps = try programs.maps.map { try KernelMap($0) }
    guard let program = try? KernelProgram(HelperRun.spec(programs, code), maps: maps) else { return nil }
    for map in maps { try HelperRun.seed(map) }
    for packet in packets {
      let run = try program.testRun(data: packet, contextCapacity: 24)
      func word(_ offset: Int) -> UInt32 {
        run.context.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
      }
      steps.append(
        Step(returnValue: run.returnValue, output: run.data, metadata: word(0), linear: word(4), trap: nil))
    }
    for map in maps { try list(map) }
  }

  /// The first thing that another run has otherwise.
  func difference(from other: HelperRun) -> String {
    for (number, (mine, theirs)) in zip(steps, other.steps).enumerated() where mine != theirs {
      let byte = zip(mine.output, theirs.output).enumerated().first { $1.0 != $1.1 }.map { "\($0.offset)" } ?? "none"
      func text(_ step: Step) -> String {
        "returns \(String(step.returnValue, radix: 16)), \(step.output.count) bytes, metadata \(step.metadata), "
          + "linear \(step.linear)\(step.trap.map { ", \($0)" } ?? "")"
      }
      return "packet \(number + 1): \(text(mine)); kernel \(text(theirs)); first byte that differs: \(byte)"
    }
    for (mine, theirs) in zip(maps, other.maps) where mine != theirs { return "map \(mine); kernel \(theirs)" }
    return "the same"
  }
}
