/// SplitMix64, so that a seed in a failure message gives the same program again.
struct RandomNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// True once in `n` times.
  mutating func once(in n: Int) -> Bool { Int.random(in: 0..<n, using: &self) == 0 }

  mutating func pick<C: Collection>(_ choices: C) -> C.Element {
    choices[choices.index(choices.startIndex, offsetBy: Int.random(in: 0..<choices.count, using: &self))]
  }

  /// A number of any magnitude, with the edges more likely than chance would have them.
  mutating func immediate() -> Int32 {
    switch Int.random(in: 0..<6, using: &self) {
    case 0: pick([0, 1, -1, 2, 31, 32, 63, 64, 255, 256, .max, .min, 0x7fff, 0x8000, 0xffff, 0x10000])
    case 1, 2: Int32.random(in: -16...16, using: &self)
    case 3: Int32.random(in: -70_000...70_000, using: &self)
    default: Int32(truncatingIfNeeded: Int64(bitPattern: next()))
    }
  }

  mutating func wideImmediate() -> UInt64 {
    once(in: 2) ? next() : UInt64(bitPattern: Int64(immediate())) &<< UInt64.random(in: 0..<64, using: &self)
  }
}
