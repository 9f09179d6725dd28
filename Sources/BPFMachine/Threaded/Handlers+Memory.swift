import BPFInstructions

/// The host address of `size` bytes at a guest address, when one live object holds them all.
///
/// The heart of memory safety: every load and store of the threaded engine that is not on the stack at a constant offset
/// comes through here. `bound` is the index of the size's bound in ``Region/bounds``, plus 4 for writes.
@inline(__always)
func host(_ address: UInt64, _ regions: UnsafeMutableRawPointer, bound: Int) -> UnsafeMutableRawPointer? {
  let index = Int(truncatingIfNeeded: address >> 32) & (GuestMemory.regionCapacity - 1)
  let region = regions + index &* MemoryLayout<Region>.stride
  let distance = address &- (region + 8).assumingMemoryBound(to: UInt64.self).pointee
  let limit = (region + Region.boundsOffset).assumingMemoryBound(to: UInt32.self)[bound]
  if _slowPath(distance >= UInt64(limit)) { return nil }
  return region.assumingMemoryBound(to: UnsafeMutableRawPointer.self).pointee + Int(truncatingIfNeeded: distance)
}

/// log2 of an access size: which bound applies.
@inline(__always)
func bound<T: FixedWidthInteger>(_: T.Type) -> Int { (T.bitWidth / 8).trailingZeroBitCount }

/// `dst = *(T *)(src + offset)`.
@inline(__always)
private func load<T: FixedWidthInteger>(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _: T.Type
) -> Int {
  let address = register(s, element(p).pointee.source) &+ UInt64(bitPattern: Int64(element(p).pointee.offset))
  guard let host = host(address, regions, bound: bound(T.self)) else {
    return loadFromContext(p, s, mark, frame, regions, T.isSigned ? -T.bitWidth / 8 : T.bitWidth / 8)
  }
  setRegister(s, element(p).pointee.destination, UInt64(truncatingIfNeeded: host.loadUnaligned(as: T.self)))
  return next(p, s, mark, frame, regions)
}

/// `dst = *(T *)(r10 + offset)`: the offset was checked when the program was compiled, and r10 never changes.
@inline(__always)
private func loadStack<T: FixedWidthInteger>(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _: T.Type
) -> Int {
  let value = (frame + Int(element(p).pointee.offset)).loadUnaligned(as: T.self)
  setRegister(s, element(p).pointee.destination, UInt64(truncatingIfNeeded: value))
  return next(p, s, mark, frame, regions)
}

/// `*(T *)(dst + offset) = src`.
@inline(__always)
private func store<T: FixedWidthInteger>(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _: T.Type, immediate isImmediate: Bool
) -> Int {
  let address = register(s, element(p).pointee.destination) &+ UInt64(bitPattern: Int64(element(p).pointee.offset))
  guard let host = host(address, regions, bound: bound(T.self) + 4) else {
    return storeToContext(p, s, mark, frame, regions, isImmediate ? -T.bitWidth / 8 : T.bitWidth / 8)
  }
  let value = isImmediate ? immediate(p) : register(s, element(p).pointee.source)
  host.storeBytes(of: T(truncatingIfNeeded: value), as: T.self)
  return next(p, s, mark, frame, regions)
}

/// The store at `p` to a field of `struct __sk_buff` that a TC program may write; anything else is a bad write. `size` is the
/// access's, negative for an immediate.
@inline(never)
private func storeToContext(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ size: Int
) -> Int {
  let address = register(s, element(p).pointee.destination) &+ UInt64(bitPattern: Int64(element(p).pointee.offset))
  let value = size < 0 ? immediate(p) : register(s, element(p).pointee.source)
  guard storeContext(state(s), address, value, abs(size), isImmediate: size < 0) else {
    return badWrite(p, s, mark, address, abs(size))
  }
  return next(p, s, mark, frame, regions)
}

/// The load at `p` of a field of `struct __sk_buff` that takes more than a read of memory; anything else is a bad read. `size`
/// is the access's, negative when it extends a sign.
@inline(never)
func loadFromContext(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ size: Int
) -> Int {
  let address = register(s, element(p).pointee.source) &+ UInt64(bitPattern: Int64(element(p).pointee.offset))
  guard let value = loadContext(state(s), address, abs(size)) else { return badRead(p, s, mark, address, abs(size)) }
  let unused = UInt64(64 + (size < 0 ? size : -size) * 8)
  let extended = size < 0 ? UInt64(bitPattern: Int64(bitPattern: value &<< unused) &>> Int64(unused)) : value
  setRegister(s, element(p).pointee.destination, extended)
  return next(p, s, mark, frame, regions)
}

