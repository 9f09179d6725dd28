#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `bpf_skb_adjust_room` (net/core/filter.c).
extension SocketBuffer {
  /// `BPF_F_ADJ_ROOM_*` (linux/bpf.h).
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
    let number = protocolNumber
    guard flags & ~Room.all == 0 else { return -EINVAL }
    guard amount <= 0xfff else { return -EFAULT }
    guard number == SocketBuffer.ipv4 || number == SocketBuffer.ipv6 else { return -SocketBuffer.notSupported }
    var minimum = baseLength(number)
    var offset = networkOffset
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
    let current = beside.length - networkOffset
    if isShrinking {
      guard amount < current, current - amount >= minimum else { return -SocketBuffer.notSupported }
    } else {
      guard isLarge || beside.length + amount <= SocketBuffer.maximumLength else { return -SocketBuffer.notSupported }
    }
    let result =
      isShrinking ? shrink(amount, at: offset, flags: flags) : grow(amount, at: offset, flags: flags)
    if result == 0, flags & Room.keepChecksum == 0 { resetUnnecessaryChecksum() }
    return result
  }

  /// `bpf_skb_net_grow`.
  private func grow(_ amount: Int, at offset: Int, flags: UInt64) -> Int32 {
    let isFixed = flags & Room.fixedGSO != 0
    guard allowsRoom(isFixed: isFixed) else { return -SocketBuffer.notSupported }
    let innerEthernet = Int(flags >> 56)
    let encapsulates = flags & (Room.outerIPv4 | Room.outerIPv6) != 0
    if encapsulates {
      guard flags & (Room.outerIPv4 | Room.outerIPv6) != Room.outerIPv4 | Room.outerIPv6 else { return -EINVAL }
      guard flags & (Room.gre | Room.udp) != Room.gre | Room.udp else { return -EINVAL }
      guard flags & Room.innerEthernet == 0 || innerEthernet >= 14 else { return -EINVAL }
      guard !beside.isEncapsulated else { return -EALREADY }
      guard innerEthernet <= amount else { return -EINVAL }
    }
    let networkOffset = networkOffset
    let result = insertHeader(amount, at: offset)
    guard result == 0 else { return result }
    var kind: SegmentationKind = .dodgy
    if encapsulates {
      let isIPv6 = flags & Room.outerIPv6 != 0
      beside.isEncapsulated = true
      beside.networkHeader = beside.data + networkOffset
      if flags & (Room.gre | Room.udp) != 0 { beside.transportHeader = beside.networkHeader + (isIPv6 ? 40 : 20) }
      protocolNumber = isIPv6 ? SocketBuffer.ipv6 : SocketBuffer.ipv4
      kind.insert(
        flags & Room.udp != 0 ? .udpTunnel : flags & Room.gre != 0 ? .gre : isIPv6 ? .ipInIP6 : .ipInIP4)
    }
    resizeSegments(amount, isFixed: isFixed, kind)
    return 0
  }

  /// `bpf_skb_net_shrink`.
  private func shrink(_ amount: Int, at offset: Int, flags: UInt64) -> Int32 {
    let allowed = Room.fixedGSO | Room.innerIPv4 | Room.innerIPv6 | Room.keepChecksum
    guard flags & ~allowed == 0 else { return -EINVAL }
    let isFixed = flags & Room.fixedGSO != 0
    guard allowsRoom(isFixed: isFixed) else { return -SocketBuffer.notSupported }
    let result = removeHeader(amount, at: offset)
    guard result == 0 else { return result }
    if flags & Room.innerIPv6 != 0 { protocolNumber = SocketBuffer.ipv6 }
    if flags & Room.innerIPv4 != 0 { protocolNumber = SocketBuffer.ipv4 }
    resizeSegments(-amount, isFixed: isFixed, .dodgy)
    return 0
  }
}
