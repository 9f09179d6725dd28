#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension PacketAdjustment {
  /// What the helper returns.
  fileprivate var errno: Int32 {
    switch self {
    case .done: 0
    case .invalid: -EINVAL
    case .notPermitted: -EACCES
    }
  }
}

extension Machine {
  /// The frame that the running program sees, fragments included.
  var frameBytes: UnsafeRawBufferPointer {
    state.pointee.runsOnSocketBuffer ? socketBuffer.output : UnsafeRawBufferPointer(packet.frame)
  }

  private var delta: Int { Int(Int32(truncatingIfNeeded: registers[2])) }

  /// `bpf_xdp_adjust_head(xdp_md, delta)`.
  func adjustHead() -> Sequel { give(errno: packet.adjustHead(delta) ? 0 : -EINVAL) }

  /// `bpf_xdp_adjust_meta(xdp_md, delta)`.
  func adjustMetadata() -> Sequel { give(errno: packet.adjustMetadata(delta).errno) }

  /// `bpf_xdp_adjust_tail(xdp_md, delta)`.
  func adjustTail() -> Sequel { give(errno: packet.adjustTail(delta).errno) }

  /// `bpf_xdp_load_bytes(xdp_md, offset, buf, len)`.
  func loadPacketBytes() -> Sequel {
    let offset = Int(UInt32(truncatingIfNeeded: registers[2]))
    let count = Int(UInt32(truncatingIfNeeded: registers[4]))
    guard let buffer = memory.write(registers[3], count) else { return refuse(189, argument: 3) }
    guard offset <= 0xffff, count <= 0xffff else { return give(errno: -EFAULT) }
    guard offset + count <= packet.count, let source = packet.frame.baseAddress else { return give(errno: -EINVAL) }
    memmove(buffer, source + offset, count)
    return give(0)
  }

  /// `bpf_xdp_store_bytes(xdp_md, offset, buf, len)`.
  func storePacketBytes() -> Sequel {
    let offset = Int(UInt32(truncatingIfNeeded: registers[2]))
    let count = Int(UInt32(truncatingIfNeeded: registers[4]))
    guard let buffer = memory.read(registers[3], count) else { return refuse(190, argument: 3) }
    guard offset <= 0xffff, count <= 0xffff else { return give(errno: -EFAULT) }
    guard offset + count <= packet.count, let target = packet.frame.baseAddress else { return give(errno: -EINVAL) }
    memmove(target + offset, buffer, count)
    return give(0)
  }

  /// `LD_ABS` and `LD_IND` (RFC 9669 section 5.5): network byte order; outside the packet the function returns 0. In an skb,
  /// numbers below 0 count from its headers.
  func loadPacket(_ index: Int64, _ size: Int) -> Sequel {
    let frame = frameBytes
    let index = index < 0 && state.pointee.runsOnSocketBuffer ? socketBuffer.offset(ofNegative: index) : index
    guard index >= 0, index <= Int64(frame.count - size) else {
      registers[0] = 0
      return .returned
    }
    let start = Int(index)
    return give(frame[start..<start + size].reduce(0) { $0 << 8 | UInt64($1) })
  }
}
