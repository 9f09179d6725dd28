/// How many runs took how many instructions, in memory that does not grow with the number of runs.
///
/// Counts below ``exactLimit`` have a slot each. Above it each power of two is divided into 2,048 buckets, so that a
/// quantile found there is at most 0.05 % too high. Total, minimum and maximum are always exact.
package struct InstructionHistogram: ~Copyable {
  /// Quantiles below this many instructions are exact.
  package static let exactLimit = 1 << 16
  private static let bucketBits = 11
  private static let slotCount = exactLimit + (Int.bitWidth - 1 - 16) << bucketBits

  private let slots: UnsafeMutablePointer<UInt64>
  private var total: UInt64 = 0
  private var minimum = Int.max
  private var maximum = 0

  package init() {
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(repeating: 0, count: Self.slotCount)
  }

  deinit { slots.deallocate() }

  /// Counts one run of `instructions`, which is not negative.
  @inline(__always)
  package mutating func record(_ instructions: Int) {
    total &+= UInt64(truncatingIfNeeded: instructions)
    if instructions < minimum { minimum = instructions }
    if instructions > maximum { maximum = instructions }
    if UInt(bitPattern: instructions) < UInt(Self.exactLimit) {
      slots[instructions] &+= 1
    } else {
      slots[Self.bucket(of: instructions)] &+= 1
    }
  }

  /// The slot of a count of at least ``exactLimit``; a negative count, which no run has, goes with the largest.
  private static func bucket(of instructions: Int) -> Int {
    let value = instructions < 0 ? Int.max : instructions
    let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
    let mantissa = (value >> (exponent - bucketBits)) & (1 << bucketBits - 1)
    return exactLimit + (exponent - 16) << bucketBits + mantissa
  }

  /// The largest count that falls into `slot`.
  private static func upperBound(of slot: Int) -> Int {
    guard slot >= exactLimit else { return slot }
    let exponent = (slot - exactLimit) >> bucketBits + 16
    let mantissa = (slot - exactLimit) & (1 << bucketBits - 1)
    let step = 1 << (exponent - bucketBits)
    return (1 << exponent - 1) + mantissa * step + step
  }

  /// The figures of what was recorded so far.
  package func statistics() -> InstructionStatistics {
    var runs: UInt64 = 0
    for slot in 0..<Self.slotCount { runs &+= slots[slot] }
    guard runs > 0 else { return InstructionStatistics() }
    return InstructionStatistics(
      total: total, minimum: minimum, median: quantile(rank: (runs + 1) / 2),
      percentile99: quantile(rank: runs - runs / 100), maximum: maximum)
  }

  /// The smallest count that at least `rank` runs did not exceed.
  private func quantile(rank: UInt64) -> Int {
    var seen: UInt64 = 0
    for slot in 0..<Self.slotCount {
      seen &+= slots[slot]
      if seen >= rank { return min(Self.upperBound(of: slot), maximum) }
    }
    return maximum
  }
}

/// Instructions executed a packet: the counts are those of the machine, ``Outcome/instructions``.
public struct InstructionStatistics: Hashable, Sendable {
  /// Instructions of all packets together.
  public var total: UInt64
  /// The fewest that a packet took; 0 when there was no packet.
  public var minimum: Int
  /// Half of the packets took no more than this (nearest rank).
  public var median: Int
  /// 99 % of the packets took no more than this (nearest rank).
  public var percentile99: Int
  /// The most that a packet took.
  public var maximum: Int

  /// Figures as given; all zero when there is nothing to tell.
  public init(total: UInt64 = 0, minimum: Int = 0, median: Int = 0, percentile99: Int = 0, maximum: Int = 0) {
    self.total = total
    self.minimum = minimum
    self.median = median
    self.percentile99 = percentile99
    self.maximum = maximum
  }

  /// False when nothing was counted: a program executes at least one instruction, but a kernel does not tell how many.
  public var isKnown: Bool { total > 0 }

  /// True when median or 99th percentile were read from a bucket: they may be up to 0.05 % too high.
  public var isApproximate: Bool { percentile99 >= InstructionHistogram.exactLimit }
}
