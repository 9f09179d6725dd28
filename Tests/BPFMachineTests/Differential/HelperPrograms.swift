import BPFInstructions
import BPFObject

@testable import BPFMachine

/// Programs that call helpers and use maps, of which the kernel's verifier accepts most: every call's arguments are made just
/// before it, in stack slots that were set at the start, and everything that it gives is folded into one number, which is
/// the verdict.
struct HelperPrograms {
  private var random: RandomNumbers
  /// What the program may name; a `lddw` of kind `mapDescriptor` holds an index into it.
  let maps: [MapSpec]
  /// The program takes fragments (`BPF_F_XDP_HAS_FRAGS`).
  let takesFragments: Bool

  /// Stack: a number that everything goes into, a key, a value, and bytes to copy and sum.
  private static let sum: Int16 = -8
  private static let key: Int16 = -32
  private static let value: Int16 = -64
  private static let bytes: Int16 = -128

  /// Elements that set the stack: without them, a program reads what others left there.
  static let prologueCount = 17

  private static func map(
    _ type: MapType, key: UInt32 = 4, value: UInt32 = 8, entries: UInt32 = 4, flags: UInt32 = 0
  ) -> MapSpec {
    MapSpec(
      name: type.name, rawType: type.rawValue, keySize: key, valueSize: value, maxEntries: entries, flags: flags)
  }

  private static let kinds = [
    map(.hash), map(.hash, key: 8, value: 16, entries: 3), map(.array, value: 16), map(.percpuArray),
    map(.percpuHash, value: 16), map(.lruHash, entries: 64), map(.lpmTrie, key: 8, entries: 8, flags: 1),
    map(.devmap, value: 4, entries: 6), map(.devmapHash, value: 8, entries: 6), map(.cpumap, value: 4, entries: 2),
    map(.queue, key: 0), map(.stack, key: 0),
  ]

  init(seed: UInt64) {
    random = RandomNumbers(seed: seed)
    var maps: [MapSpec] = []
    for _ in 0..<3 {
      var map = random.pick(HelperPrograms.kinds)
      map.name += "\(maps.count)"
      maps.append(map)
    }
    self.maps = maps
    takesFragments = random.once(in: 2)
  }

  /// What the slots of an encoded program refer to.
  func references(_ code: [Instruction]) -> [Int: Reference] {
    var references: [Int: Reference] = [:]
    var slot = 0
    while slot < code.count {
      if code[slot].isWide, code[slot].source == WideImmediate.mapDescriptor.rawValue {
        references[slot] = .map(maps[Int(code[slot].immediate)].name)
      }
      slot += code[slot].isWide ? 2 : 1
    }
    return references
  }

