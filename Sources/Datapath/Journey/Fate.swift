/// What became of a packet, once every hook on its way has spoken.
public enum Fate: Int32, CaseIterable, Sendable {
  /// XDP_ABORTED, a number that is no XDP verdict, or a program that Verdict stopped: dropped, and traced as an exception.
  case aborted = 0
  /// Dropped: XDP_DROP, TC_ACT_SHOT, or a redirect that leads nowhere.
  case drop = 1
  /// Went on where it was heading: up to the stack, or out of the device.
  case pass = 2
  /// XDP_TX: back out of the device that it came in by.
  case tx = 3
  /// Left through, or was taken in by, another device.
  case redirect = 4
  /// Taken away without being dropped: TC_ACT_STOLEN, TC_ACT_QUEUED, TC_ACT_TRAP.
  case stolen = 5

  /// The name that reports show.
  public var name: String { "\(self)" }

  /// Names by code, as ``Verdict/name`` asks for them.
  static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0.name) })
}
