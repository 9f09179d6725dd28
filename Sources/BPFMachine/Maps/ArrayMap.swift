import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_ARRAY` and its per-CPU form, and the maps of global data (kernel/bpf/arraymap.c).
package final class ArrayMap: BPFMap {
  package let slab: ValueSlab
  private let isPerCPU: Bool

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    isPerCPU = spec.type?.isPerCPU == true
    do {
      slab = try ValueSlab(spec, memory: memory, slots: Int(spec.maxEntries), copies: isPerCPU ? cpus : 1)
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) values")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
    if let contents = spec.initialContents {
      contents.prefix(valueSize).withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { slab.host(0).copyMemory(from: base, byteCount: bytes.count) }
      }
    }
  }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    let slot = Int(key.loadUnaligned(as: UInt32.self))
    guard slot < capacity else { return 0 }
    return slab.guest(slot, copy: isPerCPU ? cpu : 0)
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    let isLocked = flags & UpdateFlags.lock != 0
    guard (isPerCPU ? flags : flags & ~UpdateFlags.lock) <= UpdateFlags.exist else { return -EINVAL }
    let slot = Int(key.loadUnaligned(as: UInt32.self))
    guard slot < capacity else { return -E2BIG }
    guard flags & UpdateFlags.noExist == 0 else { return -EEXIST }
    guard !isLocked || layout.hasLock else { return -EINVAL }
    let target = slab.host(slot, copy: isPerCPU ? cpu : 0)
    layout.copy(value, to: target, count: valueSize)
    releaseFields(target)
    return 0
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 { -EINVAL }

  package override func hostValues(_ key: UnsafeRawPointer) -> [UnsafeMutableRawPointer]? {
    let slot = Int(key.loadUnaligned(as: UInt32.self))
    guard slot < capacity else { return nil }
    return (0..<copies).map { slab.host(slot, copy: $0) }
  }

  package override func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    let slot = Int(key.loadUnaligned(as: UInt32.self))
    return slot < capacity ? slab.host(slot) : nil
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  override func element(at address: UInt64) -> (slot: Int, offset: Int)? { slab.element(at: address) }

  package override func keys() -> [[UInt8]] {
    (0..<UInt32(capacity)).map { index in withUnsafeBytes(of: index.littleEndian) { Array($0) } }
  }
}
