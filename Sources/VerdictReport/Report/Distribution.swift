import Datapath

/// A number of packets and of the bytes in them.
public struct PacketCount: Hashable, Sendable {
  /// Packets.
  public var packets: UInt64
  /// Bytes of the frames as they came in, as captured.
  public var bytes: UInt64

  /// A count; nothing by default.
  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }

  /// Adds up.
  public static func += (left: inout PacketCount, right: PacketCount) {
    left.packets &+= right.packets
    left.bytes &+= right.bytes
  }
}

/// How packets fell to verdicts.
public struct Distribution: Hashable, Sendable {
  /// One verdict's packets.
  public struct Count: Hashable, Sendable {
    /// The verdict.
    public var verdict: Verdict
    /// Its packets.
    public var count: PacketCount

    /// A verdict and its packets.
    public init(verdict: Verdict, count: PacketCount) {
      self.verdict = verdict
      self.count = count
    }
  }

  /// The verdicts that occurred, by code.
  public var counts: [Count]
  /// Packets whose verdict was one more undefined code after a thousand others.
  public var pooled: PacketCount
  /// All of them together.
  public var total: PacketCount

  /// A distribution with its total.
  public init(counts: [Count], pooled: PacketCount = PacketCount()) {
    self.counts = counts
    self.pooled = pooled
    total = pooled
    for count in counts { total += count.count }
  }

  /// The packets of `verdict`.
  public subscript(verdict: Verdict) -> PacketCount {
    counts.first { $0.verdict == verdict }?.count ?? PacketCount()
  }
}

extension Verdict {
  /// The verdict of a code.
  package init(hook: Hook, code: Int32) {
    self.init(hook: hook, returnValue: UInt32(bitPattern: code))
  }

  /// The code as the kernel prints it: XDP reads r0 unsigned, TC signed.
  package var number: Int64 {
    hook == .xdp ? Int64(UInt32(bitPattern: code)) : Int64(code)
  }
}
