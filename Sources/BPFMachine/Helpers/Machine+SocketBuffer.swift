#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers of TC programs on the bytes of the skb (net/core/filter.c).
extension Machine {
  private func word(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: registers[index]) }
  private func signedWord(_ index: Int) -> Int { Int(Int32(truncatingIfNeeded: registers[index])) }

  /// Gives what a change of the skb came to, and makes its pointers anew.
  private func adjusted(_ result: Int32) -> Sequel {
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
    case 17, 24, 46: give(0)
    case 18: pushVLAN()
    case 19: adjusted(socketBuffer.popTag())
    case 20: tunnelKey()
    case 21: setTunnelKey()
    case 23: redirectSocketBuffer()
    case 26: loadBytes()
    case 31:
      adjusted(socketBuffer.changeProtocol(UInt16(truncatingIfNeeded: registers[2]).byteSwapped, flags: registers[3]))
    case 32: changeType()
    case 34: recalculateHash()
    case 38: adjusted(socketBuffer.changeTail(Int(word(2)), flags: registers[3]))
    case 39: pullData()
    case 40: updateChecksum()
    case 41: setHash(0)
    case 43: adjusted(socketBuffer.changeHead(signedWord(2), flags: registers[3]))
    case 44, 51, 54, 65, 188, 189, 190: trap(.unknownHelper(id))
    case 47: give(65534)
    case 48: setHash(word(2))
    case 50: adjusted(socketBuffer.adjustRoom(signedWord(2), mode: word(3), flags: registers[4]))
    case 68: loadBytesRelative()
    case 152: redirectNeighbour()
    case 155: redirectPeer()
    default: nil
    }
  }

  /// Writes `size` bytes to a field of the context that TC programs may write.
  func storeContext(_ address: UInt64, _ value: UInt64, _ size: Int) -> Bool {
    let offset = address &- PacketBuffer.contextAddress
    guard state.pointee.runsOnSocketBuffer, offset < UInt64(SocketBuffer.contextSize),
      SocketBuffer.Field.isWritable(Int(offset), size)
    else { return false }
    withUnsafeBytes(of: value.littleEndian) { bytes in
      for index in 0..<size { socketBuffer.contextBytes[Int(offset) + index] = bytes[index] }
    }
    return true
  }

  // MARK: Bytes

  /// `bpf_skb_load_bytes(skb, offset, to, len)`; zeroes `to` on failure.
  private func loadBytes() -> Sequel { copyOut(from: Int(word(2)), 26) }

  private func copyOut(from offset: Int, _ helper: Int32) -> Sequel {
    let count = Int(word(4))
    guard let target = memory.write(registers[3], count) else { return refuse(helper, argument: 3) }
    guard offset <= Int(Int32.max), offset + count <= socketBuffer.count else {
      memset(target, 0, count)
      return give(errno: -EFAULT)
    }
    memcpy(target, socketBuffer.bytes + offset, count)
    return give(0)
  }

  /// `bpf_skb_load_bytes_relative(skb, offset, to, len, start_header)`.
  private func loadBytesRelative() -> Sequel {
    let count = Int(word(4))
    guard let target = memory.write(registers[3], count) else { return refuse(68, argument: 3) }
    let start: Int
    switch word(5) {
    case 0: start = 0
    case 1: start = socketBuffer.fields.pointee.networkOffset
    default:
      memset(target, 0, count)
      return give(errno: -EFAULT)
    }
    let offset = Int(word(2))
    guard offset <= 0xffff, start + offset + count <= socketBuffer.count else {
      memset(target, 0, count)
      return give(errno: -EFAULT)
    }
    memcpy(target, socketBuffer.bytes + start + offset, count)
    return give(0)
  }

  /// `bpf_skb_store_bytes(skb, offset, from, len, flags)`.
  private func storeBytes() -> Sequel {
    let offset = Int(word(2))
    let count = Int(word(4))
    guard let source = memory.read(registers[3], count) else { return refuse(9, argument: 3) }
    guard registers[5] & ~3 == 0 else { return give(errno: -EINVAL) }
    guard offset <= Int(Int32.max), socketBuffer.pull(offset + count) == 0 else { return give(errno: -EFAULT) }
    memmove(socketBuffer.bytes + offset, source, count)
    if registers[5] & 2 != 0 { socketBuffer.fields.pointee.hash = 0 }
    return adjusted(0)
  }

  /// `bpf_skb_pull_data(skb, len)`: 0 stands for what is linear already.
  private func pullData() -> Sequel {
    let count = Int(word(2))
    return adjusted(socketBuffer.pull(count == 0 ? socketBuffer.fields.pointee.linear : count))
  }

  // MARK: Checksums

  /// The 16-bit field at `offset`, made linear; nil when the kernel answers EFAULT.
  private func checksumField(_ offset: Int) -> UnsafeMutableRawPointer? {
    guard offset <= 0xffff, offset & 1 == 0, socketBuffer.pull(offset + 2) == 0 else { return nil }
    return socketBuffer.bytes + offset
  }

  /// `bpf_l3_csum_replace(skb, offset, from, to, flags)`.
  private func replaceNetworkChecksum() -> Sequel {
    guard registers[5] & ~0xf == 0 else { return give(errno: -EINVAL) }
    guard let field = checksumField(Int(word(2))) else { return give(errno: -EFAULT) }
    guard replace(field, size: registers[5] & 0xf) else { return give(errno: -EINVAL) }
    return adjusted(0)
  }

  /// `bpf_l4_csum_replace(skb, offset, from, to, flags)`.
  private func replaceTransportChecksum() -> Sequel {
    let flags = registers[5]
    let keepsZero = flags & 0x20 != 0
    guard flags & ~0xff == 0 else { return give(errno: -EINVAL) }
    guard let field = checksumField(Int(word(2))) else { return give(errno: -EFAULT) }
    if keepsZero, flags & 0x40 == 0, field.loadUnaligned(as: UInt16.self) == 0 { return adjusted(0) }
    guard replace(field, size: flags & 0xf) else { return give(errno: -EINVAL) }
    if keepsZero, field.loadUnaligned(as: UInt16.self) == 0 { field.storeBytes(of: 0xffff, as: UInt16.self) }
    return adjusted(0)
  }

  /// Replaces r3 by r4 in the sum at `field`: by difference (size 0), 2 or 4 bytes; false when the kernel answers EINVAL.
  private func replace(_ field: UnsafeMutableRawPointer, size: UInt64) -> Bool {
    let old = UInt32(field.loadUnaligned(as: UInt16.self))
    let from = word(3)
    let to = word(4)
    let sum: UInt32
    switch size {
    case 0:
      guard registers[3] == 0 else { return false }
      sum = InternetChecksum.add(to, ~old)
    case 2: sum = InternetChecksum.add(InternetChecksum.add(~old & 0xffff, ~from & 0xffff), to & 0xffff)
    case 4: sum = InternetChecksum.add(InternetChecksum.add(~old, ~from), to)
    default: return false
    }
    field.storeBytes(of: ~InternetChecksum.fold(sum), as: UInt16.self)
    return true
  }

  /// `bpf_csum_update(skb, csum)`: only where the device gave a sum over the frame.
  private func updateChecksum() -> Sequel {
    guard case .complete(let sum) = socketBuffer.fields.pointee.checksum else {
      return give(errno: -SocketBuffer.notSupported)
    }
    let updated = InternetChecksum.add(sum, word(2))
    socketBuffer.fields.pointee.checksum = .complete(updated)
    return give(UInt64(updated))
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
    guard socketBuffer.fields.pointee.packetType <= 3, word(2) <= 3 else { return give(errno: -EINVAL) }
    socketBuffer.fields.pointee.packetType = word(2)
    return adjusted(0)
  }

  /// `bpf_set_hash` and `bpf_set_hash_invalid`.
  private func setHash(_ value: UInt32) -> Sequel {
    socketBuffer.fields.pointee.hash = value
    return adjusted(0)
  }

  /// `bpf_get_hash_recalc(skb)`. The kernel's hash is keyed with a random number; here it is FNV-1a, keyed with the seed,
  /// over what the kernel's flow dissector would take first: the addresses and ports of IPv4 and IPv6.
  private func recalculateHash() -> Sequel {
    if socketBuffer.fields.pointee.hash == 0 {
      let frame = socketBuffer.output
      let flow: Range<Int> =
        switch socketBuffer.fields.pointee.protocolNumber {
        case 0x0800 where frame.count >= 38: 26..<38
        case 0x86dd where frame.count >= 58: 22..<58
        default: 0..<min(14, frame.count)
        }
      let basis = UInt32(0x811c_9dc5) ^ UInt32(truncatingIfNeeded: configuration.seed &* 0x9e37_79b9)
      let hash = frame[flow].reduce(basis) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
      socketBuffer.fields.pointee.hash = hash == 0 ? 1 : hash
      socketBuffer.publish()
    }
    return give(UInt64(socketBuffer.fields.pointee.hash))
  }

  // MARK: Tunnels

  /// Sizes of `struct bpf_tunnel_key` that Linux has had.
  private static let tunnelKeySizes: Set<Int> = [8, 22, 24, 28, 44]

  /// `bpf_skb_set_tunnel_key(skb, key, size, flags)`.
  private func setTunnelKey() -> Sequel {
    let count = Int(word(3))
    guard let key = memory.read(registers[2], count) else { return refuse(21, argument: 2) }
    guard registers[4] & ~0x1f == 0, Machine.tunnelKeySizes.contains(count) else { return give(errno: -EINVAL) }
    var bytes = [UInt8](UnsafeRawBufferPointer(start: key, count: count))
    bytes += [UInt8](repeating: 0, count: 44 - count)
    let hasLabel = bytes[24..<28].contains { $0 != 0 }
    guard registers[4] & 1 != 0 || !hasLabel, bytes[22] == 0, bytes[23] == 0 else { return give(errno: -EINVAL) }
    socketBuffer.fields.pointee.tunnelKey = bytes
    return give(0)
  }

  /// `bpf_skb_get_tunnel_key(skb, key, size, flags)`: a frame of a capture came through no tunnel device.
  private func tunnelKey() -> Sequel {
    let count = Int(word(3))
    guard let key = memory.write(registers[2], count) else { return refuse(20, argument: 2) }
    memset(key, 0, count)
    return give(errno: -EINVAL)
  }

  // MARK: Redirects

  private static let redirectAction: UInt64 = 7
  private static let shot: UInt64 = 2

  /// `bpf_redirect(ifindex, flags)` in TC: only `BPF_F_INGRESS` may be set.
  private func redirectSocketBuffer() -> Sequel {
    guard registers[2] & ~1 == 0 else { return give(Machine.shot) }
    redirect = .interface(word(1), ingress: registers[2] & 1 != 0)
    return give(Machine.redirectAction)
  }

  /// `bpf_redirect_neigh(ifindex, params, plen, flags)`.
  private func redirectNeighbour() -> Sequel {
    guard registers[4] == 0, registers[3] == 0 || signedWord(3) >= 20 else { return give(Machine.shot) }
    redirect = .neighbour(word(1))
    return give(Machine.redirectAction)
  }

  /// `bpf_redirect_peer(ifindex, flags)`.
  private func redirectPeer() -> Sequel {
    guard registers[2] == 0 else { return give(Machine.shot) }
    redirect = .peer(word(1))
    return give(Machine.redirectAction)
  }

  /// `bpf_clone_redirect(skb, ifindex, flags)`: the copy is counted; ifindex 0 is no device.
  private func cloneRedirect() -> Sequel {
    guard registers[3] & ~1 == 0, word(2) != 0 else { return give(errno: -EINVAL) }
    clones += 1
    return adjusted(0)
  }
}
