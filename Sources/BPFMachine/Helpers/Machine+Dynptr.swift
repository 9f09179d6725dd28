#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// The bytes of the dynptr that an argument points to.
  private func dynptr(argument index: Int) -> UnsafeMutableRawPointer? {
    memory.write(registers[index], GuestDynptr.byteCount)
  }

  /// `bpf_dynptr_from_mem(data, size, flags, ptr)` (kernel/bpf/helpers.c).
  func dynptrFromMemory() -> Sequel {
    guard let target = dynptr(argument: 4) else { return refuse(197, argument: 4) }
    GuestDynptr.null.store(target)
    let size = registers[2] & 0xffff_ffff
    guard size <= GuestDynptr.largestSize else { return give(errno: -E2BIG) }
    guard memory.write(registers[1], Int(size)) != nil else { return refuse(197, argument: 1) }
    guard registers[3] == 0 else { return give(errno: -EINVAL) }
    GuestDynptr(data: registers[1], size: UInt32(size), kind: .local).store(target)
    return give(0)
  }

  /// `bpf_dynptr_read(dst, len, src, offset, flags)`.
  func dynptrRead() -> Sequel {
    guard let source = dynptr(argument: 3) else { return refuse(201, argument: 3) }
    let count = registers[2]
    guard count <= UInt64(UInt32.max), let target = memory.write(registers[1], Int(count)) else {
      return refuse(201, argument: 1)
    }
    guard let result = read(GuestDynptr(source), registers[4], into: target, Int(count), flags: registers[5]) else {
      return refuse(201, argument: 3)
    }
    return give(errno: result)
  }

  /// `__bpf_dynptr_read`: 0 or an error; nil for a dynptr that no verifier lets through.
  func read(
    _ dynptr: GuestDynptr, _ offset: UInt64, into target: UnsafeMutableRawPointer, _ count: Int, flags: UInt64 = 0
  ) -> Int32? {
    guard !dynptr.isNull, flags == 0 else { return -EINVAL }
    guard dynptr.holds(offset, UInt64(count)) else { return -E2BIG }
    let position = Int(dynptr.offset) + Int(offset)
    switch dynptr.kind {
    case .local, .ringBuffer:
      guard let bytes = memory.read(dynptr.data &+ UInt64(position), count) else { return nil }
      memmove(target, bytes, count)
    case .frame:
      guard position <= 0xffff, count <= 0xffff else { return -EFAULT }
      guard position + count <= packet.count, let bytes = packet.frame.baseAddress else { return -EINVAL }
      memmove(target, bytes + position, count)
    case .socketBuffer:
      guard position + count <= frameBytes.count, let bytes = frameBytes.baseAddress else {
        memset(target, 0, count)
        return -EFAULT
      }
      memmove(target, bytes + position, count)
    case .metadata:
      guard let bytes = memory.read(metadataStart &+ UInt64(position), count) else { return nil }
      memmove(target, bytes, count)
    case .invalid:
      return nil
    }
    return 0
  }

  /// `bpf_dynptr_write(dst, offset, src, len, flags)`.
  func dynptrWrite() -> Sequel {
    guard let target = dynptr(argument: 1) else { return refuse(202, argument: 1) }
    let count = registers[4]
    guard count <= UInt64(UInt32.max), let source = memory.read(registers[3], Int(count)) else {
      return refuse(202, argument: 3)
    }
    let dynptr = GuestDynptr(target)
    if dynptr.kind == .socketBuffer, !dynptr.isNull, !dynptr.isReadOnly, dynptr.holds(registers[2], count),
      state.pointee.runsOnSocketBuffer
    {
      // bpf_skb_store_bytes with its flags.
      registers[1] = PacketBuffer.contextAddress
      registers[2] += UInt64(dynptr.offset)
      if let sequel = callSocketBufferHelper(9) { return sequel }
    }
    guard let result = write(dynptr, registers[2], from: source, Int(count), flags: registers[5]) else {
      return refuse(202, argument: 1)
    }
    return give(errno: result)
  }

  /// `__bpf_dynptr_write`: 0 or an error; nil for a dynptr that no verifier lets through.
  func write(
    _ dynptr: GuestDynptr, _ offset: UInt64, from source: UnsafeRawPointer, _ count: Int, flags: UInt64 = 0
  ) -> Int32? {
    guard !dynptr.isNull, !dynptr.isReadOnly else { return -EINVAL }
    guard dynptr.holds(offset, UInt64(count)) else { return -E2BIG }
    guard flags == 0 else { return -EINVAL }
    let position = Int(dynptr.offset) + Int(offset)
    switch dynptr.kind {
    case .local, .ringBuffer:
      guard let bytes = memory.write(dynptr.data &+ UInt64(position), count) else { return nil }
      memmove(bytes, source, count)
    case .frame:
      guard position <= 0xffff, count <= 0xffff else { return -EFAULT }
      guard position + count <= packet.count, let bytes = packet.frame.baseAddress else { return -EINVAL }
      memmove(bytes + position, source, count)
    case .socketBuffer:
      guard state.pointee.runsOnSocketBuffer, socketBuffer.pull(position + count) == 0 else { return -EFAULT }
      memmove(socketBuffer.bytes + position, source, count)
      socketBuffer.publish()
    case .metadata:
      guard let bytes = memory.write(metadataStart &+ UInt64(position), count) else { return nil }
      memmove(bytes, source, count)
    case .invalid:
      return nil
    }
    return 0
  }

  /// `bpf_dynptr_data(ptr, offset, len)`: the address of that part, or NULL.
  func dynptrData() -> Sequel {
    guard let source = dynptr(argument: 1) else { return refuse(203, argument: 1) }
    let dynptr = GuestDynptr(source)
    let (offset, count) = (registers[2] & 0xffff_ffff, registers[3] & 0xffff_ffff)
    guard !dynptr.isNull, dynptr.holds(offset, count), !dynptr.isReadOnly,
      dynptr.kind == .local || dynptr.kind == .ringBuffer
    else { return give(0) }
    return give(dynptr.data &+ UInt64(dynptr.offset) &+ offset)
  }

  // MARK: Ring buffers

  /// `bpf_ringbuf_reserve_dynptr(map, size, flags, ptr)`.
  func ringBufferReserveDynptr() -> Sequel {
    withMap(198, where: { $0 == .ringbuf }) { map in
      guard let target = dynptr(argument: 4) else { return refuse(198, argument: 4) }
      GuestDynptr.null.store(target)
      let size = registers[2] & 0xffff_ffff
      guard registers[3] == 0 else { return give(errno: -EINVAL) }
      guard size <= GuestDynptr.largestSize else { return give(errno: -E2BIG) }
      guard let address = reserveRecord(unsafeDowncast(map, to: RingBufferMap.self), size) else {
        return give(errno: -EINVAL)
      }
      GuestDynptr(data: address, size: UInt32(size), kind: .ringBuffer).store(target)
      return give(0)
    }
  }

  /// `bpf_ringbuf_submit_dynptr(ptr, flags)` and `bpf_ringbuf_discard_dynptr(ptr, flags)`: nothing for one that is NULL.
  func ringBufferCommitDynptr(_ helper: Int32, discard: Bool) -> Sequel {
    guard let target = dynptr(argument: 1) else { return refuse(helper, argument: 1) }
    let dynptr = GuestDynptr(target)
    guard !dynptr.isNull else { return give(0) }
    guard dynptr.kind == .ringBuffer, let record = memory.closeWindow(dynptr.data) else {
      return refuse(helper, argument: 1)
    }
    RingBufferMap.commit(record, discard: discard)
    GuestDynptr.null.store(target)
    return give(0)
  }
}
