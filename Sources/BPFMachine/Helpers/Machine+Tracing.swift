#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `MAX_BPRINTF_VARARGS`.
  private static let maximumArguments = 12

  /// `bpf_trace_printk(fmt, fmt_size, a, b, c)`: the line goes to ``trace``; the result is its length.
  func tracePrint() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let format = memory.read(registers[1], count) else { return refuse(6, argument: 1) }
    return print(format, count, [registers[3], registers[4], registers[5]])
  }

  /// `bpf_trace_vprintk(fmt, fmt_size, data, data_len)`: arguments are u64 in memory.
  func traceVariadicPrint() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let format = memory.read(registers[1], count) else { return refuse(177, argument: 1) }
    guard let arguments = variadicArguments(registers[3], registers[4]) else { return give(errno: -EINVAL) }
    return print(format, count, arguments)
  }

  /// `bpf_snprintf(str, str_size, fmt, data, data_len)`: the length of the whole text with its final zero, however much of it the
  /// buffer holds.
  func formatString() -> Sequel {
    let capacity = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard capacity == 0 || memory.write(registers[1], capacity) != nil else { return refuse(165, argument: 1) }
    guard let bytes = string(at: registers[3], limit: 1 << 16) else { return refuse(165, argument: 3) }
    guard let arguments = variadicArguments(registers[4], registers[5]) else { return give(errno: -EINVAL) }
    do throws(KernelFormat.Fault) {
      let text = try KernelFormat(bytes + [0], arguments, formatMemory).text
      if capacity > 0, let target = memory.write(registers[1], capacity) {
        text.prefix(capacity - 1).withUnsafeBytes { if let base = $0.baseAddress { memcpy(target, base, $0.count) } }
        target.storeBytes(of: 0, toByteOffset: min(text.count, capacity - 1), as: UInt8.self)
      }
      return give(UInt64(text.count + 1))
    } catch {
      return give(errno: error == .noSpace ? -ENOSPC : -EINVAL)
    }
  }

  /// The u64 arguments in memory; nil for what the kernel answers with EINVAL.
  private func variadicArguments(_ address: UInt64, _ size: UInt64) -> [UInt64]? {
    let count = Int(UInt32(truncatingIfNeeded: size))
    guard count & 7 == 0, count <= Machine.maximumArguments * 8 else { return nil }
    guard count > 0 else { return [] }
    guard let data = memory.read(address, count) else { return nil }
    return stride(from: 0, to: count, by: 8).map { data.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
  }

  private func print(_ format: UnsafeRawPointer, _ count: Int, _ arguments: [UInt64]) -> Sequel {
    do throws(KernelFormat.Fault) {
      let format = try KernelFormat(
        UnsafeRawBufferPointer(start: format, count: count), arguments, formatMemory)
      let text = format.text
      if let trace {
        var line = text.prefix(KernelFormat.traceLimit - 1)
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        trace(String(decoding: line, as: UTF8.self))
      }
      return give(errno: Int32(truncatingIfNeeded: text.count))
    } catch {
      return give(errno: error == .noSpace ? -ENOSPC : -EINVAL)
    }
  }

  private var formatMemory: KernelFormat.Memory {
    KernelFormat.Memory(
      bytes: { [memory] address, count in
        memory.read(address, count).map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
      },
      string: { [unowned self] in string(at: $0, limit: $1) },
      pointerID: { [configuration] in Machine.pointerID($0, seed: configuration.seed) })
  }

  /// `ptr_to_id`: 32 bits of a hash with a key that differs from boot to boot, and here with the seed.
  private static func pointerID(_ address: UInt64, seed: UInt64) -> UInt32 {
    var state = RandomState(seed: address ^ seed &* 0x9e37_79b9_7f4a_7c15)
    return state.next()
  }

  /// The bytes at a guest address up to a zero byte or to the end of what can be read; nil when nothing can.
  func string(at address: UInt64, limit: Int) -> [UInt8]? {
    guard memory.read(address, 1) != nil else { return nil }
    var bytes: [UInt8] = []
    while bytes.count < limit, let byte = memory.read(address &+ UInt64(bytes.count), 1) {
      let value = byte.load(as: UInt8.self)
      if value == 0 { break }
      bytes.append(value)
    }
    return bytes
  }
}
