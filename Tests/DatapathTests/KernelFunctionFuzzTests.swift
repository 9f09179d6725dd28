import BPFInstructions
import BPFMachine
import BPFObject
import Testing

@testable import Datapath

/// Kfuncs called in any order with any arguments, as no verifier would let them be: nothing crashes, both engines come to the
/// same, and what is left over is freed.
@Suite("Kfuncs with any arguments")
struct KernelFunctionFuzzTests {
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
  }

  /// Numbers that are sizes, offsets, ids of types, or addresses of something or nothing.
  private static let constants: [UInt64] = [
    0, 1, 2, 7, 8, 12, 16, 36, 64, 100, 4096, 0xffff, 0xff_ffff, 0xffff_ffff, 1 << 32, 1 << 33, 0x1_0100, 0x3_0000_0000,
    0x7fff_ffff, 1 << 63, .max, .max - 7, 1 << 44 | 1 << 16,
  ]

  private static let names = KernelFunctionTable.rows.filter { $0.programs.contains(.xdp) && $0.function != nil }.map(
    \.name)
  /// Those that make, link and free objects come more often.
  private static let favourites = names.filter {
    $0.contains("obj_") || $0.contains("list_") || $0.contains("rbtree_") || $0.contains("refcount")
  }

  /// An argument that a kfunc may want.
  private enum Source {
    case type(UInt32)
    case saved(UInt8, Int32)
    case map(String, UInt32)
    case function
  }

  private static func program(_ random: inout Numbers, maps: [MapSpec], types: TypeInfo) -> ProgramSpec {
    let structs = ["item", "entry", "shared", "bag", "tally"].compactMap { types.id(named: $0, kind: .structure) }
    func likely(_ name: String, _ register: UInt8, _ random: inout Numbers) -> Source? {
      let saved = UInt8.random(in: 7...9, using: &random)
      switch register {
      case 1 where name.contains("obj_new"): return structs.randomElement(using: &random).map { .type($0) }
      case 1 where name.contains("drop") || name.contains("refcount"): return .saved(saved, 0)
      case 1 where name.contains("list_"):
        return Bool.random(using: &random) ? .map(".data.A", 8) : .map(".data.C", 8)
      case 1 where name.contains("rbtree_"):
        return Bool.random(using: &random) ? .map(".data.B", 8) : .map(".data.C", 24)
      case 2 where name.contains("list_push"): return .saved(saved, Bool.random(using: &random) ? 8 : 16)
      case 2 where name.contains("rbtree_"):
        return .saved(saved, ([0, 8, 40] as [Int32]).randomElement(using: &random) ?? 0)
      case 3 where name.contains("rbtree_add"): return .function
      default: return nil
      }
    }
    var slots: [Instruction] = []
    var references: [Int: Reference] = [:]
    var functions: [Int] = []
    func wide(_ register: UInt8, _ value: UInt64, source: UInt8 = 0) {
      slots.append(
        Instruction(
          opcode: 0x18, destination: register, source: source,
          immediate: Int32(truncatingIfNeeded: Int64(bitPattern: value))))
      slots.append(Instruction(opcode: 0, immediate: Int32(truncatingIfNeeded: Int64(bitPattern: value >> 32))))
    }
    slots.append(Instruction(opcode: 0xbf, destination: 6, source: 1))
    for register in 7...9 as ClosedRange<UInt8> { slots.append(Instruction(opcode: 0xb7, destination: register)) }
    for word in 1...16 as ClosedRange<Int16> {
      slots.append(Instruction(opcode: 0x7a, destination: 10, offset: -8 * word, immediate: Int32(word & 3)))
    }
    for _ in 0..<Int.random(in: 3...24, using: &random) {
      let name = (Bool.random(using: &random) ? favourites : names).randomElement(using: &random) ?? "bpf_throw"
      let isLikely = Int.random(in: 0..<4, using: &random) > 0
      for register in 1...5 as ClosedRange<UInt8> {
        if isLikely, let source = likely(name, register, &random) {
          switch source {
          case .type(let id): wide(register, UInt64(id))
          case .saved(let saved, let offset):
            slots.append(Instruction(opcode: 0xbf, destination: register, source: saved))
            slots.append(Instruction(opcode: 0x07, destination: register, immediate: offset))
          case .map(let name, let offset):
            references[slots.count] = .mapValue(name, offset: offset)
            wide(register, UInt64(offset) << 32, source: 2)
          case .function:
            functions.append(slots.count)
            wide(register, 0, source: 4)
          }
          continue
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2:
          slots.append(Instruction(opcode: 0xbf, destination: register, source: 10))
          let offset = -8 * Int32.random(in: 1...12, using: &random)
          slots.append(Instruction(opcode: 0x07, destination: register, immediate: offset))
        case 3...7:
          let source = UInt8.random(in: 6...9, using: &random)
          slots.append(Instruction(opcode: 0xbf, destination: register, source: source))
          if Int.random(in: 0..<3, using: &random) == 0 {
            let offset = Int32.random(in: 0...6, using: &random) * 8
            slots.append(Instruction(opcode: 0x07, destination: register, immediate: offset))
          }
        case 8:
          references[slots.count] = .mapValue(maps.randomElement(using: &random)?.name ?? "", offset: 0)
          wide(register, UInt64(UInt32.random(in: 0...3, using: &random) * 8) << 32, source: 2)
        case 9 where register == 3:
          functions.append(slots.count)
          wide(register, 0, source: 4)
        case 10:
          let id = UInt64.random(in: 1...UInt64(types.count), using: &random)
          wide(register, id)
        default:
          wide(register, constants.randomElement(using: &random) ?? 0)
        }
      }
      references[slots.count] = .kernelFunction(name, weak: false)
      slots.append(Instruction(opcode: 0x85, source: 2))
      slots.append(
        Instruction(opcode: 0xbf, destination: UInt8.random(in: 7...9, using: &random), source: 0))
      if Int.random(in: 0..<4, using: &random) == 0 {
        let place = Int16.random(in: 1...12, using: &random)
        slots.append(Instruction(opcode: 0x7b, destination: 10, source: 0, offset: -8 * place))
      }
      if Int.random(in: 0..<10, using: &random) == 0 {
        // A store through what was got last, over the kernel's links too.
        let offset = Int16.random(in: 0...5, using: &random) * 8
        slots.append(Instruction(opcode: 0x7b, destination: 7, source: 10, offset: offset))
      }
    }
    slots.append(Instruction(opcode: 0xb7, destination: 0, immediate: 2))
    slots.append(Instruction(opcode: 0x95))
    let less = slots.count
    slots.append(Instruction(opcode: 0xbf, destination: 0, source: 2))
    slots.append(Instruction(opcode: 0x57, destination: 0, immediate: 1))
    slots.append(Instruction(opcode: 0x95))
    for slot in functions {
      slots[slot].immediate = Int32(less - slot - 1)
      references[slot] = .function(slot: less)
    }
    var spec = ProgramSpec(name: "fuzz", section: "xdp", type: .xdp, instructions: slots, references: references)
    spec.types = types
    return spec
  }

  @Test("do no harm", arguments: 0..<8 as Range<UInt64>)
  func fuzz(seed: UInt64) throws {
    let object = try KernelFunctionTests.object("objects")
    let types = try #require(object.types)
    let maps = object.maps.filter { $0.type == .array && !$0.isReadOnly }
    var random = Numbers(state: seed)
    let machines = try EngineKind.allCases.map { (engine: $0, machine: try Machine(maps: object.maps)) }
    let frame = [UInt8](repeating: 0x45, count: 128)
    for round in 0..<80 {
      let spec = Self.program(&random, maps: maps, types: types)
      var results: [String] = []
      for (engine, machine) in machines {
        let index = try machine.load(spec)
        let outcome = try frame.withUnsafeBytes {
          try machine.run(index, on: $0, timestamp: UInt64(round) * 1_000_000_000, engine: engine)
        }
        let trap = machine.trap.map { "\($0.reason) at \($0.slot): \(machine.describe($0).reason)" }
        results.append("\(outcome) \(trap ?? "")")
      }
      #expect(results[0] == results[1], "seed \(seed), round \(round)")
      #expect(machines[0].machine.objectCount == machines[1].machine.objectCount)
    }
  }
}
