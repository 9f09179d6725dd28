import BPFObject

/// A value of a seed that does not fit its place.
package struct ValueFault: Error, Hashable, Sendable {
  /// The member in question: `key.port`, `value.name[2]`.
  package var path: String
  package var message: String
}

extension Shape {
  /// Writes `json` over the bytes at `offset`, as many as ``size``; members that are not named keep what is there.
  ///
  /// Any value may also be given as a number of up to 64 bits, an address or bytes in hex of its size.
  package func encode(_ json: JSON, into bytes: inout [UInt8], at offset: Int, path: String) throws(ValueFault) {
    switch (self, json) {
    case (.structure(_, let fields), .object(let members)):
      for (name, value) in members {
        guard let field = fields.first(where: { $0.name == name }) else {
          let known = fields.map(\.name).joined(separator: ", ")
          throw ValueFault(path: path, message: "there is no member '\(name)'; there are \(known)")
        }
        try Self.encode(value, field, into: &bytes, at: offset, path: path.isEmpty ? name : "\(path).\(name)")
      }
    case (.array(let element, let count), .array(let values)):
      guard values.count == count else {
        throw ValueFault(path: path, message: "\(count) elements expected, found \(values.count)")
      }
      for (index, value) in values.enumerated() {
        try element.encode(value, into: &bytes, at: offset + index * element.size, path: "\(path)[\(index)]")
      }
    case (.enumeration(let enumeration), .string(let name)) where !name.hasPrefix("0x"):
      guard let constant = enumeration.values.first(where: { $0.name == name }) else {
        let known = enumeration.values.prefix(20).map(\.name).joined(separator: ", ")
        throw ValueFault(path: path, message: "'\(name)' is none of \(known)")
      }
      Bits.store(UInt64(bitPattern: constant.value), in: &bytes, at: offset * 8, count: size * 8)
    case (.boolean(let size), .bool(let value)):
      Bits.store(value ? 1 : 0, in: &bytes, at: offset * 8, count: size * 8)
    case (.float(let size), .number), (.float(let size), .integer), (.float(let size), .unsigned):
      let value = json.double ?? 0
      let raw = size == 4 ? UInt64(Float(value).bitPattern) : value.bitPattern
      Bits.store(raw, in: &bytes, at: offset * 8, count: size * 8)
    case (.text(let size), .string(let text)):
      let text = Array(text.utf8)
      guard text.count <= size else {
        throw ValueFault(path: path, message: "text of \(text.count) bytes does not fit \(size)")
      }
      bytes.replaceSubrange(offset..<offset + size, with: text + [UInt8](repeating: 0, count: size - text.count))
    default:
      let raw = try RawValue.bytes(json, size: size, path: path, expected: expectation)
      bytes.replaceSubrange(offset..<offset + size, with: raw)
    }
  }

  private static func encode(
    _ json: JSON, _ field: Field, into bytes: inout [UInt8], at offset: Int, path: String
  ) throws(ValueFault) {
    guard let bits = field.bits else {
      return try field.shape.encode(json, into: &bytes, at: offset + field.bitOffset / 8, path: path)
    }
    var value = json
    if case .enumeration(let enumeration) = field.shape, case .string(let name) = json,
      let constant = enumeration.values.first(where: { $0.name == name })
    {
      value = .integer(constant.value)
    }
    guard let raw = RawValue.bits(value, count: bits) else {
      throw ValueFault(path: path, message: "a number that fits \(bits) bits expected, found \(json.text)")
    }
    Bits.store(raw, in: &bytes, at: offset * 8 + field.bitOffset, count: bits)
  }

  /// What stands here, for messages.
  private var expectation: String {
    switch self {
    case .address(size: 4): "an IPv4 address"
    case .address(size: 6): "a MAC address"
    case .address: "an IPv6 address"
    case .structure: "an object of members"
    case .array(_, let count): "an array of \(count) elements"
    case .text(let size): "text of at most \(size) bytes"
    case .enumeration: "the name of a constant, or a number"
    case .boolean: "true or false"
    case .networkShort: "2 bytes in hex, in network order, such as \"0x01bb\""
    case .integer, .float: "a number"
    case .bytes(let size): "\(size) bytes in hex"
    }
  }
}

/// Values whose type is not known, or not asked for.
package enum RawValue {
  /// `json` as `size` bytes: a number, little-endian; an address or hex, in the order written; an array of bytes.
  package static func bytes(
    _ json: JSON, size: Int, path: String, expected: String? = nil
  ) throws(ValueFault) -> [UInt8] {
    func fault(_ message: String) -> ValueFault { ValueFault(path: path, message: message) }
    switch json {
    case .integer, .unsigned:
      guard size <= 8 else {
        throw fault(
          "\(expected ?? "hex, an address or an array of bytes") expected for \(size) bytes, found \(json.text)")
      }
      guard let raw = bits(json, count: size * 8) else { throw fault("\(json.text) does not fit \(count(size))") }
      return (0..<size).map { UInt8(truncatingIfNeeded: raw >> UInt64(8 * $0)) }
    case .string(let text):
      guard let bytes = Hex.bytes(text) ?? NetworkAddress.bytes(text) else {
        throw fault("\(expected ?? "hex (0x…) or an address") expected, found \(json.text)")
      }
      guard bytes.count == size else { throw fault("\(json.text) is \(count(bytes.count)), \(count(size)) expected") }
      return bytes
    case .array(let elements):
      guard elements.count == size else {
        throw fault("\(expected ?? count(size)) expected, found an array of \(elements.count)")
      }
      var bytes: [UInt8] = []
      for (index, element) in elements.enumerated() {
        guard let byte = byte(element) else {
          throw ValueFault(
            path: "\(path)[\(index)]", message: "a byte expected, 0…255 or \"0x00\", found \(element.text)")
        }
        bytes.append(byte)
      }
      return bytes
    default:
      throw fault("\(expected ?? "a number, hex, an address or an array of bytes") expected, found \(json.kind)")
    }
  }

  private static func byte(_ json: JSON) -> UInt8? {
    switch json {
    case .integer(let value): return UInt8(exactly: value)
    case .unsigned(let value): return UInt8(exactly: value)
    case .string(let text):
      guard let bytes = Hex.bytes(text), bytes.count == 1 else { return nil }
      return bytes[0]
    default: return nil
    }
  }

  /// The number as `count` bits, signed or not; nil when it does not fit.
  package static func bits(_ json: JSON, count: Int) -> UInt64? {
    switch json {
    case .integer(let value) where value < 0:
      return count >= 64 || value >= -(1 << (count - 1)) ? UInt64(bitPattern: value) : nil
    case .integer(let value): return count >= 64 || UInt64(value) >> UInt64(count) == 0 ? UInt64(value) : nil
    case .unsigned(let value): return count >= 64 || value >> UInt64(count) == 0 ? value : nil
    default: return nil
    }
  }

  private static func count(_ size: Int) -> String { size == 1 ? "1 byte" : "\(size) bytes" }
}

extension JSON {
  /// What this is, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: text
    case .integer, .unsigned, .number: text
    case .string: "a string"
    case .array: "an array"
    case .object, .onOneLine: "an object"
    }
  }

  fileprivate var double: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    default: nil
    }
  }
}
