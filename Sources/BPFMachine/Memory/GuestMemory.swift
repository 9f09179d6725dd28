/// The memory that programs see: a table of regions, one for every 4 GiB of guest address space.
///
/// Guest addresses depend on nothing but the order of allocation, so a run prints the same addresses on any machine.
/// Region 0 holds the packet, whose pointers must fit 32 bits (`xdp_md.data` is a u32).
///
/// Unsafe inside, safe outside: a host pointer leaves only for a range that was checked against a live region, and host
/// blocks live as long as this object.
package final class GuestMemory {
  /// Slots of the region table; a power of two, so that the engines mask an index instead of comparing it.
  package static let regionCapacity = 1 << 14
  /// Region numbers with a fixed meaning.
  package static let packetRegion = 0
  package static let contextRegion = 1
  package static let stackRegion = 2

  package let regions: UnsafeMutablePointer<Region>
  private let hole: UnsafeMutableRawPointer
  private var blocks: [HostBlock] = []
  private var nextRegion = 3
  /// Regions from here on are windows; they grow downwards from the end of the table.
  private var firstWindow = GuestMemory.regionCapacity
  private var freeWindows: [Int] = []

  package init() {
    hole = .allocate(byteCount: 64, alignment: 64)
    hole.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
    regions = .allocate(capacity: GuestMemory.regionCapacity)
    regions.initialize(repeating: .empty(base: hole), count: GuestMemory.regionCapacity)
  }

  deinit {
    regions.deallocate()
    hole.deallocate()
  }

  /// Guest address of the first byte of a region.
  package static func address(region: Int) -> UInt64 { UInt64(region) << 32 }

  /// Zeroed host memory that lives as long as this object; untouched pages take no memory.
  package func hostBlock(byteCount: Int) throws(MemoryError) -> UnsafeMutableRawPointer {
    let block = try HostBlock(byteCount: byteCount)
    blocks.append(block)
    return block.base
  }

  /// Maps `byteCount` bytes of zeroed memory as guest memory; more than 4 GiB take several regions in a row,
  /// cut at multiples of `stride` so that no element straddles two of them.
  ///
  /// - Returns: where the guest and the host find it.
  package func allocate(byteCount: Int, stride: Int, access: GuestAccess) throws(MemoryError) -> GuestBlock {
    let base = try hostBlock(byteCount: max(byteCount, 1))
    let perRegion = max(1, (1 << 32 - 16) / max(stride, 1)) * max(stride, 1)
    let first = nextRegion
    var offset = 0
    repeat {
      guard nextRegion < firstWindow else { throw MemoryError.outOfRegions }
      let count = min(perRegion, byteCount - offset)
      regions[nextRegion] = Region(
        base: base + offset, lower: GuestMemory.address(region: nextRegion),
        bounds: Region.bounds(count: count, access: access))
      nextRegion += 1
      offset += count
    } while offset < byteCount
    return GuestBlock(
      host: base, byteCount: byteCount, firstRegion: first, bytesPerRegion: perRegion,
      address: GuestMemory.address(region: first))
  }

  /// Sets one of the fixed regions.
  package func setRegion(_ index: Int, base: UnsafeMutableRawPointer, lower: UInt64, count: Int, writable: Bool) {
    regions[index] = Region(base: base, lower: lower, bounds: Region.bounds(count: count, writable: writable))
  }

  /// Regions in a row for whoever sets and empties them itself.
  ///
  /// - Returns: the first one's index; nil when there are not as many left.
  func reserveRegions(_ count: Int) -> Int? {
    guard count <= firstWindow - nextRegion else { return nil }
    defer { nextRegion += count }
    return nextRegion
  }

  /// Ends what a region shows: no access to it succeeds from now on.
  func emptyRegion(_ index: Int) { regions[index] = .empty(base: hole) }

  /// Changes whether programs may write to a block: `BPF_F_RDONLY_PROG`.
  package func setWritable(_ block: GuestBlock, _ writable: Bool) {
    var region = block.firstRegion
    var left = block.byteCount
    repeat {
      let count = min(left, block.bytesPerRegion)
      regions[region].bounds = Region.bounds(count: count, writable: writable)
      left -= count
      region += 1
    } while left > 0
  }

  // MARK: Windows

  /// Makes `count` host bytes an object of their own, for as long as a program holds it: a ring buffer's record.
  ///
  /// - Returns: its guest address; nil when no region is left.
  func openWindow(_ host: UnsafeMutableRawPointer, count: Int) -> UInt64? {
    let region: Int
    if let free = freeWindows.popLast() {
      region = free
    } else {
      guard firstWindow - 1 > nextRegion else { return nil }
      firstWindow -= 1
      region = firstWindow
    }
    let address = GuestMemory.address(region: region)
    regions[region] = Region(base: host, lower: address, bounds: Region.bounds(count: count, writable: true))
    return address
  }

  /// The host bytes of the window at exactly that address; nil when there is none.
  func window(_ address: UInt64) -> UnsafeMutableRawPointer? {
    let region = Int(truncatingIfNeeded: address >> 32)
    guard region >= firstWindow, region < GuestMemory.regionCapacity, address & 0xffff_ffff == 0,
      regions[region].base != hole
    else { return nil }
    return regions[region].base
  }

  /// Ends a window: no access to it succeeds from now on.
  ///
  /// - Returns: its host bytes; nil when there is no window at exactly that address.
  func closeWindow(_ address: UInt64) -> UnsafeMutableRawPointer? {
    guard let host = window(address) else { return nil }
    let region = Int(truncatingIfNeeded: address >> 32)
    regions[region] = .empty(base: hole)
    freeWindows.append(region)
    return host
  }

  /// Ends every window.
  func closeWindows(_ body: (UnsafeMutableRawPointer) -> Void) {
    for region in firstWindow..<GuestMemory.regionCapacity {
      if let host = closeWindow(GuestMemory.address(region: region)) { body(host) }
    }
  }

  /// The host bytes of `count` bytes at a guest address, when a single live object holds them all; nil otherwise.
  @inline(__always)
  package func read(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    let region = regions + Int(truncatingIfNeeded: address >> 32) & (GuestMemory.regionCapacity - 1)
    let distance = address &- region.pointee.lower
    let length = UInt64(region.pointee.bounds[0])
    guard distance <= length, UInt64(truncatingIfNeeded: count) <= length &- distance else { return nil }
    return region.pointee.base + Int(truncatingIfNeeded: distance)
  }

  /// As ``read(_:_:)``, for bytes that the program may write.
  @inline(__always)
  package func write(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
    let region = regions + Int(truncatingIfNeeded: address >> 32) & (GuestMemory.regionCapacity - 1)
    let distance = address &- region.pointee.lower
    let length = UInt64(region.pointee.bounds[4])
    guard distance <= length, UInt64(truncatingIfNeeded: count) <= length &- distance else { return nil }
    return region.pointee.base + Int(truncatingIfNeeded: distance)
  }
}

