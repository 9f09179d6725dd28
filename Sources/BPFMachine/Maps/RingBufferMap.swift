import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_RINGBUF` (kernel/bpf/ringbuf.c): records of any size, read by user space in the order in which they were reserved.
///
/// A reserved record is an object of its own in guest memory, with exact bounds, until it is submitted or discarded. The
/// reader is modelled: see ``EventReader``.
package final class RingBufferMap: BPFMap {
  /// The ring, twice as long as it is, so that a record that wraps lies in one piece.
  private let data: UnsafeMutableRawPointer
  private let mask: UInt64
  private(set) var consumed: UInt64 = 0
  private(set) var produced: UInt64 = 0

  /// `BPF_RINGBUF_HDR_SZ`: the length with two flags, and here the map's index where the kernel has a page offset.
  static let headerSize = 8
  /// `BPF_RINGBUF_BUSY_BIT` and `BPF_RINGBUF_DISCARD_BIT`.
  private static let busy: UInt32 = 1 << 31
  private static let discarded: UInt32 = 1 << 30
  /// `RINGBUF_MAX_RECORD_SZ`.
  private static let largestRecord = UInt64(UInt32.max / 4)

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    data = try BPFMap.reserve(spec, 2 * Int(spec.maxEntries), 1, memory)
    mask = UInt64(spec.maxEntries) - 1
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// Bytes that a record of `size` takes.
  private static func length(_ size: UInt64) -> UInt64 { (size + UInt64(headerSize) + 7) & ~7 }

  /// `__bpf_ringbuf_reserve`: the host bytes of a new record; nil when there is no room.
  func reserve(_ size: UInt64) -> UnsafeMutableRawPointer? {
    guard size <= RingBufferMap.largestRecord else { return nil }
    let length = RingBufferMap.length(size)
    guard length <= mask + 1, produced + length - consumed <= mask else { return nil }
    let header = data + Int(produced & mask)
    header.storeBytes(of: UInt32(truncatingIfNeeded: size) | RingBufferMap.busy, as: UInt32.self)
    header.storeBytes(of: UInt32(truncatingIfNeeded: index), toByteOffset: 4, as: UInt32.self)
    produced += length
    return header + RingBufferMap.headerSize
  }

  /// `bpf_ringbuf_commit`.
  static func commit(_ record: UnsafeMutableRawPointer, discard: Bool) {
    let header = record - headerSize
    let length = header.load(as: UInt32.self) & ~busy
    header.storeBytes(of: discard ? length | discarded : length, as: UInt32.self)
  }

  /// The map that a reserved record belongs to.
  static func owner(of record: UnsafeMutableRawPointer) -> Int {
    Int((record - headerSize).load(fromByteOffset: 4, as: UInt32.self))
  }

  /// `bpf_ringbuf_query`.
  func query(_ flags: UInt64) -> UInt64 {
    switch flags {
    case 0: produced - consumed
    case 1: mask + 1
    case 2: consumed
    case 3: produced
    default: 0
    }
  }

  /// Takes out every record up to the first that is not submitted yet.
  func drain(_ body: (UnsafeRawBufferPointer) -> Void) {
    while consumed < produced {
      let header = data + Int(consumed & mask)
      let length = header.load(as: UInt32.self)
      guard length & RingBufferMap.busy == 0 else { return }
      let size = length & ~RingBufferMap.discarded
      if length & RingBufferMap.discarded == 0 {
        body(UnsafeRawBufferPointer(start: header + RingBufferMap.headerSize, count: Int(size)))
      }
      consumed += RingBufferMap.length(UInt64(size))
    }
  }

  /// linux/errno.h's own ENOTSUPP.
  static let notSupported: Int32 = 524

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    -RingBufferMap.notSupported
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 { -RingBufferMap.notSupported }

  /// The records that no reader has taken, in their order, each with an empty key; none behind one that is not submitted yet.
  package override func entries() throws(MapError) -> [MapEntry] {
    var entries: [MapEntry] = []
    var position = consumed
    while position < produced {
      let header = data + Int(position & mask)
      let length = header.load(as: UInt32.self)
      guard length & RingBufferMap.busy == 0 else { break }
      let size = length & ~RingBufferMap.discarded
      if length & RingBufferMap.discarded == 0 {
        let bytes = UnsafeRawBufferPointer(start: header + RingBufferMap.headerSize, count: Int(size))
        entries.append(MapEntry(key: [], values: [[UInt8](bytes)]))
      }
      position += RingBufferMap.length(UInt64(size))
    }
    return entries
  }

  package override func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? {
    throw MapError(
      map: spec.name, errno: RingBufferMap.notSupported, message: "a ring buffer has records and no elements")
  }
}
