import BPFInstructions
import BPFObject

/// Slots by hand, in the order of the fields that matter, so that these tests lean on no assembler.
enum Slots {
  static func mov(_ dst: UInt8, _ value: Int32) -> Instruction {
    Instruction(opcode: 0xb7, destination: dst, immediate: value)
  }
  static func movReg(_ dst: UInt8, _ src: UInt8) -> Instruction {
    Instruction(opcode: 0xbf, destination: dst, source: src)
  }
  static func add(_ dst: UInt8, _ value: Int32) -> Instruction {
    Instruction(opcode: 0x07, destination: dst, immediate: value)
  }
  static func addReg(_ dst: UInt8, _ src: UInt8) -> Instruction {
    Instruction(opcode: 0x0f, destination: dst, source: src)
  }
  /// Any 64-bit ALU operation by its code, 0x0 (add) to 0xc (arsh).
  static func alu(_ code: UInt8, _ dst: UInt8, _ value: Int32) -> Instruction {
    Instruction(opcode: code << 4 | 0x07, destination: dst, immediate: value)
  }
  /// The same with a register.
  static func alu64(_ code: UInt8, _ dst: UInt8, _ src: UInt8) -> Instruction {
    Instruction(opcode: code << 4 | 0x0f, destination: dst, source: src)
  }
  static func load(_ size: Size, _ dst: UInt8, _ src: UInt8, _ offset: Int16) -> Instruction {
    Instruction(opcode: size.rawValue | 0x61, destination: dst, source: src, offset: offset)
  }
  static func store(_ size: Size, _ dst: UInt8, _ offset: Int16, _ src: UInt8) -> Instruction {
    Instruction(opcode: size.rawValue | 0x63, destination: dst, source: src, offset: offset)
  }
  static func storeImmediate(_ size: Size, _ dst: UInt8, _ offset: Int16, _ value: Int32) -> Instruction {
    Instruction(opcode: size.rawValue | 0x62, destination: dst, offset: offset, immediate: value)
  }
  static func call(_ helper: Int32) -> Instruction { Instruction(opcode: 0x85, immediate: helper) }
  static func callSubprogram(_ offset: Int32) -> Instruction {
    Instruction(opcode: 0x85, source: 1, immediate: offset)
  }
  static func jump(_ offset: Int16) -> Instruction { Instruction(opcode: 0x05, offset: offset) }
  /// `if dst op imm goto`, op as in 0x1 (==), 0x2 (>), 0x5 (!=).
  static func branch(_ code: UInt8, _ dst: UInt8, _ value: Int32, _ offset: Int16) -> Instruction {
    Instruction(opcode: code << 4 | 0x05, destination: dst, offset: offset, immediate: value)
  }
  static func branchReg(_ code: UInt8, _ dst: UInt8, _ src: UInt8, _ offset: Int16) -> Instruction {
    Instruction(opcode: code << 4 | 0x0d, destination: dst, source: src, offset: offset)
  }
  static let exit = Instruction(opcode: 0x95)
  static func wide(_ dst: UInt8, _ value: UInt64 = 0) -> [Instruction] {
    [
      Instruction(opcode: 0x18, destination: dst, immediate: Int32(truncatingIfNeeded: Int64(bitPattern: value))),
      Instruction(opcode: 0, immediate: Int32(truncatingIfNeeded: Int64(bitPattern: value >> 32))),
    ]
  }

  /// Size bits of an opcode.
  enum Size: UInt8 {
    case u32 = 0x00
    case u16 = 0x08
    case u8 = 0x10
    case u64 = 0x18
  }
}

extension ProgramSpec {
  /// A program of one function.
  static func test(
    name: String = "test", type: ProgramType = .xdp, attachType: UInt32 = 0, flags: UInt32 = 0,
    references: [Int: Reference] = [:], _ slots: [Instruction]
  ) -> ProgramSpec {
    ProgramSpec(
      name: name, section: type.name, type: type, attachType: attachType, flags: flags, instructions: slots,
      references: references, functions: [FunctionSpec(name: name, slot: 0, count: slots.count)])
  }
}

extension MapSpec {
  static func test(
    _ name: String, _ type: MapType, key: UInt32 = 4, value: UInt32 = 8, entries: UInt32 = 4, flags: UInt32 = 0
  ) -> MapSpec {
    MapSpec(name: name, rawType: type.rawValue, keySize: key, valueSize: value, maxEntries: entries, flags: flags)
  }
}

/// Little-endian bytes of a number.
func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
