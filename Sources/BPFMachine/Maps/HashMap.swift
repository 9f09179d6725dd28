import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_HASH`, its per-CPU and LRU forms, and devmap_hash's table (kernel/bpf/hashtab.c).
///
/// As in the kernel, replacing an element of a map that is not per-CPU puts the new value in other memory: a pointer that a
/// program looked up before keeps the old value. Iteration goes by slot.
package final class HashMap: BPFMap {
  private let slab: ValueSlab
  private let keyBytes: UnsafeMutableRawPointer
  private let keyStride: Int
  /// First slot of each bucket's chain, plus one.
  private let heads: UnsafeMutablePointer<UInt32>
  private let bucketMask: UInt64
  private let links: UnsafeMutablePointer<Link>
  private let isLRU: Bool
  private var used = 0
  /// Elements that an LRU map gave up for new ones.
  package private(set) var evictions = 0
  private var untouched = 0
  private var firstFree: UInt32 = 0
  /// Most and least recently used slots, plus one.
  private var newest: UInt32 = 0
  private var oldest: UInt32 = 0

  /// Where a slot stands; all zero when it was never used. Slot numbers are stored plus one.
  private struct Link {
    var next: UInt32
    var newer: UInt32
    var older: UInt32
    var isUsed: Bool
  }

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    let copies = spec.type?.isPerCPU == true ? cpus : 1
    isLRU = spec.type == .lruHash || spec.type == .lruPercpuHash
    let slots = Int(spec.maxEntries) + 1
    keyStride = (Int(spec.keySize) + 7) & ~7
    var buckets = 16
    while buckets < slots { buckets <<= 1 }
    bucketMask = UInt64(buckets - 1)
    do {
      slab = try ValueSlab(
        memory: memory, slots: slots, valueSize: Int(spec.valueSize), copies: copies,
        writable: spec.flags & MapFlags.readOnlyProgram == 0)
      keyBytes = try memory.hostBlock(byteCount: slots * keyStride)
      heads = try memory.hostBlock(byteCount: buckets * MemoryLayout<UInt32>.stride)
        .bindMemory(to: UInt32.self, capacity: buckets)
      links = try memory.hostBlock(byteCount: slots * MemoryLayout<Link>.stride)
        .bindMemory(to: Link.self, capacity: slots)
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

  private func key(_ slot: Int) -> UnsafeMutableRawPointer { keyBytes + slot &* keyStride }

  private func find(_ key: UnsafeRawPointer, bucket: Int) -> Int? {
    var entry = heads[bucket]
    while entry != 0 {
      let slot = Int(entry) &- 1
      if memcmp(self.key(slot), key, keySize) == 0 { return slot }
      entry = links[slot].next
    }
    return nil
  }

  @inline(__always)
  private func bucket(_ key: UnsafeRawPointer) -> Int { Int(truncatingIfNeeded: hash(key) & bucketMask) }

  /// A slot nobody uses; one more than the capacity exists, for replacements.
  private func takeSlot() -> Int {
    if firstFree != 0 {
      let slot = Int(firstFree) - 1
      firstFree = links[slot].next
      return slot
    }
    untouched += 1
    return untouched - 1
  }

  private func link(_ slot: Int, bucket: Int) {
    links[slot].next = heads[bucket]
    links[slot].isUsed = true
    heads[bucket] = UInt32(truncatingIfNeeded: slot + 1)
    used += 1
    if isLRU { makeNewest(slot) }
  }

  private func unlink(_ slot: Int, bucket: Int) {
    let entry = UInt32(truncatingIfNeeded: slot + 1)
    if heads[bucket] == entry {
      heads[bucket] = links[slot].next
    } else {
      var previous = Int(heads[bucket]) - 1
      while links[previous].next != entry { previous = Int(links[previous].next) - 1 }
      links[previous].next = links[slot].next
    }
    if isLRU { leaveOrder(slot) }
    links[slot].isUsed = false
    links[slot].next = firstFree
    firstFree = entry
    used -= 1
  }

  // MARK: Order of use

  private func leaveOrder(_ slot: Int) {
    let link = links[slot]
    if link.newer != 0 { links[Int(link.newer) - 1].older = link.older } else { newest = link.older }
    if link.older != 0 { links[Int(link.older) - 1].newer = link.newer } else { oldest = link.newer }
    links[slot].newer = 0
    links[slot].older = 0
  }

  private func makeNewest(_ slot: Int) {
    let entry = UInt32(truncatingIfNeeded: slot + 1)
    links[slot].older = newest
    links[slot].newer = 0
    if newest != 0 { links[Int(newest) - 1].newer = entry } else { oldest = entry }
    newest = entry
  }

  // MARK: Programs

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    guard let slot = find(key, bucket: bucket(key)) else { return 0 }
    if isLRU, Int(newest) != slot + 1 {
      leaveOrder(slot)
      makeNewest(slot)
    }
    return slab.guest(slot, copy: copies > 1 ? cpu : 0)
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    guard flags <= UpdateFlags.exist else { return -EINVAL }
    let bucket = bucket(key)
    let old = find(key, bucket: bucket)
    if let old {
      guard flags != UpdateFlags.noExist else { return -EEXIST }
      if copies > 1 {
        slab.host(old, copy: cpu).copyMemory(from: value, byteCount: valueSize)
        if isLRU {
          leaveOrder(old)
          makeNewest(old)
        }
        return 0
      }
    } else {
      guard flags != UpdateFlags.exist else { return -ENOENT }
      if used >= capacity {
        guard isLRU, oldest != 0 else { return -E2BIG }
        let victim = Int(oldest) - 1
        evictions += 1
        unlink(victim, bucket: self.bucket(self.key(victim)))
      }
    }
    let slot = takeSlot()
    self.key(slot).copyMemory(from: key, byteCount: keySize)
    if copies > 1 {
      for copy in 0..<copies where copy != cpu { memset(slab.host(slot, copy: copy), 0, valueSize) }
    }
    slab.host(slot, copy: copies > 1 ? cpu : 0).copyMemory(from: value, byteCount: valueSize)
    if let old { unlink(old, bucket: bucket) }
    link(slot, bucket: bucket)
    return 0
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    let bucket = bucket(key)
    guard let slot = find(key, bucket: bucket) else { return -ENOENT }
    unlink(slot, bucket: bucket)
    return 0
  }

  // MARK: User space

  package override func hostValues(_ key: UnsafeRawPointer) -> [UnsafeMutableRawPointer]? {
    guard let slot = find(key, bucket: bucket(key)) else { return nil }
    return (0..<copies).map { slab.host(slot, copy: $0) }
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  package override func keys() -> [[UInt8]] {
    (0..<untouched).filter { links[$0].isUsed }.map {
      [UInt8](UnsafeRawBufferPointer(start: key($0), count: keySize))
    }
  }
}
