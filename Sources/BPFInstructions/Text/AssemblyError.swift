/// Assembler text that cannot be assembled: what is wrong and where.
public struct AssemblyError: Error, Hashable, Sendable {
  /// What is wrong.
  public var kind: Kind
  /// Line, from 1.
  public var line: Int
  /// Column in bytes, from 1.
  public var column: Int

  /// An error of `kind` at a line and column, both from 1.
  public init(_ kind: Kind, line: Int, column: Int) {
    self.kind = kind
    self.line = line
    self.column = column
  }

  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// Something else had to stand there; `found` is nil at the end of the line.
    case expected(String, found: String?)
    /// A number that its field cannot hold.
    case numberOutOfRange(String, limit: String)
    /// A jump or call to a label that is nowhere defined.
    case undefinedLabel(String)
    /// A label that was defined on an earlier line.
    case duplicateLabel(String, firstLine: Int)
    /// A target that the instruction's offset field cannot reach.
    case targetOutOfReach(slots: Int)
    /// A name that is neither a label nor a helper.
    case unknownFunction(String)
    /// A name and a number that do not belong together.
    case helperMismatch(name: String, id: Int32, expected: Int32)
    /// An instruction name that is not in the opcode table.
    case unknownMnemonic(String)
    /// A word that says nothing that can be encoded, and why.
    case notEncodable(String)
    /// The text holds no instruction.
    case noInstructions
  }
}

extension AssemblyError: CustomStringConvertible {
  /// One line: `3:8: expected a register, found '='`.
  public var description: String { "\(line):\(column): \(reason)" }

  /// What is wrong, without the place.
  public var reason: String {
    switch kind {
    case .expected(let expected, let found):
      "expected \(expected), " + (found.map { "found '\($0)'" } ?? "but the line ends")
    case .numberOutOfRange(let number, let limit): "\(number) is out of range: \(limit)"
    case .undefinedLabel(let name): "label '\(name)' is not defined"
    case .duplicateLabel(let name, let line): "label '\(name)' is already defined on line \(line)"
    case .targetOutOfReach(let slots): "the target is \(slots) slots away, more than a 16-bit offset reaches; use gotol"
    case .unknownFunction(let name): "'\(name)' is neither a label nor a known helper; a helper's number works: call 12"
    case .helperMismatch(let name, let id, let expected): "\(name) is helper \(expected), not \(id)"
    case .unknownMnemonic(let name): "unknown instruction '\(name)'"
    case .notEncodable(let reason): reason
    case .noInstructions: "there are no instructions"
    }
  }
}
