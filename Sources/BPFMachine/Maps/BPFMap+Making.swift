import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension BPFMap {
  /// Makes the map that `spec` describes.
  package static func make(
    _ spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int
  ) throws(MapError) -> BPFMap {
    guard let type = spec.type else {
      throw MapError(map: spec.name, errno: EINVAL, message: "map type \(spec.rawType) is not known")
    }
    guard spec.valueSize <= 1 << 30, spec.keySize <= 1 << 16 else {
      throw MapError(
        map: spec.name, errno: E2BIG, message: "key of \(spec.keySize), value of \(spec.valueSize) bytes")
    }
    switch type {
    case .array, .percpuArray:
      try requireEntries(spec)
      guard spec.keySize == 4, spec.valueSize > 0 else {
        throw MapError(
          map: spec.name, errno: EINVAL, message: "an array has keys of 4 bytes and values of at least one")
      }
      return try ArrayMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .hash, .percpuHash, .lruHash, .lruPercpuHash:
      try requireEntries(spec)
      guard spec.keySize > 0, spec.valueSize > 0 else {
        throw MapError(map: spec.name, errno: EINVAL, message: "a hash has keys and values of at least one byte")
      }
      return try HashMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .lpmTrie:
      try requireEntries(spec)
      return try LPMTrieMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .progArray, .devmap, .devmapHash, .cpumap, .xskmap:
      try requireEntries(spec)
      return try TableMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .perfEventArray:
      var spec = spec
      if spec.maxEntries == 0 { spec.maxEntries = UInt32(cpus) }
      if spec.keySize == 0 { spec.keySize = 4 }
      if spec.valueSize == 0 { spec.valueSize = 4 }
      return try TableMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .queue, .stack:
      try requireEntries(spec)
      guard spec.keySize == 0, spec.valueSize > 0 else {
        throw MapError(
          map: spec.name, errno: EINVAL, message: "a \(type.name) has no keys, and values of at least one byte")
      }
      return try QueueMap(spec: spec, index: index, memory: memory, cpus: cpus)
    case .bloomFilter:
      try requireEntries(spec)
      guard spec.keySize == 0, spec.valueSize > 0, spec.extra & ~0xf == 0 else {
        throw MapError(
          map: spec.name, errno: EINVAL,
          message: "a bloom filter has no keys, values of at least one byte, and map_extra of at most 15")
      }
      return try BloomFilterMap(spec: spec, index: index, memory: memory, cpus: cpus)
    default:
      return try BPFMap(spec: spec, index: index, memory: memory, cpus: cpus)
    }
  }

  private static func requireEntries(_ spec: MapSpec) throws(MapError) {
    guard spec.maxEntries > 0 else {
      throw MapError(map: spec.name, errno: EINVAL, message: "max_entries is 0")
    }
  }
}
