#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the skb helpers do to the bytes (net/core/filter.c, net/core/skbuff.c). Each returns 0 or `-errno`.
extension SocketBuffer {
  /// errno 524, which only the kernel has: the operation is not supported.
  static let notSupported: Int32 = 524
  private static let ipv4: UInt16 = 0x0800
  private static let ipv6: UInt16 = 0x86dd

  /// `skb_ensure_writable`: makes the first `count` bytes linear.
  func pull(_ count: Int) -> Int32 {
    guard count <= fields.pointee.length else { return -ENOMEM }
    fields.pointee.linear = max(fields.pointee.linear, count)
    return 0
  }

  /// `bpf_skb_net_hdr_push`: `count` zero bytes after the first `offset`.
  func insert(_ count: Int, at offset: Int) -> Int32 {
    if fields.pointee.data < count {
      guard move(to: 256 + count) else { return -ENOMEM }
    }
    let old = bytes
    fields.pointee.data -= count
    fields.pointee.length += count
    fields.pointee.linear += count
    memmove(bytes, old, offset)
    memset(bytes + offset, 0, count)
    return 0
  }

  /// `bpf_skb_net_hdr_pop`: takes `count` bytes out after the first `offset`.
  func remove(_ count: Int, at offset: Int) -> Int32 {
    guard offset + count <= fields.pointee.length else { return -ENOMEM }
    fields.pointee.linear = max(fields.pointee.linear, offset + count)
    memmove(bytes + count, bytes, offset)
    fields.pointee.data += count
    fields.pointee.length -= count
    fields.pointee.linear -= count
    return 0
  }

  /// Puts the data elsewhere in the buffer.
  private func move(to start: Int) -> Bool {
    let length = fields.pointee.length
    guard (try? reserve(start + length)) != nil else { return false }
    memmove(fields.pointee.host + start, bytes, length)
    fields.pointee.data = start
    return true
  }

  /// `__bpf_skb_change_head`.
  func changeHead(_ room: Int, flags: UInt64) -> Int32 {
    guard flags == 0, room >= 0, fields.pointee.length + room <= SocketBuffer.maximumLength else { return -EINVAL }
    let result = insert(room, at: 0)
    guard result == 0 else { return result }
    // The MAC header is reset to the new start; the network header stays where it is.
    fields.pointee.networkOffset += room
    if fields.pointee.transportOffset >= 0 { fields.pointee.transportOffset += room }
    return 0
  }

  /// `__bpf_skb_change_tail`: grows with zeroes, or trims.
  func changeTail(_ length: Int, flags: UInt64) -> Int32 {
    var minimum = max(0, fields.pointee.networkOffset)
    if fields.pointee.transportOffset > 0 { minimum = fields.pointee.transportOffset }
    guard flags == 0, length <= SocketBuffer.maximumLength, length >= minimum else { return -EINVAL }
    guard !fields.pointee.isEncapsulated else { return -SocketBuffer.notSupported }
    let old = fields.pointee.length
    if length > old {
      guard (try? reserve(fields.pointee.data + length)) != nil else { return -ENOMEM }
      memset(bytes + old, 0, length - old)
    }
    fields.pointee.length = length
    fields.pointee.linear = length
    return 0
  }

  /// `bpf_skb_change_proto`: IPv4 to IPv6 or back, by making room or taking it; headers are the program's to write.
  func changeProtocol(_ number: UInt16, flags: UInt64) -> Int32 {
    guard flags == 0 else { return -EINVAL }
    let result: Int32
    switch (fields.pointee.protocolNumber, number) {
    case (SocketBuffer.ipv4, SocketBuffer.ipv6): result = insert(20, at: fields.pointee.networkOffset)
    case (SocketBuffer.ipv6, SocketBuffer.ipv4): result = remove(20, at: fields.pointee.networkOffset)
    default: return -SocketBuffer.notSupported
    }
    guard result == 0 else { return result }
    fields.pointee.protocolNumber = number
    fields.pointee.hash = 0
    return 0
  }

  // MARK: VLAN

  /// `skb_vlan_push`: the tag goes beside the frame; one that was there goes into it.
  func pushTag(_ tag: VLANTag) -> Int32 {
    if let old = fields.pointee.tag {
      let result = insert(4, at: 12)
      guard result == 0 else { return result }
      bytes.storeBytes(of: old.protocolNumber.bigEndian, toByteOffset: 12, as: UInt16.self)
      bytes.storeBytes(of: old.control.bigEndian, toByteOffset: 14, as: UInt16.self)
      fields.pointee.protocolNumber = old.protocolNumber
    }
    fields.pointee.tag = tag
    return 0
  }

  /// `skb_vlan_pop`: drops the tag beside the frame, or the frame's first; the next one comes beside the frame.
  func popTag() -> Int32 {
    if fields.pointee.tag != nil {
      fields.pointee.tag = nil
    } else {
      guard isTag(fields.pointee.protocolNumber) else { return 0 }
      guard takeInnerTag() != nil else { return -ENOMEM }
    }
    guard isTag(fields.pointee.protocolNumber) else { return 0 }
    let number = fields.pointee.protocolNumber
    guard let control = takeInnerTag() else { return -ENOMEM }
    fields.pointee.tag = VLANTag(protocolNumber: number, control: control)
    return 0
  }

