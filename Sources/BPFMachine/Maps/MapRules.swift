import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `BPF_MAP_CREATE` asks of a definition, by type, with the errno for each thing that it refuses: the `map_alloc_check` and
/// `map_alloc` functions of kernel/bpf.
struct MapRules {
  let spec: MapSpec
  let type: MapType

  /// `KMALLOC_MAX_SIZE` with pages of 4 KiB.
  static let allocationLimit = 4 << 20
  /// `PCPU_MIN_UNIT_SIZE`.
  static let perCPULimit = 32 << 10
  /// `sizeof(struct htab_elem)`.
  static let hashElement = 48
  /// `sizeof(struct lpm_trie_node)` and the longest data.
  static let trieNode = 24 + 256
  /// `NR_CPUS` of common distributions; a kernel may have fewer.
  static let cpuLimit: UInt32 = 8192

  private func refuse(_ message: String, errno: Int32 = EINVAL) -> MapError {
    MapError(map: spec.name, errno: errno, message: "a map of type \(type.name) \(message)")
  }

  private func has(_ flag: UInt32) -> Bool { spec.flags & flag != 0 }

  /// - Throws: ``MapError`` for what the kernel would not make.
  func check() throws(MapError) {
    try checkFlags()
    switch type {
    case .hash, .percpuHash, .lruHash, .lruPercpuHash, .hashOfMaps: try checkHash()
    case .array, .percpuArray: try checkArray()
    case .progArray, .perfEventArray, .cgroupArray, .arrayOfMaps:
      try require(values: [4])
      try checkArray()
    case .reuseportSockarray:
      try require(values: [4, 8])
      try checkArray()
    case .lpmTrie: try checkTrie()
    case .devmap, .devmapHash, .sockmap:
      try requireEntries()
      try require(key: 4)
      try require(values: [4, 8])
    case .cpumap:
      try requireEntries()
      try require(key: 4)
      try require(values: [4, 8])
      guard spec.maxEntries <= MapRules.cpuLimit else {
        throw refuse("has at most \(MapRules.cpuLimit) entries, not \(spec.maxEntries)", errno: E2BIG)
      }
    case .xskmap:
      try requireEntries()
      try require(key: 4)
      try require(values: [4])
    case .sockhash:
      try requireEntries()
      guard spec.keySize > 0 else { throw refuse("has keys of at least one byte") }
      try require(values: [4, 8])
      guard spec.keySize <= 512 else {
        throw refuse("has keys of at most 512 bytes, not \(spec.keySize)", errno: E2BIG)
      }
    case .queue, .stack, .bloomFilter: try checkKeyless()
    case .stackTrace:
      try requireEntries()
      try require(key: 4)
      let unit: UInt32 = has(MapFlags.stackBuildID) ? 32 : 8
      guard spec.valueSize >= 8, spec.valueSize % unit == 0, spec.valueSize / unit <= 127 else {
        throw refuse("has values of 1 to 127 times \(unit) bytes, not \(spec.valueSize)")
      }
    case .ringbuf, .userRingbuf: try checkRing()
    case .skStorage, .inodeStorage, .taskStorage, .cgrpStorage: try checkStorage()
    case .cgroupStorage, .percpuCgroupStorage, .structOps: break
    case .arena:
      guard spec.keySize == 0, spec.valueSize == 0, spec.maxEntries > 0, has(MapFlags.mappable) else {
        throw refuse("has no keys and values, at least one page, and the flag BPF_F_MMAPABLE")
      }
      guard spec.extra % 4096 == 0 else { throw refuse("begins at a page, not at \(spec.extra)") }
      guard UInt64(spec.maxEntries) * 4096 <= 1 << 32 else { throw refuse("has at most 4 GiB of pages", errno: E2BIG) }
      guard (spec.extra & 0xffff_ffff) + UInt64(spec.maxEntries) * 4096 <= 1 << 32 else {
        throw refuse("does not cross a multiple of 4 GiB", errno: ERANGE)
      }
    }
  }

  // MARK: Families

  private func checkFlags() throws(MapError) {
    let unknown = spec.flags & ~MapTable.row(type).flags
    guard spec.extra == 0 || type == .arena || type == .bloomFilter && spec.extra <= 15 else {
      throw refuse("cannot have map_extra \(spec.extra)")
    }
    if type == .lruHash || type == .lruPercpuHash, has(MapFlags.noPreallocation) {
      // linux/errno.h's own ENOTSUPP.
      throw refuse("cannot have the flag BPF_F_NO_PREALLOC", errno: 524)
    }
    // Queues and bloom filters look at the size first.
    if type == .bloomFilter, spec.valueSize > MapRules.allocationLimit { return }
    guard unknown == 0 else { throw refuse("cannot have the flag \(MapFlags.text(unknown))") }
    guard !(has(MapFlags.readOnlyForPrograms) && has(MapFlags.writeOnlyForPrograms)) else {
      throw refuse("cannot be both BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG")
    }
    guard !(has(MapFlags.readOnly) && has(MapFlags.writeOnly)) else {
      throw refuse("cannot be both BPF_F_RDONLY and BPF_F_WRONLY")
    }
  }

