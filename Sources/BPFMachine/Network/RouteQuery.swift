#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `struct bpf_fib_lookup` (linux/bpf.h), and the lookup that reads and writes it (net/core/filter.c, bpf_ipv4_fib_lookup and
/// bpf_ipv6_fib_lookup).
struct RouteQuery {
  private let bytes: UnsafeMutableRawPointer
  private let routing: Routing
  private let flags: UInt32

  /// `sizeof(struct bpf_fib_lookup)`.
  static let byteCount = 64

  private enum Offset {
    static let transport = 1
    static let sourcePort = 2
    static let destinationPort = 4
    static let length = 6
    static let interface = 8
    /// Type of service, flow information, and on return the metric.
    static let service = 12
    static let source = 16
    static let destination = 32
    /// The table, and on return the VLAN tag.
    static let table = 48
    /// The mark, and on return the MAC addresses.
    static let mark = 52
    static let destinationMAC = 58
  }

  /// `BPF_FIB_LOOKUP_*`.
  enum Flag {
    static let direct: UInt32 = 1
    static let output: UInt32 = 2
    static let skipNeighbour: UInt32 = 4
    static let table: UInt32 = 8
    static let source: UInt32 = 16
    static let mark: UInt32 = 32
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
    static let unsupportedTunnel: Int32 = 6
    static let noNeighbour: Int32 = 7
    static let fragmentationNeeded: Int32 = 8
    static let noSourceAddress: Int32 = 9
  }

