#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The kfuncs of dynptrs (kernel/bpf/helpers.c, net/core/filter.c).
extension Machine {
  /// Bytes that go from one dynptr to another at a time when neither lies in one piece; it shows in what is written before an
  /// error.
  private static let chunk = 256

  private func dynptr(argument index: Int) -> UnsafeMutableRawPointer? {
    memory.write(registers[index], GuestDynptr.byteCount)
  }

  /// Hands on the dynptr that r1 points to.
  @inline(__always)
  func withDynptr(_ body: (GuestDynptr) -> Sequel) -> Sequel {
    guard let source = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    return body(GuestDynptr(source))
  }

  /// Guest address of the metadata in front of the packet, and its length.
  var metadataStart: UInt64 {
    state.pointee.runsOnSocketBuffer ? socketBuffer.dataAddress - metadataCount : packet.metadataAddress
  }
  private var metadataCount: UInt64 {
    UInt64(state.pointee.runsOnSocketBuffer ? socketBuffer.metadataCount : packet.metadataCount)
  }

  /// `bpf_dynptr_from_xdp(xdp, flags, ptr)`, `bpf_dynptr_from_skb(skb, flags, ptr)`, `bpf_dynptr_from_skb_meta(…)`.
  func dynptrFromPacket(_ kind: GuestDynptr.Kind) -> Sequel {
    guard registers[1] == PacketBuffer.contextAddress else { return refuse(kernelArgument: 1) }
    guard let target = dynptr(argument: 3) else { return refuse(kernelArgument: 3) }
    guard registers[2] == 0 else {
      GuestDynptr.null.store(target)
      return give(code: -EINVAL)
    }
    let size = kind == .metadata ? metadataCount : UInt64(frameBytes.count)
    GuestDynptr(data: registers[1], size: UInt32(truncatingIfNeeded: size), kind: kind).store(target)
    return give(0)
  }

  /// `bpf_dynptr_slice(ptr, offset, buffer, size)` and `bpf_dynptr_slice_rdwr(…)`: where the bytes are, or a copy of them in the
  /// buffer where they do not lie in one piece; NULL when there is no buffer.
  func dynptrSlice(isWritable: Bool) -> Sequel {
    guard let source = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    let dynptr = GuestDynptr(source)
    let (offset, count) = (registers[2] & 0xffff_ffff, registers[4] & 0xffff_ffff)
    if isWritable, !dynptr.isNull, dynptr.isReadOnly { return give(0) }
    if let address = direct(dynptr, offset, count) { return give(address) }
    guard !dynptr.isNull, dynptr.holds(offset, count), registers[3] != 0 else { return give(0) }
    guard let buffer = memory.write(registers[3], Int(count)) else { return refuse(kernelArgument: 3) }
    let position = Int(dynptr.offset) + Int(offset)
    switch dynptr.kind {
    case .frame:
      // bpf_xdp_copy_buf does not look whether all of it is there.
      let frame = packet.frame
      let there = max(0, min(Int(count), frame.count - position))
      if there > 0, let bytes = frame.baseAddress { memmove(buffer, bytes + position, there) }
      return give(registers[3])
    case .socketBuffer:
      guard position + Int(count) <= frameBytes.count, let bytes = frameBytes.baseAddress else { return give(0) }
      memmove(buffer, bytes + position, Int(count))
      return give(registers[3])
    default:
      return give(0)
    }
  }

  /// The address of a part of a dynptr that lies in one piece; nil when it does not, or when it is not there.
  private func direct(_ dynptr: GuestDynptr, _ offset: UInt64, _ count: UInt64) -> UInt64? {
    guard !dynptr.isNull, dynptr.holds(offset, count) else { return nil }
    let position = UInt64(dynptr.offset) + offset
    switch dynptr.kind {
    case .local, .ringBuffer:
      return dynptr.data &+ position
    case .frame:
      return packetPointer(Int(position), Int(count))
    case .socketBuffer:
      let address = socketBuffer.dataAddress + position
      return address + count <= socketBuffer.endAddress ? address : nil
    case .metadata:
      return metadataStart + position
    case .invalid:
      return nil
    }
  }

  /// `bpf_xdp_pointer`: the address of bytes that lie in the linear part or in one fragment.
  private func packetPointer(_ offset: Int, _ count: Int) -> UInt64? {
    guard offset <= 0xffff, count <= 0xffff, offset + count <= packet.count else { return nil }
    let linear = packet.end - packet.data
    if offset < linear { return offset + count <= linear ? packet.dataAddress + UInt64(offset) : nil }
    let place = offset - linear
    guard place < packet.fragmentCount else { return nil }
    let within = (place + packet.fragmentSkip) % PacketBuffer.pageSize
    guard within + count <= PacketBuffer.pageSize, let base = packet.frame.baseAddress else { return nil }
    let start = GuestMemory.address(region: fragmentRegion)
    memory.setRegion(
      fragmentRegion, base: base + linear, lower: start, count: packet.fragmentCount, writable: true)
    state.pointee.hasLeftovers = true
    return start + UInt64(place)
  }

  /// `bpf_dynptr_adjust(ptr, start, end)`.
  func dynptrAdjust() -> Sequel {
    guard let target = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    var dynptr = GuestDynptr(target)
    let start = UInt32(truncatingIfNeeded: registers[2])
    let end = UInt32(truncatingIfNeeded: registers[3])
    guard !dynptr.isNull, start <= end else { return give(code: -EINVAL) }
    guard start <= dynptr.size, end <= dynptr.size else { return give(code: -ERANGE) }
    dynptr.offset &+= start
    dynptr.size = end - start
    dynptr.store(target)
    return give(0)
  }

