/// Reads the assembler syntax of the public bpf_conformance suite: the mnemonics of the opcode table, destination first,
/// `add32 %r0, %r1`, `ldxw %r2, [%r1+12]`, `jeq %r1, 5, label`.
///
/// Targets are `+3`, `-3` or a label on a line of its own; `exit` is also the label of the first `exit` instruction.
public struct ConformanceAssembler: Sendable {
  /// An assembler of the suite's syntax.
  public init() {}

  /// Assembles `text`; `#` begins a comment.
  /// - Throws: ``AssemblyError`` for the first fault.
  public func assemble(_ text: String) throws(AssemblyError) -> [Instruction] {
    var lines: [AssemblyLine] = []
    for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
    {
      lines.append(try AssemblyLine(bytes.prefix { $0 != UInt8(ascii: "#") }, number: index + 1))
    }
    return try assemble(lines)
  }

  /// Assembles the lines of a section; they keep their numbers within the file.
  func assemble(_ lines: [AssemblyLine]) throws(AssemblyError) -> [Instruction] {
    var items: [AssemblyItem] = []
    var labels: [String: (slot: Int, line: Int)] = [:]
    var slot = 0
    for var line in lines {
      if let name = line.next, name.kind == .word, line.peek(1)?.text == ":" {
        if let first = labels[name.text] { throw line.error(.duplicateLabel(name.text, firstLine: first.line)) }
        labels[name.text] = (slot, line.number)
        line.advance(2)
      }
      guard line.next != nil else { continue }
      var item = try statement(in: &line)
      try line.finish()
      item.slot = slot
      slot += item.slots
      items.append(item)
    }
    guard !items.isEmpty else { throw AssemblyError(.noInstructions, line: lines.last?.number ?? 1, column: 1) }
    if labels["exit"] == nil, let exit = items.first(where: { $0.operation == .exit }) {
      labels["exit"] = (exit.slot, exit.line)
    }
    var instructions: [Instruction] = []
    for item in items {
      instructions += try item.instructions(labels: labels.mapValues(\.slot)) { _ in nil }
    }
    return instructions
  }

  /// The rows of the table by mnemonic. A call through a register is written `call %r1` here.
  private static let rows = Dictionary(grouping: Encoding.table.filter { $0.form != .callRegister }, by: \.mnemonic)

  /// Reads one instruction.
  private func statement(in line: inout AssemblyLine) throws(AssemblyError) -> AssemblyItem {
    var item = AssemblyItem(operation: .exit, line: line.number, column: line.column)
    var name = try line.word("an instruction")
    if name == "lock" {
      if line.take("fetch") { name += " fetch" }
      name += " " + (try line.word("an atomic operation"))
    } else if name.hasPrefix("swap") {
      name = "b" + name
    }
    if name == "call" {
      try call(&item, in: &line)
      return item
    }
    guard let form = Self.rows[name]?.first?.form else {
      throw line.error(.unknownMnemonic(name), at: item.column)
    }
    switch form {
    case .alu(let alu, let width, _):
      let register = try line.namedRegister()
      item.operation = .alu(alu, width, register, try line.namedOperand())
    case .negate(let width): item.operation = .negate(width, try line.namedRegister())
    case .moveSignExtended(let width, let size):
      let register = try line.namedRegister()
      item.operation = .moveSignExtended(width, from: size, register, try line.namedRegister())
    case .addressSpaceCast(let toUser):
      let register = try line.namedRegister()
      item.operation = .addressSpaceCast(toUser: toUser, register, try line.namedRegister())
    case .byteSwap(let order, let size): item.operation = .byteSwap(order, size, try line.namedRegister())
    case .load(let size, let signed):
      let register = try line.namedRegister()
      let (base, offset) = try line.bracketedAddress()
      item.operation = .load(size, signed: signed, register, base: base, offset: offset)
    case .loadAcquire(let size):
      let register = try line.namedRegister()
      let (base, offset) = try line.bracketedAddress()
      item.operation = .loadAcquire(size, register, base: base, offset: offset)
    case .store(let size, let kind):
      let (base, offset) = try line.bracketedAddress()
      let operand: Operand =
        kind == .register ? .register(try line.namedRegister()) : .immediate(try line.laterNumber().value(wraps: true))
      item.operation = .store(size, base: base, offset: offset, operand)
    case .storeRelease(let size):
      let (base, offset) = try line.bracketedAddress()
      item.operation = .storeRelease(size, base: base, offset: offset, try line.namedRegister())
    case .atomic(let atomic, let fetch, let size):
      let (base, offset) = try line.bracketedAddress()
      let register = try line.namedRegister()
      item.operation = .atomic(atomic, fetch: fetch, size, base: base, offset: offset, register)
    case .loadImmediate:
      let register = try line.namedRegister()
      item.operation = .loadImmediate(register, .value, try line.laterNumber().bits())
    case .loadAbsolute(let size): item.operation = .loadAbsolute(size, try line.laterNumber().value(wraps: true))
    case .loadIndirect(let size):
      let register = try line.namedRegister()
      item.operation = .loadIndirect(size, register, try line.laterNumber().value(wraps: true))
    case .jump(let long):
      item.operation = .jump(offset: 0, long: long)
      try target(of: &item, in: &line)
    case .branch(let condition, let width, _):
      let register = try line.namedRegister()
      item.operation = .branch(condition, width, register, try line.namedOperand(), offset: 0)
      try target(of: &item, in: &line)
    case .mayGoto:
      item.operation = .mayGoto(offset: 0)
      try target(of: &item, in: &line)
    case .exit, .callHelper, .callSubprogram, .callKernelFunction, .callRegister:
      item.operation = .exit
    }
    return item
  }

