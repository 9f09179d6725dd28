#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers on sockets (net/core/filter.c), answered from ``NetworkModel/sockets``.
extension Machine {
  private static let tupleBytes4 = 12
  private static let tupleBytes6 = 36

  /// `bpf_sk_lookup_tcp(ctx, tuple, tuple_size, netns, flags)`, `bpf_sk_lookup_udp` and `bpf_skc_lookup_tcp`.
  func lookupSocket(_ helper: Int32) -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[3]))
    guard let bytes = memory.read(registers[2], count) else { return refuse(helper, argument: 2) }
    guard !sockets.isEmpty, count == Machine.tupleBytes4 || count == Machine.tupleBytes6 else { return give(0) }
    // XDP's helpers take 32 bits of the namespace.
    let namespace = state.pointee.runsOnSocketBuffer ? registers[4] : registers[4] & 0xffff_ffff
    let isOwn = Int32(truncatingIfNeeded: namespace) < 0
    guard registers[5] == 0, isOwn || namespace <= UInt64(Int32.max) else { return give(0) }
    let isIPv6 = count == Machine.tupleBytes6
    let size = isIPv6 ? 16 : 4
    func endpoint(_ index: Int) -> NetworkModel.Socket.Endpoint {
      NetworkModel.Socket.Endpoint(
        IPAddress(loading: bytes + index * size, isIPv6: isIPv6),
        port: bytes.loadUnaligned(fromByteOffset: 2 * size + 2 * index, as: UInt16.self).bigEndian)
    }
    let tuple = SocketLookup.Tuple(
      source: endpoint(0), destination: endpoint(1), interface: configuration.ingressInterface)
    let found = sockets.lookup.find(
      helper == 85 ? .udp : .tcp, tuple, namespace: isOwn ? nil : Int32(truncatingIfNeeded: namespace))
    guard var index = found else { return give(0) }
    if helper != 99, !sockets.sockets[index].state.isFull {
      // A request stands for its listener (sk_to_full_sk).
      guard sockets.sockets[index].state == .newSynReceived, let listener = listener(of: index) else { return give(0) }
      index = listener
    }
    sockets.hold(index)
    state.pointee.hasLeftovers = true
    return give(sockets.address(index))
  }

  /// `rsk_listener` of a request.
  private func listener(of request: Int) -> Int? {
    let local = sockets.sockets[request].local
    return sockets.sockets.firstIndex {
      $0.state == .listen && $0.local.port == local.port
        && ($0.local.address == local.address || $0.local.address.isUnspecified)
    }
  }

  /// The socket that an argument points to; nil when it points to none.
  func socket(argument: Int) -> Int? { sockets.index(registers[argument]) }

  private func withSocket(_ helper: Int32, argument: Int = 1, _ body: (Int) -> Sequel) -> Sequel {
    socket(argument: argument).map(body) ?? refuse(helper, argument: argument)
  }

  /// `bpf_sk_release(sock)`.
  func releaseSocket() -> Sequel {
    withSocket(86) { sockets.release($0) ? give(0) : refuse(86, argument: 1) }
  }

  /// `bpf_sk_fullsock(sk)`.
  func fullSocket() -> Sequel {
    withSocket(95) { give(sockets.sockets[$0].state.isFull ? sockets.address($0) : 0) }
  }

  /// `bpf_tcp_sock(sk)`.
  func transmissionSocket() -> Sequel {
    withSocket(96) { index in
      let socket = sockets.sockets[index]
      return give(socket.transport == .tcp && socket.state.isFull ? sockets.transmissionAddress(index) : 0)
    }
  }

  /// `bpf_get_listener_sock(sk)`.
  func listeningSocket() -> Sequel {
    withSocket(98) { index in
      let full = sockets.sockets[index].state == .newSynReceived ? listener(of: index) : index
      guard let full, sockets.sockets[full].state == .listen else { return give(0) }
      return give(sockets.address(full))
    }
  }

  /// `bpf_skc_to_tcp6_sock(sk)` and its like: the socket itself where it is of that kind, with the members that all
  /// have in common.
  func castSocket(_ helper: Int32) -> Sequel {
    withSocket(helper) { index in
      let socket = sockets.sockets[index]
      let fits =
        switch helper {
        case 136: socket.transport == .tcp && socket.state.isFull && socket.isIPv6
        case 137: socket.transport == .tcp && socket.state.isFull
        case 138: socket.transport == .tcp && socket.state == .timeWait
        case 139: socket.transport == .tcp && socket.state == .newSynReceived
        case 140: socket.transport == .udp && socket.isIPv6
        default: false
        }
      return give(fits ? sockets.kernelAddress(index) : 0)
    }
  }

  /// `bpf_rdonly_cast(obj, btf_id)`: a socket as the kernel's own structures have it, anything else as it is.
  func castReadOnly() -> Sequel { give(socket(argument: 1).map(sockets.kernelAddress) ?? registers[1]) }

  /// `bpf_sk_assign(skb, sk, flags)` in TC.
  func assignSocket() -> Sequel {
    guard registers[2] != 0 else { return give(errno: -EINVAL) }
    return withSocket(124, argument: 2) { index in
      guard registers[3] == 0 else { return give(errno: -EINVAL) }
      guard socketBuffer.beside.isAtIngress else { return give(errno: -EOPNOTSUPP) }
      guard sockets.sockets[index].namespace == nil else { return give(errno: -ENETUNREACH) }
      socketBuffer.beside.socket = sockets.address(index)
      return give(0)
    }
  }

  // MARK: Storage

  /// `BPF_SK_STORAGE_GET_F_CREATE`.
  private static let creates: UInt64 = 1

  /// `bpf_sk_storage_get(map, sk, value, flags)`: the socket's value, made when it is asked for.
  func getSocketStorage() -> Sequel {
    withMap(107, where: { $0 == .skStorage }) { map in
      guard registers[2] != 0, registers[4] <= Machine.creates else { return give(0) }
      return withSocket(107, argument: 2) { index in
        if let address = sockets.storage(map.index, index) { return give(address) }
        guard registers[4] == Machine.creates else { return give(0) }
        var initial: UnsafeMutableRawPointer?
        if registers[3] != 0 {
          initial = memory.read(registers[3], map.valueSize)
          guard initial != nil else { return refuse(107, argument: 3) }
        }
        return give(sockets.makeStorage(map.index, index, count: map.valueSize, initial: initial, memory) ?? 0)
      }
    }
  }

  /// `bpf_sk_storage_delete(map, sk)`.
  func deleteSocketStorage() -> Sequel {
    withMap(108, where: { $0 == .skStorage }) { map in
      guard registers[2] != 0 else { return give(errno: -EINVAL) }
      return withSocket(108, argument: 2) { give(errno: sockets.deleteStorage(map.index, $0) ? 0 : -ENOENT) }
    }
  }

  // MARK: The socket of an skb

  /// Sets the socket that a frame comes with: BPF_PROG_TEST_RUN makes one for each, and what this machine sends is of the socket
  /// that has its addresses.
  func findOwner() {
    switch configuration.socketBuffer.path {
    case .testRun:
      state.pointee.testRuns &+= 1
      socketBuffer.beside.socket = sockets.address(sockets.testRun)
      sockets.setTestRun(
        socketBuffer.output, linear: socketBuffer.beside.linear, protocolNumber: socketBuffer.protocolNumber)
    case .egress: socketBuffer.beside.socket = owner(of: socketBuffer.output).map(sockets.address) ?? 0
    case .ingress: break
    }
  }

  private func owner(of frame: UnsafeRawBufferPointer) -> Int? {
    guard let base = frame.baseAddress, frame.count >= 38 else { return nil }
    let isIPv6: Bool
    switch base.loadUnaligned(fromByteOffset: 12, as: UInt16.self).bigEndian {
    case 0x0800: isIPv6 = false
    case 0x86dd: isIPv6 = true
    default: return nil
    }
    let header = isIPv6 ? 40 : Int(frame[14] & 15) * 4
    guard header >= 20, frame.count >= 14 + header + 4 else { return nil }
    let transport: NetworkModel.Socket.Transport
    switch isIPv6 ? frame[20] : frame[23] {
    case 6: transport = .tcp
    case 17: transport = .udp
    default: return nil
    }
    let (near, far) = isIPv6 ? (22, 38) : (26, 30)
    func endpoint(_ address: Int, _ port: Int) -> NetworkModel.Socket.Endpoint {
      NetworkModel.Socket.Endpoint(
        IPAddress(loading: base + address, isIPv6: isIPv6),
        port: base.loadUnaligned(fromByteOffset: 14 + header + port, as: UInt16.self).bigEndian)
    }
    return sockets.lookup.find(
      transport,
      SocketLookup.Tuple(
        source: endpoint(far, 2), destination: endpoint(near, 0), interface: configuration.ingressInterface),
      namespace: nil)
  }

  // MARK: Requests

  /// `bpf_sk_assign_tcp_reqsk(skb, sk, attrs, attrs__sz)`: the skb gets a request of the listener's; here it gets the listener.
  func assignRequest() -> Sequel {
    guard let attributes = memory.read(registers[3], Int(UInt32(truncatingIfNeeded: registers[4]))) else {
      return refuse(kernelArgument: 3)
    }
    guard let index = socket(argument: 2) else { return refuse(kernelArgument: 2) }
    // struct bpf_tcp_req_attrs: two time stamps, the segment size at 8, window scales at 10 and 11, flags, three reserved bytes.
    guard UInt32(truncatingIfNeeded: registers[4]) == 20, state.pointee.runsOnSocketBuffer,
      (17..<20).allSatisfy({ attributes.load(fromByteOffset: $0, as: UInt8.self) == 0 }),
      socketBuffer.beside.isAtIngress
    else { return give(code: -EINVAL) }
    let socket = sockets.sockets[index]
    guard socket.namespace == nil else { return give(code: -ENETUNREACH) }
    let smallest: UInt16
    switch socketBuffer.protocolNumber {
    case SocketBuffer.ipv4: smallest = 536
    case SocketBuffer.ipv6: smallest = 1220
    default: return give(code: -EINVAL)
    }
    let scales = (
      attributes.load(fromByteOffset: 10, as: UInt8.self), attributes.load(fromByteOffset: 11, as: UInt8.self)
    )
    let isScaled = attributes.load(fromByteOffset: 13, as: UInt8.self) != 0
    guard socket.transport == .tcp, socket.state == .listen,
      attributes.loadUnaligned(fromByteOffset: 8, as: UInt16.self) >= smallest,
      !isScaled || scales.0 <= 14 && scales.1 <= 14
    else { return give(code: -EINVAL) }
    socketBuffer.beside.socket = sockets.address(index)
    return give(0)
  }
}
