import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_HASH`, its per-CPU and LRU forms (kernel/bpf/hashtab.c).
///
/// As in the kernel, replacing an element of a map that is not per-CPU puts the new value in other memory: a pointer that a
/// program looked up before keeps the old value. Iteration goes by slot: in order of insertion until something is deleted.
package final class HashMap: BPFMap {
  private let slab: ValueSlab
  /// A record a slot: a slot plus one, the next in the bucket's chain or among the free ones, then the key. What a lookup looks at
  /// lies together.
  private let records: UnsafeMutableRawPointer
  private let recordStride: Int
  /// Which slots hold an element, a bit each.
  private let occupied: UnsafeMutablePointer<UInt64>
  /// First slot of each bucket's chain, plus one.
  private let heads: UnsafeMutablePointer<UInt32>
  private let bucketMask: UInt64
  private let isPerCPU: Bool
  /// The order of use, of LRU types.
  private let lru: LRUOrder?
  private var used = 0
  /// Elements that an LRU map gave up for new ones.
  package private(set) var evictions = 0
  private var untouched = 0
  private var firstFree: UInt32 = 0

  /// Where the key begins in a record.
  private static let keyOffset = 4

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    isPerCPU = spec.type?.isPerCPU == true
    let isLRU = spec.type == .lruHash || spec.type == .lruPercpuHash
    let hasOwnLists = spec.flags & MapFlags.noCommonLRU != 0
    let capacity = isLRU && hasOwnLists ? LRUOrder.divisible(Int(spec.maxEntries), by: cpus) : Int(spec.maxEntries)
    // A full map still takes replacements.
    let slots = isLRU ? capacity : capacity + 1
    recordStride = (HashMap.keyOffset + Int(spec.keySize) + 7) & ~7
    var buckets = 16
    while buckets < capacity { buckets <<= 1 }
    bucketMask = UInt64(buckets - 1)
    do {
      slab = try ValueSlab(spec, memory: memory, slots: slots, copies: isPerCPU ? cpus : 1)
      records = try memory.hostBlock(byteCount: slots * recordStride)
      heads = try memory.hostBlock(byteCount: buckets * MemoryLayout<UInt32>.stride)
        .bindMemory(to: UInt32.self, capacity: buckets)
      let words = slots / 64 + 1
      occupied = try memory.hostBlock(byteCount: words * 8).bindMemory(to: UInt64.self, capacity: words)
      lru = isLRU ? try LRUOrder(slots: slots, cpus: cpus, hasOwnLists: hasOwnLists, memory: memory) : nil
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) elements")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  // MARK: Slots

  private func hash(_ key: UnsafeRawPointer) -> UInt64 {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 &* UInt64(truncatingIfNeeded: keySize &+ 1)
    var offset = 0
    while offset &+ 8 <= keySize {
      hash = (hash ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 32
      offset &+= 8
    }
    var tail: UInt64 = 0
    if offset &+ 4 <= keySize {
      tail = UInt64(key.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      offset &+= 4
    }
    while offset < keySize {
      tail = tail << 8 | UInt64(key.load(fromByteOffset: offset, as: UInt8.self))
      offset &+= 1
    }
    hash = (hash ^ tail) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 29
  }

  @inline(__always)
  private func key(_ slot: Int) -> UnsafeMutableRawPointer { records + (slot &* recordStride &+ HashMap.keyOffset) }

  @inline(__always)
  private func next(_ slot: Int) -> UInt32 { (records + slot &* recordStride).load(as: UInt32.self) }

  private func setNext(_ slot: Int, _ next: UInt32) {
    (records + slot &* recordStride).storeBytes(of: next, as: UInt32.self)
  }

  private func isUsed(_ slot: Int) -> Bool { occupied[slot >> 6] & 1 << UInt64(slot & 63) != 0 }

  /// Calls `body` with each slot that holds an element.
  private func forEachUsed(_ body: (Int) -> Void) {
    let end = lru?.untouched ?? untouched
    for word in 0..<(end + 63) / 64 {
      var bits = occupied[word]
      while bits != 0 {
        body(word * 64 + bits.trailingZeroBitCount)
        bits &= bits - 1
      }
    }
  }

  @inline(__always)
  private func isEqual(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer) -> Bool {
    switch keySize {
    case 4: a.loadUnaligned(as: UInt32.self) == b.loadUnaligned(as: UInt32.self)
    case 8: a.loadUnaligned(as: UInt64.self) == b.loadUnaligned(as: UInt64.self)
    case 16: a.loadUnaligned(as: SIMD2<UInt64>.self) == b.loadUnaligned(as: SIMD2<UInt64>.self)
    default: memcmp(a, b, keySize) == 0
    }
  }

  /// The slot of a key; -1 when there is none.
  private func find(_ key: UnsafeRawPointer, bucket: Int) -> Int {
    var entry = heads[bucket]
    while entry != 0 {
      let slot = Int(entry) &- 1
      if isEqual(self.key(slot), key) { return slot }
      entry = next(slot)
    }
    return -1
  }

  @inline(__always)
  private func bucket(_ key: UnsafeRawPointer) -> Int { Int(truncatingIfNeeded: hash(key) & bucketMask) }

  /// A slot nobody uses, of a map that is no LRU; -1 when there is none.
  private func takeSlot() -> Int {
    if firstFree != 0 {
      let slot = Int(firstFree) - 1
      firstFree = next(slot)
      return slot
    }
    untouched += 1
    return untouched - 1
  }

  private func link(_ slot: Int, bucket: Int) {
    setNext(slot, heads[bucket])
    occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    heads[bucket] = UInt32(truncatingIfNeeded: slot + 1)
    used += 1
  }

  /// Takes a slot out of its bucket's chain.
  private func unlink(_ slot: Int, bucket: Int) {
    let entry = UInt32(truncatingIfNeeded: slot + 1)
    if heads[bucket] == entry {
      heads[bucket] = next(slot)
    } else {
      var previous = Int(heads[bucket]) - 1
      while next(previous) != entry { previous = Int(next(previous)) - 1 }
      setNext(previous, next(slot))
    }
    occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
    used -= 1
    releaseFields(slab.host(slot))
  }

  /// Gives back a slot that is in no chain.
  private func free(_ slot: Int) {
    if let lru {
      lru.free(slot)
    } else {
      setNext(slot, firstFree)
      firstFree = UInt32(truncatingIfNeeded: slot + 1)
    }
  }

  // MARK: Programs

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    let slot = find(key, bucket: bucket(key))
    guard slot >= 0 else { return 0 }
    if let lru { lru.use(slot) }
    return slab.guest(slot, copy: isPerCPU ? cpu : 0)
  }

  package override func valueAddress(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    let slot = find(key, bucket: bucket(key))
    return slot < 0 ? 0 : slab.guest(slot, copy: isPerCPU ? cpu : 0)
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    let isLocked = flags & UpdateFlags.lock != 0
    // Per-CPU and LRU types do not know BPF_F_LOCK.
    let known = isPerCPU || lru != nil ? flags : flags & ~UpdateFlags.lock
    guard known <= UpdateFlags.exist, !isLocked || layout.hasLock else { return -EINVAL }
    if lru != nil { return setInOrder(key, value, flags: flags, cpu: cpu) }
    let bucket = bucket(key)
    let old = find(key, bucket: bucket)
    if old >= 0 {
      guard known != UpdateFlags.noExist else { return -EEXIST }
      if isPerCPU || isLocked {
        // With BPF_F_LOCK the kernel leaves timers as they are.
        layout.copy(value, to: slab.host(old, copy: isPerCPU ? cpu : 0), count: valueSize)
        return 0
      }
    } else {
      guard known != UpdateFlags.exist else { return -ENOENT }
      guard used < capacity else { return -E2BIG }
    }
    let slot = takeSlot()
    fill(slot, key, value, cpu: cpu)
    if old >= 0 {
      unlink(old, bucket: bucket)
      free(old)
    }
    link(slot, bucket: bucket)
    return 0
  }

  /// `htab_lru_map_update_elem` and its per-CPU form: a slot is had first, even for an update that then fails.
  private func setInOrder(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    guard let lru else { return -EINVAL }
    var fresh = -1
    if !isPerCPU || flags != UpdateFlags.exist {
      fresh = lru.take(cpu: cpu) { removeFromTable($0) }
      guard fresh >= 0 else { return -ENOMEM }
    }
    let bucket = bucket(key)
    let old = find(key, bucket: bucket)
    var result: Int32 = 0
    if old >= 0, flags == UpdateFlags.noExist { result = -EEXIST }
    if old < 0, flags == UpdateFlags.exist { result = -ENOENT }
    if result == 0 {
      if old >= 0, isPerCPU {
        lru.use(old)
        layout.copy(value, to: slab.host(old, copy: cpu), count: valueSize)
      } else {
        fill(fresh, key, value, cpu: cpu)
        link(fresh, bucket: bucket)
        fresh = -1
        if old >= 0 {
          lru.use(Int(heads[bucket]) - 1)
          unlink(old, bucket: bucket)
          free(old)
        }
      }
    }
    if fresh >= 0 { free(fresh) }
    return result
  }

  /// Takes an element out for the sake of another; false when it is not in the table.
  private func removeFromTable(_ slot: Int) -> Bool {
    guard isUsed(slot) else { return false }
    evictions += 1
    unlink(slot, bucket: bucket(key(slot)))
    return true
  }

  /// Writes a new element.
  private func fill(_ slot: Int, _ key: UnsafeRawPointer, _ value: UnsafeRawPointer, cpu: Int) {
    self.key(slot).copyMemory(from: key, byteCount: keySize)
    if isPerCPU {
      for copy in 0..<copies where copy != cpu { memset(slab.host(slot, copy: copy), 0, valueSize) }
    }
    let target = slab.host(slot, copy: isPerCPU ? cpu : 0)
    target.copyMemory(from: value, byteCount: valueSize)
    layout.initialise(target)
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    let bucket = bucket(key)
    let slot = find(key, bucket: bucket)
    guard slot >= 0 else { return -ENOENT }
    unlink(slot, bucket: bucket)
    free(slot)
    return 0
  }

  // MARK: User space

  package override func hostValues(_ key: UnsafeRawPointer) -> [UnsafeMutableRawPointer]? {
    let slot = find(key, bucket: bucket(key))
    return slot < 0 ? nil : (0..<copies).map { slab.host(slot, copy: $0) }
  }

  package override func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    let slot = find(key, bucket: bucket(key))
    return slot < 0 ? nil : slab.host(slot)
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  override func element(at address: UInt64) -> (slot: Int, offset: Int)? {
    guard let element = slab.element(at: address), isUsed(element.slot) else { return nil }
    return element
  }

  override func withKey<Result>(ofElement slot: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    body(UnsafeRawBufferPointer(start: key(slot), count: keySize))
  }

  override func flatKeys() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(used * keySize)
    forEachUsed { bytes.append(contentsOf: UnsafeRawBufferPointer(start: key($0), count: keySize)) }
    return bytes
  }

  package override func keys() -> [[UInt8]] {
    var keys: [[UInt8]] = []
    keys.reserveCapacity(used)
    forEachUsed { keys.append([UInt8](UnsafeRawBufferPointer(start: key($0), count: keySize))) }
    return keys
  }
}