/// A block of guest memory and the host memory behind it.
package struct GuestBlock {
  package let host: UnsafeMutableRawPointer
  package let byteCount: Int
  package let firstRegion: Int
  package let bytesPerRegion: Int
  /// Guest address of the first byte.
  package let address: UInt64

  /// Guest address of the byte at `offset`.
  @inline(__always)
  package func address(at offset: Int) -> UInt64 {
    if _fastPath(offset < bytesPerRegion) { return address &+ UInt64(truncatingIfNeeded: offset) }
    return address &+ UInt64(offset / bytesPerRegion) << 32 &+ UInt64(offset % bytesPerRegion)
  }

  /// True when that region is part of the block.
  package func holds(region: Int) -> Bool {
    region >= firstRegion && region <= firstRegion + max(byteCount - 1, 0) / bytesPerRegion
  }

  /// Offset of a guest address within the block.
  @inline(__always)
  package func offset(of guest: UInt64) -> Int {
    let distance = guest &- address
    return Int(distance >> 32) * bytesPerRegion + Int(distance & 0xffff_ffff)
  }
}

/// Guest memory that cannot be had.
package enum MemoryError: Error {
  /// The host refused this many bytes.
  case outOfMemory(Int)
  /// More objects than the region table has slots.
  case outOfRegions
}