/// `*(T *)(r10 + offset) = src`.
@inline(__always)
private func storeStack<T: FixedWidthInteger>(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _: T.Type, immediate isImmediate: Bool
) -> Int {
  let value = isImmediate ? immediate(p) : register(s, element(p).pointee.source)
  (frame + Int(element(p).pointee.offset)).storeBytes(of: T(truncatingIfNeeded: value), as: T.self)
  return next(p, s, mark, frame, regions)
}

extension MemorySize {
  /// The handler of a load; `stack` when the base is r10 and the offset lies within its frame.
  func loadHandler(signed: Bool, stack: Bool) -> Handler {
    switch (self, signed, stack) {
    case (.u8, false, false): { load($0, $1, $2, $3, $4, UInt8.self) }
    case (.u16, false, false): { load($0, $1, $2, $3, $4, UInt16.self) }
    case (.u32, false, false): { load($0, $1, $2, $3, $4, UInt32.self) }
    case (.u64, _, false): { load($0, $1, $2, $3, $4, UInt64.self) }
    case (.u8, true, false): { load($0, $1, $2, $3, $4, Int8.self) }
    case (.u16, true, false): { load($0, $1, $2, $3, $4, Int16.self) }
    case (.u32, true, false): { load($0, $1, $2, $3, $4, Int32.self) }
    case (.u8, false, true): { loadStack($0, $1, $2, $3, $4, UInt8.self) }
    case (.u16, false, true): { loadStack($0, $1, $2, $3, $4, UInt16.self) }
    case (.u32, false, true): { loadStack($0, $1, $2, $3, $4, UInt32.self) }
    case (.u64, _, true): { loadStack($0, $1, $2, $3, $4, UInt64.self) }
    case (.u8, true, true): { loadStack($0, $1, $2, $3, $4, Int8.self) }
    case (.u16, true, true): { loadStack($0, $1, $2, $3, $4, Int16.self) }
    case (.u32, true, true): { loadStack($0, $1, $2, $3, $4, Int32.self) }
    }
  }

  /// The handler of a store.
  func storeHandler(immediate: Bool, stack: Bool) -> Handler {
    switch (self, immediate, stack) {
    case (.u8, false, false): { store($0, $1, $2, $3, $4, UInt8.self, immediate: false) }
    case (.u16, false, false): { store($0, $1, $2, $3, $4, UInt16.self, immediate: false) }
    case (.u32, false, false): { store($0, $1, $2, $3, $4, UInt32.self, immediate: false) }
    case (.u64, false, false): { store($0, $1, $2, $3, $4, UInt64.self, immediate: false) }
    case (.u8, true, false): { store($0, $1, $2, $3, $4, UInt8.self, immediate: true) }
    case (.u16, true, false): { store($0, $1, $2, $3, $4, UInt16.self, immediate: true) }
    case (.u32, true, false): { store($0, $1, $2, $3, $4, UInt32.self, immediate: true) }
    case (.u64, true, false): { store($0, $1, $2, $3, $4, UInt64.self, immediate: true) }
    case (.u8, false, true): { storeStack($0, $1, $2, $3, $4, UInt8.self, immediate: false) }
    case (.u16, false, true): { storeStack($0, $1, $2, $3, $4, UInt16.self, immediate: false) }
    case (.u32, false, true): { storeStack($0, $1, $2, $3, $4, UInt32.self, immediate: false) }
    case (.u64, false, true): { storeStack($0, $1, $2, $3, $4, UInt64.self, immediate: false) }
    case (.u8, true, true): { storeStack($0, $1, $2, $3, $4, UInt8.self, immediate: true) }
    case (.u16, true, true): { storeStack($0, $1, $2, $3, $4, UInt16.self, immediate: true) }
    case (.u32, true, true): { storeStack($0, $1, $2, $3, $4, UInt32.self, immediate: true) }
    case (.u64, true, true): { storeStack($0, $1, $2, $3, $4, UInt64.self, immediate: true) }
    }
  }
}
