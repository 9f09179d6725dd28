#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers of TC programs that send the frame elsewhere or say through which tunnel (net/core/filter.c).
extension Machine {
  private static let redirectAction: UInt64 = 7
  private static let shot: UInt64 = 2

  /// `bpf_redirect(ifindex, flags)` in TC: only `BPF_F_INGRESS` may be set.
  func redirectSocketBuffer() -> Sequel {
    guard registers[2] & ~1 == 0 else { return give(Machine.shot) }
    redirect = .interface(word(1), ingress: registers[2] & 1 != 0)
    return give(Machine.redirectAction)
  }

  /// `bpf_redirect_neigh(ifindex, params, plen, flags)`.
  func redirectNeighbour() -> Sequel {
    let count = signedWord(3)
    guard registers[4] == 0, registers[3] == 0 || count >= RedirectHop.byteCount else { return give(Machine.shot) }
    redirectHop = .route
    if count > 0 {
      guard let hop = memory.read(registers[2], count) else { return refuse(152, argument: 2) }
      redirectHop = RedirectHop(loading: hop)
    }
    redirect = .neighbour(word(1))
    return give(Machine.redirectAction)
  }

  /// `bpf_redirect_peer(ifindex, flags)`.
  func redirectPeer() -> Sequel {
    guard registers[2] == 0 else { return give(Machine.shot) }
    redirect = .peer(word(1))
    return give(Machine.redirectAction)
  }

  /// `bpf_clone_redirect(skb, ifindex, flags)`: a copy leaves at once. Uncloning the frame afterwards costs its metadata.
  func cloneRedirect() -> Sequel {
    guard registers[3] & ~1 == 0, routing.device(word(2)) != nil else { return give(errno: -EINVAL) }
    state.pointee.hasCopies = true
    copies.append(
      SocketBufferCopy(
        interface: word(2), isIngress: registers[3] & 1 != 0, bytes: Array(socketBuffer.output),
        tag: socketBuffer.tag))
    if keepsClones {
      state.pointee.hasClones = true
      sentClones.append(
        SentClone(socketBuffer: socketBuffer.save(), interface: word(2), intoDevice: registers[3] & 1 != 0))
    }
    socketBuffer.beside.metadata = 0
    return adjusted(0)
  }

  // MARK: Tunnels

  /// `bpf_skb_set_tunnel_key(skb, key, size, flags)`.
  func setTunnelKey() -> Sequel {
    let count = Int(word(3))
    guard let key = memory.read(registers[2], count) else { return refuse(21, argument: 2) }
    return give(errno: socketBuffer.setTunnelKey(key, count, flags: registers[4]) ? 0 : -EINVAL)
  }

  /// `bpf_skb_get_tunnel_key(skb, key, size, flags)`.
  func tunnelKey() -> Sequel {
    let count = Int(word(3))
    guard let key = memory.write(registers[2], count) else { return refuse(20, argument: 2) }
    switch socketBuffer.tunnelKey(into: key, count, flags: registers[4]) {
    case .given: return give(0)
    case .invalid: return give(errno: -EINVAL)
    case .wrongFamily: return give(errno: -Machine.protocolError)
    }
  }

  private static let protocolError: Int32 = 71
  /// `IP_TUNNEL_OPTS_MAX`.
  private static let tunnelOptionsLimit = 255

  /// `bpf_skb_set_tunnel_opt(skb, opt, size)`: only behind a key that a program has set.
  func setTunnelOptions() -> Sequel {
    let count = Int(word(3))
    guard let options = memory.read(registers[2], count) else { return refuse(30, argument: 2) }
    guard socketBuffer.beside.tunnel.isOwn, count & 3 == 0 else { return give(errno: -EINVAL) }
    guard count <= Machine.tunnelOptionsLimit else { return give(errno: -ENOMEM) }
    memcpy(socketBuffer.fields.pointee.options, options, count)
    socketBuffer.beside.tunnel.optionsCount = count
    socketBuffer.beside.tunnel.flags |= SocketBuffer.Flag.options
    return give(0)
  }

  /// `bpf_skb_get_tunnel_opt(skb, opt, size)`.
  func tunnelOptions() -> Sequel {
    let count = Int(word(3))
    guard let target = memory.write(registers[2], count) else { return refuse(29, argument: 2) }
    memset(target, 0, count)
    let tunnel = socketBuffer.beside.tunnel
    guard tunnel.isPresent, tunnel.flags & SocketBuffer.Flag.options != 0 else { return give(errno: -ENOENT) }
    guard count >= tunnel.optionsCount else { return give(errno: -ENOMEM) }
    memcpy(target, socketBuffer.fields.pointee.options, tunnel.optionsCount)
    return give(UInt64(tunnel.optionsCount))
  }
}

/// What `bpf_clone_redirect` sent.
package struct SocketBufferCopy: Hashable, Sendable {
  /// ifindex of the device that it went to.
  package var interface: UInt32
  /// Into the device's receive path, instead of out of it.
  package var isIngress: Bool
  package var bytes: [UInt8]
  package var tag: VLANTag?
}
