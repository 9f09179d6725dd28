extension NetworkModel {
  /// An entry of a routing table.
  public struct Route: Hashable, Sendable {
    public var destination: IPPrefix
    public var kind = Kind.unicast
    /// Table; 254 is the main one, 255 the local one, 253 the default one.
    public var table: UInt32 = Route.main
    /// The lowest wins.
    public var metric: UInt32 = 0
    /// Where it leads; several share the traffic by weight.
    public var hops: [Hop] = []
    /// The route's own MTU.
    public var mtu: UInt32?
    /// Whether ``mtu`` is not to be found out, and so counts for forwarding.
    public var isMTULocked = false
    /// The address to send from.
    public var source: IPAddress?
    /// IPv6: where packets must come from.
    public var from: IPPrefix?
    /// IPv4: the type of service that packets must have.
    public var service: UInt8 = 0
    /// `RT_SCOPE_*`: 0 global, 253 link, 254 host.
    public var scope: UInt8 = 0
    /// IPv6: the preference of the router.
    public var preference = Preference.medium
    /// The kernel made it: for an address of a device.
    public var isOfKernel = false

    public static let main: UInt32 = 254
    public static let local: UInt32 = 255
    public static let standard: UInt32 = 253

    /// `RTN_*` of linux/rtnetlink.h.
    public enum Kind: String, Sendable, CaseIterable {
      case unicast, local, broadcast, anycast, multicast, blackhole, unreachable, prohibit, `throw`
    }

    /// `ICMPV6_ROUTER_PREF_*`.
    public enum Preference: String, Sendable, CaseIterable {
      case low, medium, high
    }

    /// A route to `destination`.
    public init(to destination: IPPrefix, hops: [Hop] = []) {
      self.destination = destination
      self.hops = hops
    }
  }

  /// Where a route leads.
  public struct Hop: Hashable, Sendable {
    /// ifindex.
    public var interface: UInt32
    /// The next hop; nil when the destination is on the link. A route of IPv4 may have one of IPv6.
    public var gateway: IPAddress?
    /// Its share, from 1.
    public var weight: UInt32 = 1
    /// The device is down.
    public var isDead = false
    /// The device has no carrier.
    public var hasLinkDown = false
    /// Packets are to be encapsulated: MPLS, SRv6 and the like.
    public var isTunnel = false
    /// Bytes that the encapsulation takes of the MTU.
    public var tunnelHeader: UInt32 = 0

    public init(interface: UInt32, gateway: IPAddress? = nil) {
      self.interface = interface
      self.gateway = gateway
    }
  }

  /// A rule that says which table is asked.
  public struct Rule: Hashable, Sendable {
    public var isIPv6: Bool
    public var priority: UInt32
    public var action: Action
    /// True when it is for packets that the selectors do not match.
    public var isInverted = false
    public var from: IPPrefix?
    public var to: IPPrefix?
    /// ifindex; ``none`` for a device that is not there.
    public var input: UInt32?
    public var output: UInt32?
    public var mark: UInt32 = 0
    public var markMask: UInt32 = 0
    /// The type of service, as `tos`: the kernel looks at its three middle bits.
    public var service: UInt8 = 0
    /// The six bits of DiffServ, as `dscp`.
    public var differentiatedService: UInt8?
    public var transport: UInt8 = 0
    public var sourcePorts: ClosedRange<UInt16>?
    public var destinationPorts: ClosedRange<UInt16>?
    public var users: ClosedRange<UInt32>?
    /// A packet must come through this tunnel: none does.
    public var tunnel: UInt64 = 0
    /// It is for devices of a VRF: none is.
    public var isForVRF = false
    /// Answers of prefixes no longer than this do not count.
    public var suppressedLength: Int?
    /// Answers through devices of this group do not count.
    public var suppressedGroup: UInt32?

    /// An ifindex that no device has.
    public static let none: UInt32 = .max

    public enum Action: Hashable, Sendable {
      case table(UInt32)
      case goTo(UInt32)
      case nothing
      case blackhole, unreachable, prohibit
    }

    public init(isIPv6: Bool, priority: UInt32, action: Action) {
      self.isIPv6 = isIPv6
      self.priority = priority
      self.action = action
    }

    /// What a kernel begins with (fib_default_rules_init, fib6_rules_net_init).
    public static func standard(isIPv6: Bool) -> [Rule] {
      let tables: [(UInt32, UInt32)] = [(0, Route.local), (32766, Route.main), (32767, Route.standard)]
      return tables.prefix(isIPv6 ? 2 : 3).map { Rule(isIPv6: isIPv6, priority: $0.0, action: .table($0.1)) }
    }
  }
}
