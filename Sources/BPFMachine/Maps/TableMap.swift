import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A table of things outside the program: devices, CPUs, AF_XDP sockets, programs, perf rings.
///
/// devmap, devmap_hash and cpumap hold `struct bpf_devmap_val` and `struct bpf_cpumap_val`: a number and, in the next four
/// bytes, a program; xskmap, prog_array and perf_event_array hold a number only. Whether a device or a program exists is not
/// asked here, as the kernel asks when user space writes an entry.
package final class TableMap: BPFMap {
  /// The values, of index types; of devmap_hash, one that was looked up last.
  private let slab: ValueSlab
  /// Which entries of an index type are there.
  private let isPresent: UnsafeMutablePointer<Bool>
  /// The entries of a devmap_hash.
  private var hashed: [UInt32: UInt64] = [:]
  private let isHash: Bool
  private let kind: Kind

  /// How user space sets and clears entries.
  private enum Kind {
    /// Devices and CPUs: a number of 0 clears the entry.
    case devices
    case cpus
    case deviceHash
    case sockets
    /// Programs, perf rings, cgroups: `bpf_fd_array_map_update_elem`.
    case descriptors
  }

  /// The largest queue that a cpumap entry has: 16384 frames.
  private static let largestQueue: UInt32 = 16384

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    isHash = spec.type == .devmapHash
    kind =
      switch spec.type {
      case .devmap: .devices
      case .devmapHash: .deviceHash
      case .cpumap: .cpus
      case .xskmap: .sockets
      default: .descriptors
      }
    var values = spec
    values.flags |= MapFlags.readOnlyForPrograms
    let slots = isHash ? 1 : Int(spec.maxEntries)
    do {
      slab = try ValueSlab(values, memory: memory, slots: slots)
      isPresent = try memory.hostBlock(byteCount: slots).bindMemory(to: Bool.self, capacity: slots)
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) entries")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// The entry's bytes as a little-endian number; nil when it is empty.
  private func entry(_ key: UInt32) -> UInt64? {
    if isHash { return hashed[key] }
    guard key < UInt32(truncatingIfNeeded: capacity), isPresent[Int(key)] else { return nil }
    return load(slab.host(Int(key)))
  }

  private func load(_ value: UnsafeRawPointer) -> UInt64 {
    valueSize >= 8 ? value.loadUnaligned(as: UInt64.self) : UInt64(value.loadUnaligned(as: UInt32.self))
  }

  private func store(_ entry: UInt64, _ slot: Int) {
    if valueSize >= 8 {
      slab.host(slot).storeBytes(of: entry, as: UInt64.self)
    } else {
      slab.host(slot).storeBytes(of: UInt32(truncatingIfNeeded: entry), as: UInt32.self)
    }
  }

  /// The first word of an element: ifindex, queue size, socket or program; nil when the entry is empty.
  package override func target(_ key: UInt32) -> UInt32? { entry(key).map { UInt32(truncatingIfNeeded: $0) } }

  /// What the entry holds in its second word: the id of the program to run at the device or CPU; 0 when there is none.
  package func program(_ key: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: (entry(key) ?? 0) >> 32) }

  /// Keys with an entry, ascending.
  package var occupied: [UInt32] {
    isHash ? hashed.keys.sorted() : (0..<capacity).filter { isPresent[$0] }.map { UInt32(truncatingIfNeeded: $0) }
  }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    let key = key.loadUnaligned(as: UInt32.self)
    guard let entry = entry(key) else { return 0 }
    if isHash { store(entry, 0) }
    return slab.guest(isHash ? 0 : Int(key))
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    let key = key.loadUnaligned(as: UInt32.self)
    let entry = load(value)
    let number = UInt32(truncatingIfNeeded: entry)
    guard flags <= (kind == .descriptors ? UpdateFlags.any : UpdateFlags.exist) else { return -EINVAL }
    if isHash {
      guard number != 0 else { return -EINVAL }
      guard flags != UpdateFlags.noExist || hashed[key] == nil else { return -EEXIST }
      guard hashed[key] != nil || hashed.count < capacity else { return -E2BIG }
      hashed[key] = entry
      return 0
    }
    guard key < UInt32(truncatingIfNeeded: capacity) else { return -E2BIG }
    let slot = Int(key)
    var isCleared = false
    switch kind {
    case .devices, .deviceHash:
      guard flags != UpdateFlags.noExist else { return -EEXIST }
      isCleared = number == 0
      guard !isCleared || Int32(truncatingIfNeeded: entry >> 32) <= 0 else { return -EINVAL }
    case .cpus:
      guard flags != UpdateFlags.noExist else { return -EEXIST }
      guard number <= TableMap.largestQueue else { return -EOVERFLOW }
      isCleared = number == 0
    case .sockets:
      guard flags != UpdateFlags.noExist || !isPresent[slot] else { return -EEXIST }
      guard flags != UpdateFlags.exist || isPresent[slot] else { return -ENOENT }
    case .descriptors: break
    }
    isPresent[slot] = !isCleared
    store(isCleared ? 0 : entry, slot)
    return 0
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    let key = key.loadUnaligned(as: UInt32.self)
    if isHash { return hashed.removeValue(forKey: key) == nil ? -ENOENT : 0 }
    guard key < UInt32(truncatingIfNeeded: capacity) else { return kind == .descriptors ? -E2BIG : -EINVAL }
    let wasPresent = isPresent[Int(key)]
    isPresent[Int(key)] = false
    return wasPresent || kind != .descriptors ? 0 : -ENOENT
  }

  package override func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    guard address(of: key, cpu: 0) != 0 else { return nil }
    return slab.host(isHash ? 0 : Int(key.loadUnaligned(as: UInt32.self)))
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  package override func keys() -> [[UInt8]] {
    occupied.map { key in withUnsafeBytes(of: key.littleEndian) { Array($0) } }
  }
}