  mutating func make() -> ProgramSketch {
    var sketch = ProgramSketch()
    sketch.add(.alu(.mov, .w64, .r6, .register(.r1)))
    for offset in stride(from: HelperPrograms.bytes, through: HelperPrograms.sum, by: 8) {
      sketch.add(.store(.u64, base: .r10, offset: offset, .immediate(random.immediate())))
    }
    for _ in 0..<Int.random(in: 3...14, using: &random) {
      var branch: Int?
      if random.once(in: 4) {
        sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: HelperPrograms.sum))
        branch = sketch.lines.count
        sketch.add(
          .branch(random.pick(Condition.allCases), .w64, .r1, .immediate(random.immediate()), offset: 0))
      }
      statement(&sketch)
      if let branch { sketch.lines[branch].target = sketch.lines.count }
    }
    sketch.add(.load(.u64, signed: false, .r0, base: .r10, offset: HelperPrograms.sum))
    sketch.add(.exit)
    return sketch
  }

  /// sum = sum * p ^ r0
  private func fold(_ sketch: inout ProgramSketch) {
    sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: HelperPrograms.sum))
    sketch.add(.alu(.mul, .w64, .r1, .immediate(0x0100_0193)))
    sketch.add(.alu(.xor, .w64, .r1, .register(.r0)))
    sketch.add(.store(.u64, base: .r10, offset: HelperPrograms.sum, .register(.r1)))
  }

  private mutating func statement(_ sketch: inout ProgramSketch) {
    switch Int.random(in: 0..<16, using: &random) {
    case 0..<6: useMap(&sketch)
    case 6:
      adjust(
        &sketch, 44, random.pick([-14, -4, 1, 4, 14, 20, -250, -216, 300, Int32.random(in: -80...80, using: &random)]))
    case 7:
      adjust(&sketch, 65, random.pick([-20, -1, 1, 8, 100, 3000, -2000, Int32.random(in: -300...300, using: &random)]))
    case 8: adjust(&sketch, 54, random.pick([-4, -8, -32, -28, 4, 8, -3, -256, -252, 16]))
    case 9, 10, 11: access(&sketch)
    case 12: sumBytes(&sketch)
    case 13: copyBytes(&sketch, 189)
    case 14: copyBytes(&sketch, 190)
    default: other(&sketch)
    }
  }

  private mutating func adjust(_ sketch: inout ProgramSketch, _ helper: Int32, _ delta: Int32) {
    sketch.add(.alu(.mov, .w64, .r1, .register(.r6)))
    sketch.add(.alu(.mov, .w64, .r2, .immediate(delta)))
    sketch.add(.callHelper(helper))
    fold(&sketch)
  }

  /// Reads, and now and then writes, the packet or the metadata within bounds that are checked.
  private mutating func access(_ sketch: inout ProgramSketch) {
    let inMetadata = random.once(in: 4)
    let count = random.pick([1, 2, 4, 14, 34, 64] as [Int16])
    sketch.add(.load(.u32, signed: false, .r7, base: .r6, offset: inMetadata ? 8 : 0))
    sketch.add(.load(.u32, signed: false, .r8, base: .r6, offset: inMetadata ? 0 : 4))
    sketch.add(.alu(.mov, .w64, .r1, .register(.r7)))
    sketch.add(.alu(.add, .w64, .r1, .immediate(Int32(count))))
    let check = sketch.lines.count
    sketch.add(.branch(.greater, .w64, .r1, .register(.r8), offset: 0))
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let size = random.pick(MemorySize.allCases.filter { Int16($0.rawValue) <= count })
      let offset = Int16.random(in: 0...count - Int16(size.rawValue), using: &random)
      if random.once(in: 3) {
        sketch.add(.load(.u64, signed: false, .r0, base: .r10, offset: HelperPrograms.sum))
        sketch.add(.store(size, base: .r7, offset: offset, .register(.r0)))
      } else {
        sketch.add(.load(size, signed: false, .r0, base: .r7, offset: offset))
        fold(&sketch)
      }
    }
    sketch.lines[check].target = sketch.lines.count
  }

  /// `bpf_csum_diff`.
  private mutating func sumBytes(_ sketch: inout ProgramSketch) {
    let sizes = [0, 4, 8, 20, 32] as [Int32]
    sketch.add(.alu(.mov, .w64, .r1, .register(.r10)))
    sketch.add(.alu(.add, .w64, .r1, .immediate(Int32(HelperPrograms.bytes))))
    sketch.add(.alu(.mov, .w64, .r2, .immediate(random.pick(sizes))))
    sketch.add(.alu(.mov, .w64, .r3, .register(.r10)))
    sketch.add(.alu(.add, .w64, .r3, .immediate(Int32(HelperPrograms.value))))
    sketch.add(.alu(.mov, .w64, .r4, .immediate(random.pick(sizes))))
    if random.once(in: 2) {
      sketch.add(.load(.u32, signed: false, .r5, base: .r10, offset: HelperPrograms.sum))
    } else {
      sketch.add(.alu(.mov, .w64, .r5, .immediate(random.immediate())))
    }
    sketch.add(.callHelper(28))
    fold(&sketch)
  }

  /// `bpf_xdp_load_bytes` (189) and `bpf_xdp_store_bytes` (190).
  private mutating func copyBytes(_ sketch: inout ProgramSketch, _ helper: Int32) {
    let offset = random.pick([0, 6, 14, 40, 59, 3500, 3519, 3520, 7615, 0xffff, 0x10000, -1])
    sketch.add(.alu(.mov, .w64, .r1, .register(.r6)))
    sketch.add(.alu(.mov, .w64, .r2, .immediate(Int32(offset))))
    sketch.add(.alu(.mov, .w64, .r3, .register(.r10)))
    sketch.add(.alu(.add, .w64, .r3, .immediate(Int32(HelperPrograms.bytes))))
    sketch.add(.alu(.mov, .w64, .r4, .immediate(random.pick([1, 2, 7, 20, 64]))))
    sketch.add(.callHelper(helper))
    fold(&sketch)
    sketch.add(.load(.u64, signed: false, .r0, base: .r10, offset: HelperPrograms.bytes))
    fold(&sketch)
  }

  private mutating func other(_ sketch: inout ProgramSketch) {
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      // bpf_redirect
      sketch.add(.alu(.mov, .w64, .r1, .immediate(1)))
      sketch.add(.alu(.mov, .w64, .r2, .immediate(random.pick([0, 0, 1, 8]))))
      sketch.add(.callHelper(23))
    case 1:
      // bpf_xdp_get_buff_len
      sketch.add(.alu(.mov, .w64, .r1, .register(.r6)))
      sketch.add(.callHelper(188))
    case 2:
      // ingress_ifindex and rx_queue_index
      sketch.add(.load(.u32, signed: false, .r0, base: .r6, offset: random.pick([12, 16])))
    default:
      // bpf_get_smp_processor_id
      sketch.add(.callHelper(8))
    }
    fold(&sketch)
  }

  // MARK: Maps

  private mutating func useMap(_ sketch: inout ProgramSketch) {
    let index = Int.random(in: 0..<maps.count, using: &random)
    switch maps[index].type {
    case .devmap, .devmapHash, .cpumap:
      if maps[index].type != .cpumap, random.once(in: 4) {
        lookUp(&sketch, index, helper: 1)
      } else {
        redirect(&sketch, index)
      }
    case .queue, .stack: queue(&sketch, index)
    case .percpuHash,
      .percpuArray where random.once(in: 4):
      lookUp(&sketch, index, helper: 195)
    default:
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1: lookUp(&sketch, index, helper: 1)
      case 2, 3: change(&sketch, index, helper: 2)
      default: change(&sketch, index, helper: 3)
      }
    }
  }

  private func point(_ sketch: inout ProgramSketch, _ register: Register, _ offset: Int16) {
    sketch.add(.alu(.mov, .w64, register, .register(.r10)))
    sketch.add(.alu(.add, .w64, register, .immediate(Int32(offset))))
  }

  private func name(_ sketch: inout ProgramSketch, _ index: Int) {
    sketch.add(.loadImmediate(.r1, .mapDescriptor, UInt64(index)))
  }

  /// Puts a key that others are likely to use too on the stack.
  private mutating func makeKey(_ sketch: inout ProgramSketch, _ map: MapSpec) {
    let key = HelperPrograms.key
    if map.type == .lpmTrie {
      sketch.add(.store(.u32, base: .r10, offset: key, .immediate(random.pick([0, 1, 8, 24, 31, 32, 33]))))
      sketch.add(.store(.u32, base: .r10, offset: key + 4, .immediate(random.pick([0, 10, 0x0100_000a, -1, 0x80]))))
      return
    }
    if random.once(in: 2) {
      sketch.add(.store(.u64, base: .r10, offset: key, .immediate(Int32.random(in: 0...5, using: &random))))
    } else {
      sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: HelperPrograms.sum))
      sketch.add(.alu(.and, .w64, .r1, .immediate(random.pick([1, 3, 7]))))
      sketch.add(.store(.u64, base: .r10, offset: key, .register(.r1)))
    }
  }

  private mutating func lookUp(_ sketch: inout ProgramSketch, _ index: Int, helper: Int32) {
    let map = maps[index]
    makeKey(&sketch, map)
    name(&sketch, index)
    point(&sketch, .r2, HelperPrograms.key)
    if helper == 195 { sketch.add(.alu(.mov, .w64, .r3, .immediate(random.pick([0, 0, 1, 70])))) }
    sketch.add(.callHelper(helper))
    let check = sketch.lines.count
    sketch.add(.branch(.equal, .w64, .r0, .immediate(0), offset: 0))
    sketch.add(.alu(.mov, .w64, .r7, .register(.r0)))
    let isTable = map.type == .devmap || map.type == .devmapHash
    let size = isTable ? MemorySize.u32 : random.pick(MemorySize.allCases)
    let room = isTable ? 0 : Int16(map.valueSize) - Int16(size.rawValue)
    let offset = Int16.random(in: 0...room, using: &random) & ~Int16(size.rawValue - 1)
    sketch.add(.load(size, signed: false, .r0, base: .r7, offset: offset))
    fold(&sketch)
    if !isTable, random.once(in: 2) {
      sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: HelperPrograms.sum))
      if size == .u32 || size == .u64, random.once(in: 2) {
        sketch.add(.atomic(random.pick([.add, .xor]), fetch: true, size, base: .r7, offset: offset, .r1))
      } else {
        sketch.add(.store(size, base: .r7, offset: offset, .register(.r1)))
      }
    }
    sketch.lines[check].target = sketch.lines.count
  }

  /// `bpf_map_update_elem` (2) and `bpf_map_delete_elem` (3).
  private mutating func change(_ sketch: inout ProgramSketch, _ index: Int, helper: Int32) {
    makeKey(&sketch, maps[index])
    if helper == 2 {
      sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: HelperPrograms.sum))
      sketch.add(.store(.u64, base: .r10, offset: HelperPrograms.value, .register(.r1)))
    }
    name(&sketch, index)
    point(&sketch, .r2, HelperPrograms.key)
    if helper == 2 {
      point(&sketch, .r3, HelperPrograms.value)
      sketch.add(.alu(.mov, .w64, .r4, .immediate(random.pick([0, 0, 0, 1, 2, 3, 8]))))
    }
    sketch.add(.callHelper(helper))
    fold(&sketch)
  }

  /// `bpf_redirect_map`.
  private mutating func redirect(_ sketch: inout ProgramSketch, _ index: Int) {
    name(&sketch, index)
    if random.once(in: 2) {
      sketch.add(.alu(.mov, .w64, .r2, .immediate(Int32.random(in: 0...7, using: &random))))
    } else {
      sketch.add(.load(.u64, signed: false, .r2, base: .r10, offset: HelperPrograms.sum))
      sketch.add(.alu(.and, .w64, .r2, .immediate(7)))
    }
    sketch.add(.alu(.mov, .w64, .r3, .immediate(random.pick([0, 1, 2, 3, 4, 8, 9, 16, 24, 32]))))
    sketch.add(.callHelper(51))
    fold(&sketch)
  }

  /// `bpf_map_push_elem`, `…_pop_elem` and `…_peek_elem`.
  private mutating func queue(_ sketch: inout ProgramSketch, _ index: Int) {
    let helper = random.pick([87, 87, 88, 89] as [Int32])
    if helper == 87 {
      sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: HelperPrograms.sum))
      sketch.add(.store(.u64, base: .r10, offset: HelperPrograms.value, .register(.r1)))
    }
    name(&sketch, index)
    point(&sketch, .r2, HelperPrograms.value)
    if helper == 87 { sketch.add(.alu(.mov, .w64, .r3, .immediate(random.pick([0, 0, 2, 1])))) }
    sketch.add(.callHelper(helper))
    fold(&sketch)
    sketch.add(.load(.u64, signed: false, .r0, base: .r10, offset: HelperPrograms.value))
    fold(&sketch)
  }
}