  /// `bpf_dynptr_clone(ptr, clone)`.
  func dynptrClone() -> Sequel {
    guard let source = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    guard let target = dynptr(argument: 2) else { return refuse(kernelArgument: 2) }
    let dynptr = GuestDynptr(source)
    guard !dynptr.isNull else {
      GuestDynptr.null.store(target)
      return give(code: -EINVAL)
    }
    dynptr.store(target)
    return give(0)
  }

  /// `bpf_dynptr_copy(dst, dst_off, src, src_off, size)`.
  func dynptrCopy() -> Sequel {
    guard let target = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    guard let source = dynptr(argument: 3) else { return refuse(kernelArgument: 3) }
    let (to, from) = (GuestDynptr(target), GuestDynptr(source))
    let (toOffset, fromOffset) = (registers[2] & 0xffff_ffff, registers[4] & 0xffff_ffff)
    let count = registers[5] & 0xffff_ffff
    let toSlice = to.isReadOnly ? nil : direct(to, toOffset, count)
    let fromSlice = direct(from, fromOffset, count)
    if let fromSlice {
      guard let bytes = memory.read(fromSlice, Int(count)) else { return refuse(kernelArgument: 3) }
      if let toSlice {
        guard let place = memory.write(toSlice, Int(count)) else { return refuse(kernelArgument: 1) }
        memmove(place, bytes, Int(count))
        return give(0)
      }
      return written(write(to, toOffset, from: bytes, Int(count)))
    }
    if let toSlice {
      guard let place = memory.write(toSlice, Int(count)) else { return refuse(kernelArgument: 1) }
      guard let result = read(from, fromOffset, into: place, Int(count)) else { return refuse(kernelArgument: 3) }
      return give(code: result)
    }
    guard to.holds(toOffset, count), from.holds(fromOffset, count) else { return give(code: -E2BIG) }
    return inChunks(count) { done, size, buffer in
      guard let result = read(from, fromOffset + done, into: buffer, size) else { return nil }
      return result < 0 ? result : write(to, toOffset + done, from: buffer, size)
    }
  }

  /// `bpf_dynptr_memset(ptr, offset, size, value)`.
  func dynptrFill() -> Sequel {
    guard let target = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    let dynptr = GuestDynptr(target)
    let (offset, count) = (registers[2] & 0xffff_ffff, registers[3] & 0xffff_ffff)
    let value = Int32(UInt8(truncatingIfNeeded: registers[4]))
    guard !dynptr.isReadOnly else { return give(code: -EINVAL) }
    guard dynptr.holds(offset, count) else { return give(code: -E2BIG) }
    if let address = direct(dynptr, offset, count) {
      guard let place = memory.write(address, Int(count)) else { return refuse(kernelArgument: 1) }
      memset(place, value, Int(count))
      return give(0)
    }
    return inChunks(count) { done, size, buffer in
      memset(buffer, value, size)
      return write(dynptr, offset + done, from: buffer, size)
    }
  }

  private func written(_ result: Int32?) -> Sequel {
    result.map { give(code: $0) } ?? refuse(kernelArgument: 1)
  }

  /// Does `count` bytes in pieces until one fails.
  private func inChunks(
    _ count: UInt64, _ body: (_ done: UInt64, _ size: Int, _ buffer: UnsafeMutableRawPointer) -> Int32?
  ) -> Sequel {
    withUnsafeTemporaryAllocation(byteCount: Machine.chunk, alignment: 8) { buffer in
      guard let base = buffer.baseAddress else { return give(code: -ENOMEM) }
      var done: UInt64 = 0
      while done < count {
        let size = min(UInt64(Machine.chunk), count - done)
        guard let result = body(done, Int(size), base) else { return refuse(kernelArgument: 1) }
        guard result == 0 else { return give(code: result) }
        done += size
      }
      return give(0)
    }
  }

  /// `bpf_probe_read_kernel_dynptr(dst, offset, size, address)` and its like (kernel/trace/bpf_trace.c): strings stop after their
  /// zero and tell their length with it.
  func dynptrProbeRead(isUser: Bool, isString: Bool) -> Sequel {
    guard let target = dynptr(argument: 1) else { return refuse(kernelArgument: 1) }
    let dynptr = GuestDynptr(target)
    let (offset, count) = (registers[2] & 0xffff_ffff, registers[3] & 0xffff_ffff)
    guard !dynptr.isNull, !dynptr.isReadOnly else { return give(code: -EINVAL) }
    guard dynptr.holds(offset, count) else { return give(code: -E2BIG) }
    guard count > 0 else { return give(0) }
    guard !isUser else { return give(code: -EFAULT) }
    guard isString else {
      guard let bytes = memory.read(registers[4], Int(count)) else {
        return give(code: readError(registers[4], isUser: false))
      }
      return written(write(dynptr, offset, from: bytes, Int(count)))
    }
    guard let text = string(at: registers[4], limit: Int(count) - 1) else {
      return give(code: readError(registers[4], isUser: false))
    }
    let result = (text + [0]).withUnsafeBytes { bytes in
      bytes.baseAddress.map { write(dynptr, offset, from: $0, bytes.count) } ?? nil
    }
    guard result == 0 else { return written(result) }
    return give(code: Int32(text.count + 1))
  }

  /// `bpf_xdp_pull_data(xdp, len)`: makes that much of the frame directly readable.
  func pullFrame() -> Sequel {
    guard registers[1] == PacketBuffer.contextAddress else { return refuse(kernelArgument: 1) }
    return give(code: packet.pull(Int(registers[2] & 0xffff_ffff)) ? 0 : -EINVAL)
  }
}
