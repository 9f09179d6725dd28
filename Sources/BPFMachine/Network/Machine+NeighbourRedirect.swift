/// `struct bpf_redir_neigh` (linux/bpf.h): the next hop that a program names for `bpf_redirect_neigh`.
enum RedirectHop {
  /// The program named none: the routes say.
  case route
  case address(IPAddress)
  /// A family that is neither IPv4 nor IPv6.
  case invalid

  /// `sizeof(struct bpf_redir_neigh)`, without padding.
  static let byteCount = 20

  init(loading bytes: UnsafeRawPointer) {
    switch bytes.loadUnaligned(as: UInt32.self) {
    case 2: self = .address(IPAddress(loading: bytes + 4, isIPv6: false))
    case 10: self = .address(IPAddress(loading: bytes + 4, isIPv6: true))
    default: self = .invalid
    }
  }
}

/// What `bpf_redirect_neigh` does to the skb in hand when the redirect is carried out (net/core/filter.c, __bpf_redirect_neigh).
extension Machine {
  /// What comes of it.
  package enum NeighbourAnswer {
    /// The frame has its new Ethernet header.
    case done
    /// The neighbour is not known: the kernel would ask for it, and hold the frame back.
    case unknown
    /// No IP packet for one receiver, or no way for it.
    case refused
  }

  /// Gives the frame the Ethernet header that leads to its next hop on the link of a device.
  package func addressNeighbour(on interface: UInt32) -> NeighbourAnswer {
    let buffer = socketBuffer
    guard buffer.networkOffset > 0, buffer.count >= SocketBuffer.ethernetLength + 20,
      buffer.bytes.load(as: UInt8.self) & 1 == 0
    else { return .refused }
    let header = buffer.bytes + SocketBuffer.ethernetLength
    let hop: IPAddress?
    switch buffer.protocolNumber {
    case 0x0800: hop = nextHop4(header, on: interface)
    case 0x86dd where buffer.count >= SocketBuffer.ethernetLength + 40: hop = nextHop6(header, on: interface)
    default: hop = nil
    }
    guard let hop else { return .refused }
    guard let neighbour = routing.neighbour(hop, on: interface) else { return .unknown }
    write(neighbour, to: buffer.bytes)
    write(routing.device(interface)?.linkAddress ?? 0, to: buffer.bytes + 6)
    buffer.bytes.storeBytes(of: buffer.protocolNumber.bigEndian, toByteOffset: 12, as: UInt16.self)
    return .done
  }

  private func write(_ address: UInt64, to target: UnsafeMutableRawPointer) {
    for byte in 0..<6 {
      target.storeBytes(
        of: UInt8(truncatingIfNeeded: address >> (40 - 8 * UInt64(byte))), toByteOffset: byte, as: UInt8.self)
    }
  }

  private func nextHop4(_ header: UnsafeMutableRawPointer, on interface: UInt32) -> IPAddress? {
    switch redirectHop {
    case .invalid: return nil
    case .address(let address): return address
    case .route: break
    }
    let destination = IPAddress(loading: header + 16, isIPv6: false)
    var flow = Routing.Flow(source: IPAddress(loading: header + 12, isIPv6: false), destination: destination)
    flow.output = interface
    flow.mark = socketBuffer.contextField(SocketBuffer.Field.mark)
    flow.service = header.load(fromByteOffset: 1, as: UInt8.self) & 0xfc
    flow.transport = header.load(fromByteOffset: 9, as: UInt8.self)
    // Without a route, who is asked for is taken to be on the link of the device (ip_route_output_key_hash_rcu).
    guard case .found(let entry, let hop) = routing.lookup4(flow) else { return destination }
    guard [.unicast, .local].contains(routing.entries[entry].route.kind) else { return nil }
    let hops = routing.entries[entry].route.hops
    let chosen = routing.selectHop4(entry, hop, flow)
    return hops.indices.contains(chosen) ? hops[chosen].gateway ?? destination : destination
  }

  private func nextHop6(_ header: UnsafeMutableRawPointer, on interface: UInt32) -> IPAddress? {
    switch redirectHop {
    // An IPv6 packet goes to an IPv6 neighbour.
    case .address(let address): return address.isIPv6 ? address : nil
    case .invalid: return nil
    case .route: break
    }
    let destination = IPAddress(loading: header + 24, isIPv6: true)
    var flow = Routing.Flow(source: IPAddress(loading: header + 8, isIPv6: true), destination: destination)
    flow.output = interface
    flow.mark = socketBuffer.contextField(SocketBuffer.Field.mark)
    flow.flowInformation = header.load(as: UInt32.self).bigEndian & 0x0fff_ffff
    flow.transport = header.load(fromByteOffset: 6, as: UInt8.self)
    guard case .found(let entry, _) = routing.lookup6(flow, preferred: interface) else { return nil }
    let chosen = routing.entries[routing.selectEntry6(entry, flow)].route
    guard [.unicast, .local].contains(chosen.kind), let hop = chosen.hops.first else { return nil }
    return hop.gateway ?? destination
  }
}
