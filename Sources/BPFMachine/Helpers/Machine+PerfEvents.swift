import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `BPF_F_INDEX_MASK`, whose highest value stands for the CPU that runs, and `BPF_F_CTXLEN_MASK`.
  private static let indexMask: UInt64 = 0xffff_ffff
  private static let contextLengthMask: UInt64 = 0xf_ffff << 32

  /// `bpf_perf_event_output(ctx, map, flags, data, size)` (net/core/filter.c, bpf_xdp_event_output and
  /// bpf_skb_event_output; kernel/trace/bpf_trace.c): the
  /// sample goes to ``events``.
  func perfEventOutput() -> Sequel {
    withMap(25, argument: 2, where: { $0 == .perfEventArray }) { map in
      let count = Int(UInt32(truncatingIfNeeded: registers[5]))
      guard let data = memory.read(registers[4], count) else { return refuse(25, argument: 4) }
      let flags = registers[3]
      let packetCount = Int((flags & Machine.contextLengthMask) >> 32)
      guard flags & ~(Machine.contextLengthMask | Machine.indexMask) == 0 else { return give(errno: -EINVAL) }
      guard packetCount <= frameBytes.count else { return give(errno: -EFAULT) }
      let cpu = UInt64(configuration.cpu)
      let index = flags & Machine.indexMask == Machine.indexMask ? cpu : flags & Machine.indexMask
      guard index < UInt64(map.capacity) else { return give(errno: -E2BIG) }
      guard configuration.eventReader == .present else { return give(errno: -ENOENT) }
      // Each ring belongs to the CPU of its number.
      guard index == cpu else { return give(errno: -EOPNOTSUPP) }
      if let events {
        let bytes = [UInt8](UnsafeRawBufferPointer(start: data, count: count)) + frameBytes.prefix(packetCount)
        events(MachineEvent(map: map.index, cpu: configuration.cpu, bytes: bytes, packetBytes: packetCount))
      }
      return give(0)
    }
  }
}

extension Machine {
  /// `get_map_perf_counter`: there are no counters.
  private func counterError(_ map: BPFMap) -> Int32 {
    let flags = registers[2]
    guard flags & ~Machine.indexMask == 0 else { return -EINVAL }
    let index = flags == Machine.indexMask ? UInt64(configuration.cpu) : flags
    return index < UInt64(map.capacity) ? -ENOENT : -E2BIG
  }

  /// `bpf_perf_event_read(map, flags)`.
  func perfEventRead() -> Sequel {
    withMap(22, where: { $0 == .perfEventArray }) { map in give(errno: counterError(map)) }
  }

  /// `bpf_perf_event_read_value(map, flags, buf, buf_size)`.
  func perfEventReadValue() -> Sequel {
    withMap(55, where: { $0 == .perfEventArray }) { map in
      let count = Int(UInt32(truncatingIfNeeded: registers[4]))
      guard let buffer = memory.write(registers[3], count) else { return refuse(55, argument: 3) }
      memset(buffer, 0, count)
      // `sizeof(struct bpf_perf_event_value)`
      return give(errno: count == 24 ? counterError(map) : -EINVAL)
    }
  }
}
