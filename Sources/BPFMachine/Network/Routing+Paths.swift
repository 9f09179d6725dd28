/// What follows the choice of a route: one of several next hops, the MTU, the address to send from.
extension Routing {
  // MARK: Several next hops

  /// `fib_select_multipath`: the next hop of an IPv4 route, by the hash of the flow and by the addresses of the devices.
  func selectHop4(_ entry: Int, _ hop: Int, _ flow: Flow) -> Int {
    let hops = entries[entry].route.hops
    guard hops.count > 1, flow.output == 0 else { return hop }
    let hash = multipathHash(flow, policy: network.settings.multipathPolicy4)
    var chosen = hop
    var best = -1
    for index in hops.indices {
      let bound = entries[entry].bounds[index]
      if bound == -1 || hops[index].hasLinkDown && device(hops[index].interface)?.ignoresLinkDown4 == true { continue }
      if network.settings.multipathUsesNeighbours, !isReachable(hops[index]) { continue }
      let isSource = !flow.source.isUnspecified && sourceOfHop(entry, index) == flow.source
      let score = (isSource ? 2 : 0) + (hash <= bound ? 1 : 0)
      guard score > best else { continue }
      chosen = index
      best = score
      if score == 3 || flow.source.isUnspecified && score == 1 { break }
    }
    return chosen
  }

  /// `fib6_select_path`: one of the entries that share the traffic, by the hash alone.
  func selectEntry6(_ entry: Int, _ flow: Flow) -> Int {
    let siblings = entries[entry].siblings
    guard siblings.count > 1, flow.output == 0 else { return entry }
    let hash = multipathHash(flow, policy: network.settings.multipathPolicy6)
    return siblings.first { hash <= entries[$0].bounds[0] } ?? entry
  }

  /// `fib_good_nh`: what is not known to be gone.
  private func isReachable(_ hop: NetworkModel.Hop) -> Bool {
    guard let gateway = hop.gateway else { return true }
    return !network.lostNeighbours.contains(NetworkModel.Neighbour(interface: hop.interface, address: gateway))
  }

  /// `fib_multipath_hash` and `rt6_multipath_hash` of a flow without a packet: 31 bits of SipHash over `struct flow_keys`, from
  /// its `basic` on.
  private func multipathHash(_ flow: Flow, policy: Int) -> Int32 {
    let usesPorts = policy == 1
    var ports = (flow.sourcePort.bigEndian, flow.destinationPort.bigEndian)
    if ports.1 < ports.0 { ports = (ports.1, ports.0) }
    let portWord = usesPorts ? UInt64(ports.0) | UInt64(ports.1) << 16 : 0
    var addresses = (flow.source, flow.destination)
    // As big-endian numbers where they are IPv4's (__flow_hash_consistentify).
    let isSwapped =
      flow.source.isIPv6
      ? (addresses.1.high, addresses.1.low) < (addresses.0.high, addresses.0.low)
      : addresses.1.number.byteSwapped < addresses.0.number.byteSwapped
    if isSwapped { addresses = (addresses.1, addresses.0) }
    let hasTransport = usesPorts || flow.source.isIPv6
    let label: UInt64 =
      flow.source.isIPv6 && !usesPorts ? UInt64((flow.flowInformation & 0xf_ffff).byteSwapped) << 32 : 0
    let basic = (hasTransport ? UInt64(flow.transport) << 16 : 0) | label
    let hash: UInt64
    let key = UInt64(hashSeed) << 32 | UInt64(hashSeed)
    let sip = SipHash(key: (key, key))
    if flow.source.isIPv6 {
      let words = (
        addresses.0.high.bigEndian, addresses.0.low.bigEndian, addresses.1.high.bigEndian, addresses.1.low.bigEndian
      )
      hash = sip(
        InlineWords(
          basic, 0, 0, portWord << 32, words.0 << 32, words.0 >> 32 | words.1 << 32, words.1 >> 32 | words.2 << 32,
          words.2 >> 32 | words.3 << 32, words.3 >> 32, count: 9))
    } else {
      let source = UInt64(addresses.0.number.byteSwapped)
      let destination = UInt64(addresses.1.number.byteSwapped)
      hash = sip(
        InlineWords(basic, 0, 0, portWord << 32, source << 32, destination, 0, 0, 0, count: 6))
    }
    let word = UInt32(truncatingIfNeeded: hash)
    return Int32(truncatingIfNeeded: (word == 0 ? 1 : word) >> 1)
  }

  // MARK: MTU

