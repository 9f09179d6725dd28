/// The generator behind `bpf_get_prandom_u32`: SplitMix64, so that a seed gives the same numbers everywhere.
package struct RandomState {
  private var value: UInt64
  /// What every number is; nil when they vary.
  package private(set) var constant: UInt32?

  package init(seed: UInt64) { value = seed }

  /// Gives the same number every time, for the edges of what a program does with one.
  package init(constant: UInt32) {
    value = 0
    self.constant = constant
  }

  /// The next number.
  package mutating func next() -> UInt32 {
    if let constant { return constant }
    value &+= 0x9e37_79b9_7f4a_7c15
    var mixed = value
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return UInt32(truncatingIfNeeded: (mixed ^ mixed >> 31) >> 32)
  }
}
