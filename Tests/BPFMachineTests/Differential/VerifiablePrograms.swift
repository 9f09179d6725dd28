import BPFInstructions

/// Programs that the kernel's verifier accepts more often than not: every register is set before it is read, memory is reached
/// within bounds that were checked, branches go forward. Every register ends up in the packet.
struct VerifiablePrograms {
  private var random: RandomNumbers
  /// Registers that hold numbers; r6 is the context, r7 the packet, r8 its end.
  private static let numbers: [Register] = [.r0, .r1, .r2, .r3, .r4, .r5, .r9]
  /// Bytes of packet that the prologue makes sure of.
  static let packetCount = 128
  private static let dumpOffset = 64

  init(seed: UInt64) { random = RandomNumbers(seed: seed) }

  mutating func make() -> ProgramSketch {
    var sketch = ProgramSketch()
    let hasFunction = random.once(in: 2)
    sketch.add(.alu(.mov, .w64, .r6, .register(.r1)))
    sketch.add(.load(.u32, signed: false, .r7, base: .r6, offset: 0))
    sketch.add(.load(.u32, signed: false, .r8, base: .r6, offset: 4))
    sketch.add(.alu(.mov, .w64, .r1, .register(.r7)))
    sketch.add(.alu(.add, .w64, .r1, .immediate(Int32(VerifiablePrograms.packetCount))))
    let check = sketch.lines.count
    sketch.add(.branch(.greater, .w64, .r1, .register(.r8), offset: 0))
    initialise(&sketch, VerifiablePrograms.numbers)
    for slot in 1...8 { sketch.add(.store(.u64, base: .r10, offset: Int16(-8 * slot), .register(number()))) }
    let body = Int.random(in: 8...50, using: &random)
    var calls: [Int] = []
    var open: [Int] = []
    for _ in 0..<body {
      for index in open where random.once(in: 4) {
        sketch.lines[index].target = sketch.lines.count
        open.removeAll { $0 == index }
      }
      if hasFunction, calls.count < 2, open.isEmpty, random.once(in: 16) {
        calls.append(sketch.lines.count)
        sketch.add(.callSubprogram(offset: 0))
        initialise(&sketch, [.r1, .r2, .r3, .r4, .r5])
      } else {
        add(to: &sketch, open: &open)
      }
    }
    for index in open { sketch.lines[index].target = sketch.lines.count }
    for (index, register) in VerifiablePrograms.numbers.enumerated() {
      let offset = Int16(VerifiablePrograms.dumpOffset + 8 * index)
      sketch.add(.store(.u64, base: .r7, offset: offset, .register(register)))
    }
    sketch.add(.load(.u64, signed: false, .r0, base: .r10, offset: random.pick([-8, -16, -24, -32])))
    sketch.add(.exit)
    sketch.lines[check].target = sketch.lines.count
    sketch.add(.alu(.mov, .w64, .r0, .immediate(1)))
    sketch.add(.exit)
    if !calls.isEmpty {
      for call in calls { sketch.lines[call].target = sketch.lines.count }
      function(&sketch)
    }
    return sketch
  }

  /// A function of five numbers.
  private mutating func function(_ sketch: inout ProgramSketch) {
    sketch.add(.alu(.mov, .w64, .r0, .register(.r1)))
    sketch.add(.alu(.mov, .w64, .r6, .register(.r2)))
    sketch.add(.store(.u64, base: .r10, offset: -8, .register(.r3)))
    for _ in 0..<Int.random(in: 2...10, using: &random) {
      let registers: [Register] = [.r0, .r1, .r2, .r3, .r4, .r5, .r6]
      sketch.add(arithmetic(random.pick(registers), random.pick(registers)))
    }
    sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: -8))
    sketch.add(.alu(.xor, .w64, .r0, .register(.r1)))
    sketch.add(.exit)
  }

  private mutating func number() -> Register { random.pick(VerifiablePrograms.numbers) }

  private mutating func initialise(_ sketch: inout ProgramSketch, _ registers: [Register]) {
    for register in registers {
      if random.once(in: 2) {
        sketch.add(.loadImmediate(register, .value, random.wideImmediate()))
      } else {
        sketch.add(.load(.u64, signed: false, register, base: .r7, offset: Int16.random(in: 0...56, using: &random)))
      }
    }
  }

  private mutating func arithmetic(_ destination: Register, _ source: Register) -> Operation {
    let width = random.pick(Width.allCases)
    let alu = random.pick(ALU.allCases)
    guard random.once(in: 2) else { return .alu(alu, width, destination, .register(source)) }
    // The verifier refuses immediate division by zero and shifts out of range.
    switch alu {
    case .div, .sdiv, .mod, .smod:
      let value = random.immediate()
      return .alu(alu, width, destination, .immediate(value == 0 ? 3 : value))
    case .lsh, .rsh, .arsh:
      return .alu(alu, width, destination, .immediate(Int32.random(in: 0..<Int32(width.rawValue), using: &random)))
    default:
      return .alu(alu, width, destination, .immediate(random.immediate()))
    }
  }

  private mutating func add(to sketch: inout ProgramSketch, open: inout [Int]) {
    let width = random.pick(Width.allCases)
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<8: sketch.add(arithmetic(number(), number()))
    case 8: sketch.add(.negate(width, number()))
    case 9:
      let sizes: [MemorySize] = width == .w64 ? [.u8, .u16, .u32] : [.u8, .u16]
      sketch.add(.moveSignExtended(width, from: random.pick(sizes), number(), number()))
    case 10: sketch.add(.byteSwap(random.pick(ByteOrder.allCases), random.pick([.u16, .u32, .u64]), number()))
    case 11, 12:
      let size = random.pick(MemorySize.allCases)
      let signed = size != .u64 && random.once(in: 3)
      let offset = Int16.random(in: 0...Int16(64 - size.rawValue), using: &random)
      sketch.add(.load(size, signed: signed, number(), base: .r7, offset: offset))
    case 13:
      let size = random.pick(MemorySize.allCases)
      let slot = Int16.random(in: 1...8, using: &random) * -8
      sketch.add(.load(size, signed: size != .u64 && random.once(in: 3), number(), base: .r10, offset: slot))
    case 14:
      let size = random.pick(MemorySize.allCases)
      let operand: Operand = random.once(in: 3) ? .immediate(random.immediate()) : .register(number())
      sketch.add(.store(size, base: .r7, offset: Int16.random(in: 0...56, using: &random), operand))
    case 15:
      let slot = Int16.random(in: 1...8, using: &random) * -8
      let operand: Operand = random.once(in: 3) ? .immediate(random.immediate()) : .register(number())
      sketch.add(.store(random.pick(MemorySize.allCases), base: .r10, offset: slot, operand))
    case 16:
      let slot = Int16.random(in: 1...8, using: &random) * -8
      let size = random.pick([MemorySize.u32, .u64])
      if random.once(in: 2) {
        sketch.add(
          .atomic(
            random.pick([.add, .or, .and, .xor]), fetch: random.once(in: 2), size, base: .r10, offset: slot, number()))
      } else {
        sketch.add(
          .atomic(random.pick([.exchange, .compareExchange]), fetch: true, size, base: .r10, offset: slot, number()))
      }
    default:
      let operand: Operand = random.once(in: 2) ? .immediate(random.immediate()) : .register(number())
      open.append(sketch.lines.count)
      sketch.add(.branch(random.pick(Condition.allCases), width, number(), operand, offset: 0))
    }
  }
}
