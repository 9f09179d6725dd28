/// Text that is not JSON, and where it stops being so.
package struct JSONError: Error, Hashable, Sendable {
  /// From 1.
  package var line: Int
  /// In bytes, from 1.
  package var column: Int
  package var message: String
}

extension JSON {
  /// Reads one JSON text (RFC 8259): integers keep all their digits up to 64 bits, and a fault comes with its place,
  /// neither of which Foundation's decoder gives.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    var parser = Parser(bytes: bytes)
    self = try parser.document()
  }

  private struct Parser {
    let bytes: [UInt8]
    var at = 0
    /// Levels of nesting; the bound keeps hostile text from exhausting the stack.
    var depth = 0

    mutating func document() throws(JSONError) -> JSON {
      if bytes.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
      let value = try value()
      skipBlanks()
      if at < bytes.count { throw fault("more text after the value") }
      return value
    }

    func fault(_ message: String) -> JSONError {
      let before = bytes.prefix(at)
      let line = before.reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
      let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
      return JSONError(line: line, column: at - start + 1, message: message)
    }

    func expected(_ what: String) -> JSONError {
      guard at < bytes.count else { return fault("\(what) expected, the text ends") }
      return fault("\(what) expected, found '\(String(decoding: bytes[at...].prefix(1), as: UTF8.self))'")
    }

    var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func skipBlanks() {
      while let byte, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
    }

    mutating func skip(_ wanted: Character) -> Bool {
      skipBlanks()
      guard byte == wanted.asciiValue else { return false }
      at += 1
      return true
    }

    mutating func value() throws(JSONError) -> JSON {
      skipBlanks()
      guard depth < 128 else { throw fault("more than 128 levels of nesting") }
      depth += 1
      defer { depth -= 1 }
      switch byte {
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "["): return try array()
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"): return try word("true", .bool(true))
      case UInt8(ascii: "f"): return try word("false", .bool(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      default: return try number()
      }
    }

    mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
      guard bytes[at...].starts(with: word.utf8) else { throw expected("a value") }
      at += word.utf8.count
      return value
    }

    mutating func object() throws(JSONError) -> JSON {
      at += 1
      var members: [(String, JSON)] = []
      if skip("}") { return .object(members) }
      repeat {
        skipBlanks()
        guard byte == UInt8(ascii: "\"") else { throw expected("a name in double quotes") }
        let name = try string()
        guard skip(":") else { throw expected("':'") }
        members.append((name, try value()))
      } while skip(",")
      guard skip("}") else { throw expected("',' or '}'") }
      return .object(members)
    }

    mutating func array() throws(JSONError) -> JSON {
      at += 1
      var elements: [JSON] = []
      if skip("]") { return .array(elements) }
      repeat { elements.append(try value()) } while skip(",")
      guard skip("]") else { throw expected("',' or ']'") }
      return .array(elements)
    }

    mutating func number() throws(JSONError) -> JSON {
      let start = at
      while let byte, "+-.eE0123456789".utf8.contains(byte) { at += 1 }
      let text = String(decoding: bytes[start..<at], as: UTF8.self)
      let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
      guard let first = digits.utf8.first, first >= 48, first <= 57,
        !(first == 48 && digits.allDigits && digits.count > 1)
      else {
        at = start
        throw text.isEmpty ? expected("a value") : fault("'\(text)' is not a number")
      }
      if let whole = Int64(text) { return .integer(whole) }
      if let whole = UInt64(text) { return .unsigned(whole) }
      guard !digits.allDigits, let value = Double(text), value.isFinite else {
        at = start
        throw fault("'\(text)' is not a number that fits 64 bits")
      }
      return .number(value)
    }

    mutating func string() throws(JSONError) -> String {
      at += 1
      let start = at
      while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 { at += 1 }
      if byte == UInt8(ascii: "\"") {
        defer { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
      }
      var text = Array(bytes[start..<at])
      while let byte {
        at += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
        case UInt8(ascii: "\\"): text += try escape()
        case 0..<32:
          at -= 1
          throw fault(
            "a control character in a string; write it as \\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))")
        default: text.append(byte)
        }
      }
      throw fault("a string without its closing quote")
    }

    mutating func escape() throws(JSONError) -> [UInt8] {
      guard let byte else { throw fault("a string without its closing quote") }
      at += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
      case UInt8(ascii: "b"): return [8]
      case UInt8(ascii: "f"): return [12]
      case UInt8(ascii: "n"): return [10]
      case UInt8(ascii: "r"): return [13]
      case UInt8(ascii: "t"): return [9]
      case UInt8(ascii: "u"):
        var unit = UInt32(try codeUnit())
        if unit >> 10 == 0x36, bytes[at...].starts(with: "\\u".utf8) {
          let back = at
          at += 2
          let low = UInt32(try codeUnit())
          if low >> 10 == 0x37 { unit = 0x10000 + (unit & 0x3ff) << 10 + low & 0x3ff } else { at = back }
        }
        return Array(String(Unicode.Scalar(unit) ?? "\u{fffd}").utf8)
      default:
        at -= 1
        throw expected("one of \"\\/bfnrtu after a backslash")
      }
    }

    mutating func codeUnit() throws(JSONError) -> UInt16 {
      let digits = String(decoding: bytes[at...].prefix(4), as: UTF8.self)
      guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
        throw fault("four hex digits expected after \\u")
      }
      at += 4
      return unit
    }
  }
}

extension StringProtocol {
  fileprivate var allDigits: Bool { utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }
}