  /// Moves the frame's outer tag beside it, as a device with VLAN offload does.
  func takeTag() {
    guard isTag(fields.pointee.protocolNumber) else { return }
    let number = fields.pointee.protocolNumber
    guard let control = takeInnerTag() else { return }
    fields.pointee.tag = VLANTag(protocolNumber: number, control: control)
  }

  private func isTag(_ number: UInt16) -> Bool { number == 0x8100 || number == 0x88a8 }

  /// `__skb_vlan_pop`: takes the first tag out of the frame; nil when the frame is too short.
  private func takeInnerTag() -> UInt16? {
    guard fields.pointee.length >= 18 else { return nil }
    let control = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
    let inner = ethernetProtocol(at: 16)
    guard remove(4, at: 12) == 0 else { return nil }
    fields.pointee.protocolNumber = inner
    return control
  }

  // MARK: Room for headers

  /// Flags of `bpf_skb_adjust_room` (linux/bpf.h).
  private enum Room {
    static let fixedGSO: UInt64 = 1 << 0
    static let outerIPv4: UInt64 = 1 << 1
    static let outerIPv6: UInt64 = 1 << 2
    static let gre: UInt64 = 1 << 3
    static let udp: UInt64 = 1 << 4
    static let keepChecksum: UInt64 = 1 << 5
    static let innerEthernet: UInt64 = 1 << 6
    static let innerIPv4: UInt64 = 1 << 7
    static let innerIPv6: UInt64 = 1 << 8
    static let all: UInt64 = 0x1ff | 0xff << 56
  }

  private func baseLength(_ number: UInt16) -> Int {
    switch number {
    case SocketBuffer.ipv4: 20
    case SocketBuffer.ipv6: 40
    default: .max
    }
  }

  /// `bpf_skb_adjust_room(skb, len_diff, mode, flags)`.
  func adjustRoom(_ difference: Int, mode: UInt32, flags: UInt64) -> Int32 {
    let amount = abs(difference)
    let isShrinking = difference < 0
    let number = fields.pointee.protocolNumber
    guard flags & ~Room.all == 0 else { return -EINVAL }
    guard amount <= 0xfff else { return -EFAULT }
    guard number == SocketBuffer.ipv4 || number == SocketBuffer.ipv6 else { return -SocketBuffer.notSupported }
    var minimum = baseLength(number)
    var offset = fields.pointee.networkOffset
    switch mode {
    case 0: offset += baseLength(number)
    case 1: break
    default: return -SocketBuffer.notSupported
    }
    if flags & (Room.innerIPv4 | Room.innerIPv6) != 0 {
      guard isShrinking else { return -EINVAL }
      switch flags & (Room.innerIPv4 | Room.innerIPv6) {
      case Room.innerIPv4: minimum = 20
      case Room.innerIPv6: minimum = 40
      default: return -EINVAL
      }
    }
    let current = fields.pointee.length - fields.pointee.networkOffset
    if isShrinking {
      guard amount < current, current - amount >= minimum else { return -SocketBuffer.notSupported }
    } else {
      guard fields.pointee.length + amount <= SocketBuffer.maximumLength else { return -SocketBuffer.notSupported }
    }
    let result =
      isShrinking ? shrink(amount, at: offset, flags: flags) : grow(amount, at: offset, flags: flags)
    if result == 0, flags & Room.keepChecksum == 0, case .unnecessary = fields.pointee.checksum {
      fields.pointee.checksum = .none
    }
    return result
  }

  /// `bpf_skb_net_grow`.
  private func grow(_ amount: Int, at offset: Int, flags: UInt64) -> Int32 {
    let innerEthernet = Int(flags >> 56)
    let encapsulates = flags & (Room.outerIPv4 | Room.outerIPv6) != 0
    if encapsulates {
      guard flags & (Room.outerIPv4 | Room.outerIPv6) != Room.outerIPv4 | Room.outerIPv6 else { return -EINVAL }
      guard flags & (Room.gre | Room.udp) != Room.gre | Room.udp else { return -EINVAL }
      guard flags & Room.innerEthernet == 0 || innerEthernet >= 14 else { return -EINVAL }
      guard !fields.pointee.isEncapsulated else { return -EALREADY }
      guard innerEthernet <= amount else { return -EINVAL }
    }
    let result = insert(amount, at: offset)
    guard result == 0, encapsulates else { return result }
    fields.pointee.isEncapsulated = true
    let isIPv6 = flags & Room.outerIPv6 != 0
    fields.pointee.protocolNumber = isIPv6 ? SocketBuffer.ipv6 : SocketBuffer.ipv4
    fields.pointee.transportOffset = fields.pointee.networkOffset + (isIPv6 ? 40 : 20)
    return 0
  }

  /// `bpf_skb_net_shrink`.
  private func shrink(_ amount: Int, at offset: Int, flags: UInt64) -> Int32 {
    let allowed = Room.fixedGSO | Room.innerIPv4 | Room.innerIPv6 | Room.keepChecksum
    guard flags & ~allowed == 0 else { return -EINVAL }
    let result = remove(amount, at: offset)
    guard result == 0 else { return result }
    if flags & Room.innerIPv6 != 0 { fields.pointee.protocolNumber = SocketBuffer.ipv6 }
    if flags & Room.innerIPv4 != 0 { fields.pointee.protocolNumber = SocketBuffer.ipv4 }
    return 0
  }
}
