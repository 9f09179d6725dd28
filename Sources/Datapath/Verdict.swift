/// A program's answer, as the hook reads its return value.
public struct Verdict: Hashable, Sendable {
  /// The hook that reads it.
  public var hook: Hook
  /// The raw return value; signed, since TC_ACT_UNSPEC is -1.
  public var code: Int32

  public init(hook: Hook, returnValue: UInt32) {
    self.hook = hook
    code = Int32(bitPattern: returnValue)
  }

  /// `XDP_DROP`, `TC_ACT_OK`, …; `INVALID` for a number that linux/bpf.h or linux/pkt_cls.h does not define.
  public var name: String {
    switch hook {
    case .xdp: Verdict.xdpNames[code] ?? "INVALID"
    case .tcIngress, .tcEgress: Verdict.tcNames[code] ?? "INVALID"
    case .chain: Fate.names[code] ?? "INVALID"
    }
  }

  /// `enum xdp_action` of linux/bpf.h.
  public static let xdpNames: [Int32: String] = [
    0: "XDP_ABORTED", 1: "XDP_DROP", 2: "XDP_PASS", 3: "XDP_TX", 4: "XDP_REDIRECT",
  ]

  /// `TC_ACT_*` of linux/pkt_cls.h.
  public static let tcNames: [Int32: String] = [
    -1: "TC_ACT_UNSPEC", 0: "TC_ACT_OK", 1: "TC_ACT_RECLASSIFY", 2: "TC_ACT_SHOT", 3: "TC_ACT_PIPE",
    4: "TC_ACT_STOLEN", 5: "TC_ACT_QUEUED", 6: "TC_ACT_REPEAT", 7: "TC_ACT_REDIRECT", 8: "TC_ACT_TRAP",
  ]
}
