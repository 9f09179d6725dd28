#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Zeroed anonymous memory; pages that nobody touches take none.
final class HostBlock {
  let base: UnsafeMutableRawPointer
  private let byteCount: Int
  /// Blocks of this many bytes get huge pages, where the system has them.
  private static let bigBlock = 16 << 20

  init(byteCount: Int) throws(MemoryError) {
    #if os(Linux)
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANON
    #endif
    guard let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), base != MAP_FAILED else {
      throw MemoryError.outOfMemory(byteCount)
    }
    #if os(Linux)
      // Big tables are reached at random, and each small page then costs a walk through the page table.
      if byteCount >= HostBlock.bigBlock { madvise(base, byteCount, MADV_HUGEPAGE) }
    #endif
    self.base = base
    self.byteCount = byteCount
  }

  deinit { munmap(base, byteCount) }
}
