import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A table of things outside the program: devices, CPUs, AF_XDP sockets, programs, perf rings.
///
/// devmap, devmap_hash and cpumap hold `struct bpf_devmap_val` and `struct bpf_cpumap_val`: a number and, in the next four
/// bytes, a program; xskmap, prog_array and perf_event_array hold a number only.
package final class TableMap: BPFMap {
  /// Values by key, as user space wrote them.
  private var elements: [UInt32: [UInt8]] = [:]
  private let slab: ValueSlab
  private let isHash: Bool

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    guard spec.keySize == 4, spec.valueSize >= 4, spec.valueSize <= 8 else {
      throw MapError(
        map: spec.name, errno: EINVAL,
        message: "a \(spec.type?.name ?? "table") has keys of 4 and values of 4 or 8 bytes")
    }
    isHash = spec.type == .devmapHash
    do {
      slab = try ValueSlab(
        memory: memory, slots: isHash ? 1 : Int(spec.maxEntries), valueSize: 8, copies: 1, writable: false)
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) entries")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// The first word of an element: ifindex, queue size, socket or program; nil when the entry is empty.
  package func target(_ key: UInt32) -> UInt32? {
    guard let value = elements[key] else { return nil }
    return value.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
  }

  /// What the entry holds in its second word: the id of the program to run at the device or CPU; 0 when there is none.
  package func program(_ key: UInt32) -> UInt32 {
    guard let value = elements[key], value.count == 8 else { return 0 }
    return value.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self) }
  }

  /// Keys with an entry, ascending.
  package var occupied: [UInt32] { elements.keys.sorted() }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    let key = key.loadUnaligned(as: UInt32.self)
    guard let value = elements[key] else { return 0 }
    let slot = isHash ? 0 : Int(key)
    value.withUnsafeBytes {
      slab.host(slot).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(slab.host(slot)), byteCount: value.count)
    }
    return slab.guest(slot)
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    guard flags <= UpdateFlags.exist else { return -EINVAL }
    let key = key.loadUnaligned(as: UInt32.self)
    if isHash {
      guard flags != UpdateFlags.noExist || elements[key] == nil else { return -EEXIST }
      guard elements[key] != nil || elements.count < capacity else { return -E2BIG }
    } else {
      guard key < UInt32(truncatingIfNeeded: capacity) else { return -E2BIG }
      guard flags != UpdateFlags.noExist else { return -EEXIST }
    }
    elements[key] = [UInt8](UnsafeRawBufferPointer(start: value, count: valueSize))
    return 0
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    let key = key.loadUnaligned(as: UInt32.self)
    guard isHash || key < UInt32(truncatingIfNeeded: capacity) else { return -EINVAL }
    guard elements.removeValue(forKey: key) != nil || !isHash else { return -ENOENT }
    return 0
  }

  package override func hostValues(_ key: UnsafeRawPointer) -> [UnsafeMutableRawPointer]? {
    guard address(of: key, cpu: 0) != 0 else { return nil }
    return [slab.host(isHash ? 0 : Int(key.loadUnaligned(as: UInt32.self)))]
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  package override func keys() -> [[UInt8]] {
    occupied.map { key in withUnsafeBytes(of: key.littleEndian) { Array($0) } }
  }
}
