/// A live object in guest memory: where it is for the guest, where for the host, and how much may be read and written.
///
/// The engines index the region table by an address's high 32 bits, then compare the distance from `lower` with the bound
/// for the size of the access. Each bound is `length - size + 1`, or 0 when the object is smaller than the access, so that
/// one comparison decides and nothing can wrap. 64 bytes, one cache line.
package struct Region {
  /// Host address of the byte at `lower`.
  package var base: UnsafeMutableRawPointer
  /// Guest address of the first byte.
  package var lower: UInt64
  /// Exclusive bounds on the distance for reads of 1, 2, 4, 8 bytes, then for writes.
  package var bounds: SIMD8<UInt32>
  private var padding: (UInt64, UInt64) = (0, 0)

  /// Offset of ``bounds`` in memory, which handlers use; checked by a test.
  package static let boundsOffset = 16

  package init(base: UnsafeMutableRawPointer, lower: UInt64, bounds: SIMD8<UInt32>) {
    self.base = base
    self.lower = lower
    self.bounds = bounds
  }

  /// A region in which no access succeeds.
  package static func empty(base: UnsafeMutableRawPointer) -> Region {
    Region(base: base, lower: 0, bounds: .zero)
  }

  /// Bounds for an object of `count` bytes.
  @inline(__always)
  package static func bounds(count: Int, writable: Bool, readable: Bool = true) -> SIMD8<UInt32> {
    let length = SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: count) &+ 1)
    let sizes = SIMD4<UInt32>(1, 2, 4, 8)
    let sizeBounds = (length &- sizes).replacing(with: 0, where: length .< sizes)
    return SIMD8(lowHalf: readable ? sizeBounds : .zero, highHalf: writable ? sizeBounds : .zero)
  }

  /// Bounds for an object of `count` bytes that allows `access`.
  package static func bounds(count: Int, access: GuestAccess) -> SIMD8<UInt32> {
    bounds(count: count, writable: access != .readOnly, readable: access != .writeOnly)
  }

  /// Bytes that may be read.
  package var readableCount: Int { Int(bounds[0]) }
  /// Bytes that may be written.
  package var writableCount: Int { Int(bounds[4]) }
}

/// What a program may do with an object.
package enum GuestAccess: Sendable {
  case readWrite
  case readOnly
  case writeOnly
}
