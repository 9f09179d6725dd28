#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `bpf_trace_printk(fmt, fmt_size, a, b, c)`: the line goes to ``trace``; the result is its length.
  func tracePrint() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let format = memory.read(registers[1], count) else { return refuse(6, argument: 1) }
    return print(format, count, [registers[3], registers[4], registers[5]])
  }

  /// `bpf_trace_vprintk(fmt, fmt_size, data, data_len)`: arguments are u64 in memory.
  func traceVariadicPrint() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    let dataCount = Int(UInt32(truncatingIfNeeded: registers[4]))
    guard let format = memory.read(registers[1], count) else { return refuse(177, argument: 1) }
    guard dataCount & 7 == 0, dataCount <= 12 * 8, dataCount == 0 || registers[3] != 0 else {
      return give(errno: -EINVAL)
    }
    guard dataCount == 0 || memory.read(registers[3], dataCount) != nil else { return refuse(177, argument: 3) }
    let data = UnsafeRawBufferPointer(start: memory.read(registers[3], dataCount), count: dataCount)
    let arguments = stride(from: 0, to: dataCount, by: 8).map {
      data.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
    }
    return print(format, count, arguments)
  }

  private func print(_ format: UnsafeRawPointer, _ count: Int, _ arguments: [UInt64]) -> Sequel {
    let bytes = [UInt8](UnsafeRawBufferPointer(start: format, count: count))
    guard bytes.last == 0 else { return give(errno: -EINVAL) }
    var format = KernelFormat(bytes.dropLast())
    format.read = { [memory] address, count in
      memory.read(address, count).map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
    }
    let text = format.render(arguments) { address, limit in string(at: address, limit: limit) }
    guard let text else { return give(errno: -EINVAL) }
    trace?(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    return give(errno: Int32(truncatingIfNeeded: text.utf8.count))
  }

  /// The bytes at a guest address up to a zero byte.
  private func string(at address: UInt64, limit: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < limit, let byte = memory.read(address &+ UInt64(bytes.count), 1) {
      let value = byte.load(as: UInt8.self)
      if value == 0 { break }
      bytes.append(value)
    }
    return bytes
  }

  /// `bpf_perf_event_output(ctx, map, flags, data, size)`: there is no reader; the sample is handed to ``events``.
  func perfEventOutput() -> Sequel {
    guard let index = mapIndex(argument: 2) else { return refuse(25, argument: 2) }
    let count = Int(UInt32(truncatingIfNeeded: registers[5]))
    guard let data = memory.read(registers[4], count) else { return refuse(25, argument: 4) }
    let flags = registers[3]
    // The high bits ask for that many packet bytes after the sample (BPF_F_CTXLEN_MASK).
    let packetCount = Int(flags >> 32 & 0xf_ffff)
    guard flags & ~0xf_ffff_ffff_ffff == 0, flags >> 52 == 0 else { return give(errno: -EINVAL) }
    guard packetCount <= frameBytes.count else { return give(errno: -EFAULT) }
    if let events {
      events(index, [UInt8](UnsafeRawBufferPointer(start: data, count: count)) + frameBytes.prefix(packetCount))
    }
    return give(0)
  }
}
