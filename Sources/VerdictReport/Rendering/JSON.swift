/// A JSON value whose members keep their order and whose integers keep all their digits.
package enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])
  /// A value that stays on one line even in ``prettyText``.
  case onOneLine([(String, JSON)])

  package static func == (left: JSON, right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.unsigned(let a), .unsigned(let b)): a == b
    case (.integer(let a), .unsigned(let b)), (.unsigned(let b), .integer(let a)): a >= 0 && UInt64(a) == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)), (.onOneLine(let a), .onOneLine(let b)), (.object(let a), .onOneLine(let b)),
      (.onOneLine(let a), .object(let b)):
      Dictionary(a, uniquingKeysWith: { $1 }) == Dictionary(b, uniquingKeysWith: { $1 })
    default: false
    }
  }

  /// The member of that name, of an object.
  package subscript(name: String) -> JSON? {
    switch self {
    case .object(let members), .onOneLine(let members): return members.first { $0.0 == name }?.1
    default: return nil
    }
  }

  /// On one line.
  package var text: String {
    var text = ""
    write(to: &text, indent: nil)
    return text
  }

  /// Over several lines, two spaces a level; what holds no object stays on one line.
  package var prettyText: String {
    var text = ""
    write(to: &text, indent: 0)
    return text
  }

  private var isFlat: Bool {
    switch self {
    case .array(let elements): elements.allSatisfy(\.isFlat)
    case .object, .onOneLine: false
    default: true
    }
  }

  private func write(to text: inout String, indent: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .number(let value): text += value.isFinite ? JSON.plain(value) : "null"
    case .string(let value): JSON.quote(value, to: &text)
    case .array(let elements):
      let inner = isFlat ? nil : indent.map { $0 + 1 }
      JSON.list("[", "]", elements, &text, isFlat ? nil : indent) { $0.write(to: &$1, indent: inner) }
    case .object(let members):
      JSON.list("{", "}", members, &text, indent) { member, text in
        JSON.quote(member.0, to: &text)
        text += indent == nil ? ":" : ": "
        member.1.write(to: &text, indent: indent.map { $0 + 1 })
      }
    case .onOneLine(let members): JSON.object(members).write(to: &text, indent: nil)
    }
  }

  private static func list<Element>(
    _ open: String, _ close: String, _ elements: [Element], _ text: inout String, _ indent: Int?,
    _ write: (Element, inout String) -> Void
  ) {
    text += open
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      if let indent { text += "\n" + String(repeating: "  ", count: indent + 1) }
      write(element, &text)
    }
    if let indent, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
    text += close
  }

  /// Whole numbers without a fraction, so that 1.0 reads 1.
  private static func plain(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    return String(value)
  }

  /// Appends `string` in quotes (RFC 8259 section 7).
  package static func quote(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      case "\u{0}"..<"\u{20}", "\u{7f}":
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
