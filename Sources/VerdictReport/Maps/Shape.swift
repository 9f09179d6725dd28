import BPFObject

/// How bytes of a known type are read and written: BTF with typedefs and qualifiers resolved, and addresses told by their
/// types and names.
package indirect enum Shape: Hashable, Sendable {
  /// A little-endian integer of 1, 2, 4 or 8 bytes.
  case integer(size: Int, isSigned: Bool)
  case boolean(size: Int)
  case float(size: Int)
  case enumeration(BTFEnumeration)
  /// `__be16`; a protocol number reads better in hex, a port in decimal.
  case networkShort(isProtocol: Bool)
  /// 4, 6 or 16 bytes of an address in network order.
  case address(size: Int)
  /// A `char` array.
  case text(size: Int)
  /// Bytes with no more meaning than their order.
  case bytes(size: Int)
  case array(Shape, count: Int)
  /// A struct, a union (whose fields overlap), or the variables of a data section.
  case structure(size: Int, [Field])

  /// A member of a struct.
  package struct Field: Hashable, Sendable {
    package var name: String
    /// Bits from the start of the struct.
    package var bitOffset: Int
    /// Bits of a bit field; nil for a plain member.
    package var bits: Int?
    package var shape: Shape
  }

  /// Bytes.
  package var size: Int {
    switch self {
    case .integer(let size, _), .boolean(let size), .float(let size), .address(let size), .text(let size),
      .bytes(let size), .structure(let size, _):
      size
    case .enumeration(let enumeration): Int(enumeration.size)
    case .networkShort: 2
    case .array(let element, let count): element.size * count
    }
  }

  /// The shape of the type `id`, which a member or variable called `name` has. Nil when the type has no size, or is not
  /// well-formed, or does not have `size` bytes.
  package init?(of id: UInt32, named name: String = "", in types: TypeInfo, size: Int) {
    var builder = ShapeBuilder(types: types)
    guard id != 0, let shape = builder.shape(of: id, named: name, depth: 0), shape.size == size else { return nil }
    self = shape
  }
}

private struct ShapeBuilder {
  let types: TypeInfo
  /// Types yet to be visited at most: a hostile type graph can fan out without end.
  var budget = 20_000

  mutating func shape(of id: UInt32, named name: String, depth: Int) -> Shape? {
    guard depth < 32, budget > 0 else { return nil }
    budget -= 1
    var id = id
    var typedefs: [String] = []
    for _ in 0..<32 {
      switch types[id] {
      case .typedef(let of):
        typedefs.append(types.name(of: id))
        id = of
      case .const(let of), .volatile(let of), .restrict(let of), .typeTag(let of), .variable(let of, _): id = of
      case .int(let int): return integer(int, typedefs: typedefs, name: name)
      case .enumeration(let body): return [1, 2, 4, 8].contains(body.size) ? .enumeration(body) : nil
      case .float(let size): return size == 4 || size == 8 ? .float(size: Int(size)) : .bytes(size: Int(size))
      case .pointer: return .integer(size: 8, isSigned: false)
      case .array(let element, _, let count):
        return array(of: element, count: Int(count), named: name, depth: depth)
      case .structure(let body), .union(let body):
        switch types.name(of: id) {
        case "in_addr" where body.size == 4: return .address(size: 4)
        case "in6_addr" where body.size == 16: return .address(size: 16)
        default: return structure(body, depth: depth)
        }
      case .dataSection(let size, let variables):
        return section(size: Int(size), variables, depth: depth)
      default: return nil
      }
    }
    return nil
  }

  private func integer(_ int: BTFInt, typedefs: [String], name: String) -> Shape? {
    let size = Int(int.size)
    if typedefs.contains("__be16"), size == 2 {
      return .networkShort(isProtocol: name.contains("proto") || name.contains("type"))
    }
    if size == 4, !int.isSigned {
      if typedefs.contains("in_addr_t") { return .address(size: 4) }
      if typedefs.contains("__be32") { return FieldName.isNumber(name) ? .bytes(size: 4) : .address(size: 4) }
      if FieldName.isAddress(name) { return .address(size: 4) }
    }
    if typedefs.contains("__be64") { return .bytes(size: size) }
    if int.isBool { return size <= 8 ? .boolean(size: size) : nil }
    return [1, 2, 4, 8].contains(size) ? .integer(size: size, isSigned: int.isSigned) : .bytes(size: size)
  }

