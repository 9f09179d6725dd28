import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_ARENA` (kernel/bpf/arena.c): up to 4 GiB of pages that programs share with user space.
///
/// There are the pages that user space has touched: those of the object's `__arena` variables, which libbpf copies to the start.
/// As in the kernel, a load from a page that is not there gives 0, and a store to it is lost.
package final class ArenaMap: BPFMap {
  private static let pageSize = 4096
  /// Where user space sees an arena that asks for no place.
  private static let defaultStart: UInt64 = 1 << 44 | 1 << 16

  /// The address of the first byte for user space, which programs see in pointers.
  let userAddress: UInt64
  /// Its guest address, which loads and stores take.
  let guestAddress: UInt64
  private let region: Int

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    let count = Int(spec.maxEntries) * ArenaMap.pageSize
    userAddress = spec.extra == 0 ? ArenaMap.defaultStart : spec.extra
    let start = userAddress & 0xffff_ffff
    guard let region = memory.reserveRegions(1), let host = try? memory.hostBlock(byteCount: 1 << 32) else {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) pages")
    }
    self.region = region
    guestAddress = GuestMemory.address(region: region) + start
    let contents = spec.initialContents ?? []
    let populated = min(count, (contents.count + ArenaMap.pageSize - 1) / ArenaMap.pageSize * ArenaMap.pageSize)
    contents.prefix(count).withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { host.copyMemory(from: base, byteCount: bytes.count) }
    }
    // All that a pointer can reach reads as zeroes.
    memory.regions[region] = Region(
      base: host, lower: guestAddress,
      bounds: SIMD8(
        lowHalf: Region.bounds(count: Int(UInt32.max - UInt32(start)) - 16, writable: false).lowHalf,
        highHalf: Region.bounds(count: populated, writable: true).highHalf))
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  package override func holds(region: Int) -> Bool { region == self.region }
}
