/// The tokens of one line of assembler text, and how far they are read.
struct AssemblyLine {
  /// A piece of text and where it begins.
  struct Token: Hashable {
    enum Kind: Hashable { case word, number, symbol }
    var kind: Kind
    var text: String
    /// Column in bytes, from 1.
    var column: Int
  }

  /// Line, from 1.
  let number: Int
  private let tokens: [Token]
  private let end: Int
  private var index = 0

  /// Operators, longest first.
  private static let operators: [[UInt8]] = [
    "s>>=", "<<=", ">>=", "s>=", "s<=", "s/=", "s%=", "==", "!=", ">=", "<=", "s>", "s<", "+=", "-=", "*=", "/=", "%=",
    "|=", "&=", "^=", "=", ">", "<", "&", "%", "(", ")", "[", "]", "*", "+", "-", ",", ":", "#",
  ].map { Array($0.utf8) }

  /// Splits a line. `;`, `//`, and a `#` that begins a word begin a comment.
  init(_ bytes: some Sequence<UInt8>, number: Int) throws(AssemblyError) {
    let text = Array(bytes)
    var tokens: [Token] = []
    var position = 0
    while position < text.count {
      let byte = text[position]
      if AssemblyLine.isSpace(byte) {
        position += 1
        continue
      }
      let following = position + 1 < text.count ? text[position + 1] : 0
      let beginsWord = position == 0 || AssemblyLine.isSpace(text[position - 1])
      if byte == UInt8(ascii: ";") || (byte == UInt8(ascii: "/") && following == byte)
        || (byte == UInt8(ascii: "#") && beginsWord)
      {
        break
      }
      let rest = text[position...]
      let length: Int
      let kind: Token.Kind
      if AssemblyLine.isWord(byte), byte != UInt8(ascii: "s") || AssemblyLine.isWord(following) {
        (length, kind) = (rest.prefix { AssemblyLine.isWord($0) }.count, AssemblyLine.isDigit(byte) ? .number : .word)
      } else if let symbol = AssemblyLine.operators.first(where: { $0[0] == byte && rest.starts(with: $0) }) {
        (length, kind) = (symbol.count, .symbol)
      } else if AssemblyLine.isWord(byte) {
        (length, kind) = (1, .word)
      } else {
        let found = String(decoding: rest, as: UTF8.self).first.map { String($0) } ?? ""
        throw AssemblyError(.expected("an instruction", found: found), line: number, column: position + 1)
      }
      let characters = String(decoding: rest.prefix(length), as: UTF8.self)
      tokens.append(Token(kind: kind, text: characters, column: position + 1))
      position += length
    }
    self.number = number
    self.tokens = tokens
    end = text.count + 1
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "$")
  }

  /// The next token, unread.
  var next: Token? { index < tokens.count ? tokens[index] : nil }
  /// Where the next token begins, or the line ends.
  var column: Int { next?.column ?? end }

  /// The token that many places after the next one.
  func peek(_ distance: Int) -> Token? {
    index + distance < tokens.count ? tokens[index + distance] : nil
  }

  /// Passes over tokens.
  mutating func advance(_ count: Int = 1) { index = min(index + count, tokens.count) }

  /// An error at `column`, or at the next token.
  func error(_ kind: AssemblyError.Kind, at column: Int? = nil) -> AssemblyError {
    AssemblyError(kind, line: number, column: column ?? self.column)
  }

  /// The error that something else had to come next.
  func unexpected(_ expected: String) -> AssemblyError { error(.expected(expected, found: next?.text)) }

  /// Reads a word or symbol if it is the next one.
  mutating func take(_ text: String) -> Bool {
    guard let token = next, token.kind != .number, token.text == text else { return false }
    index += 1
    return true
  }

  /// Reads words and symbols that must come next.
  mutating func expect(_ texts: String...) throws(AssemblyError) {
    for text in texts where !take(text) { throw unexpected("'\(text)'") }
  }

  /// Reads a word.
  mutating func word(_ expected: String) throws(AssemblyError) -> String {
    guard let token = next, token.kind == .word else { throw unexpected(expected) }
    index += 1
    return token.text
  }

  /// Reads a number with an optional sign.
  mutating func number(_ expected: String = "a number") throws(AssemblyError) -> AssemblyNumber {
    let start = index
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let token = next, token.kind == .number else {
      index = start
      throw unexpected(expected)
    }
    let isHexadecimal = token.text.hasPrefix("0x") || token.text.hasPrefix("0X")
    let digits = isHexadecimal ? token.text.dropFirst(2) : token.text[...]
    let valid = !digits.isEmpty && digits.utf8.allSatisfy { isHexadecimal ? $0.isHexadecimalDigit : $0.isDecimalDigit }
    guard valid else { throw unexpected(expected) }
    let column = tokens[start].column
    let text = (isNegative ? "-" : "") + token.text
    guard let magnitude = UInt64(digits, radix: isHexadecimal ? 16 : 10) else {
      throw error(.numberOutOfRange(text, limit: "64 bits"), at: column)
    }
    index += 1
    return AssemblyNumber(
      text: text, magnitude: magnitude, isNegative: isNegative, isHexadecimal: isHexadecimal, line: number,
      column: column)
  }

  /// Refuses what is left on the line.
  func finish() throws(AssemblyError) {
    if next != nil { throw unexpected("the end of the line") }
  }
}

/// A number as it was written.
struct AssemblyNumber {
  var text: String
  var magnitude: UInt64
  var isNegative: Bool
  var isHexadecimal: Bool
  var line: Int
  var column: Int

  /// The number in a signed field; with `wraps`, hexadecimal digits may fill all of its bits, as in `0xffffffff` for -1.
  func value<T: FixedWidthInteger & SignedInteger>(
    _: T.Type = T.self, wraps: Bool = false, hint: String = ""
  ) throws(AssemblyError) -> T {
    if wraps, isHexadecimal, !isNegative, magnitude <= UInt64.max >> (64 - UInt64(T.bitWidth)) {
      return T(truncatingIfNeeded: magnitude)
    }
    if isNegative {
      if magnitude == T.min.magnitude { return T.min }
      if let value = T(exactly: magnitude) { return -value }
    } else if let value = T(exactly: magnitude) {
      return value
    }
    throw AssemblyError(
      .numberOutOfRange(text, limit: "\(T.min) to \(T.max)\(hint)"), line: line, column: column)
  }

  /// The number as 64 bits.
  func bits() throws(AssemblyError) -> UInt64 {
    isNegative ? UInt64(bitPattern: try value(Int64.self)) : magnitude
  }
}

extension UInt8 {
  var isDecimalDigit: Bool { (0x30...0x39).contains(self) }
  var isHexadecimalDigit: Bool { isDecimalDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self) }
}
