import BPFInstructions

/// Programs that decode and otherwise do anything: wild pointers, endless loops, deep calls. Both engines must agree on them
/// to the trap, the instruction and the count.
struct WildPrograms {
  private var random: RandomNumbers

  init(seed: UInt64) { random = RandomNumbers(seed: seed) }

  mutating func make() -> ProgramSketch {
    var sketch = ProgramSketch()
    let lengths = (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 10...30, using: &random) }
    var starts: [Int] = []
    for length in lengths {
      starts.append((starts.last ?? 0) + (starts.isEmpty ? 0 : lengths[starts.count - 1])); _ = length
    }
    for (function, length) in lengths.enumerated() {
      let start = starts[function]
      if function == 0 {
        // Pointers to the packet and the stack, so that accesses succeed often enough.
        sketch.add(.load(.u32, signed: false, .r7, base: .r1, offset: 0))
        sketch.add(.alu(.mov, .w64, .r6, .register(.r1)))
        sketch.add(.alu(.mov, .w64, .r8, .register(.r10)))
      }
      while sketch.lines.count < start + length - 6 {
        add(to: &sketch, targets: start..<start + length, functions: starts)
      }
      while sketch.lines.count < start + length - 1 { sketch.add(.alu(.mov, .w32, writable(), .register(readable()))) }
      sketch.add(.exit)
    }
    return sketch
  }

  private mutating func writable() -> Register { random.pick(Register.allCases.dropLast()) }
  private mutating func readable() -> Register { random.pick(Register.allCases) }

  private mutating func operand() -> Operand {
    random.once(in: 2) ? .register(readable()) : .immediate(random.immediate())
  }

  private mutating func base() -> Register { random.pick([.r10, .r10, .r7, .r7, .r6, .r8, readable()]) }

  private mutating func offset() -> Int16 {
    random.once(in: 8) ? Int16(truncatingIfNeeded: random.immediate()) : Int16.random(in: -40...40, using: &random)
  }

  private mutating func add(to sketch: inout ProgramSketch, targets: Range<Int>, functions: [Int]) {
    let width = random.pick(Width.allCases)
    switch Int.random(in: 0..<24, using: &random) {
    case 0..<7: sketch.add(.alu(random.pick(ALU.allCases), width, writable(), operand()))
    case 7: sketch.add(.negate(width, writable()))
    case 8:
      let sizes: [MemorySize] = width == .w64 ? [.u8, .u16, .u32] : [.u8, .u16]
      sketch.add(.moveSignExtended(width, from: random.pick(sizes), writable(), readable()))
    case 9: sketch.add(.byteSwap(random.pick(ByteOrder.allCases), random.pick([.u16, .u32, .u64]), writable()))
    case 10, 11, 12:
      let size = random.pick(MemorySize.allCases)
      let signed = size != .u64 && random.once(in: 3)
      sketch.add(.load(size, signed: signed, writable(), base: base(), offset: offset()))
    case 13, 14: sketch.add(.store(random.pick(MemorySize.allCases), base: base(), offset: offset(), operand()))
    case 15:
      sketch.add(
        .atomic(
          random.pick([.add, .or, .and, .xor]), fetch: random.once(in: 2), random.pick([.u32, .u64]), base: base(),
          offset: offset(), writable()))
    case 16:
      sketch.add(
        .atomic(
          random.pick([.exchange, .compareExchange]), fetch: true, random.pick([.u32, .u64]), base: base(),
          offset: offset(), writable()))
    case 17: sketch.add(.loadImmediate(writable(), .value, random.wideImmediate()))
    case 18, 19, 20:
      let condition = random.pick(Condition.allCases)
      sketch.add(
        .branch(condition, width, readable(), operand(), offset: 0), to: Int.random(in: targets, using: &random))
    case 21:
      sketch.add(.jump(offset: 0, long: random.once(in: 2)), to: Int.random(in: targets, using: &random))
    case 22 where functions.count > 1 && random.once(in: 3):
      // bpf_loop over a function of the program, which may loop itself.
      sketch.add(.alu(.mov, .w64, .r1, .immediate(Int32.random(in: 0...9, using: &random))))
      sketch.add(.loadImmediate(.r2, .function, 0), to: random.pick(functions.dropFirst()))
      sketch.add(.alu(.mov, .w64, .r3, .register(.r10)))
      sketch.add(.alu(.mov, .w64, .r4, .immediate(0)))
      sketch.add(.callHelper(181))
    case 22:
      if functions.count > 1, !random.once(in: 3) {
        sketch.add(.callSubprogram(offset: 0), to: random.pick(functions))
      } else {
        sketch.add(.callHelper(random.pick([1, 2, 3, 5, 7, 8, 23, 28, 44, 54, 65, 200, 9999])))
      }
    default:
      if random.once(in: 2) {
        sketch.add(.mayGoto(offset: 0), to: Int.random(in: targets, using: &random))
      } else {
        sketch.add(.loadAcquire(random.pick(MemorySize.allCases), writable(), base: base(), offset: offset()))
      }
    }
  }
}
