/// An instruction that has no meaning, or a program whose control flow leaves it: where and why.
public struct InstructionError: Error, Hashable, Sendable {
  /// What is wrong.
  public var kind: Kind
  /// Slot of the instruction.
  public var slot: Int
  /// The instruction as it stands there; nil when the slot is past the end.
  public var instruction: Instruction?

  /// An error of `kind` at `slot`.
  public init(_ kind: Kind, slot: Int, instruction: Instruction? = nil) {
    self.kind = kind
    self.slot = slot
    self.instruction = instruction
  }

  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// No slot there, or a program without any.
    case missing
    /// The opcode is not defined.
    case undefinedOpcode
    /// A field holds a value that no encoding of this opcode has there; `allowed` lists those that some have.
    case badField(Encoding.Field, value: Int32, allowed: [Int32])
    /// A register number above 10.
    case badRegister(Encoding.Field, number: UInt8)
    /// r10, the frame pointer, is read only.
    case framePointerWrite
    /// `lddw` is the last slot.
    case truncatedWideLoad
    /// The second slot of `lddw` must be zero but for its immediate; for some kinds that must be zero too.
    case badWideLoad
    /// The operation has no encoding, such as an atomic on 8 bits.
    case notEncodable
    /// A jump to a slot outside the function that holds it (`check_subprogs` of the kernel).
    case jumpOutOfRange(target: Int)
    /// A call, or the address of a function, outside the program.
    case callOutOfRange(target: Int)
    /// A jump or call to the second slot of `lddw`.
    case targetInsideWideLoad(target: Int)
    /// The last instruction of a function is no `exit` and no jump.
    case fallsOffEnd
  }
}

extension InstructionError: CustomStringConvertible {
  /// One line: `instruction 3 (07 00 01 00 01 00 00 00, add): offset is 1, must be 0`.
  public var description: String {
    guard let instruction else { return "instruction \(slot): \(reason)" }
    let name = Encoding.rows(of: instruction.opcode).first.map { ", \($0.mnemonic)" } ?? ""
    return "instruction \(slot) (\(instruction.hexadecimal)\(name)): \(reason)"
  }

  /// What is wrong, without the place.
  public var reason: String {
    switch kind {
    case .missing: "there is no instruction"
    // BPF_JMP | BPF_JA | BPF_X, what clang makes of a switch when it may use jump tables.
    case .undefinedOpcode where instruction?.opcode == 0x0d:
      "gotox, a jump through a table, which Linux has from 6.19 on and Verdict has not; compile with -fno-jump-tables"
    case .undefinedOpcode: "opcode 0x\(hexadecimal(instruction?.opcode ?? 0)) is not defined"
    case .badField(let field, let value, let allowed):
      "\(field.rawValue) is \(value), must be \(allowed.map { String($0) }.joined(separator: " or "))"
    case .badRegister(let field, let number): "\(field.rawValue) register is r\(number), the last is r10"
    case .framePointerWrite: "r10 is read only"
    case .truncatedWideLoad: "the second slot of the 64-bit load is missing"
    case .badWideLoad: "the second slot of the 64-bit load has a field that must be zero"
    case .notEncodable: "the operation has no encoding"
    case .jumpOutOfRange(let target): "jump to instruction \(target) leaves the function"
    case .callOutOfRange(let target): "call of instruction \(target), which is outside the program"
    case .targetInsideWideLoad(let target): "instruction \(target) is the second half of a 64-bit load"
    case .fallsOffEnd: "the function ends without exit or jump"
    }
  }
}

/// Two hexadecimal digits.
func hexadecimal(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16)
  return digits.count == 1 ? "0" + digits : digits
}

extension Instruction {
  /// The eight bytes as they stand in an object file, in hexadecimal.
  public var hexadecimal: String {
    bytes.map { BPFInstructions.hexadecimal($0) }.joined(separator: " ")
  }

  /// The eight bytes as they stand in an object file.
  public var bytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (8 * UInt64($0))) }
  }
}
