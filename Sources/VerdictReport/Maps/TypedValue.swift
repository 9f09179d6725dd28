/// Bytes read by their ``Shape``: what a dump shows.
package indirect enum TypedValue: Equatable, Sendable {
  /// Shown alike in text and JSON.
  case plain(JSON)
  /// An address or bytes in hex: a string in JSON, bare in text.
  case word(String)
  /// A big-endian 16-bit number: its bytes in hex in JSON, where a plain number is little-endian; readable in text.
  case networkShort(UInt16, isProtocol: Bool)
  case array([TypedValue])
  case structure([(name: String, value: TypedValue)])

  package static func == (left: TypedValue, right: TypedValue) -> Bool { left.json == right.json }

  /// As JSON, in the form that a seed takes.
  package var json: JSON {
    switch self {
    case .plain(let json): json
    case .word(let word): .string(word)
    case .networkShort(let number, _): .string(Hex.text([UInt8(number >> 8), UInt8(number & 0xff)]))
    case .array(let elements): .array(elements.map(\.json))
    case .structure(let fields): .object(fields.map { ($0.name, $0.value.json) })
    }
  }

  /// On one line, for people.
  package var text: String {
    switch self {
    case .plain(let json): json.text
    case .word(let word): word
    case .networkShort(let number, let isProtocol):
      isProtocol ? Hex.text([UInt8(number >> 8), UInt8(number & 0xff)]) : String(number)
    case .array(let elements): "[" + elements.map(\.text).joined(separator: ", ") + "]"
    case .structure(let fields): "{" + fields.map { "\($0.name): \($0.value.text)" }.joined(separator: ", ") + "}"
    }
  }
}

/// Bytes in hex, in the order in which they lie.
package enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  /// `0x0a00002a`.
  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = [48, 120]
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `0x0a00002a`; nil when `text` is not `0x` and an even number of digits.
  package static func bytes(_ text: String) -> [UInt8]? {
    guard text.hasPrefix("0x") || text.hasPrefix("0X") else { return nil }
    let digits = Array(text.utf8.dropFirst(2))
    guard digits.count.isMultiple(of: 2), !digits.isEmpty else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
