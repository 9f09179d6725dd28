extension Assembler {
  /// Reads one instruction.
  func statement(in line: inout AssemblyLine) throws(AssemblyError) -> AssemblyItem {
    var item = AssemblyItem(operation: .exit, line: line.number, column: line.column)
    if line.next?.text == "*" {
      item.operation = try store(in: &line)
      return item
    }
    let start = line
    switch try line.word("an instruction") {
    case "exit":
      item.operation = .exit
    case "goto":
      item.operation = .jump(offset: 0, long: false)
      try target(of: &item, in: &line)
    case "gotol":
      item.operation = .jump(offset: 0, long: true)
      try target(of: &item, in: &line)
    case "may_goto":
      item.operation = .mayGoto(offset: 0)
      try target(of: &item, in: &line)
    case "if":
      try branch(&item, in: &line)
    case "call":
      try call(&item, in: &line)
    case "callx":
      item.operation = .callRegister(try line.register().register)
    case "lock":
      try line.expect("*")
      let place = try line.memory()
      guard let atomic = line.takeOne(of: Atomic.allCases, \.symbol) else {
        throw line.unexpected("one of += |= &= ^=")
      }
      let source = try line.register().register
      item.operation = .atomic(atomic, fetch: false, place.size, base: place.base, offset: place.offset, source)
    case "store_release":
      try line.expect("(")
      let place = try line.memory()
      try line.expect(",")
      let source = try line.register().register
      try line.expect(")")
      item.operation = .storeRelease(place.size, base: place.base, offset: place.offset, source)
    default:
      line = start
      guard line.isRegister else { throw line.unexpected("an instruction") }
      try assignment(&item, in: &line)
    }
    return item
  }

  /// `*(u32 *)(r1 +4) = r2` or `= 5`.
  private func store(in line: inout AssemblyLine) throws(AssemblyError) -> Operation {
    try line.expect("*")
    let place = try line.memory()
    try line.expect("=")
    let operand: Operand
    if line.isRegister {
      operand = .register(try line.register().register)
    } else {
      operand = .immediate(try line.number("a register or number").value(wraps: place.size != .u64))
    }
    return .store(place.size, base: place.base, offset: place.offset, operand)
  }

  /// `if r1 == 0x5 goto pc+3`. As the kernel prints them, hexadecimal immediates are 32 bits, then sign-extended.
  private func branch(_ item: inout AssemblyItem, in line: inout AssemblyLine) throws(AssemblyError) {
    let (register, width) = try line.register()
    guard let condition = line.takeOne(of: Condition.allCases, \.symbol) else { throw line.unexpected("a comparison") }
    let operand = try line.operand(width, wraps: true)
    try line.expect("goto")
    item.operation = .branch(condition, width, register, operand, offset: 0)
    try target(of: &item, in: &line)
  }

  /// `pc+3`, `+3`, `-3` or a label.
  private func target(of item: inout AssemblyItem, in line: inout AssemblyLine) throws(AssemblyError) {
    item.targetColumn = line.column
    if line.next?.text == "pc", let sign = line.peek(1)?.text, sign == "+" || sign == "-" { line.advance() }
    if line.next?.kind == .word {
      item.target = .label(try line.word("a target"))
    } else {
      guard line.next?.kind == .symbol else { throw line.unexpected("a label or a signed number") }
      item.target = .relative(try line.number("a label or a signed number").value())
    }
  }

  /// `call 1`, `call name#1`, `call name`, `call pc+3`, `call kernel-function#7 module 1`.
  private func call(_ item: inout AssemblyItem, in line: inout AssemblyLine) throws(AssemblyError) {
    if line.next?.kind == .number {
      item.operation = .callHelper(try line.number().value())
      return
    }
    if line.next?.text == "kernel", line.peek(1)?.text == "-", line.peek(2)?.text == "function" {
      line.advance(3)
      try line.expect("#")
      let id: Int32 = try line.number().value()
      let module: Int16 = line.take("module") ? try line.number().value() : 0
      item.operation = .callKernelFunction(id: id, module: module)
      return
    }
    if let name = line.next, name.kind == .word, line.peek(1)?.text == "#" {
      line.advance(2)
      let column = line.column
      let id: Int32 = try line.number().value()
      if let expected = helper(name.text), expected != id {
        throw line.error(.helperMismatch(name: name.text, id: id, expected: expected), at: column)
      }
      item.operation = .callHelper(id)
      return
    }
    item.operation = .callSubprogram(offset: 0)
    try target(of: &item, in: &line)
  }

  /// What begins with a register: arithmetic, moves, loads and fetching atomics.
  private func assignment(_ item: inout AssemblyItem, in line: inout AssemblyLine) throws(AssemblyError) {
    let (register, width) = try line.register()
    let column = line.column
    guard let alu = line.takeOne(of: ALU.allCases, \.symbol) else { throw line.unexpected("an operator") }
    guard alu == .mov else {
      item.operation = .alu(alu, width, register, try line.operand(width, wraps: width == .w32))
      return
    }
    switch (line.next?.kind, line.next?.text) {
    case (.symbol, "-") where line.peek(1)?.kind == .word:
      line.advance()
      try line.expectRegister(register, width)
      item.operation = .negate(width, register)
    case (.symbol, "("):
      line.advance()
      let size = try line.size(signed: true)
      try line.expect(")")
      let source = try line.register(width)
      item.operation = .moveSignExtended(width, from: size, register, source)
    case (.symbol, "*"):
      item.operation = try load(register, in: &line)
    case (.word, let word?):
      if line.isRegister {
        item.operation = .alu(.mov, width, register, .register(try line.register(width)))
      } else if let (order, size) = ByteOrder.named(word) {
        line.advance()
        try line.expectRegister(register, width)
        item.operation = .byteSwap(order, size, register)
      } else if word == "load_acquire" {
        line.advance()
        try line.expect("(")
        let place = try line.memory()
        try line.expect(")")
        item.operation = .loadAcquire(place.size, register, base: place.base, offset: place.offset)
      } else if word == "addr_space_cast" {
        line.advance()
        try line.expect("(")
        let source = try line.register(.w64)
        try line.expect(",")
        let to: Int32 = try line.number().value()
        try line.expect(",")
        let from: Int32 = try line.number().value()
        guard to ^ from == 1, to == 0 || from == 0 else { throw line.unexpected("address spaces 0, 1 or 1, 0") }
        try line.expect(")")
        item.operation = .addressSpaceCast(toUser: to == 1, register, source)
      } else if word.hasPrefix("atomic") {
        item.operation = try atomic(register, in: &line)
      } else {
        try pseudoLoad(&item, register, in: &line)
      }
    default:
      let number = try line.number("an operand")
      if width == .w64, line.take("ll") || (number.isHexadecimal && !number.isNegative) {
        item.operation = .loadImmediate(register, .value, try number.bits())
      } else {
        let hint = width == .w64 ? "; with ll after it, it is a 64-bit load" : ""
        item.operation = .alu(.mov, width, register, .immediate(try number.value(wraps: width == .w32, hint: hint)))
      }
    }
    // The kernel writes 64-bit names where only these exist; w names would promise a truncation that does not happen.
    if width == .w32 {
      switch item.operation {
      case .byteSwap, .loadImmediate: throw line.error(.notEncodable("this needs the 64-bit register name"), at: column)
      default: break
      }
    }
  }

  /// `*(u8 *)(r1 +4)`, `*(s8 *)(r1 +4)`, `*(u8 *)skb[12]`, `*(u8 *)skb[r1 + 12]`.
  private func load(_ register: Register, in line: inout AssemblyLine) throws(AssemblyError) -> Operation {
    let column = line.column
    try line.expect("*", "(")
    let signed = line.next?.text.hasPrefix("s") ?? false
    let size = try line.size(signed: signed)
    try line.expect("*", ")")
    guard line.take("skb") else {
      let (base, offset) = try line.address()
      return .load(size, signed: signed, register, base: base, offset: offset)
    }
    guard register == .r0, !signed else {
      throw line.error(.notEncodable("a load from skb is unsigned and goes to r0"), at: column)
    }
    try line.expect("[")
    let operation: Operation
    if line.isRegister {
      let source = try line.register(.w64)
      try line.expect("+")
      operation = .loadIndirect(size, source, try line.number().value())
    } else {
      operation = .loadAbsolute(size, try line.number("a register or number").value())
    }
    try line.expect("]")
    return operation
  }

  /// `atomic_fetch_add((u32 *)(r1 +0), r2)`, `atomic64_xchg(…)`, `atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)`.
  private func atomic(_ register: Register, in line: inout AssemblyLine) throws(AssemblyError) -> Operation {
    let name = line.next?.text ?? ""
    let column = line.column
    let prefix = name.hasPrefix("atomic64_") ? "atomic64_" : "atomic_"
    let function = name.dropFirst(prefix.count)
    let atomic = Atomic.allCases.first { ($0.alwaysFetches ? "" : "fetch_") + $0.mnemonic == function }
    guard let atomic, name.hasPrefix(prefix) else { throw line.unexpected("an atomic function") }
    line.advance()
    try line.expect("(")
    let place = try line.memory()
    guard place.size == (prefix == "atomic64_" ? .u64 : .u32) else {
      throw line.error(.notEncodable("\(name) does not work on u\(place.size.bits)"), at: column)
    }
    try line.expect(",")
    let source: Register
    if atomic == .compareExchange {
      try line.expectRegister(.r0)
      try line.expect(",")
      source = try line.register().register
      guard register == .r0 else { throw line.error(.notEncodable("\(name) gives its result in r0"), at: column) }
    } else {
      try line.expectRegister(register)
      source = register
    }
    try line.expect(")")
    return .atomic(atomic, fetch: true, place.size, base: place.base, offset: place.offset, source)
  }
}
