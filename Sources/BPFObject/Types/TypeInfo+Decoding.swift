extension TypeInfo {
  /// The type of that id; nil when there is none.
  public subscript(id: UInt32) -> BTFType? {
    guard id != 0 else { return .void }
    guard let at = offset(of: id), let kind = kind(of: id) else { return nil }
    let info = word(at + 4)
    let other = word(at + 8)
    let flag = info >> 31 == 1
    let count = Int(info & 0xffff)
    switch kind {
    case .void: return nil
    case .int: return .int(int(word(at + 12), size: other))
    case .pointer: return .pointer(to: other)
    case .array: return .array(element: word(at + 12), index: word(at + 16), count: word(at + 20))
    case .structure: return .structure(BTFComposite(size: other, members: members(at + 12, count, bitFields: flag)))
    case .union: return .union(BTFComposite(size: other, members: members(at + 12, count, bitFields: flag)))
    case .enumeration, .enumeration64:
      let wide = kind == .enumeration64
      let values = enumerators(at + 12, count, wide: wide, signed: flag)
      return .enumeration(BTFEnumeration(size: other, isSigned: flag, is64Bit: wide, values: values))
    case .forward: return .forward(isUnion: flag)
    case .typedef: return .typedef(of: other)
    case .volatile: return .volatile(of: other)
    case .const: return .const(of: other)
    case .restrict: return .restrict(of: other)
    case .typeTag: return .typeTag(of: other)
    case .function: return .function(prototype: other, linkage: BTFLinkage(rawValue: info & 0xffff) ?? .isStatic)
    case .prototype:
      let parameters = (0..<count).map { index in
        BTFParameter(name: string(at: word(at + 12 + 8 * index)) ?? "", type: word(at + 16 + 8 * index))
      }
      return .prototype(returns: other, parameters: parameters)
    case .variable: return .variable(type: other, linkage: BTFLinkage(rawValue: word(at + 12)) ?? .isStatic)
    case .dataSection:
      let variables = (0..<count).map { index in
        let entry = at + 12 + 12 * index
        return BTFSectionVariable(type: word(entry), offset: word(entry + 4), size: word(entry + 8))
      }
      return .dataSection(size: other, variables: variables)
    case .float: return .float(size: other)
    case .declarationTag: return .declarationTag(of: other, component: Int32(bitPattern: word(at + 12)))
    }
  }

  private func int(_ data: UInt32, size: UInt32) -> BTFInt {
    let encoding = data >> 24 & 15
    return BTFInt(
      size: size, bits: UInt8(truncatingIfNeeded: data), bitOffset: UInt8(truncatingIfNeeded: data >> 16),
      isSigned: encoding & 1 != 0, isChar: encoding & 2 != 0, isBool: encoding & 4 != 0)
  }

  private func members(_ start: Int, _ count: Int, bitFields: Bool) -> [BTFMember] {
    (0..<count).map { index in
      let at = start + 12 * index
      let place = word(at + 8)
      return BTFMember(
        name: string(at: word(at)) ?? "", type: word(at + 4),
        bitOffset: bitFields ? place & 0xff_ffff : place,
        bitFieldSize: bitFields ? UInt8(truncatingIfNeeded: place >> 24) : 0)
    }
  }

  private func enumerators(_ start: Int, _ count: Int, wide: Bool, signed: Bool) -> [BTFEnumerator] {
    (0..<count).map { index in
      let at = start + (wide ? 12 : 8) * index
      let low = word(at + 4)
      let value: Int64 =
        if wide {
          Int64(bitPattern: UInt64(low) | UInt64(word(at + 8)) << 32)
        } else {
          signed ? Int64(Int32(bitPattern: low)) : Int64(low)
        }
      return BTFEnumerator(name: string(at: word(at)) ?? "", value: value)
    }
  }
}
