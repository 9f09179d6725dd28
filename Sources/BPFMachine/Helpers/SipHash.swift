/// SipHash-2-4 with 64 bits of result, as lib/siphash.c makes it.
struct SipHash {
  private let key: (UInt64, UInt64)

  init(key: (UInt64, UInt64)) { self.key = key }

  /// The hash of whole 64-bit words.
  func callAsFunction(_ words: [UInt64]) -> UInt64 { hash(words, count: words.count) }

  /// The hash of a few 64-bit words that need no array.
  func callAsFunction(_ words: InlineWords) -> UInt64 { hash(words, count: words.count) }

  private func hash(_ words: some Sequence<UInt64>, count: Int) -> UInt64 {
    var v = (
      0x736f_6d65_7073_6575 ^ key.0, 0x646f_7261_6e64_6f6d ^ key.1, 0x6c79_6765_6e65_7261 ^ key.0,
      0x7465_6462_7974_6573 ^ key.1
    )
    func round() {
      v.0 &+= v.1
      v.1 = v.1 << 13 | v.1 >> 51
      v.1 ^= v.0
      v.0 = v.0 << 32 | v.0 >> 32
      v.2 &+= v.3
      v.3 = v.3 << 16 | v.3 >> 48
      v.3 ^= v.2
      v.0 &+= v.3
      v.3 = v.3 << 21 | v.3 >> 43
      v.3 ^= v.0
      v.2 &+= v.1
      v.1 = v.1 << 17 | v.1 >> 47
      v.1 ^= v.2
      v.2 = v.2 << 32 | v.2 >> 32
    }
    func add(_ word: UInt64) {
      v.3 ^= word
      round()
      round()
      v.0 ^= word
    }
    for word in words { add(word) }
    add(UInt64(count * 8) << 56)
    v.2 ^= 0xff
    for _ in 0..<4 { round() }
    return v.0 ^ v.1 ^ v.2 ^ v.3
  }
}

/// At most nine 64-bit words, in no memory of their own.
struct InlineWords: Sequence, IteratorProtocol {
  let count: Int
  private let words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
  private var position = 0

  init(
    _ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64, _ fifth: UInt64, _ sixth: UInt64,
    _ seventh: UInt64, _ eighth: UInt64, _ ninth: UInt64, count: Int
  ) {
    words = (first, second, third, fourth, fifth, sixth, seventh, eighth, ninth)
    self.count = count
  }

  mutating func next() -> UInt64? {
    guard position < count else { return nil }
    defer { position += 1 }
    return withUnsafeBytes(of: words) { $0.load(fromByteOffset: position * 8, as: UInt64.self) }
  }
}
