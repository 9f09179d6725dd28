#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `bpf_strtol(buf, buf_len, flags, res)`: the number of bytes read; the result is 0 after a failure.
  func stringToLong() -> Sequel {
    parseNumber(105) { $0.signed.map { .success(UInt64(bitPattern: $0)) } ?? .failure(.outOfRange) }
  }

  /// `bpf_strtoul(buf, buf_len, flags, res)`.
  func stringToUnsignedLong() -> Sequel {
    parseNumber(106) { $0.isNegative ? .failure(.invalid) : .success($0.magnitude) }
  }

  private func parseNumber(_ helper: Int32, _ value: (KernelNumber) -> Result<UInt64, KernelNumber.Fault>) -> Sequel {
    let count = Int(truncatingIfNeeded: registers[2])
    guard count >= 0, let text = memory.read(registers[1], count) else { return refuse(helper, argument: 1) }
    guard let result = memory.write(registers[4], 8) else { return refuse(helper, argument: 4) }
    result.storeBytes(of: 0, as: UInt64.self)
    do throws(KernelNumber.Fault) {
      // Flags hold the base in their low five bits; no other may be set.
      let number = try KernelNumber(UnsafeRawBufferPointer(start: text, count: count), base: registers[3])
      result.storeBytes(of: try value(number).get(), as: UInt64.self)
      return give(UInt64(number.consumed))
    } catch {
      return give(errno: error == .outOfRange ? -ERANGE : -EINVAL)
    }
  }

  /// `bpf_strncmp(s1, s1_sz, s2)`: -1, 0 or 1 (lib/string.c, strncmp).
  func compareStrings() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let first = memory.read(registers[1], count) else { return refuse(182, argument: 1) }
    for offset in 0..<count {
      guard let other = memory.read(registers[3] &+ UInt64(offset), 1)?.load(as: UInt8.self) else {
        return refuse(182, argument: 3)
      }
      let byte = first.load(fromByteOffset: offset, as: UInt8.self)
      if byte != other { return give(errno: byte < other ? -1 : 1) }
      if byte == 0 { break }
    }
    return give(0)
  }
}
