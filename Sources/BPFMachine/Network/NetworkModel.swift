/// What the kernel's network tables would answer: devices, routes and neighbours of the machine that the programs run on.
///
/// Nothing of it comes from a capture. By default every interface exists and forwards, with an MTU of 1500, and there is no route.
public struct NetworkModel: Sendable {
  /// Devices by ifindex. While there is none, every ifindex but 0 is a device as ``Interface/init(mtu:address:forwards:)``
  /// makes it.
  public var interfaces: [UInt32: Interface] = [:]
  /// In any order; the longest prefix wins, and among equals the lowest metric.
  public var routes: [Route] = []
  /// MAC addresses, in the low 48 bits with the first byte on top, by interface and IP address.
  public var neighbours: [Neighbour: UInt64] = [:]

  /// No routes.
  public init() {}

  /// A device.
  public struct Interface: Hashable, Sendable {
    /// Bytes of an IP packet that it carries.
    public var mtu: UInt32
    /// MAC address, in the low 48 bits with the first byte on top.
    public var address: UInt64
    /// Whether packets that come in may go out elsewhere: `net.ipv4.conf.DEV.forwarding`.
    public var forwards: Bool

    /// A device of that MTU.
    public init(mtu: UInt32 = 1500, address: UInt64 = 0, forwards: Bool = true) {
      self.mtu = mtu
      self.address = address
      self.forwards = forwards
    }
  }

  /// An entry of a routing table.
  public struct Route: Hashable, Sendable {
    /// 4 or 16 bytes.
    public var destination: [UInt8]
    /// Bits of ``destination`` that count.
    public var length: Int
    public var kind: Kind
    /// ifindex of the device that it leads through.
    public var interface: UInt32
    /// The next hop; nil when the destination is on the link.
    public var gateway: [UInt8]?
    /// The route's own MTU; nil for the device's.
    public var mtu: UInt32?
    public var metric: UInt32
    /// The address to send from, which `BPF_FIB_LOOKUP_SRC` asks for.
    public var source: [UInt8]?
    /// 254 is the main table.
    public var table: UInt32

    /// `RTN_*` of linux/rtnetlink.h.
    public enum Kind: String, Sendable {
      case unicast, local, blackhole, unreachable, prohibit
    }

    /// A route to `destination`/`length`.
    public init(
      destination: [UInt8], length: Int, kind: Kind = .unicast, interface: UInt32 = 0, gateway: [UInt8]? = nil,
      mtu: UInt32? = nil, metric: UInt32 = 0, source: [UInt8]? = nil, table: UInt32 = 254
    ) {
      self.destination = destination
      self.length = length
      self.kind = kind
      self.interface = interface
      self.gateway = gateway
      self.mtu = mtu
      self.metric = metric
      self.source = source
      self.table = table
    }

    /// Whether it leads to an address of the same family.
    func matches(_ address: [UInt8]) -> Bool {
      guard address.count == destination.count, length <= address.count * 8 else { return false }
      let whole = length / 8
      guard address[..<whole] == destination[..<whole] else { return false }
      let rest = length % 8
      return rest == 0 || (address[whole] ^ destination[whole]) >> (8 - rest) == 0
    }
  }

  /// Who is asked for.
  public struct Neighbour: Hashable, Sendable {
    public var interface: UInt32
    /// 4 or 16 bytes.
    public var address: [UInt8]

    /// The neighbour of that address on the link of a device.
    public init(interface: UInt32, address: [UInt8]) {
      self.interface = interface
      self.address = address
    }
  }

  /// The device of that ifindex; nil when there is none.
  public func interface(_ index: UInt32) -> Interface? {
    interfaces.isEmpty && index != 0 ? Interface() : interfaces[index]
  }

  /// The best route to an address in one table, or in any.
  func route(to address: [UInt8], table: UInt32?) -> Route? {
    routes.filter { (table == nil || $0.table == table) && $0.matches(address) }
      .min { ($1.length, $0.metric) < ($0.length, $1.metric) }
  }
}
