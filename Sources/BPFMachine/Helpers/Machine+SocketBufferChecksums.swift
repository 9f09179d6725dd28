#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers of TC programs on checksums (net/core/filter.c, net/core/utils.c).
extension Machine {
  /// The 16-bit field at `offset`, made linear; nil when the kernel answers EFAULT.
  private func checksumField(_ offset: Int) -> UnsafeMutableRawPointer? {
    guard offset <= 0xffff, offset & 1 == 0, socketBuffer.pull(offset + 2) == 0 else { return nil }
    return socketBuffer.bytes + offset
  }

  /// `bpf_l3_csum_replace(skb, offset, from, to, flags)`.
  func replaceNetworkChecksum() -> Sequel {
    guard registers[5] & ~0xf == 0 else { return give(errno: -EINVAL) }
    guard let field = checksumField(Int(word(2))) else { return give(errno: -EFAULT) }
    guard replace(field, size: registers[5] & 0xf) else { return give(errno: -EINVAL) }
    return adjusted(0)
  }

  /// `bpf_l4_csum_replace(skb, offset, from, to, flags)`.
  func replaceTransportChecksum() -> Sequel {
    let flags = registers[5]
    let keepsZero = flags & 0x20 != 0
    guard flags & ~0xff == 0 else { return give(errno: -EINVAL) }
    guard let field = checksumField(Int(word(2))) else { return give(errno: -EFAULT) }
    if keepsZero, flags & 0x40 == 0, field.loadUnaligned(as: UInt16.self) == 0 { return adjusted(0) }
    let isPseudo = flags & 0x10 != 0
    let size = flags & 0xf
    guard size == 0 ? registers[3] == 0 : size == 2 || size == 4 else { return give(errno: -EINVAL) }
    if socketBuffer.beside.checksum.state == .partial {
      if isPseudo { replacePartial(field, size: size) }
    } else {
      // A field of 2 bytes is replaced as one of 4 whose upper half is 0.
      if size == 2 {
        replace(field, from: word(3) & 0xffff, to: word(4) & 0xffff)
      } else {
        _ = replace(field, size: size)
      }
      if isPseudo, socketBuffer.beside.checksum.state == .complete {
        adjustSum(size: size, isIPv6: flags & 0x80 != 0)
      }
    }
    if keepsZero, field.loadUnaligned(as: UInt16.self) == 0 { field.storeBytes(of: 0xffff, as: UInt16.self) }
    return adjusted(0)
  }

  /// The field of a partial checksum holds the folded sum of the pseudo header, not complemented.
  private func replacePartial(_ field: UnsafeMutableRawPointer, size: UInt64) {
    let old = UInt32(field.loadUnaligned(as: UInt16.self))
    let (from, to) = values(size: size)
    let sum =
      size == 0
      ? InternetChecksum.add(to, old) : InternetChecksum.add(InternetChecksum.subtract(old, from), to)
    field.storeBytes(of: InternetChecksum.fold(sum), as: UInt16.self)
  }

  /// The frame's sum after a change of the pseudo header's field, whose own sum has changed the other way.
  private func adjustSum(size: UInt64, isIPv6: Bool) {
    let sum = socketBuffer.beside.checksum.sum
    let (from, to) = values(size: size)
    if size == 0 {
      // An IPv6 address is in the frame's sum too, where the change of the checksum undoes that of the address.
      if !isIPv6 { socketBuffer.beside.checksum.sum = ~InternetChecksum.subtract(to, sum) }
    } else {
      socketBuffer.beside.checksum.sum = ~InternetChecksum.add(InternetChecksum.subtract(~sum, from), to)
    }
  }

  private func values(size: UInt64) -> (from: UInt32, to: UInt32) {
    size == 2 ? (word(3) & 0xffff, word(4) & 0xffff) : (word(3), word(4))
  }

  /// `csum_replace4`.
  private func replace(_ field: UnsafeMutableRawPointer, from: UInt32, to: UInt32) {
    let old = ~UInt32(field.loadUnaligned(as: UInt16.self))
    let sum = InternetChecksum.add(InternetChecksum.subtract(old, from), to)
    field.storeBytes(of: ~InternetChecksum.fold(sum), as: UInt16.self)
  }

  /// Replaces r3 by r4 in the sum at `field`: by difference (size 0), 2 or 4 bytes; false when the kernel answers EINVAL.
  private func replace(_ field: UnsafeMutableRawPointer, size: UInt64) -> Bool {
    let old = UInt32(field.loadUnaligned(as: UInt16.self))
    switch size {
    case 0:
      guard registers[3] == 0 else { return false }
      field.storeBytes(of: ~InternetChecksum.fold(InternetChecksum.add(word(4), ~old)), as: UInt16.self)
    case 2:
      let (from, to) = values(size: 2)
      let sum = InternetChecksum.add(InternetChecksum.add(~old & 0xffff, ~from & 0xffff), to)
      field.storeBytes(of: ~InternetChecksum.fold(sum), as: UInt16.self)
    case 4: replace(field, from: word(3), to: word(4))
    default: return false
    }
    return true
  }

  /// `bpf_csum_update(skb, csum)`: only where the device gave a sum over the frame.
  func updateChecksum() -> Sequel {
    guard socketBuffer.beside.checksum.state == .complete else { return give(errno: -SocketBuffer.notSupported) }
    let updated = InternetChecksum.add(socketBuffer.beside.checksum.sum, word(2))
    socketBuffer.beside.checksum.sum = updated
    return give(UInt64(updated))
  }

  /// `bpf_csum_level(skb, level)`.
  func changeChecksumLevel() -> Sequel {
    guard registers[2] <= 3 else { return give(errno: -EINVAL) }
    // INC 1, DEC 2, RESET 3, QUERY 0.
    return give(errno: socketBuffer.changeChecksumLevel(registers[2]) ?? -EACCES)
  }
}
