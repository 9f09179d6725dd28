#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers of TC programs on the skb (net/core/filter.c).
extension Machine {
  /// An argument as `u32`, and as `int`.
  func word(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: registers[index]) }
  func signedWord(_ index: Int) -> Int { Int(Int32(truncatingIfNeeded: registers[index])) }

  /// Gives what a change of the skb came to, and makes its pointers anew.
  func adjusted(_ result: Int32) -> Sequel {
    socketBuffer.publish()
    return give(errno: result)
  }

  /// The TC form of a helper; nil when helper `id` is the same for XDP or not for skbs.
  func callSocketBufferHelper(_ id: Int32) -> Sequel? {
    switch id {
    case 9: storeBytes()
    case 10: replaceNetworkChecksum()
    case 11: replaceTransportChecksum()
    case 13: cloneRedirect()
    case 24: give(0)
    case 18: pushVLAN()
    case 19: adjusted(socketBuffer.popTag())
    case 20: tunnelKey()
    case 21: setTunnelKey()
    case 23: redirectSocketBuffer()
    case 26: loadBytes()
    case 29: tunnelOptions()
    case 30: setTunnelOptions()
    case 31:
      adjusted(socketBuffer.changeProtocol(UInt16(truncatingIfNeeded: registers[2]).byteSwapped, flags: registers[3]))
    case 32: changeType()
    case 34: recalculateHash()
    case 38: adjusted(socketBuffer.changeTail(Int(word(2)), flags: registers[3]))
    case 39: pullData()
    case 40: updateChecksum()
    case 41: invalidateHash()
    case 43: adjusted(socketBuffer.changeHead(Int(word(2)), flags: registers[3]))
    case 44, 51, 54, 65, 188, 189, 190: trap(.unknownHelper(id))
    case 33: isSocketUnderCgroup()
    case 46: give(socketCookie())
    case 47: give(socketUser())
    case 48: setHash()
    case 50: adjusted(socketBuffer.adjustRoom(signedWord(2), mode: word(3), flags: registers[4]))
    case 66: transformState()
    case 68: loadBytesRelative()
    case 79: socketCgroupIdentifier()
    case 83: socketAncestorCgroup()
    case 95: fullSocket()
    case 96: transmissionSocket()
    case 97: markCongestion()
    case 98: listeningSocket()
    case 107: getSocketStorage()
    case 108: deleteSocketStorage()
    case 124: assignSocket()
    case 135: changeChecksumLevel()
    case 151: socketClassIdentifier()
    case 152: redirectNeighbour()
    case 155: redirectPeer()
    case 192: setTimestamp()
    default: nil
    }
  }

  // MARK: The context

  /// The offset in the context that an address is; nil when it is no address of an skb's context.
  private func contextOffset(_ address: UInt64) -> Int? {
    guard state.pointee.runsOnSocketBuffer, address >> 32 == UInt64(GuestMemory.contextRegion) else { return nil }
    return Int(address & 0xffff_ffff)
  }

  /// Reads a field of the context that takes more than a read of memory; nil where TC programs may not.
  func loadContext(_ address: UInt64, _ size: Int) -> UInt64? {
    guard let offset = contextOffset(address) else { return nil }
    return socketBuffer.read(offset, size, seesTimestampType: seesTimestampType)
  }

  /// Writes a field of the context that TC programs may write.
  ///
  /// - Parameter isImmediate: the instruction holds the value.
  func storeContext(_ address: UInt64, _ value: UInt64, _ size: Int, isImmediate: Bool) -> Bool {
    // A store to a page of an arena that is not there is lost.
    if isInArena(address) { return true }
    guard let offset = contextOffset(address) else { return false }
    return socketBuffer.write(
      offset, size, value, isImmediate: isImmediate, seesTimestampType: seesTimestampType)
  }

  /// `tstamp_type_access` of the program that runs.
  private var seesTimestampType: Bool {
    programs.indices.contains(state.pointee.currentProgram) && programs[state.pointee.currentProgram].readsTimestampType
  }

  // MARK: Fields

  /// `bpf_skb_vlan_push(skb, proto, tci)`: anything but 802.1ad is 802.1Q.
  private func pushVLAN() -> Sequel {
    let number = UInt16(truncatingIfNeeded: registers[2]).byteSwapped
    let tag = VLANTag(
      protocolNumber: number == 0x88a8 ? number : 0x8100, control: UInt16(truncatingIfNeeded: registers[3]))
    return adjusted(socketBuffer.pushTag(tag))
  }

  /// `bpf_skb_change_type(skb, type)`: among HOST, BROADCAST, MULTICAST and OTHERHOST.
  private func changeType() -> Sequel {
    guard socketBuffer.contextField(SocketBuffer.Field.packetType) <= 3, word(2) <= 3 else {
      return give(errno: -EINVAL)
    }
    socketBuffer.store(SocketBuffer.Field.packetType, word(2))
    return give(0)
  }

  /// `bpf_set_hash(skb, hash)`.
  private func setHash() -> Sequel {
    socketBuffer.store(SocketBuffer.Field.hash, word(2))
    socketBuffer.beside.hasHash = true
    return give(0)
  }

  /// `bpf_set_hash_invalid(skb)`.
  private func invalidateHash() -> Sequel {
    socketBuffer.clearHash()
    return give(0)
  }

  /// `bpf_get_hash_recalc(skb)`. Its key is a random number; where all of those are one constant, the hash is it too.
  private func recalculateHash() -> Sequel {
    if !socketBuffer.beside.hasHash {
      let constant = random.constant.map { max($0, 1) }
      socketBuffer.store(
        SocketBuffer.Field.hash, constant ?? FlowKeys(socketBuffer).hash(seed: configuration.seed))
      socketBuffer.beside.hasHash = true
    }
    return give(UInt64(socketBuffer.contextField(SocketBuffer.Field.hash)))
  }

  /// `bpf_skb_set_tstamp(skb, tstamp, type)`.
  private func setTimestamp() -> Sequel {
    let number = socketBuffer.protocolNumber
    guard number == SocketBuffer.ipv4 || number == SocketBuffer.ipv6 else { return give(errno: -EOPNOTSUPP) }
    guard word(3) <= 2, word(3) == 0 || registers[2] != 0 else { return give(errno: -EINVAL) }
    socketBuffer.timestamp = registers[2]
    socketBuffer.timestampType = UInt8(word(3))
    return give(0)
  }

  /// `bpf_get_socket_cookie(skb)`: 0 without a socket. The kernel numbers the sockets of BPF_PROG_TEST_RUN on.
  private func socketCookie() -> UInt64 {
    guard let index = sockets.index(socketBuffer.beside.socket) else { return 0 }
    guard index == sockets.testRun else { return sockets.cookie(index) }
    var random = RandomState(seed: configuration.seed)
    return UInt64(random.next()) &+ state.pointee.testRuns
  }

  /// `bpf_get_socket_uid(skb)`: without a socket, or with the rest of one, it is `overflowuid`.
  private func socketUser() -> UInt64 {
    guard let index = sockets.index(socketBuffer.beside.socket), sockets.sockets[index].state.isFull else {
      return 65534
    }
    return UInt64(sockets.sockets[index].user)
  }

  /// `bpf_skb_get_xfrm_state(skb, index, state, size, flags)`: a frame of a capture came through no IPsec policy.
  private func transformState() -> Sequel {
    let count = Int(word(4))
    guard let target = memory.write(registers[3], count) else { return refuse(66, argument: 3) }
    memset(target, 0, count)
    return give(errno: -EINVAL)
  }
}
