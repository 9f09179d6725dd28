/// A whole program as text: slot numbers, functions and labels, source lines between the instructions.
///
/// A slot that has no meaning is shown with its bytes and the reason, and the listing goes on.
public struct Listing: Sendable {
  /// The program.
  public var instructions: [Instruction]
  /// Names of helpers and references; labels are the listing's own where `showsLabels` is set.
  public var symbols: Disassembler.Symbols
  /// Functions by first slot.
  public var functions: [Int: String]
  /// Source positions by slot.
  public var sourceLines: [Int: Source]
  /// Prints `L12:` before jump targets and `goto L12` in place of `goto pc+3`.
  public var showsLabels: Bool
  /// Prints the eight bytes of each slot.
  public var showsBytes: Bool

  /// A line of source code.
  public struct Source: Hashable, Sendable {
    /// The line's text as the compiler recorded it; may be empty.
    public var text: String
    /// `file.c:12`.
    public var place: String

    /// A source line and its place.
    public init(text: String, place: String) {
      self.text = text
      self.place = place
    }
  }

  /// A listing of `instructions`.
  public init(
    _ instructions: [Instruction], symbols: Disassembler.Symbols = Disassembler.Symbols(),
    functions: [Int: String] = [:], sourceLines: [Int: Source] = [:], showsLabels: Bool = true,
    showsBytes: Bool = false
  ) {
    self.instructions = instructions
    self.symbols = symbols
    self.functions = functions
    self.sourceLines = sourceLines
    self.showsLabels = showsLabels
    self.showsBytes = showsBytes
  }

  /// The listing, a line for each function, label, source line and instruction.
  public func lines() -> [String] {
    let labels = showsLabels ? self.labels() : functions
    var symbols = self.symbols
    if showsLabels { symbols.label = { labels[$0] } }
    let disassembler = Disassembler(symbols: symbols)
    let digits = max(4, String(max(instructions.count - 1, 0)).count)
    var lines: [String] = []
    var place: Source?
    var slot = 0
    while slot < instructions.count {
      if let label = labels[slot] {
        if functions[slot] != nil, slot > 0 { lines.append("") }
        lines.append(label + ":")
      }
      if let source = sourceLines[slot], source != place {
        let text = source.text.drop { $0 == " " || $0 == "\t" }
        lines.append(text.isEmpty ? "; @ \(source.place)" : "; \(text) @ \(source.place)")
        place = source
      }
      let (text, count) = line(at: slot, disassembler)
      let number = String(slot)
      var line = String(repeating: " ", count: digits - number.count) + number + ": "
      if showsBytes { line += bytes(slot..<slot + count) + "  " }
      lines.append(line + text)
      slot += count
    }
    return lines
  }

  private func line(at slot: Int, _ disassembler: Disassembler) -> (text: String, slots: Int) {
    let code = "(\(hexadecimal(instructions[slot].opcode))) "
    do {
      let (operation, count) = try Operation.decode(instructions, at: slot)
      return (code + disassembler.text(of: operation, at: slot), count)
    } catch {
      return (code + "invalid: \(error.reason)", 1)
    }
  }

  private func bytes(_ slots: Range<Int>) -> String {
    let text = instructions[slots].map(\.hexadecimal).joined(separator: " ")
    return text + String(repeating: " ", count: max(0, 47 - text.count))
  }

  /// The functions' names, `L12` for jump targets and `F12` for functions without a name.
  private func labels() -> [Int: String] {
    var labels: [Int: String] = [:]
    var slot = 0
    while slot < instructions.count {
      guard let (operation, count) = try? Operation.decode(instructions, at: slot) else {
        slot += 1
        continue
      }
      let instruction = DecodedInstruction(slot: slot, operation: operation)
      if let target = instruction.jumpTarget, instructions.indices.contains(target), labels[target] == nil {
        labels[target] = "L\(target)"
      }
      if symbols.reference(slot) == nil, let target = instruction.functionTarget, instructions.indices.contains(target)
      {
        labels[target] = "F\(target)"
      }
      slot += count
    }
    return labels.merging(functions) { _, name in name }
  }
}
