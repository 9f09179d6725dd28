/// .BTF written by hand, record after record, for tests that must know every byte.
struct BTFBytes {
  private var types: [UInt8] = []
  private var strings: [UInt8] = [0]
  private(set) var count: UInt32 = 0

  /// Adds a record: name, kind, flag, count, the size-or-type word, and what follows it.
  @discardableResult
  mutating func add(
    _ name: String, _ kind: UInt32, flag: Bool = false, count vlen: Int = 0, _ sizeOrType: UInt32 = 0,
    _ rest: [UInt32] = []
  ) -> UInt32 {
    append(string(name))
    append((flag ? 1 << 31 : 0) | kind << 24 | UInt32(vlen))
    append(sizeOrType)
    for word in rest { append(word) }
    count += 1
    return count
  }

  /// The offset of a string, added to the table.
  mutating func string(_ text: String) -> UInt32 {
    guard !text.isEmpty else { return 0 }
    let offset = UInt32(strings.count)
    strings += Array(text.utf8) + [0]
    return offset
  }

  private mutating func append(_ word: UInt32) { types += words([word]) }

  private func words(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  /// Header, types, strings.
  var bytes: [UInt8] {
    [0x9f, 0xeb, 1, 0]
      + words([24, 0, UInt32(types.count), UInt32(types.count), UInt32(strings.count)]) + types + strings
  }
}
