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
    guard !sockets.sockets.isEmpty, count == Machine.tupleBytes4 || count == Machine.tupleBytes6 else { return give(0) }
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

  /// `bpf_skc_to_tcp6_sock(sk)` and its like: the socket itself where it is of that kind. What lies behind it is not simulated,
  /// but for the members of `struct bpf_sock`'s size.
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
      return give(fits ? sockets.address(index) : 0)
    }
  }

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
}
