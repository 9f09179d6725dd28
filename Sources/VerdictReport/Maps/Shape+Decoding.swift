import BPFObject

extension Shape {
  /// Reads `bytes`, as many as ``size``. Where the typed form would lose something, such as padding that is not zero, the
  /// bytes are shown in hex instead: what is shown can always be written back.
  package func decode(_ bytes: [UInt8]) -> TypedValue {
    guard bytes.count == size else { return .word(Hex.text(bytes)) }
    let value = value(of: bytes, at: 0)
    var back = [UInt8](repeating: 0, count: bytes.count)
    do {
      try encode(value.json, into: &back, at: 0, path: "")
    } catch {
      return .word(Hex.text(bytes))
    }
    return back == bytes ? value : .word(Hex.text(bytes))
  }

  private func value(of bytes: [UInt8], at offset: Int) -> TypedValue {
    let slice = bytes[offset..<offset + size]
    switch self {
    case .integer(let size, let isSigned):
      let raw = Bits.load(bytes, at: offset * 8, count: size * 8)
      return .plain(isSigned ? .integer(Bits.signed(raw, count: size * 8)) : .unsigned(raw))
    case .boolean(let size):
      let raw = Bits.load(bytes, at: offset * 8, count: size * 8)
      return .plain(raw > 1 ? .unsigned(raw) : .bool(raw == 1))
    case .float(let size):
      let raw = Bits.load(bytes, at: offset * 8, count: size * 8)
      let value = size == 4 ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw))) : Double(bitPattern: raw)
      return value.isFinite ? .plain(.number(value)) : .word(Hex.text(slice))
    case .enumeration(let enumeration):
      return Self.constant(Bits.load(bytes, at: offset * 8, count: size * 8), count: size * 8, of: enumeration)
    case .networkShort(let isProtocol):
      return .networkShort(UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]), isProtocol: isProtocol)
    case .address: return .word(NetworkAddress.text(slice) ?? Hex.text(slice))
    case .text: return Self.text(slice)
    case .bytes: return .word(Hex.text(slice))
    case .array(let element, let count):
      return .array((0..<count).map { element.value(of: bytes, at: offset + $0 * element.size) })
    case .structure(_, let fields):
      return .structure(
        fields.map { field in
          guard let bits = field.bits else {
            return (field.name, field.shape.value(of: bytes, at: offset + field.bitOffset / 8))
          }
          let raw = Bits.load(bytes, at: offset * 8 + field.bitOffset, count: bits)
          return (field.name, field.shape.bitField(raw, count: bits))
        })
    }
  }

  private func bitField(_ raw: UInt64, count: Int) -> TypedValue {
    switch self {
    case .enumeration(let enumeration): Self.constant(raw, count: count, of: enumeration)
    case .integer(_, isSigned: true): .plain(.integer(Bits.signed(raw, count: count)))
    default: .plain(.unsigned(raw))
    }
  }

  private static func constant(_ raw: UInt64, count: Int, of enumeration: BTFEnumeration) -> TypedValue {
    let value = enumeration.isSigned ? Bits.signed(raw, count: count) : Int64(bitPattern: raw)
    if let known = enumeration.values.first(where: { $0.value == value }) { return .word(known.name) }
    return .plain(enumeration.isSigned ? .integer(value) : .unsigned(raw))
  }

  /// Text up to its zero; a list of numbers where it is not text.
  private static func text(_ bytes: ArraySlice<UInt8>) -> TypedValue {
    let text = bytes.prefix { $0 != 0 }
    if let string = String(validating: text, as: UTF8.self), text.allSatisfy({ $0 >= 32 && $0 != 127 }),
      bytes.dropFirst(text.count).allSatisfy({ $0 == 0 })
    {
      return .plain(.string(string))
    }
    return .array(bytes.map { .plain(.unsigned(UInt64($0))) })
  }
}

/// Little-endian numbers at any bit.
enum Bits {
  /// The `count` bits, at most 64, from bit `offset`.
  static func load(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
    var value: UInt64 = 0
    var done = 0
    while done < count {
      let bit = offset + done
      let take = min(8 - bit % 8, count - done)
      let part = bytes[bit / 8] >> UInt8(bit % 8) & UInt8(truncatingIfNeeded: (1 << take) - 1)
      value |= UInt64(part) << UInt64(done)
      done += take
    }
    return value
  }

  /// Puts the low `count` bits of `value` at bit `offset`.
  static func store(_ value: UInt64, in bytes: inout [UInt8], at offset: Int, count: Int) {
    var done = 0
    while done < count {
      let bit = offset + done
      let take = min(8 - bit % 8, count - done)
      let mask = UInt8(truncatingIfNeeded: (1 << take) - 1) << UInt8(bit % 8)
      let part = UInt8(truncatingIfNeeded: value >> UInt64(done)) << UInt8(bit % 8)
      bytes[bit / 8] = bytes[bit / 8] & ~mask | part & mask
      done += take
    }
  }

  /// `raw` of `count` bits with its sign.
  static func signed(_ raw: UInt64, count: Int) -> Int64 {
    guard count < 64 else { return Int64(bitPattern: raw) }
    let shift = UInt64(64 - count)
    return Int64(bitPattern: raw << shift) >> Int64(shift)
  }
}
