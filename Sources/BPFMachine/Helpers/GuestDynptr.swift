/// `struct bpf_dynptr_kern` (include/linux/bpf.h) where a program keeps it, on its stack: 16 bytes that it cannot read.
///
/// What it points to is checked at every use, so that a forged one does no harm.
package struct GuestDynptr {
  /// A guest address; for packets the context's. 0 for a dynptr that is NULL.
  package var data: UInt64
  /// Bytes.
  package var size: UInt32
  package var kind: Kind
  package var isReadOnly: Bool
  /// Where in the data it begins.
  package var offset: UInt32

  /// `enum bpf_dynptr_type`.
  package enum Kind: UInt32, Sendable {
    case invalid, local, ringBuffer, socketBuffer, frame, metadata
  }

  /// Bytes of a dynptr.
  static let byteCount = 16
  /// `DYNPTR_MAX_SIZE`.
  static let largestSize: UInt64 = (1 << 24) - 1
  /// `DYNPTR_TYPE_SHIFT` and `DYNPTR_RDONLY_BIT`.
  private static let kindShift: UInt32 = 28
  private static let readOnlyBit: UInt32 = 1 << 31

  package init(data: UInt64, size: UInt32, kind: Kind, isReadOnly: Bool = false, offset: UInt32 = 0) {
    self.data = data
    self.size = size
    self.kind = kind
    self.isReadOnly = isReadOnly
    self.offset = offset
  }

  /// The dynptr in these bytes.
  package init(_ bytes: UnsafeRawPointer) {
    data = bytes.loadUnaligned(as: UInt64.self)
    let word = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    size = word & UInt32(GuestDynptr.largestSize)
    kind = Kind(rawValue: word >> GuestDynptr.kindShift & 7) ?? .invalid
    isReadOnly = word & GuestDynptr.readOnlyBit != 0
    offset = bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
  }

  /// Writes it to these bytes.
  package func store(_ bytes: UnsafeMutableRawPointer) {
    bytes.storeBytes(of: data, as: UInt64.self)
    bytes.storeBytes(
      of: size | kind.rawValue << GuestDynptr.kindShift | (isReadOnly ? GuestDynptr.readOnlyBit : 0), toByteOffset: 8,
      as: UInt32.self)
    bytes.storeBytes(of: offset, toByteOffset: 12, as: UInt32.self)
  }

  /// `bpf_dynptr_set_null`.
  package static let null = GuestDynptr(data: 0, size: 0, kind: .invalid)

  package var isNull: Bool { data == 0 }

  /// `bpf_dynptr_check_off_len`: whether that many bytes at `position` are within it.
  package func holds(_ position: UInt64, _ count: UInt64) -> Bool {
    count <= UInt64(size) && position <= UInt64(size) - count
  }
}
