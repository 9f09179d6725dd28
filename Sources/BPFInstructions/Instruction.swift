/// One 64-bit slot of a BPF program: `struct bpf_insn` of linux/bpf.h, RFC 9669 section 3.1.
///
/// A 64-bit immediate load (`lddw`) takes two slots; the second has opcode 0 and carries the upper half.
/// Offsets of jumps and calls count slots. ``Operation`` is the meaning of one or two slots.
public struct Instruction: Hashable, Sendable {
  /// Class, source or size, and code.
  public var opcode: UInt8
  /// Destination register field, 4 bits.
  public var destination: UInt8
  /// Source register field, 4 bits; also the kind of a pseudo call or a pseudo load.
  public var source: UInt8
  /// Signed 16-bit offset.
  public var offset: Int16
  /// Signed 32-bit immediate.
  public var immediate: Int32

  /// A slot from its five fields.
  public init(opcode: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
    self.opcode = opcode
    self.destination = destination & 15
    self.source = source & 15
    self.offset = offset
    self.immediate = immediate
  }

  /// The slot read as a little-endian 64-bit number.
  public init(rawValue: UInt64) {
    opcode = UInt8(truncatingIfNeeded: rawValue)
    destination = UInt8(truncatingIfNeeded: rawValue >> 8) & 15
    source = UInt8(truncatingIfNeeded: rawValue >> 12) & 15
    offset = Int16(truncatingIfNeeded: Int64(bitPattern: rawValue) >> 16)
    immediate = Int32(truncatingIfNeeded: Int64(bitPattern: rawValue) >> 32)
  }

  /// The slot as a little-endian 64-bit number, as it stands in an object file.
  public var rawValue: UInt64 {
    UInt64(opcode) | UInt64(destination) << 8 | UInt64(source) << 12
      | UInt64(UInt16(bitPattern: offset)) << 16 | UInt64(UInt32(bitPattern: immediate)) << 32
  }

  /// True for the first slot of `lddw` (opcode 0x18), which the next slot completes.
  public var isWide: Bool { opcode == 0x18 }

  /// The slots in `bytes`, little-endian; bytes after the last whole slot are ignored.
  public static func slots(in bytes: some Sequence<UInt8>) -> [Instruction] {
    var slots: [Instruction] = []
    var word: UInt64 = 0
    var filled: UInt64 = 0
    for byte in bytes {
      word |= UInt64(byte) << (8 * filled)
      filled += 1
      if filled == 8 {
        slots.append(Instruction(rawValue: word))
        word = 0
        filled = 0
      }
    }
    return slots
  }
}
