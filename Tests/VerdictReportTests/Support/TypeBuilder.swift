import BPFObject

/// Writes .BTF, so that a test says which types it is about (kernel Documentation/bpf/btf.rst).
struct TypeBuilder {
  private var types: [UInt8] = []
  private var strings: [UInt8] = [0]
  private var count: UInt32 = 0

  private func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  private mutating func name(_ text: String) -> UInt32 {
    guard !text.isEmpty else { return 0 }
    defer { strings += Array(text.utf8) + [0] }
    return UInt32(strings.count)
  }

  private mutating func add(
    _ name: String, kind: UInt32, count entries: Int = 0, flag: Bool = false, _ sizeOrType: UInt32,
    _ rest: [UInt32] = []
  ) -> UInt32 {
    types += word(self.name(name)) + word((flag ? 1 << 31 : 0) | kind << 24 | UInt32(entries)) + word(sizeOrType)
    for value in rest { types += word(value) }
    count += 1
    return count
  }

  mutating func int(_ name: String, _ size: UInt32, signed: Bool = false, bool: Bool = false) -> UInt32 {
    add(name, kind: 1, size, [(signed ? 1 << 24 : 0) | (bool ? 4 << 24 : 0) | size * 8])
  }

  mutating func array(_ element: UInt32, _ count: UInt32) -> UInt32 { add("", kind: 3, 0, [element, element, count]) }

  mutating func typedef(_ name: String, _ type: UInt32) -> UInt32 { add(name, kind: 8, type) }

  mutating func pointer(_ type: UInt32) -> UInt32 { add("", kind: 2, type) }

  /// Members with their offsets in bits; a third number is the width of a bit field.
  mutating func structure(_ name: String, _ size: UInt32, union: Bool = false, _ members: [(String, UInt32, [UInt32])])
    -> UInt32
  {
    let bitFields = members.contains { $0.2.count > 1 }
    let rest = members.flatMap { member -> [UInt32] in
      let width = member.2.count > 1 ? member.2[1] << 24 : 0
      return [self.name(member.0), member.1, width | member.2[0]]
    }
    return add(name, kind: union ? 5 : 4, count: members.count, flag: bitFields, size, rest)
  }

  mutating func enumeration(_ name: String, signed: Bool = false, _ values: [(String, Int32)]) -> UInt32 {
    let rest = values.flatMap { [self.name($0.0), UInt32(bitPattern: $0.1)] }
    return add(name, kind: 6, count: values.count, flag: signed, 4, rest)
  }

  mutating func variable(_ name: String, _ type: UInt32) -> UInt32 { add(name, kind: 14, type, [1]) }

  mutating func section(_ name: String, _ size: UInt32, _ variables: [(UInt32, UInt32, UInt32)]) -> UInt32 {
    add(name, kind: 15, count: variables.count, size, variables.flatMap { [$0.0, $0.1, $0.2] })
  }

  func build() throws -> TypeInfo {
    let header: [UInt8] =
      [0x9f, 0xeb, 1, 0] + word(24) + word(0) + word(UInt32(types.count)) + word(UInt32(types.count))
      + word(UInt32(strings.count))
    return try TypeInfo(bytes: header + types + strings)
  }
}
