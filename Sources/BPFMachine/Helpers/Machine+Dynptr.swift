#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// The bytes of the dynptr that an argument points to.
  private func dynptr(_ helper: Int32, argument index: Int) -> UnsafeMutableRawPointer? {
    memory.write(registers[index], GuestDynptr.byteCount)
  }

  /// `bpf_dynptr_from_mem(data, size, flags, ptr)` (kernel/bpf/helpers.c).
  func dynptrFromMemory() -> Sequel {
    guard let target = dynptr(197, argument: 4) else { return refuse(197, argument: 4) }
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
    guard let source = dynptr(201, argument: 3) else { return refuse(201, argument: 3) }
    let count = registers[2]
    guard count <= UInt64(UInt32.max), let target = memory.write(registers[1], Int(count)) else {
      return refuse(201, argument: 1)
    }
    let dynptr = GuestDynptr(source)
    guard !dynptr.isNull, registers[5] == 0 else { return give(errno: -EINVAL) }
    guard dynptr.holds(registers[4], count) else { return give(errno: -E2BIG) }
    let position = UInt64(dynptr.offset) + registers[4]
    switch dynptr.kind {
    case .local, .ringBuffer:
      guard let bytes = memory.read(dynptr.data &+ position, Int(count)) else { return refuse(201, argument: 3) }
      memmove(target, bytes, Int(count))
      return give(0)
    case .frame, .socketBuffer:
      let isFrame = dynptr.kind == .frame
      guard Int(position) + Int(count) <= frameBytes.count, let bytes = frameBytes.baseAddress else {
        return give(errno: isFrame ? -EINVAL : -EFAULT)
      }
      memmove(target, bytes + Int(position), Int(count))
      return give(0)
    case .metadata, .invalid:
      return refuse(201, argument: 3)
    }
  }

  /// `bpf_dynptr_write(dst, offset, src, len, flags)`.
  func dynptrWrite() -> Sequel {
    guard let target = dynptr(202, argument: 1) else { return refuse(202, argument: 1) }
    let count = registers[4]
    guard count <= UInt64(UInt32.max), let source = memory.read(registers[3], Int(count)) else {
      return refuse(202, argument: 3)
    }
    let dynptr = GuestDynptr(target)
    guard !dynptr.isNull, !dynptr.isReadOnly else { return give(errno: -EINVAL) }
    guard dynptr.holds(registers[2], count) else { return give(errno: -E2BIG) }
    guard registers[5] == 0 || dynptr.kind == .socketBuffer else { return give(errno: -EINVAL) }
    let position = UInt64(dynptr.offset) + registers[2]
    switch dynptr.kind {
    case .local, .ringBuffer:
      guard let bytes = memory.write(dynptr.data &+ position, Int(count)) else { return refuse(202, argument: 1) }
      memmove(bytes, source, Int(count))
      return give(0)
    case .frame:
      guard Int(position) + Int(count) <= packet.count, let bytes = packet.frame.baseAddress else {
        return give(errno: -EINVAL)
      }
      memmove(bytes + Int(position), source, Int(count))
      return give(0)
    case .socketBuffer:
      guard socketBuffer.pull(Int(position) + Int(count)) == 0 else { return give(errno: -EFAULT) }
      memmove(socketBuffer.bytes + Int(position), source, Int(count))
      socketBuffer.publish()
      return give(0)
    case .metadata, .invalid:
      return refuse(202, argument: 1)
    }
  }

  /// `bpf_dynptr_data(ptr, offset, len)`: the address of that part, or NULL.
  func dynptrData() -> Sequel {
    guard let source = dynptr(203, argument: 1) else { return refuse(203, argument: 1) }
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
      guard let target = dynptr(198, argument: 4) else { return refuse(198, argument: 4) }
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
    guard let target = dynptr(helper, argument: 1) else { return refuse(helper, argument: 1) }
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
