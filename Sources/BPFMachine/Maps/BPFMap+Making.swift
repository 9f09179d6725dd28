import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension BPFMap {
  /// Makes the map that `spec` describes.
  ///
  /// - Throws: ``MapError`` with the errno with which the kernel would refuse it.
  package static func make(
    _ spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int
  ) throws(MapError) -> BPFMap {
    guard let type = spec.type else {
      throw MapError(map: spec.name, errno: EINVAL, message: "map type \(spec.rawType) is not known")
    }
    let spec = spec.adjusted(cpus: cpus)
    try MapRules(spec: spec, type: type).check()
    switch type {
    case .array, .percpuArray:
      return try ArrayMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .hash, .percpuHash, .lruHash, .lruPercpuHash:
      return try HashMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .lpmTrie:
      return try LPMTrieMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .progArray, .perfEventArray, .cgroupArray, .devmap, .devmapHash, .cpumap, .xskmap:
      return try TableMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .queue, .stack:
      return try QueueMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .arrayOfMaps, .hashOfMaps:
      return try MapOfMaps(spec: spec, index: index, memory: memory, cpus: cpus)
    case .userRingbuf:
      return try UserRingBufferMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .ringbuf:
      return try RingBufferMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .sockmap, .sockhash:
      return try SocketMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .arena:
      return try ArenaMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .taskStorage, .cgrpStorage:
      return try LocalStorageMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .bloomFilter:
      return try BloomFilterMap(spec: spec, index: index, memory: memory, cpus: cpus)
    default:
      return try BPFMap(spec: spec, index: index, memory: memory, cpus: cpus)
    }
  }
}
