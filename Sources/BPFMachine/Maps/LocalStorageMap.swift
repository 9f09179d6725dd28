import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_TASK_STORAGE` and `BPF_MAP_TYPE_CGRP_STORAGE` (kernel/bpf/bpf_local_storage.c): a value for each task or cgroup that
/// has been given one, known by its address.
package final class LocalStorageMap: BPFMap {
  private let slab: ValueSlab
  private var slots: [UInt64: Int] = [:]
  private var freeSlots: [Int] = []

  /// Values that there is room for; memory is taken for those that are there.
  private static let limit = 1 << 12

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    do {
      slab = try ValueSlab(spec, memory: memory, slots: LocalStorageMap.limit)
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(LocalStorageMap.limit) values")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// Guest address of the owner's value; 0 when it has none.
  func value(of owner: UInt64) -> UInt64 { slots[owner].map { slab.guest($0) } ?? 0 }

  /// Gives the owner a value, zeroes when `initial` is nil.
  /// - Returns: its guest address; 0 when there is no room.
  func make(for owner: UInt64, _ initial: UnsafeRawPointer?) -> UInt64 {
    let slot = freeSlots.popLast() ?? slots.count
    guard slot < LocalStorageMap.limit else { return 0 }
    slots[owner] = slot
    let value = slab.host(slot)
    memset(value, 0, valueSize)
    if let initial { layout.copy(initial, to: value, count: valueSize) }
    return slab.guest(slot)
  }

  /// - Returns: whether the owner had a value.
  func removeValue(of owner: UInt64) -> Bool {
    guard let slot = slots.removeValue(forKey: owner) else { return false }
    releaseFields(slab.host(slot))
    freeSlots.append(slot)
    return true
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }
}
