import BPFMachine
import Datapath

/// What became of the packets of a capture.
public struct Report: Sendable {
  /// Name of the program's function.
  public var program: String
  /// Where the program was attached.
  public var hook: Hook
  /// Path of the capture, or `-`.
  public var capture: String
  /// Packets by verdict.
  public var distribution: Distribution
  /// The same by traffic class, in the order they were asked for.
  public var classes: [ClassDistribution]
  /// What each link of a chain did; nil where one program ran.
  public var chain: ChainSummary?
  /// Packets stopped by a trap, by cause, most frequent first.
  public var traps: [TrapCount]
  /// Instructions a packet.
  public var instructions: InstructionStatistics
  /// Wall time of the loop over the packets.
  public var elapsed: Duration
  /// What the reader should know of how the frames were made: a line each.
  public var notes: [String]
  /// Why this is not the whole capture, in words; nil when it is.
  public var partial: String?
  /// What became of timers and work queues; nil when the backend cannot tell.
  public var deferred: DeferredReport?
  /// The maps after the run, when they were asked for.
  public var maps: [MapDump]?

  /// A report of the parts given.
  public init(
    program: String, hook: Hook, capture: String, distribution: Distribution, classes: [ClassDistribution] = [],
    traps: [TrapCount] = [], instructions: InstructionStatistics = InstructionStatistics(), elapsed: Duration = .zero,
    notes: [String] = [], partial: String? = nil, deferred: DeferredReport? = nil, maps: [MapDump]? = nil
  ) {
    self.program = program
    self.hook = hook
    self.capture = capture
    self.distribution = distribution
    self.classes = classes
    self.traps = traps
    self.instructions = instructions
    self.elapsed = elapsed
    self.notes = notes
    self.partial = partial
    self.deferred = deferred
    self.maps = maps
  }

  /// Packets in all.
  public var packets: UInt64 { distribution.total.packets }

  /// Packets divided by ``elapsed``; 0 when no time passed.
  public var packetsPerSecond: Double {
    elapsed > .zero ? Double(packets) / elapsed.seconds : 0
  }
}

/// The packets of one traffic class, by verdict.
public struct ClassDistribution: Hashable, Sendable {
  /// The name it was given.
  public var name: String
  /// Its filter in libpcap's language; nil for the packets that no filter matched.
  public var filter: String?
  /// Its packets.
  public var distribution: Distribution

  /// A class and its packets.
  public init(name: String, filter: String?, distribution: Distribution) {
    self.name = name
    self.filter = filter
    self.distribution = distribution
  }
}

extension Duration {
  /// Nanoseconds; for durations under 292 years.
  package var nanoseconds: Int64 {
    components.seconds &* 1_000_000_000 &+ components.attoseconds / 1_000_000_000
  }

  /// Seconds, to the nanosecond.
  package var seconds: Double { Double(nanoseconds) / 1e9 }
}