  private func checkHash() throws(MapError) {
    guard !(has(MapFlags.numaNode) && has(MapFlags.noCommonLRU)) else {
      throw refuse("cannot have the flags BPF_F_NUMA_NODE and BPF_F_NO_COMMON_LRU together")
    }
    if type == .hashOfMaps { try require(values: [4]) }
    try requireEntries()
    guard spec.keySize > 0, spec.valueSize > 0 else { throw refuse("has keys and values of at least one byte") }
    let size = Int(spec.keySize) + Int(spec.valueSize)
    guard size < MapRules.allocationLimit - MapRules.hashElement else {
      throw refuse("has keys and values of together at most 4 MiB, not \(size) bytes", errno: E2BIG)
    }
    try checkPerCPUSize()
    guard spec.maxEntries <= 1 << 31 else {
      throw refuse("has at most 2^31 entries, not \(spec.maxEntries)", errno: E2BIG)
    }
  }

  private func checkArray() throws(MapError) {
    if type != .perfEventArray { try requireEntries() }
    try require(key: 4)
    guard spec.valueSize > 0 else { throw refuse("has values of at least one byte") }
    guard spec.valueSize <= Int32.max else { throw refuse("has values of less than 2 GiB", errno: E2BIG) }
    try checkPerCPUSize()
  }

  private func checkTrie() throws(MapError) {
    guard has(MapFlags.noPreallocation) else { throw refuse("needs the flag BPF_F_NO_PREALLOC") }
    try requireEntries()
    guard spec.keySize >= 5, spec.keySize <= 260 else {
      throw refuse("has keys of 5 to 260 bytes, prefix length included, not \(spec.keySize)")
    }
    guard spec.valueSize > 0, Int(spec.valueSize) <= MapRules.allocationLimit - MapRules.trieNode else {
      throw refuse("has values of 1 to \(MapRules.allocationLimit - MapRules.trieNode) bytes, not \(spec.valueSize)")
    }
  }

  private func checkKeyless() throws(MapError) {
    if type == .bloomFilter { try checkAllocation() }
    try requireEntries()
    guard spec.keySize == 0, spec.valueSize > 0 else { throw refuse("has no keys, and values of at least one byte") }
    try checkAllocation()
  }

  private func checkRing() throws(MapError) {
    guard spec.keySize == 0, spec.valueSize == 0 else { throw refuse("has neither keys nor values") }
    guard spec.maxEntries > 0, spec.maxEntries & (spec.maxEntries - 1) == 0, spec.maxEntries % 4096 == 0 else {
      throw refuse("has a power of two of bytes, in whole pages, not \(spec.maxEntries)")
    }
  }

  private func checkStorage() throws(MapError) {
    guard has(MapFlags.noPreallocation), spec.maxEntries == 0, spec.keySize == 4, spec.valueSize > 0 else {
      throw refuse("needs BPF_F_NO_PREALLOC, max_entries of 0, keys of 4 bytes and values of at least one")
    }
  }

  // MARK: Parts

  private func requireEntries() throws(MapError) {
    guard spec.maxEntries > 0 else { throw refuse("needs a max_entries of at least 1") }
  }

  private func require(key size: UInt32) throws(MapError) {
    guard spec.keySize == size else { throw refuse("has keys of \(size) bytes, not \(spec.keySize)") }
  }

  private func require(values sizes: [UInt32]) throws(MapError) {
    guard sizes.contains(spec.valueSize) else {
      throw refuse("has values of \(sizes.map(String.init).joined(separator: " or ")) bytes, not \(spec.valueSize)")
    }
  }

  private func checkPerCPUSize() throws(MapError) {
    guard !type.isPerCPU || (Int(spec.valueSize) + 7) & ~7 <= MapRules.perCPULimit else {
      throw refuse("has values of at most 32 KiB, not \(spec.valueSize) bytes", errno: E2BIG)
    }
  }

  private func checkAllocation() throws(MapError) {
    guard Int(spec.valueSize) <= MapRules.allocationLimit else {
      throw refuse("has values of at most 4 MiB, not \(spec.valueSize) bytes", errno: E2BIG)
    }
  }
}

extension MapSpec {
  /// The definition as loaders hand it to the kernel: a perf event array without a size has one element a CPU, and one of which only
  /// the type is given has keys and values of 4 bytes (cilium/ebpf); the size of a ring buffer is rounded up to a power of two of
  /// whole pages (libbpf's `adjust_ringbuf_sz`).
  func adjusted(cpus: Int) -> MapSpec {
    var spec = self
    switch type {
    case .perfEventArray:
      if maxEntries == 0 { spec.maxEntries = UInt32(clamping: cpus) }
      if keySize == 0, valueSize == 0 { (spec.keySize, spec.valueSize) = (4, 4) }
    case .ringbuf, .userRingbuf:
      var size: UInt32 = 4096
      while size < maxEntries, size < 1 << 31 { size <<= 1 }
      spec.maxEntries = size
    case .arrayOfMaps, .hashOfMaps:
      if valueSize == 0 { spec.valueSize = 4 }
    default: break
    }
    return spec
  }
}