  init(_ bytes: UnsafeMutableRawPointer, _ routing: Routing, flags: UInt32) {
    self.bytes = bytes
    self.routing = routing
    self.flags = flags
  }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
    bytes.loadUnaligned(fromByteOffset: offset, as: type)
  }

  private func has(_ flag: UInt32) -> Bool { flags & flag != 0 }

  /// The ifindex: of the device that was asked about, then of the one that the route leads through.
  var interface: UInt32 { load(Offset.interface, UInt32.self) }
  /// `tot_len`.
  var length: UInt16 { load(Offset.length, UInt16.self) }

  func setMTU(_ mtu: UInt32) {
    bytes.storeBytes(of: UInt16(truncatingIfNeeded: mtu), toByteOffset: Offset.length, as: UInt16.self)
  }

  /// Looks the route up: an errno below 0, or one of ``Answer``.
  func answer(checksLength: Bool) -> Int32 {
    switch load(0, UInt8.self) {
    case 2: answer4(checksLength)
    case 10: answer6(checksLength)
    default: -EAFNOSUPPORT
    }
  }

  private func flow(isIPv6: Bool) -> Routing.Flow {
    var flow = Routing.Flow(
      source: IPAddress(loading: bytes + Offset.source, isIPv6: isIPv6),
      destination: IPAddress(loading: bytes + Offset.destination, isIPv6: isIPv6))
    if has(Flag.output) {
      flow.input = 1
      flow.output = interface
    } else {
      flow.input = interface
    }
    flow.service = load(Offset.service, UInt8.self) & 0xfc
    flow.flowInformation = load(Offset.service, UInt32.self).bigEndian
    flow.transport = load(Offset.transport, UInt8.self)
    flow.sourcePort = load(Offset.sourcePort, UInt16.self).bigEndian
    flow.destinationPort = load(Offset.destinationPort, UInt16.self).bigEndian
    if !has(Flag.direct), has(Flag.mark) { flow.mark = load(Offset.mark, UInt32.self) }
    return flow
  }

  /// The table that is asked without rules; nil when the rules are asked.
  private func table() -> UInt32? {
    guard has(Flag.direct) else { return nil }
    guard has(Flag.table) else { return NetworkModel.Route.main }
    let table = load(Offset.table, UInt32.self)
    bytes.storeBytes(of: 0, toByteOffset: Offset.table, as: UInt32.self)
    return table
  }

  // MARK: IPv4

  private func answer4(_ checksLength: Bool) -> Int32 {
    guard let device = routing.device(interface) else { return -ENODEV }
    guard device.forwards4 else { return Answer.forwardingDisabled }
    let flow = flow(isIPv6: false)
    let found = table().map { routing.lookup4(flow, table: $0) } ?? routing.lookup4(flow)
    switch found {
    case .failed(-EINVAL): return Answer.blackhole
    case .failed(-EHOSTUNREACH): return Answer.unreachable
    case .failed(-EACCES): return Answer.prohibited
    case .failed: return Answer.notForwarded
    case .found(let entry, let hop):
      guard routing.entries[entry].route.kind == .unicast else { return Answer.notForwarded }
      return follow4(entry, routing.selectHop4(entry, hop, flow), checksLength)
    }
  }

  private func follow4(_ entry: Int, _ index: Int, _ checksLength: Bool) -> Int32 {
    let hop = routing.entries[entry].route.hops[index]
    var mtu: UInt32 = 0
    if checksLength {
      mtu = routing.mtu4(entry, index)
      guard UInt32(length) <= mtu else { return fragment(mtu) }
    }
    guard !hop.isTunnel else { return Answer.unsupportedTunnel }
    lead(through: hop.interface, metric: routing.entries[entry].route.metric)
    if has(Flag.source) { routing.source4(entry, index).store(to: bytes + Offset.source) }
    if let gateway = hop.gateway {
      if gateway.isIPv6 { bytes.storeBytes(of: 10, as: UInt8.self) }
      gateway.store(to: bytes + Offset.destination)
    }
    let next = hop.gateway ?? IPAddress(loading: bytes + Offset.destination, isIPv6: false)
    return finish(next, hop.interface, mtu)
  }

  // MARK: IPv6

  private func answer6(_ checksLength: Bool) -> Int32 {
    let flow = flow(isIPv6: true)
    // rt6_need_strict
    guard !flow.destination.staysOnLink, !flow.source.staysOnLink else { return Answer.notForwarded }
    guard let device = routing.device(interface) else { return -ENODEV }
    guard device.forwards6 else { return Answer.forwardingDisabled }
    let found =
      table().map { routing.lookup6(flow, table: $0, preferred: interface) }
      ?? routing.lookup6(flow, preferred: interface)
    guard case .found(let entry, _) = found else { return Answer.notForwarded }
    switch routing.entries[entry].route.kind {
    case .unicast: return follow6(routing.selectEntry6(entry, flow), flow.destination, checksLength)
    case .blackhole: return Answer.blackhole
    case .unreachable: return Answer.unreachable
    case .prohibit: return Answer.prohibited
    case .local, .broadcast, .anycast, .multicast, .throw: return Answer.notForwarded
    }
  }

  private func follow6(_ entry: Int, _ destination: IPAddress, _ checksLength: Bool) -> Int32 {
    let hop = routing.entries[entry].route.hops[0]
    var mtu: UInt32 = 0
    if checksLength {
      mtu = routing.mtu6(entry)
      guard UInt32(length) <= mtu else { return fragment(mtu) }
    }
    guard !hop.isTunnel else { return Answer.unsupportedTunnel }
    if let gateway = hop.gateway { gateway.store(to: bytes + Offset.destination) }
    lead(through: hop.interface, metric: routing.entries[entry].route.metric)
    if has(Flag.source) {
      guard let source = routing.source6(entry, to: destination) else { return Answer.noSourceAddress }
      source.store(to: bytes + Offset.source)
    }
    return finish(hop.gateway ?? destination, hop.interface, mtu)
  }

  // MARK: Both

  private func fragment(_ mtu: UInt32) -> Int32 {
    setMTU(mtu)
    return Answer.fragmentationNeeded
  }

  private func lead(through interface: UInt32, metric: UInt32) {
    bytes.storeBytes(of: metric, toByteOffset: Offset.service, as: UInt32.self)
    bytes.storeBytes(of: interface, toByteOffset: Offset.interface, as: UInt32.self)
  }

  private func finish(_ next: IPAddress, _ interface: UInt32, _ mtu: UInt32) -> Int32 {
    if !has(Flag.skipNeighbour) {
      guard let neighbour = routing.neighbour(next, on: interface) else { return Answer.noNeighbour }
      store(routing.device(interface)?.linkAddress ?? 0, Offset.mark)
      store(neighbour, Offset.destinationMAC)
    }
    bytes.storeBytes(of: 0, toByteOffset: Offset.table, as: UInt32.self)
    if mtu != 0 { setMTU(mtu) }
    return Answer.success
  }

  private func store(_ linkAddress: UInt64, _ offset: Int) {
    let first = UInt32(truncatingIfNeeded: linkAddress >> 16)
    bytes.storeBytes(of: first.bigEndian, toByteOffset: offset, as: UInt32.self)
    bytes.storeBytes(of: UInt16(truncatingIfNeeded: linkAddress).bigEndian, toByteOffset: offset + 4, as: UInt16.self)
  }
}
