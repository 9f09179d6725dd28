import BPFInstructions

extension ReferenceEngine {
  func address(_ base: Register, _ offset: Int16) -> UInt64 {
    state.registers[Int(base.rawValue)] &+ UInt64(bitPattern: Int64(offset))
  }

  func load(_ size: MemorySize, signed: Bool, _ destination: Register, _ address: UInt64) -> Step {
    let count = Int(size.rawValue)
    let value: UInt64
    if let host = readable(address, size) {
      value = littleEndian(host, count)
    } else if let field = loadContext(state, address, count) {
      value = field
    } else {
      return .trap(.badRead(address: address, size: count))
    }
    state.registers[Int(destination.rawValue)] = extend(value, size, signed: signed)
    return .next
  }

  func store(_ size: MemorySize, _ address: UInt64, _ value: UInt64, isImmediate: Bool = false) -> Step {
    let count = Int(size.rawValue)
    guard let host = memory.write(address, count) else {
      return storeContext(state, address, value, count, isImmediate: isImmediate)
        ? .next : .trap(.badWrite(address: address, size: count))
    }
    for index in 0..<count {
      host.storeBytes(of: UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))), toByteOffset: index, as: UInt8.self)
    }
    return .next
  }

  func modify(_ atomic: Atomic, fetch: Bool, _ size: MemorySize, _ address: UInt64, _ source: Register) -> Step {
    let count = Int(size.rawValue)
    guard let host = memory.write(address, count) else { return .trap(.badWrite(address: address, size: count)) }
    let old = littleEndian(host, count)
    let operand = extend(state.registers[Int(source.rawValue)], size, signed: false)
    let expected = extend(state.registers[0], size, signed: false)
    _ = store(size, address, atomic.evaluate(old, operand, expected: expected))
    if atomic == .compareExchange {
      state.registers[0] = old
    } else if fetch || atomic == .exchange {
      state.registers[Int(source.rawValue)] = old
    }
    return .next
  }

  /// The host bytes at an address, where a live object holds them all and allows reads of that size.
  private func readable(_ address: UInt64, _ size: MemorySize) -> UnsafeMutableRawPointer? {
    let region = memory.regions + Int(truncatingIfNeeded: address >> 32) & (GuestMemory.regionCapacity - 1)
    let distance = address &- region.pointee.lower
    let bound = region.pointee.bounds[Int(size.rawValue).trailingZeroBitCount]
    return distance < UInt64(bound) ? region.pointee.base + Int(distance) : nil
  }

  /// The low bytes of `value`, zero- or sign-extended to 64 bits.
  func extend(_ value: UInt64, _ size: MemorySize, signed: Bool) -> UInt64 {
    let unused = UInt64(64 - size.bits)
    let high = value &<< unused
    if size == .u64 { return value }
    return signed ? UInt64(bitPattern: Int64(bitPattern: high) &>> Int64(unused)) : high &>> unused
  }

  /// RFC 9669 section 4.2 on a little-endian machine.
  func swap(_ value: UInt64, _ order: ByteOrder, _ size: MemorySize) -> UInt64 {
    let low = extend(value, size, signed: false)
    return order == .toLittle ? low : low.byteSwapped >> UInt64(64 - size.bits)
  }

  private func littleEndian(_ host: UnsafeMutableRawPointer, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(host.load(fromByteOffset: $1, as: UInt8.self)) << (8 * UInt64($1)) }
  }
}
