import BPFInstructions
import KernelRecordings

/// A program being written: slots with jumps to labels, and results kept where they can be read after the run.
///
/// Results are 64-bit words in map 0, an array of one value; r9 points to it and r6 to the context.
struct Code {
  private(set) var slots: [Instruction] = []
  private var labels: [String: Int] = [:]
  private var jumps: [(slot: Int, label: String)] = []
  /// Results reported so far.
  private(set) var results = 0

  /// Begins a program with the context in r6 and, with results, their map's value in r9.
  init(results: Bool = true) {
    add(Slots.movReg(6, 1))
    if results { mapValue(9, map: 0) }
  }

  mutating func add(_ more: Instruction...) { slots.append(contentsOf: more) }

  mutating func label(_ name: String) { labels[name] = slots.count }

  mutating func branch(_ code: UInt8, _ dst: UInt8, _ value: Int32, to label: String) {
    jumps.append((slots.count, label))
    add(Slots.branch(code, dst, value, 0))
  }

  mutating func branchReg(_ code: UInt8, _ dst: UInt8, _ src: UInt8, to label: String) {
    jumps.append((slots.count, label))
    add(Slots.branchReg(code, dst, src, 0))
  }

  mutating func jump(to label: String) {
    jumps.append((slots.count, label))
    add(Slots.jump(0))
  }

  /// `lddw dst, value`.
  mutating func constant(_ dst: UInt8, _ value: UInt64) { slots.append(contentsOf: Slots.wide(dst, value)) }

  /// `lddw dst, map[index]`.
  mutating func map(_ dst: UInt8, _ index: Int32) {
    add(Instruction(opcode: 0x18, destination: dst, source: 5, immediate: index), Instruction(opcode: 0))
  }

  /// `lddw dst, map[index].value + offset`.
  mutating func mapValue(_ dst: UInt8, map index: Int32, offset: Int32 = 0) {
    add(
      Instruction(opcode: 0x18, destination: dst, source: 6, immediate: index),
      Instruction(opcode: 0, immediate: offset))
  }

  /// Keeps a register as the next result.
  mutating func report(_ register: UInt8) {
    add(Slots.store(.u64, 9, Int16(results * 8), register))
    results += 1
  }

  /// Keeps data - data_meta and data_end - data as the next two results.
  mutating func reportLengths() {
    add(Slots.load(.u32, 2, 6, 0), Slots.load(.u32, 3, 6, 8), Slots.alu64(0x1, 2, 3))
    report(2)
    add(Slots.load(.u32, 2, 6, 4), Slots.load(.u32, 3, 6, 0), Slots.alu64(0x1, 2, 3))
    report(2)
  }

  /// Writes `value` on the stack at `offset` and points `register` to it.
  mutating func onStack(_ register: UInt8, _ offset: Int32, _ size: Slots.Size, _ value: Int32) {
    add(
      Slots.storeImmediate(size, 10, Int16(offset), value), Slots.movReg(register, 10), Slots.add(register, offset))
  }

  /// Writes bytes on the stack from `offset` on, up to whole words with zeroes.
  mutating func stackBytes(_ offset: Int, _ bytes: [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: 8) {
      let word = bytes[start..<min(start + 8, bytes.count)]
      constant(1, word.reversed().reduce(0) { $0 << 8 | UInt64($1) })
      add(Slots.store(.u64, 10, Int16(offset + start), 1))
    }
  }

  /// `dst = r10 + offset`.
  mutating func stackAddress(_ dst: UInt8, _ offset: Int) { add(Slots.movReg(dst, 10), Slots.add(dst, Int32(offset))) }

  /// Keeps words of the stack as results.
  mutating func reportStack(_ offset: Int, words: Int = 1) {
    for word in 0..<words {
      add(Slots.load(.u64, 8, 10, Int16(offset + word * 8)))
      report(8)
    }
  }

  /// Ends with `r0 = value; exit`.
  mutating func exit(_ value: Int32) { add(Slots.mov(0, value), Slots.exit) }

  /// The program as text, its jumps resolved.
  var text: String {
    var slots = slots
    for jump in jumps {
      slots[jump.slot].offset = Int16((labels[jump.label] ?? 0) - jump.slot - 1)
    }
    return HexText.text(slots.flatMap { bytes($0.rawValue) })
  }

  /// Map 0, with room for the results.
  var resultMap: RecordedMap {
    RecordedMap(name: "results", type: "array", keySize: 4, valueSize: UInt32(max(1, results) * 8), maxEntries: 1)
  }
}

/// `struct xdp_md` for ctx_in.
func context(metadata: Int = 0, linear: Int, interface: UInt32 = 0, queue: UInt32 = 0) -> String {
  HexText.text(
    bytes(UInt32(metadata)) + bytes(UInt32(linear)) + bytes(UInt32(0)) + bytes(interface) + bytes(queue)
      + bytes(UInt32(0)))
}

/// A frame of that length: counted bytes up to 64, then 0xee.
func frame(_ length: Int) -> String {
  HexText.text((0..<length).map { $0 < 64 ? UInt8($0) : 0xee })
}
