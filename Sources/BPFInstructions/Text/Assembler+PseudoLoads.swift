extension Assembler {
  /// `map[fd:3]`, `map[fd:3][0]+8`, `map[idx:3]`, `map[idx:3]+8`, `map[name]`, `map[name][0]+8`,
  /// `ksym[id:7 module:0]`, `subprog[+5]`, `subprog[label]`.
  func pseudoLoad(
    _ item: inout AssemblyItem, _ register: Register, in line: inout AssemblyLine
  ) throws(AssemblyError) {
    switch line.next?.text {
    case "map": try map(&item, register, in: &line)
    case "ksym":
      line.advance()
      try line.expect("[", "id", ":")
      let id: Int32 = try line.number().value()
      try line.expect("module", ":")
      let module: Int32 = try line.number().value(wraps: true)
      try line.expect("]")
      item.operation = .loadImmediate(register, .kernelVariable, AssemblyItem.wide(id, UInt32(bitPattern: module)))
    case "subprog":
      line.advance()
      try line.expect("[")
      item.operation = .loadImmediate(register, .function, 0)
      item.targetColumn = line.column
      if line.next?.kind == .word {
        item.target = .label(try line.word("a label"))
      } else {
        item.target = .relative(try line.number("a label or a signed number").value())
      }
      try line.expect("]")
    default:
      throw line.unexpected("an operand")
    }
  }

  private func map(
    _ item: inout AssemblyItem, _ register: Register, in line: inout AssemblyLine
  ) throws(AssemblyError) {
    try line.expect("map", "[")
    let word = try line.word("fd:, idx: or a map's name")
    var number: Int32 = 0
    let isNumbered = (word == "fd" || word == "idx") && line.take(":")
    if isNumbered { number = try line.number().value() }
    try line.expect("]")
    let byIndex = isNumbered && word == "idx"
    if !byIndex, line.take("[") {
      let element = try line.number()
      guard element.magnitude == 0 else {
        throw AssemblyError(
          .numberOutOfRange(element.text, limit: "only element 0 has a fixed address"), line: element.line,
          column: element.column)
      }
      try line.expect("]")
    } else if !byIndex || line.next?.text != "+" {
      item.operation = .loadImmediate(
        register, byIndex ? .mapIndex : .mapDescriptor, AssemblyItem.wide(number, 0))
      if !isNumbered { item.reference = .map(word) }
      return
    }
    try line.expect("+")
    let written = try line.number("an offset")
    guard let offset = UInt32(exactly: written.magnitude), !written.isNegative else {
      throw AssemblyError(
        .numberOutOfRange(written.text, limit: "0 to \(UInt32.max)"), line: written.line, column: written.column)
    }
    item.operation = .loadImmediate(
      register, byIndex ? .mapIndexValue : .mapValue, AssemblyItem.wide(number, isNumbered ? offset : 0))
    if !isNumbered { item.reference = .mapValue(word, offset: offset) }
  }
}

extension AssemblyItem {
  /// The 64 bits of a pseudo load.
  fileprivate static func wide(_ low: Int32, _ high: UInt32) -> UInt64 {
    UInt64(UInt32(bitPattern: low)) | UInt64(high) << 32
  }
}
