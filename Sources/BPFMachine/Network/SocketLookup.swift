/// Finding a socket for a tuple of addresses and ports, as `__inet_lookup`, `__inet6_lookup`, `__udp4_lib_lookup` and
/// `__udp6_lib_lookup` do. The first socket of a group that shares a port stands for the group: which one the kernel takes goes
/// by a hash with a key of its own.
struct SocketLookup {
  /// A tuple, with the far end first: `struct bpf_sock_tuple`.
  struct Tuple {
    var source: NetworkModel.Socket.Endpoint
    var destination: NetworkModel.Socket.Endpoint
    /// ifindex of the device that the packet came by.
    var interface: UInt32

    var isIPv6: Bool { source.address.isIPv6 }
  }

  private let sockets: [NetworkModel.Socket]
  /// By transport and local port, in the order of the list.
  private let places: [Place: [Int]]

  private struct Place: Hashable {
    var transport: NetworkModel.Socket.Transport
    var port: UInt16
  }

  init(_ sockets: [NetworkModel.Socket]) {
    self.sockets = sockets
    places = Dictionary(grouping: sockets.indices) {
      Place(transport: sockets[$0].transport, port: sockets[$0].local.port)
    }
  }

  private func candidates(_ transport: NetworkModel.Socket.Transport, _ port: UInt16) -> [Int] {
    places[Place(transport: transport, port: port)] ?? []
  }

  /// The index of the socket that a packet of the tuple is for; nil when there is none.
  func find(_ transport: NetworkModel.Socket.Transport, _ tuple: Tuple, namespace: Int32?) -> Int? {
    switch transport {
    case .tcp: connection(tuple, namespace) ?? best(transport, tuple, namespace, scoreOfListener)
    case .udp: best(transport, tuple, namespace, scoreOfDatagrams)
    }
  }

  /// Whether a connection's port is one that is listened to: it was accepted.
  func hasListener(_ socket: NetworkModel.Socket) -> Bool {
    socket.remote != nil && candidates(.tcp, socket.local.port).contains { sockets[$0].state == .listen }
  }

  private func connection(_ tuple: Tuple, _ namespace: Int32?) -> Int? {
    candidates(.tcp, tuple.destination.port).first { index in
      let socket = sockets[index]
      guard socket.namespace == namespace, let remote = socket.remote else { return false }
      return socket.state != .listen && socket.state != .closed && socket.acceptsFrom(tuple.interface)
        && remote.port == tuple.source.port
        && Self.isSame(remote.address, tuple.source.address, socket)
        && Self.isSame(socket.local.address, tuple.destination.address, socket)
    }
  }

  /// A socket of IPv6 with mapped addresses is one of IPv4 to lookups.
  private static func isSame(_ own: IPAddress, _ wanted: IPAddress, _ socket: NetworkModel.Socket) -> Bool {
    if socket.isIPv6, own.mapped != nil { return own.mapped == wanted }
    return own == wanted
  }

  /// The one with the best score: bound to the very address first, to none after that.
  private func best(
    _ transport: NetworkModel.Socket.Transport, _ tuple: Tuple, _ namespace: Int32?,
    _ score: (NetworkModel.Socket, Tuple) -> Int?
  ) -> Int? {
    for local in [tuple.destination.address, .unspecified(isIPv6: tuple.isIPv6)] {
      var best: (index: Int, score: Int)?
      for index in candidates(transport, tuple.destination.port) {
        let socket = sockets[index]
        guard socket.namespace == namespace, socket.acceptsFrom(tuple.interface),
          socket.isBound(to: local), let score = score(socket, tuple), score > best?.score ?? -1
        else { continue }
        best = (index, score)
      }
      if let best { return best.index }
    }
    return nil
  }

  /// `compute_score` of net/ipv4/inet_hashtables.c and net/ipv6/inet6_hashtables.c.
  private func scoreOfListener(_ socket: NetworkModel.Socket, _ tuple: Tuple) -> Int? {
    guard socket.state == .listen else { return nil }
    return (socket.boundInterface != 0 ? 2 : 1) + (!tuple.isIPv6 && !socket.isIPv6 ? 1 : 0)
  }

  /// `compute_score` of net/ipv4/udp.c and net/ipv6/udp.c.
  private func scoreOfDatagrams(_ socket: NetworkModel.Socket, _ tuple: Tuple) -> Int? {
    var score = !tuple.isIPv6 ? (socket.isIPv6 ? 1 : 2) : 0
    if let remote = socket.remote {
      if !remote.address.isUnspecified {
        guard Self.isSame(remote.address, tuple.source.address, socket) else { return nil }
        score += 4
      }
      guard remote.port == 0 || remote.port == tuple.source.port else { return nil }
      score += remote.port == 0 ? 0 : 4
    }
    return score + (socket.boundInterface != 0 ? 4 : 0)
  }
}

extension NetworkModel.Socket {
  /// `inet_sk_bound_dev_eq`.
  fileprivate func acceptsFrom(_ interface: UInt32) -> Bool { boundInterface == 0 || boundInterface == interface }

  /// Whether `sk_rcv_saddr` (IPv4) or `sk_v6_rcv_saddr` is that address.
  fileprivate func isBound(to address: IPAddress) -> Bool {
    guard isIPv6, !address.isIPv6 else { return local.address == address }
    if isIPv6Only { return false }
    return local.address.mapped.map { $0 == address } ?? (local.address.isUnspecified && address.isUnspecified)
  }
}
