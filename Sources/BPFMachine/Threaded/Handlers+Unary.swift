import BPFInstructions

/// `dst = f(src)` on one register.
@inline(__always)
private func unary(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ body: (UInt64) -> UInt64
) -> Int {
  setRegister(s, element(p).pointee.destination, body(register(s, element(p).pointee.source)))
  return next(p, s, mark, frame, regions)
}

/// Negation, sign extension and byte order. For the in-place ones the source field repeats the destination.
enum Unary {
  static func negate(_ width: Width) -> Handler {
    switch width {
    case .w64: { unary($0, $1, $2, $3, $4) { 0 &- $0 } }
    case .w32: { unary($0, $1, $2, $3, $4) { UInt64(0 &- UInt32(truncatingIfNeeded: $0)) } }
    }
  }

  static func moveSignExtended(_ width: Width, from size: MemorySize) -> Handler {
    switch (width, size) {
    case (.w64, .u8): { unary($0, $1, $2, $3, $4) { UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: $0))) } }
    case (.w64, .u16): { unary($0, $1, $2, $3, $4) { UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: $0))) } }
    case (.w64, .u32): { unary($0, $1, $2, $3, $4) { UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: $0))) } }
    case (.w32, .u8):
      { unary($0, $1, $2, $3, $4) { UInt64(UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: $0)))) } }
    case (.w32, .u16):
      { unary($0, $1, $2, $3, $4) { UInt64(UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: $0)))) } }
    case (.w32, .u32): { unary($0, $1, $2, $3, $4) { UInt64(UInt32(truncatingIfNeeded: $0)) } }
    case (_, .u64): { unary($0, $1, $2, $3, $4) { $0 } }
    }
  }

  static func byteSwap(_ order: ByteOrder, _ size: MemorySize) -> Handler {
    switch (order, size) {
    case (.toLittle, .u16): { unary($0, $1, $2, $3, $4) { $0 & 0xffff } }
    case (.toLittle, .u32): { unary($0, $1, $2, $3, $4) { $0 & 0xffff_ffff } }
    case (_, .u16): { unary($0, $1, $2, $3, $4) { UInt64(UInt16(truncatingIfNeeded: $0).byteSwapped) } }
    case (_, .u32): { unary($0, $1, $2, $3, $4) { UInt64(UInt32(truncatingIfNeeded: $0).byteSwapped) } }
    case (.toLittle, _), (_, .u8): { unary($0, $1, $2, $3, $4) { $0 } }
    case (_, .u64): { unary($0, $1, $2, $3, $4) { $0.byteSwapped } }
    }
  }
}