  private mutating func array(of element: UInt32, count: Int, named name: String, depth: Int) -> Shape? {
    guard let one = shape(of: element, named: name, depth: depth + 1), one.size > 0 else { return nil }
    let (size, overflow) = one.size.multipliedReportingOverflow(by: count)
    guard !overflow else { return nil }
    switch one {
    case .integer(size: 1, _):
      if types.isCharacter(element), !typedefName(of: element).hasPrefix("__u") { return .text(size: size) }
      if size == 6 || size == 16 || size == 4 && FieldName.isAddress(name) { return .address(size: size) }
      return .bytes(size: size)
    case .address(size: 4) where count == 4: return .address(size: 16)
    case .integer(size: 4, isSigned: false) where count == 4 && FieldName.isAddress(name): return .address(size: 16)
    default: return .array(one, count: count)
    }
  }

  private func typedefName(of id: UInt32) -> String {
    types.withoutQualifiers(id).map { types.name(of: $0) } ?? ""
  }

  private mutating func structure(_ body: BTFComposite, depth: Int) -> Shape? {
    var fields: [Shape.Field] = []
    for member in body.members {
      guard let shape = shape(of: member.type, named: member.name, depth: depth + 1) else {
        // A flexible array, or a member of a forward-declared type, takes no room that could be shown.
        if types.size(of: member.type) ?? 0 == 0 { continue }
        return nil
      }
      var offset = Int(member.bitOffset)
      var bits = member.bitFieldSize > 0 ? Int(member.bitFieldSize) : nil
      if bits == nil, let id = types.resolved(member.type), case .int(let int) = types[id], int.bits < int.size * 8 {
        offset += Int(int.bitOffset)
        bits = Int(int.bits)
      }
      if let bits {
        guard bits > 0, bits <= 64, offset + bits <= Int(body.size) * 8 else { return nil }
      } else {
        guard offset % 8 == 0, offset / 8 <= Int(body.size), shape.size <= Int(body.size) - offset / 8 else {
          return nil
        }
      }
      // The members of an anonymous struct or union belong to the outer one's name space.
      if member.name.isEmpty, bits == nil, case .structure(_, let inner) = shape {
        fields += inner.map { field in
          var field = field
          field.bitOffset += offset
          return field
        }
      } else {
        fields.append(Shape.Field(name: member.name, bitOffset: offset, bits: bits, shape: shape))
      }
    }
    return .structure(size: Int(body.size), fields)
  }

  private mutating func section(size: Int, _ variables: [BTFSectionVariable], depth: Int) -> Shape? {
    var fields: [Shape.Field] = []
    for variable in variables {
      let name = types.name(of: variable.type)
      let offset = Int(variable.offset)
      guard let shape = shape(of: variable.type, named: name, depth: depth + 1), offset <= size,
        shape.size <= size - offset
      else { continue }
      fields.append(Shape.Field(name: name, bitOffset: offset * 8, bits: nil, shape: shape))
    }
    return .structure(size: size, fields)
  }
}

/// What a field's name tells.
enum FieldName {
  private static let addresses: Set<String> = [
    "addr", "saddr", "daddr", "address", "ip", "ipv4", "ip4", "ipv6", "ip6", "vip", "rip", "dip", "sip", "addr4",
    "addr6",
    "nexthop", "gateway", "netmask",
  ]
  private static let numbers: Set<String> = [
    "seq", "ack", "spi", "id", "vni", "teid", "label", "flowinfo", "flowlabel",
  ]

  /// True for `saddr`, `src_ip`, `ipv6_nexthop` and the like, by the last word.
  static func isAddress(_ name: String) -> Bool { lastWord(name).map(addresses.contains) ?? false }

  /// True for `seq`, `ack_seq`, `spi`: big-endian numbers that are no addresses.
  static func isNumber(_ name: String) -> Bool { lastWord(name).map(numbers.contains) ?? false }

  private static func lastWord(_ name: String) -> String? {
    name.split(separator: "_").last.map { $0.lowercased() }
  }
}
