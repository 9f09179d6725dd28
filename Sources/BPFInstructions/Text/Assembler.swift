/// Reads the syntax that ``Disassembler`` and the kernel write, one instruction a line, and labels (`name:`).
///
/// Comments begin with `;`, `//`, or a `#` that begins a word. A slot number (`12:`) and an opcode (`(b7)`) before an
/// instruction are passed over, so that listings and verifier logs can be read. Targets are `pc+3`, `+3`, `-3` or a label.
/// As the kernel prints it, `r1 = 5` is a move and `r1 = 0x5` the 64-bit load; `r1 = 5 ll` is the 64-bit load too.
public struct Assembler: Sendable {
  /// The number of a helper by its name, for `call bpf_map_lookup_elem`.
  public var helper: @Sendable (String) -> Int32?

  /// An assembler that knows helpers by `helper`; without it they are called by number: `call 1`, `call name#1`.
  public init(helper: @escaping @Sendable (String) -> Int32? = { _ in nil }) {
    self.helper = helper
  }

  /// Assembles `text`.
  /// - Throws: ``AssemblyError`` for the first fault.
  public func assemble(_ text: String) throws(AssemblyError) -> AssembledProgram {
    var items: [AssemblyItem] = []
    var labels: [String: (slot: Int, line: Int)] = [:]
    var slot = 0
    var number = 0
    for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      var line = try AssemblyLine(bytes, number: number)
      try define(&labels, slot: slot, in: &line)
      guard line.next != nil else { continue }
      var item = try statement(in: &line)
      try line.finish()
      item.slot = slot
      slot += item.slots
      items.append(item)
    }
    guard !items.isEmpty else { throw AssemblyError(.noInstructions, line: max(number, 1), column: 1) }

    var program = AssembledProgram()
    program.labels = labels.mapValues(\.slot)
    for item in items {
      program.instructions += try item.instructions(labels: program.labels, helper: helper)
      program.lines[item.slot] = item.line
      if let reference = item.reference { program.references[item.slot] = reference }
    }
    return program
  }

  /// Reads the labels, slot number and opcode that a line begins with.
  private func define(
    _ labels: inout [String: (slot: Int, line: Int)], slot: Int, in line: inout AssemblyLine
  ) throws(AssemblyError) {
    while let token = line.next, line.peek(1)?.text == ":", token.kind != .symbol {
      if token.kind == .word {
        if let first = labels[token.text] {
          throw line.error(.duplicateLabel(token.text, firstLine: first.line))
        }
        labels[token.text] = (slot, line.number)
      }
      line.advance(2)
    }
    if line.next?.text == "(", let code = line.peek(1), line.peek(2)?.text == ")", code.text.utf8.count == 2,
      code.text.utf8.allSatisfy(\.isHexadecimalDigit)
    {
      line.advance(3)
    }
  }
}

/// What an assembler made of a text.
public struct AssembledProgram: Hashable, Sendable {
  /// The slots.
  public var instructions: [Instruction] = []
  /// The slot of every label.
  public var labels: [String: Int] = [:]
  /// The line of every instruction, by its slot.
  public var lines: [Int: Int] = [:]
  /// Maps that were named, by slot; the immediates there are 0.
  public var references: [Int: SymbolicReference] = [:]
}

extension AssembledProgram {
  /// The slots as they stand in an object file.
  public var bytes: [UInt8] { instructions.flatMap(\.bytes) }

  /// A program of `instructions`, without names.
  public init(_ instructions: [Instruction]) {
    self.init()
    self.instructions = instructions
  }
}
