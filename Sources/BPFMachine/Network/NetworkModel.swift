/// What the kernel's network tables would answer: devices, routes, rules, neighbours and sockets of the machine that programs
/// run on.
///
/// Nothing of it comes from a capture. By default every interface exists and forwards, with an MTU of 1500, and there is no route.
public struct NetworkModel: Sendable {
  /// Devices. While there is none, every ifindex but 0 is a device as ``Interface/init(index:name:)`` makes it.
  public var interfaces: [Interface] = []
  /// In the order in which `ip route` shows them, which decides among equals.
  public var routes: [Route] = []
  /// In order of priority, and among equals in the order of `ip rule`; none stands for the kernel's own.
  public var rules: [Rule] = []
  /// MAC addresses, in the low 48 bits with the first byte on top, by interface and IP address.
  public var neighbours: [Neighbour: UInt64] = [:]
  /// Those that do not answer: `FAILED` and `INCOMPLETE`.
  public var lostNeighbours: Set<Neighbour> = []
  /// Sockets, for lookups by address and port.
  public var sockets: [Socket] = []
  /// What the kernel may be told of how it routes.
  public var settings = Settings()

  /// No routes.
  public init() {}

  /// Who is asked for.
  public struct Neighbour: Hashable, Sendable {
    public var interface: UInt32
    public var address: IPAddress

    /// The neighbour of that address on the link of a device.
    public init(interface: UInt32, address: IPAddress) {
      self.interface = interface
      self.address = address
    }
  }

  /// Of the sysctls, those that matter to helpers.
  public struct Settings: Hashable, Sendable {
    /// `net.ipv4.ip_forward_use_pmtu`: whether a route's MTU counts though it is not locked.
    public var usesRouteMTU = false
    /// `net.ipv4.fib_multipath_hash_policy`: 0 addresses, 1 ports too.
    public var multipathPolicy4 = 0
    /// `net.ipv6.fib_multipath_hash_policy`.
    public var multipathPolicy6 = 0
    /// `net.ipv4.fib_multipath_hash_seed`; 0 is a number that the kernel draws at boot, and that here follows from the seed.
    public var multipathSeed: UInt32 = 0
    /// `net.ipv4.fib_multipath_use_neigh`: whether next hops that are not reachable are passed over.
    public var multipathUsesNeighbours = false
    /// `net.ipv4.tcp_syncookies`.
    public var synCookies = 1

    public init() {}
  }

  /// True when nothing is given.
  public var isEmpty: Bool {
    interfaces.isEmpty && routes.isEmpty && rules.isEmpty && neighbours.isEmpty && sockets.isEmpty
  }

  /// The device of that ifindex; nil when there is none.
  public func interface(_ index: UInt32) -> Interface? {
    interfaces.isEmpty && index != 0
      ? Interface(index: index, name: "if\(index)") : interfaces.first { $0.index == index }
  }

  /// The device of that name; nil when there is none.
  public func interface(named name: String) -> Interface? { interfaces.first { $0.name == name } }
}

extension NetworkModel {
  /// A device.
  public struct Interface: Hashable, Sendable {
    /// Its ifindex.
    public var index: UInt32
    public var name: String
    /// Bytes of an IP packet that it carries.
    public var mtu: UInt32 = 1500
    /// `net.ipv6.conf.DEV.mtu`; nil for ``mtu``.
    public var mtu6: UInt32?
    /// MAC address, in the low 48 bits with the first byte on top.
    public var linkAddress: UInt64 = 0
    /// Bytes of its link-layer header: `dev->hard_header_len`.
    public var headerLength: UInt32 = 14
    /// `IFF_UP`.
    public var isUp = true
    /// It has no carrier, and routes through it are passed over: `ignore_routes_with_linkdown`.
    public var ignoresLinkDown4 = false
    public var ignoresLinkDown6 = false
    /// `IFF_LOOPBACK`.
    public var isLoopback = false
    /// `IFF_LOOPBACK` or `IFF_POINTOPOINT`: IPv4 has one neighbour for all addresses.
    public var isPointToPoint = false
    /// `net.ipv4.conf.DEV.forwarding`: whether packets that come in may go out elsewhere.
    public var forwards4 = true
    /// `net.ipv6.conf.DEV.forwarding`.
    public var forwards6 = true
    /// The number of its group, for rules that suppress it.
    public var group: UInt32 = 0
    public var addresses: [Address] = []

    /// A device that forwards, with an MTU of 1500.
    public init(index: UInt32, name: String) {
      self.index = index
      self.name = name
    }

    /// An address of a device.
    public struct Address: Hashable, Sendable {
      public var address: IPAddress
      /// Bits of the network on the link.
      public var length: Int
      /// `RT_SCOPE_*`: 0 global, 253 link, 254 host.
      public var scope: UInt8 = 0
      /// The broadcast address, when it is set.
      public var broadcast: IPAddress?
      /// IPv4: another one of the same network comes first. IPv6: temporary.
      public var isSecondary = false
      public var isDeprecated = false
      /// Not yet known to be nobody else's, or somebody else's.
      public var isTentative = false

      public init(_ address: IPAddress, length: Int) {
        self.address = address
        self.length = length
      }
    }
  }
}
