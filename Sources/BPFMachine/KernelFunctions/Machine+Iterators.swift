#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `BPF_MAX_LOOPS`.
  private static let longestCount: Int64 = 8 << 20

  /// `bpf_iter_num_new(it, start, end)` (kernel/bpf/bpf_iter.c): `struct bpf_iter_num` is the number before the next one, and
  /// the end.
  func numberIteratorNew() -> Sequel {
    guard let target = memory.write(registers[1], 8) else { return refuse(kernelArgument: 1) }
    let start = Int32(truncatingIfNeeded: registers[2])
    let end = Int32(truncatingIfNeeded: registers[3])
    target.storeBytes(of: 0, as: UInt64.self)
    guard start <= end else { return give(code: -EINVAL) }
    guard Int64(end) - Int64(start) <= Machine.longestCount else { return give(code: -E2BIG) }
    target.storeBytes(of: start &- 1, as: Int32.self)
    target.storeBytes(of: end, toByteOffset: 4, as: Int32.self)
    return give(0)
  }

  /// `bpf_iter_num_next(it)`: where the number is, or NULL after the last.
  func numberIteratorNext() -> Sequel {
    guard let target = memory.write(registers[1], 8) else { return refuse(kernelArgument: 1) }
    let next = target.loadUnaligned(as: Int32.self) &+ 1
    guard next < target.loadUnaligned(fromByteOffset: 4, as: Int32.self) else {
      target.storeBytes(of: 0, as: UInt64.self)
      return give(0)
    }
    target.storeBytes(of: next, as: Int32.self)
    return give(registers[1])
  }

  /// `bpf_iter_num_destroy(it)`.
  func numberIteratorDestroy() -> Sequel {
    guard let target = memory.write(registers[1], 8) else { return refuse(kernelArgument: 1) }
    target.storeBytes(of: 0, as: UInt64.self)
    return .goOn
  }

  // MARK: Bits (kernel/bpf/helpers.c)

  /// `BITS_ITER_NR_WORDS_MAX`.
  private static let mostWords: UInt64 = 511

  /// `bpf_iter_bits_new(it, words, count)`: `struct bpf_iter_bits` is one word or the address of a copy of several, the number
  /// of bits, and the last one that was found.
  func bitIteratorNew() -> Sequel {
    guard let target = memory.write(registers[1], 16) else { return refuse(kernelArgument: 1) }
    let count = registers[3] & 0xffff_ffff
    target.storeBytes(of: 0, as: UInt64.self)
    target.storeBytes(of: 0, toByteOffset: 8, as: Int32.self)
    target.storeBytes(of: -1, toByteOffset: 12, as: Int32.self)
    guard registers[2] != 0, count > 0 else { return give(code: -EINVAL) }
    guard count <= Machine.mostWords else { return give(code: -E2BIG) }
    let bytes = Int(count) * 8
    guard let source = memory.read(registers[2], bytes) else { return give(code: -EFAULT) }
    if count == 1 {
      target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else {
      guard let copy = heap.allocate(type: plainType, count: bytes) else { return give(code: -ENOMEM) }
      state.pointee.hasLeftovers = true
      copy.host.copyMemory(from: source, byteCount: bytes)
      target.storeBytes(of: copy.address, as: UInt64.self)
    }
    target.storeBytes(of: Int32(bytes * 8), toByteOffset: 8, as: Int32.self)
    return give(0)
  }

  /// `bpf_iter_bits_next(it)`: where the number of the next bit that is set is, or NULL.
  func bitIteratorNext() -> Sequel {
    guard let target = memory.write(registers[1], 16) else { return refuse(kernelArgument: 1) }
    let count = target.loadUnaligned(fromByteOffset: 8, as: Int32.self)
    var bit = target.loadUnaligned(fromByteOffset: 12, as: Int32.self)
    guard count > 0, bit < count else { return give(0) }
    let words: UnsafeRawPointer
    if count == 64 {
      words = UnsafeRawPointer(target)
    } else {
      guard let copy = memory.read(target.loadUnaligned(as: UInt64.self), Int(count) / 8) else {
        return refuse(kernelArgument: 1)
      }
      words = UnsafeRawPointer(copy)
    }
    bit = max(-1, bit) + 1
    while bit < count {
      let rest = words.loadUnaligned(fromByteOffset: Int(bit / 64) * 8, as: UInt64.self) >> UInt64(bit % 64)
      if rest != 0 {
        bit += Int32(rest.trailingZeroBitCount)
        break
      }
      bit = (bit / 64 + 1) * 64
    }
    target.storeBytes(of: min(bit, count), toByteOffset: 12, as: Int32.self)
    return give(bit < count ? registers[1] + 12 : 0)
  }

  /// `bpf_iter_bits_destroy(it)`.
  func bitIteratorDestroy() -> Sequel {
    guard let target = memory.write(registers[1], 16) else { return refuse(kernelArgument: 1) }
    guard target.loadUnaligned(fromByteOffset: 8, as: Int32.self) > 64 else { return .goOn }
    guard let copy = heap.object(startingAt: target.loadUnaligned(as: UInt64.self)), copy.type == plainType else {
      return refuse(kernelArgument: 1)
    }
    heap.free(copy)
    return .goOn
  }
}
