import BPFInstructions

/// Atomic read-modify-write on `T` at `dst + offset` (RFC 9669 section 5.3). One thread runs a machine, so plain loads and
/// stores are atomic enough.
@inline(__always)
private func atomic<T: FixedWidthInteger & UnsignedInteger>(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _: T.Type, _ operation: Atomic, fetch: Bool
) -> Int {
  let address = register(s, element(p).pointee.destination) &+ UInt64(bitPattern: Int64(element(p).pointee.offset))
  guard let host = host(address, regions, bound: bound(T.self) + 4) else {
    return badWrite(p, s, mark, address, T.bitWidth / 8)
  }
  let old = host.loadUnaligned(as: T.self)
  let source = element(p).pointee.source
  let operand = T(truncatingIfNeeded: register(s, source))
  let expected = T(truncatingIfNeeded: register(s, 0))
  host.storeBytes(of: operation.evaluate(old, operand, expected: expected), as: T.self)
  if operation == .compareExchange {
    setRegister(s, 0, UInt64(old))
  } else if fetch {
    setRegister(s, source, UInt64(old))
  }
  return next(p, s, mark, frame, regions)
}

extension Atomic {
  /// What memory holds afterwards.
  @inline(__always)
  func evaluate<T: FixedWidthInteger>(_ old: T, _ operand: T, expected: T) -> T {
    switch self {
    case .add: old &+ operand
    case .or: old | operand
    case .and: old & operand
    case .xor: old ^ operand
    case .exchange: operand
    case .compareExchange: old == expected ? operand : old
    }
  }

  /// The handler of this operation on 4 or 8 bytes.
  func handler(_ size: MemorySize, fetch: Bool) -> Handler {
    switch (self, size, fetch) {
    case (.add, .u64, false): { atomic($0, $1, $2, $3, $4, UInt64.self, .add, fetch: false) }
    case (.or, .u64, false): { atomic($0, $1, $2, $3, $4, UInt64.self, .or, fetch: false) }
    case (.and, .u64, false): { atomic($0, $1, $2, $3, $4, UInt64.self, .and, fetch: false) }
    case (.xor, .u64, false): { atomic($0, $1, $2, $3, $4, UInt64.self, .xor, fetch: false) }
    case (.add, .u64, true): { atomic($0, $1, $2, $3, $4, UInt64.self, .add, fetch: true) }
    case (.or, .u64, true): { atomic($0, $1, $2, $3, $4, UInt64.self, .or, fetch: true) }
    case (.and, .u64, true): { atomic($0, $1, $2, $3, $4, UInt64.self, .and, fetch: true) }
    case (.xor, .u64, true): { atomic($0, $1, $2, $3, $4, UInt64.self, .xor, fetch: true) }
    case (.exchange, .u64, _): { atomic($0, $1, $2, $3, $4, UInt64.self, .exchange, fetch: true) }
    case (.compareExchange, .u64, _): { atomic($0, $1, $2, $3, $4, UInt64.self, .compareExchange, fetch: true) }
    case (.add, _, false): { atomic($0, $1, $2, $3, $4, UInt32.self, .add, fetch: false) }
    case (.or, _, false): { atomic($0, $1, $2, $3, $4, UInt32.self, .or, fetch: false) }
    case (.and, _, false): { atomic($0, $1, $2, $3, $4, UInt32.self, .and, fetch: false) }
    case (.xor, _, false): { atomic($0, $1, $2, $3, $4, UInt32.self, .xor, fetch: false) }
    case (.add, _, true): { atomic($0, $1, $2, $3, $4, UInt32.self, .add, fetch: true) }
    case (.or, _, true): { atomic($0, $1, $2, $3, $4, UInt32.self, .or, fetch: true) }
    case (.and, _, true): { atomic($0, $1, $2, $3, $4, UInt32.self, .and, fetch: true) }
    case (.xor, _, true): { atomic($0, $1, $2, $3, $4, UInt32.self, .xor, fetch: true) }
    case (.exchange, _, _): { atomic($0, $1, $2, $3, $4, UInt32.self, .exchange, fetch: true) }
    case (.compareExchange, _, _): { atomic($0, $1, $2, $3, $4, UInt32.self, .compareExchange, fetch: true) }
    }
  }
}