  /// `ip_mtu_from_fib_result`.
  func mtu4(_ entry: Int, _ hop: Int) -> UInt32 {
    let route = entries[entry].route
    let own = route.isMTULocked || network.settings.usesRouteMTU ? route.mtu ?? 0 : 0
    return route.hops[hop].room(in: own != 0 ? own : min(device(route.hops[hop].interface)?.mtu ?? 0, 0xffff))
  }

  /// `ip6_mtu_from_fib6`.
  func mtu6(_ entry: Int) -> UInt32 {
    let route = entries[entry].route
    if route.isMTULocked, let mtu = route.mtu, mtu != 0 { return route.hops[0].room(in: mtu) }
    let device = device(route.hops[0].interface)
    return route.hops[0].room(in: min(max(1280, device?.mtu6 ?? device?.mtu ?? 0), 0xffff + 40))
  }

  // MARK: Source addresses

  /// `fib_result_prefsrc`.
  func source4(_ entry: Int, _ hop: Int) -> IPAddress {
    entries[entry].route.source ?? sourceOfHop(entry, hop)
  }

  /// `nh_saddr`: the address of the next hop's device (inet_select_addr).
  private func sourceOfHop(_ entry: Int, _ hop: Int) -> IPAddress {
    let route = entries[entry].route
    let gateway = route.hops[hop].gateway
    let scope = route.scope
    var found: IPAddress?
    if let device = device(route.hops[hop].interface) {
      for address in device.addresses where !address.address.isIPv6 && !address.isSecondary && address.scope <= scope {
        guard let gateway, !gateway.isIPv6 else { return address.address }
        if IPPrefix(address.address, length: address.length).contains(gateway) { return address.address }
        if found == nil { found = address.address }
      }
    }
    if let found { return found }
    for device in network.interfaces {
      for address in device.addresses
      where !address.address.isIPv6 && !address.isSecondary && address.scope <= scope && address.scope != 253 {
        return address.address
      }
    }
    return .unspecified(isIPv6: false)
  }

  /// `ipv6_dev_get_saddr`: the best address to send to `destination` from (RFC 6724); nil when there is none.
  func source6(_ entry: Int, to destination: IPAddress) -> IPAddress? {
    if let source = entries[entry].route.source { return source }
    let output = entries[entry].route.hops[0].interface
    var best: (address: IPAddress, order: [Int])?
    for device in network.interfaces where device.isUp {
      for candidate in device.addresses where candidate.address.isIPv6 && !candidate.isTentative {
        let address = candidate.address
        if address.isMulticast || address.isUnspecified { continue }
        let order = [
          address == destination ? 1 : 0, Self.scopeOrder(address, destination), candidate.isDeprecated ? 0 : 1,
          device.index == output ? 1 : 0, Self.label(address) == Self.label(destination) ? 1 : 0,
          candidate.isSecondary ? 0 : 1, min(address.commonPrefix(with: destination), candidate.length),
        ]
        if let best, !best.order.lexicographicallyPrecedes(order) { continue }
        best = (address, order)
      }
    }
    return best?.address
  }

  /// The smallest scope that reaches the destination is best.
  private static func scopeOrder(_ address: IPAddress, _ destination: IPAddress) -> Int {
    func scope(_ address: IPAddress) -> Int { address.isLoopback6 ? 1 : address.isLinkLocal ? 2 : 14 }
    let scopes = (scope(address), scope(destination))
    return scopes.0 >= scopes.1 ? -scopes.0 : scopes.0 - 128
  }

  /// The policy table of RFC 6724 as the kernel has it (net/ipv6/addrlabel.c).
  private static func label(_ address: IPAddress) -> Int {
    if address.isLoopback6 { return 0 }
    if address.mapped != nil { return 4 }
    if address.high == 0, address.low >> 32 == 0 { return 3 }
    switch address.high >> 32 {
    case 0x2001_0000: return 6
    case let word where word >> 4 == 0x200_1001: return 7
    case let word where word >> 16 == 0x2002: return 2
    case let word where word >> 16 == 0x3ffe: return 8
    case let word where word >> 25 == 0xfc >> 1: return 5
    case let word where word >> 22 == 0x3fb: return 11
    default: return 1
    }
  }
}

extension NetworkModel.Hop {
  /// What `lwtunnel_headroom` leaves of an MTU.
  fileprivate func room(in mtu: UInt32) -> UInt32 { tunnelHeader < mtu ? mtu - tunnelHeader : mtu }
}
