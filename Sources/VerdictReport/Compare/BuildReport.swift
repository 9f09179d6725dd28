import Datapath

/// What a new build of a program does otherwise than the old one.
public struct BuildReport: Sendable {
  /// What may change about a packet.
  public enum Aspect: String, Hashable, Sendable {
    case verdict
    /// The bytes of the frame, or the metadata in front of it.
    case frame
    /// Where it is redirected to.
    case redirect
  }

  /// A flow, and how the verdict on its packets changed.
  public struct Change: Hashable, Sendable {
    /// The conversation, by the frame as it came in.
    public var flow: Flow
    /// The verdict of the old build, with the target of a redirect that changed.
    public var old: String
    /// The verdict of the new build.
    public var new: String
    /// The bytes of the frame changed too.
    public var hasOtherFrame: Bool
  }

  /// Packets of a change, and where it was first seen.
  public struct ChangeCount: Sendable {
    /// Packets and bytes.
    public var count: PacketCount
    /// Number of the first packet.
    public var first: Int
  }

  /// Names of the programs.
  public var old: String
  public var new: String
  /// Where both are attached.
  public var hook: Hook
  /// Path of the capture, or `-`.
  public var capture: String
  /// Packets in all.
  public var total = PacketCount()
  /// Packets with another verdict.
  public var otherVerdict = PacketCount()
  /// Packets with the same verdict that go elsewhere.
  public var otherRedirect = PacketCount()
  /// Packets with the same verdict and target whose frame has other bytes.
  public var otherFrame = PacketCount()
  /// What changed, by flow.
  public private(set) var changes: [Change: ChangeCount] = [:]
  /// Packets of flows beyond ``flowLimit``.
  public private(set) var pooled = PacketCount()
  /// The first packet that changed.
  public private(set) var first: Divergence?
  /// What the reader should know of how the frames were made.
  public var notes: [String] = []
  /// Why this is not the whole capture; nil when it is.
  public var partial: String?

  /// Flows that are told apart at most, so that memory does not grow with the capture.
  public static let flowLimit = 1 << 16

  init(old: String, new: String, hook: Hook, capture: String) {
    self.old = old
    self.new = new
    self.hook = hook
    self.capture = capture
  }

  /// True when anything changed.
  public var hasChanges: Bool { first != nil }

  mutating func add(_ divergence: Divergence, _ aspects: [Aspect]) {
    if first == nil { first = divergence }
    let one = PacketCount(packets: 1, bytes: UInt64(divergence.length))
    if aspects.contains(.verdict) {
      otherVerdict += one
    } else if aspects.contains(.redirect) {
      otherRedirect += one
    } else {
      otherFrame += one
    }
    let showsTarget = aspects.contains(.redirect)
    let change = Change(
      flow: divergence.flow, old: Self.label(divergence.left, showsTarget),
      new: Self.label(divergence.right, showsTarget),
      hasOtherFrame: aspects.contains(.frame))
    if changes[change] == nil, changes.count >= Self.flowLimit {
      pooled += one
    } else {
      changes[change, default: ChangeCount(count: PacketCount(), first: divergence.packet)].count += one
    }
  }

  private static func label(_ side: Divergence.Side, _ showsTarget: Bool) -> String {
    if side.trap != nil { return "\(side.verdict.label) (trap)" }
    return showsTarget ? "\(side.verdict.label) \(side.redirect ?? "-")" : side.verdict.label
  }

  /// Changes with the most packets first; among equals, the one seen first.
  public var sortedChanges: [(change: Change, count: ChangeCount)] {
    changes.map { (change: $0.key, count: $0.value) }.sorted {
      ($1.count.count.packets, $0.count.first) < ($0.count.count.packets, $1.count.first)
    }
  }

  /// Flows and packets by old and new verdict, in the order in which they were first seen.
  var transitions: [(old: String, new: String, flows: Int, count: PacketCount)] {
    var rows: [[String]: (flows: Int, count: PacketCount, first: Int)] = [:]
    for (change, value) in changes {
      let known = rows[[change.old, change.new]] ?? (0, PacketCount(), .max)
      var count = known.count
      count += value.count
      rows[[change.old, change.new]] = (known.flows + 1, count, min(known.first, value.first))
    }
    return rows.sorted { $0.value.first < $1.value.first }.map {
      ($0.key[0], $0.key[1], $0.value.flows, $0.value.count)
    }
  }
}
