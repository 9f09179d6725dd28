import Datapath

/// How far the simulator and the kernel agree on a capture.
public struct ComparisonReport: Sendable {
  /// Name of the program's function.
  public var program: String
  /// Where the program was attached.
  public var hook: Hook
  /// Path of the capture, or `-`.
  public var capture: String
  /// The kernel's release.
  public var kernel = ""
  /// Packets taken from the capture.
  public var packets: UInt64 = 0
  /// Packets on which both agree in everything that is compared.
  public var agreed: UInt64 = 0
  /// Packets that the kernel cannot be given, which neither side ran.
  public var skipped: UInt64 = 0
  /// Why the first of them was not run.
  public var firstSkipped: String?
  /// Packets that differ, by cause; a packet may have several.
  public var causes: [DivergenceCause: CauseCount] = [:]
  /// The first packet that differs.
  public var first: Divergence?
  /// The first packet that differs for no known cause.
  public var firstFault: Divergence?
  /// Maps that do not hold the same at the end.
  public var maps: [MapDifference] = []
  /// Maps that were compared.
  public var comparedMaps = 0
  /// Maps that were not, and why, one line each.
  public var uncomparedMaps: [String] = []
  /// What was steered and what was not, one line each.
  public var steering: [String] = []
  /// What the reader should know of how the frames were made.
  public var notes: [String] = []
  /// Why this is not the whole capture; nil when it is.
  public var partial: String?
  /// Wall time.
  public var elapsed: Duration = .zero

  /// Packets of one cause.
  public struct CauseCount: Hashable, Sendable {
    /// How many.
    public var packets: UInt64
    /// Number of the first.
    public var first: Int
  }

  init(program: String, hook: Hook, capture: String) {
    self.program = program
    self.hook = hook
    self.capture = capture
  }

  /// Packets that differ.
  public var differing: UInt64 { packets - agreed - skipped }

  /// True when something differs for no known cause.
  public var hasFault: Bool { firstFault != nil || maps.contains(where: \.isFault) }

  mutating func add(_ divergence: Divergence) {
    if first == nil { first = divergence }
    if firstFault == nil, divergence.isFault { firstFault = divergence }
    for cause in divergence.causes {
      causes[cause, default: CauseCount(packets: 0, first: divergence.packet)].packets += 1
    }
  }
}

/// What a comparison came to.
public struct KernelComparisonResult: Sendable {
  /// What was found, before a fault when there is one.
  public var report: ComparisonReport
  /// What went wrong, in order; empty when nothing did.
  public var faults: [ReplayFault]
}
