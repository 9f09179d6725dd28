/// SipHash-2-4 with 64 bits of result, as lib/siphash.c makes it.
struct SipHash {
  private let key: (UInt64, UInt64)

  init(key: (UInt64, UInt64)) { self.key = key }

  /// The hash of whole 64-bit words.
  func callAsFunction(_ words: [UInt64]) -> UInt64 {
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
    for word in words + [UInt64(words.count * 8) << 56] {
      v.3 ^= word
      round()
      round()
      v.0 ^= word
    }
    v.2 ^= 0xff
    for _ in 0..<4 { round() }
    return v.0 ^ v.1 ^ v.2 ^ v.3
  }
}
