#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `struct bpf_fib_lookup` (linux/bpf.h), and the lookup that reads and writes it (net/core/filter.c, bpf_ipv4_fib_lookup and
/// bpf_ipv6_fib_lookup).
struct RouteQuery {
  private let bytes: UnsafeMutableRawPointer
  private let network: NetworkModel
  private let flags: UInt32

  /// `sizeof(struct bpf_fib_lookup)`.
  static let byteCount = 64

  private enum Offset {
    static let length = 6
    static let interface = 8
    static let metric = 12
    static let source = 16
    static let destination = 32
    static let vlan = 48
    static let sourceMAC = 52
    static let destinationMAC = 58
  }

  /// `BPF_FIB_LOOKUP_*`.
  enum Flag {
    static let direct: UInt32 = 1
    static let skipNeighbour: UInt32 = 4
    static let table: UInt32 = 8
    static let source: UInt32 = 16
    static let all: UInt32 = 63
  }

  /// `BPF_FIB_LKUP_RET_*`.
  enum Answer {
    static let success: Int32 = 0
    static let blackhole: Int32 = 1
    static let unreachable: Int32 = 2
    static let prohibited: Int32 = 3
    static let notForwarded: Int32 = 4
    static let forwardingDisabled: Int32 = 5
    static let noNeighbour: Int32 = 7
    static let fragmentationNeeded: Int32 = 8
  }

  init(_ bytes: UnsafeMutableRawPointer, _ network: NetworkModel, flags: UInt32) {
    self.bytes = bytes
    self.network = network
    self.flags = flags
  }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
    bytes.loadUnaligned(fromByteOffset: offset, as: type)
  }

  private func address(_ offset: Int, _ count: Int) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: bytes + offset, count: count))
  }

  private func store(_ address: [UInt8], _ offset: Int) {
    address.withUnsafeBytes { if let base = $0.baseAddress { memcpy(bytes + offset, base, $0.count) } }
  }

  /// The ifindex: of the device that was asked about, then of the one that the route leads through.
  var interface: UInt32 { load(Offset.interface, UInt32.self) }
  /// `tot_len`.
  var length: UInt16 { load(Offset.length, UInt16.self) }

  func setMTU(_ mtu: UInt32) {
    bytes.storeBytes(of: UInt16(truncatingIfNeeded: mtu), toByteOffset: Offset.length, as: UInt16.self)
  }

  /// Looks the route up: an errno below 0, or one of ``Answer``.
  func answer(checksLength: Bool) -> Int32 {
    let count: Int
    switch load(0, UInt8.self) {
    case 2: count = 4
    case 10: count = 16
    default: return -EAFNOSUPPORT
    }
    guard let device = network.interface(interface) else { return -ENODEV }
    guard device.forwards else { return Answer.forwardingDisabled }
    var table: UInt32?
    if flags & Flag.direct != 0 {
      table = 254
      if flags & Flag.table != 0 {
        table = load(Offset.vlan, UInt32.self)
        bytes.storeBytes(of: 0, toByteOffset: Offset.vlan, as: UInt32.self)
      }
    }
    guard let route = network.route(to: address(Offset.destination, count), table: table) else {
      return Answer.notForwarded
    }
    switch route.kind {
    case .unicast: break
    case .local: return Answer.notForwarded
    case .blackhole: return Answer.blackhole
    case .unreachable: return Answer.unreachable
    case .prohibit: return Answer.prohibited
    }
    return follow(route, count, checksLength: checksLength)
  }

  private func follow(_ route: NetworkModel.Route, _ count: Int, checksLength: Bool) -> Int32 {
    guard let device = network.interface(route.interface) else { return Answer.notForwarded }
    var mtu: UInt32 = 0
    if checksLength {
      mtu = route.mtu ?? device.mtu
      if UInt32(length) > mtu {
        setMTU(mtu)
        return Answer.fragmentationNeeded
      }
    }
    bytes.storeBytes(of: route.metric, toByteOffset: Offset.metric, as: UInt32.self)
    bytes.storeBytes(of: route.interface, toByteOffset: Offset.interface, as: UInt32.self)
    if flags & Flag.source != 0, let source = route.source { store(source, Offset.source) }
    if let gateway = route.gateway {
      // The next hop of an IPv4 route may be an IPv6 address.
      if gateway.count > count { bytes.storeBytes(of: 10, as: UInt8.self) }
      store(gateway, Offset.destination)
    }
    if flags & Flag.skipNeighbour == 0 {
      let hop = route.gateway ?? address(Offset.destination, count)
      guard
        let neighbour = network.neighbours[NetworkModel.Neighbour(interface: route.interface, address: hop)]
      else { return Answer.noNeighbour }
      store(RouteQuery.bytes(of: neighbour), Offset.destinationMAC)
      store(RouteQuery.bytes(of: device.address), Offset.sourceMAC)
    }
    bytes.storeBytes(of: 0, toByteOffset: Offset.vlan, as: UInt32.self)
    if mtu != 0 { setMTU(mtu) }
    return Answer.success
  }

  private static func bytes(of address: UInt64) -> [UInt8] {
    (0..<6).map { UInt8(truncatingIfNeeded: address >> (40 - 8 * UInt64($0))) }
  }
}
