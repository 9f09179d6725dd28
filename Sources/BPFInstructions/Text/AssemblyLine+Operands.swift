extension AssemblyLine {
  /// Whether a register name comes next.
  var isRegister: Bool {
    guard let token = next, token.kind == .word, let first = token.text.utf8.first else { return false }
    let digits = token.text.utf8.dropFirst()
    return (first == UInt8(ascii: "r") || first == UInt8(ascii: "w")) && !digits.isEmpty
      && digits.allSatisfy(\.isDecimalDigit)
  }

  /// Reads `r0` to `r10` or `w0` to `w10`.
  mutating func register() throws(AssemblyError) -> (register: Register, width: Width) {
    guard isRegister, let token = next, let number = UInt8(token.text.dropFirst()),
      let register = Register(rawValue: number)
    else { throw unexpected("a register, r0 to r10 or w0 to w10") }
    advance()
    return (register, token.text.hasPrefix("w") ? .w32 : .w64)
  }

  /// Reads a register by its name for `width`.
  mutating func register(_ width: Width) throws(AssemblyError) -> Register {
    var after = self
    let (register, found) = try after.register()
    guard found == width else { throw unexpected(width == .w64 ? "a 64-bit register (r)" : "a 32-bit register (w)") }
    self = after
    return register
  }

  /// Reads the register that must come next, under either name, or under that of `width`.
  mutating func expectRegister(_ register: Register, _ width: Width? = nil) throws(AssemblyError) {
    var after = self
    guard let found = try? after.register(), found.register == register, width == nil || found.width == width else {
      throw unexpected(width == .w32 ? "'w\(register.rawValue)'" : "'\(register)'")
    }
    self = after
  }

  /// Reads a register of `width`, or a number.
  mutating func operand(_ width: Width, wraps: Bool) throws(AssemblyError) -> Operand {
    if isRegister { return .register(try register(width)) }
    return .immediate(try number("a register or number").value(wraps: wraps))
  }

  /// Reads `u8` … `u64`, or `s8` … `s64`.
  mutating func size(signed: Bool) throws(AssemblyError) -> MemorySize {
    let letter = signed ? "s" : "u"
    guard let token = next, let size = MemorySize.allCases.first(where: { token.text == "\(letter)\($0.bits)" })
    else { throw unexpected("\(letter)8, \(letter)16, \(letter)32 or \(letter)64") }
    advance()
    return size
  }

  /// Reads `(u32 *)(r1 +4)`.
  mutating func memory() throws(AssemblyError) -> (size: MemorySize, base: Register, offset: Int16) {
    try expect("(")
    let size = try size(signed: false)
    try expect("*", ")")
    let (base, offset) = try address()
    return (size, base, offset)
  }

  /// Reads `(r1 +4)`, `(r1 - 4)` or `(r1)`.
  mutating func address() throws(AssemblyError) -> (base: Register, offset: Int16) {
    try expect("(")
    let base = try register(.w64)
    var offset: Int16 = 0
    if let sign = next?.text, sign == "+" || sign == "-" { offset = try number("an offset").value() }
    try expect(")")
    return (base, offset)
  }

  /// Reads the symbol of one of `cases`.
  mutating func takeOne<Case>(of cases: [Case], _ symbol: (Case) -> String) -> Case? {
    guard let token = next, token.kind == .symbol, let found = cases.first(where: { symbol($0) == token.text })
    else { return nil }
    advance()
    return found
  }
}

extension ByteOrder {
  /// `le16`, `be32`, `bswap64`: what the word says.
  static func named(_ word: String) -> (ByteOrder, MemorySize)? {
    for order in allCases {
      for size in [MemorySize.u16, .u32, .u64] where word == order.mnemonic + String(size.bits) { return (order, size) }
    }
    return nil
  }
}
