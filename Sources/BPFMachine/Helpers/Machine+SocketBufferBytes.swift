#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers of TC programs that read and write the frame (net/core/filter.c).
extension Machine {
  /// `bpf_skb_load_bytes(skb, offset, to, len)`; zeroes `to` on failure.
  func loadBytes() -> Sequel {
    let offset = Int(word(2))
    let count = Int(word(4))
    guard let target = memory.write(registers[3], count) else { return refuse(26, argument: 3) }
    guard offset <= Int(Int32.max), offset + count <= socketBuffer.count else {
      memset(target, 0, count)
      return give(errno: -EFAULT)
    }
    memcpy(target, socketBuffer.bytes + offset, count)
    return give(0)
  }

  /// `bpf_skb_load_bytes_relative(skb, offset, to, len, start_header)`, which reads the linear part only.
  func loadBytesRelative() -> Sequel {
    let count = Int(word(4))
    guard let target = memory.write(registers[3], count) else { return refuse(68, argument: 3) }
    let start: Int? =
      switch word(5) {
      case 0: 0
      case 1: socketBuffer.networkOffset
      default: nil
      }
    let offset = Int(word(2))
    guard let start, offset <= 0xffff, start + offset + count <= socketBuffer.beside.linear else {
      memset(target, 0, count)
      return give(errno: -EFAULT)
    }
    memcpy(target, socketBuffer.bytes + start + offset, count)
    return give(0)
  }

  /// `bpf_skb_store_bytes(skb, offset, from, len, flags)`.
  func storeBytes() -> Sequel {
    let offset = Int(word(2))
    let count = Int(word(4))
    guard let source = memory.read(registers[3], count) else { return refuse(9, argument: 3) }
    guard registers[5] & ~3 == 0 else { return give(errno: -EINVAL) }
    guard offset <= Int(Int32.max), socketBuffer.pull(offset + count) == 0 else { return give(errno: -EFAULT) }
    let target = socketBuffer.bytes + offset
    let keepsSum = registers[5] & 1 != 0
    if keepsSum { socketBuffer.checksumWithout(target, count, at: offset) }
    memmove(target, source, count)
    if keepsSum { socketBuffer.checksumWith(target, count, at: offset) }
    if registers[5] & 2 != 0 { socketBuffer.clearHash() }
    return adjusted(0)
  }

  /// `bpf_skb_pull_data(skb, len)`: 0 stands for what is linear already.
  func pullData() -> Sequel {
    let count = Int(word(2))
    return adjusted(socketBuffer.pull(count == 0 ? socketBuffer.beside.linear : count))
  }

  /// `bpf_skb_ecn_set_ce(skb)`: 1 when the packet says, or now says, that there is congestion; 0 where it cannot.
  func markCongestion() -> Sequel {
    let offset = socketBuffer.networkOffset
    let linear = socketBuffer.beside.linear
    switch socketBuffer.protocolBehindTags {
    case SocketBuffer.ipv4: return give(linear >= offset + 20 && markCongestion4(offset) ? 1 : 0)
    case SocketBuffer.ipv6: return give(linear >= offset + 40 && markCongestion6(offset) ? 1 : 0)
    default: return give(0)
    }
  }

  /// `IP_ECN_set_ce`.
  private func markCongestion4(_ offset: Int) -> Bool {
    let header = socketBuffer.bytes + offset
    let service = header.load(fromByteOffset: 1, as: UInt8.self)
    if service & 3 == 3 { return true }
    if service & 3 == 0 { return false }
    // The header checksum falls by what the field grows by, 2 for ECT(1) and 1 for ECT(0).
    let old = header.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
    let change = UInt32((service & 3 == 1 ? 0xfffd as UInt16 : 0xfffe).bigEndian)
    let total = UInt32(old) + change
    header.storeBytes(
      of: UInt16(truncatingIfNeeded: total &+ (total >> 16)), toByteOffset: 10, as: UInt16.self)
    header.storeBytes(of: service | 3, toByteOffset: 1, as: UInt8.self)
    return true
  }

  /// `IP6_ECN_set_ce`.
  private func markCongestion6(_ offset: Int) -> Bool {
    let header = socketBuffer.bytes + offset
    let old = header.loadUnaligned(as: UInt32.self)
    if UInt32(bigEndian: old) >> 20 & 3 == 0 { return false }
    let new = old | (3 << 20 as UInt32).bigEndian
    header.storeBytes(of: new, as: UInt32.self)
    if socketBuffer.beside.checksum.state == .complete {
      let sum = socketBuffer.beside.checksum.sum
      socketBuffer.beside.checksum.sum = InternetChecksum.add(InternetChecksum.subtract(sum, old), new)
    }
    return true
  }
}