  /// `call 5`, `call local label`, `call runtime 5`, `call %r2`.
  private func call(_ item: inout AssemblyItem, in line: inout AssemblyLine) throws(AssemblyError) {
    if line.take("local") {
      item.operation = .callSubprogram(offset: 0)
      try target(of: &item, in: &line)
    } else if line.take("runtime") {
      item.operation = .callKernelFunction(id: try line.laterNumber().value(wraps: true), module: 0)
    } else if line.next?.text == "%" {
      item.operation = .callRegister(try line.namedRegister())
    } else {
      item.operation = .callHelper(
        try line.number("a helper's number, a register, local or runtime").value(wraps: true))
    }
  }

  private func target(of item: inout AssemblyItem, in line: inout AssemblyLine) throws(AssemblyError) {
    _ = line.take(",")
    item.targetColumn = line.column
    if line.next?.kind == .word {
      item.target = .label(try line.word("a target"))
    } else {
      guard line.next?.kind == .symbol else { throw line.unexpected("a label or a signed number") }
      item.target = .relative(try line.number("a label or a signed number").value())
    }
  }
}

extension AssemblyLine {
  /// Reads `%r3`, after a comma or not.
  fileprivate mutating func namedRegister() throws(AssemblyError) -> Register {
    _ = take(",")
    guard next?.text == "%" else { throw unexpected("a register, %r0 to %r10") }
    advance()
    return try register(.w64)
  }

  /// Reads `%r3` or a number, after a comma or not.
  fileprivate mutating func namedOperand() throws(AssemblyError) -> Operand {
    _ = take(",")
    if next?.text == "%" { return .register(try namedRegister()) }
    return .immediate(try number("a register or number").value(wraps: true))
  }

  /// Reads a number, after a comma or not.
  fileprivate mutating func laterNumber() throws(AssemblyError) -> AssemblyNumber {
    _ = take(",")
    return try number()
  }

  /// Reads `[%r1+12]`, after a comma or not.
  fileprivate mutating func bracketedAddress() throws(AssemblyError) -> (base: Register, offset: Int16) {
    _ = take(",")
    try expect("[")
    let base = try namedRegister()
    var offset: Int16 = 0
    if let sign = next?.text, sign == "+" || sign == "-" { offset = try number("an offset").value() }
    try expect("]")
    return (base, offset)
  }
}
