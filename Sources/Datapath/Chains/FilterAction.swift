/// An action that hangs on a classic filter, and decides when the filter matches (net/sched/act_*.c).
public enum FilterAction: Hashable, Sendable {
  /// act_gact: a fixed answer, or another one now and then.
  case generic(ActionCode, GenericVariation?)
  /// act_mirred: sends the skb, or a copy, to another device.
  case mirred(Mirred)
  /// act_skbedit: sets fields of the skb.
  case edit(SocketBufferEdit)
  /// act_bpf: a program's answer; for -1 the control that was given.
  case program(ProgramReference, default: ActionCode)
  /// act_police: a token bucket.
  case police(Police)
  /// act_vlan: a tag.
  case vlan(TagChange, ActionCode)
}

/// A program of an object.
public struct ProgramReference: Hashable, Sendable {
  /// The object's name in the set-up.
  public var object: String
  /// The program's function.
  public var program: String

  /// Program `program` of object `object`.
  public init(object: String, program: String) {
    self.object = object
    self.program = program
  }
}

/// `random` of act_gact: answers otherwise once in `value` packets.
public struct GenericVariation: Hashable, Sendable {
  /// How the packets are chosen.
  public enum Kind: String, CaseIterable, Sendable {
    /// PGACT_NETRAND: at random.
    case netrand
    /// PGACT_DETERM: every so many packets.
    case determ
  }
  public var kind: Kind
  /// What is answered for a chosen packet.
  public var action: ActionCode
  /// One in so many packets, at least 1.
  public var value: UInt16

  public init(kind: Kind, action: ActionCode, value: UInt16) {
    self.kind = kind
    self.action = action
    self.value = value
  }
}

/// Where act_mirred sends to.
public struct Mirred: Hashable, Sendable {
  /// The device's name in the set-up.
  public var device: String
  /// Into the device, or out of it.
  public var direction: Direction
  /// The skb itself, not a copy.
  public var redirects: Bool
  /// The answer: TC_ACT_STOLEN for a redirect and TC_ACT_PIPE for a copy, unless asked otherwise.
  public var control: ActionCode

  public init(device: String, direction: Direction, redirects: Bool, control: ActionCode? = nil) {
    self.device = device
    self.direction = direction
    self.redirects = redirects
    self.control = control ?? (redirects ? .stolen : .pipe)
  }
}

/// What act_skbedit sets; nil leaves a field.
public struct SocketBufferEdit: Hashable, Sendable {
  public var mark: UInt32?
  /// Bits of ``mark`` that count.
  public var mask = UInt32.max
  public var priority: UInt32?
  public var queueMapping: UInt16?
  /// `PACKET_HOST` 0 to `PACKET_OTHERHOST` 3.
  public var packetType: UInt32?
  /// `inheritdsfield`: the priority from the IP header's DS field.
  public var inheritsDSField = false
  public var control = ActionCode.pipe

  public init() {}
}

/// act_police with one rate.
public struct Police: Hashable, Sendable {
  /// Bytes a second; 0 for no limit.
  public var rate: UInt64 = 0
  /// Bytes that may come at once.
  public var burst: UInt64 = 0
  /// Packets a second, in the place of ``rate``; 0 for no limit.
  public var packetRate: UInt64 = 0
  public var packetBurst: UInt64 = 0
  /// Longer packets exceed; nil for what `tc` makes of its default with a rate (2040), and no limit without.
  public var mtu: UInt32?
  /// The answer within the rate.
  public var conform = ActionCode.ok
  /// The answer above it.
  public var exceed = ActionCode.reclassify

  public init() {}
}

/// What act_vlan does.
public enum TagChange: Hashable, Sendable {
  case push(protocolNumber: UInt16, id: UInt16, priority: UInt16)
  case pop
  case modify(protocolNumber: UInt16?, id: UInt16, priority: UInt16?)
}
