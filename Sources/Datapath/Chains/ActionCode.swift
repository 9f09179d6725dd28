/// What a TC program, action or filter answers: `TC_ACT_*` of linux/pkt_cls.h, extended opcodes included.
public struct ActionCode: RawRepresentable, Hashable, Sendable {
  public var rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  public static let unspec = ActionCode(rawValue: -1)
  public static let ok = ActionCode(rawValue: 0)
  public static let reclassify = ActionCode(rawValue: 1)
  public static let shot = ActionCode(rawValue: 2)
  public static let pipe = ActionCode(rawValue: 3)
  public static let stolen = ActionCode(rawValue: 4)
  public static let queued = ActionCode(rawValue: 5)
  public static let repeated = ActionCode(rawValue: 6)
  public static let redirect = ActionCode(rawValue: 7)
  public static let trap = ActionCode(rawValue: 8)
  /// `TC_ACT_CONSUMED` (include/net/pkt_cls.h): an action has sent the skb itself away.
  static let consumed = ActionCode(rawValue: 9)

  /// `TC_ACT_JUMP`: goes on after the next `count` actions.
  public static func jump(_ count: Int32) -> ActionCode { ActionCode(rawValue: 1 << 28 | count & extendedMask) }
  /// `TC_ACT_GOTO_CHAIN`: goes on with the filters of a chain.
  public static func goto(_ chain: Int32) -> ActionCode { ActionCode(rawValue: 2 << 28 | chain & extendedMask) }

  private static let extendedMask: Int32 = 1 << 28 - 1

  /// How many actions a jump passes over; nil for no jump.
  var jumpCount: Int? { rawValue >> 28 == 1 ? Int(rawValue & ActionCode.extendedMask) : nil }
  /// The chain that it goes to; nil when it goes to none.
  var chain: UInt32? { rawValue >> 28 == 2 ? UInt32(rawValue & ActionCode.extendedMask) : nil }

  /// `TC_ACT_OK`, …, `TC_ACT_JUMP 2`; the bare number when there is no name for it.
  public var name: String {
    if let jumpCount { return "TC_ACT_JUMP \(jumpCount)" }
    if let chain { return "TC_ACT_GOTO_CHAIN \(chain)" }
    return Verdict.tcNames[rawValue] ?? String(rawValue)
  }

  /// What direct action makes of a program's answer (net/sched/cls_bpf.c, cls_bpf_exec_opcode): what it does not know is -1.
  @inline(__always)
  var inDirectAction: ActionCode {
    switch self {
    case .ok, .shot, .stolen, .trap, .redirect: self
    default: .unspec
    }
  }

  /// What the skb path makes of a program's answer that act_bpf ran (net/sched/act_bpf.c, tcf_bpf_act).
  @inline(__always)
  func asAction(default control: ActionCode) -> ActionCode {
    switch self {
    case .pipe, .reclassify, .ok, .redirect, .shot: self
    case .unspec: control
    default: .unspec
    }
  }
}
