/// One defined encoding: a row of the opcode table (RFC 9669, appendix A; linux/bpf.h; kernel/bpf/verifier.c).
///
/// Every field of a slot either carries an operand or has one fixed value, 0 when it is unused. An instruction is defined
/// when a row has its opcode and all of the row's fixed values. Decoder, encoder, assemblers, disassembler and listings
/// read these rows and know of no other.
public struct Encoding: Hashable, Sendable {
  /// The opcode byte.
  public let opcode: UInt8
  /// The name in assembler text without operands: `add`, `add32`, `ldxw`, `jeq`; 64-bit forms have no suffix.
  public let mnemonic: String
  /// What the destination field holds.
  public let destination: Content
  /// What the source field holds.
  public let source: Content
  /// What the offset field holds.
  public let offset: Content
  /// What the immediate field holds.
  public let immediate: Content
  /// The operation without its operands.
  public let form: Form

  /// What a field of an encoding holds.
  public enum Content: Hashable, Sendable {
    /// This value and no other: part of the code, or 0 for a field that is unused.
    case fixed(Int32)
    /// An operand: a register in the register fields, a signed number in the others.
    case operand
  }

  /// A field of ``Instruction`` beside the opcode.
  public enum Field: String, CaseIterable, Sendable {
    case destination, source, offset, immediate
  }

  init(
    _ opcode: UInt8, _ mnemonic: String, _ form: Form, destination: Content = .fixed(0), source: Content = .fixed(0),
    offset: Content = .fixed(0), immediate: Content = .fixed(0)
  ) {
    self.opcode = opcode
    self.mnemonic = mnemonic
    self.form = form
    self.destination = destination
    self.source = source
    self.offset = offset
    self.immediate = immediate
  }

  /// What `field` holds.
  public func content(of field: Field) -> Content {
    switch field {
    case .destination: destination
    case .source: source
    case .offset: offset
    case .immediate: immediate
    }
  }

  /// The fields of `instruction` that differ from their fixed value here.
  func mismatches(of instruction: Instruction) -> [Field] {
    Field.allCases.filter { field in
      if case .fixed(let value) = content(of: field) { instruction.value(of: field) != value } else { false }
    }
  }
}

extension Instruction {
  /// The number in `field`.
  func value(of field: Encoding.Field) -> Int32 {
    switch field {
    case .destination: Int32(destination)
    case .source: Int32(source)
    case .offset: Int32(offset)
    case .immediate: immediate
    }
  }
}
