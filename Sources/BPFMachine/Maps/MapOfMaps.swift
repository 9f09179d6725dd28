import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_ARRAY_OF_MAPS` and `BPF_MAP_TYPE_HASH_OF_MAPS` (kernel/bpf/map_in_map.c): a program's lookup gives the inner
/// map itself, which other helpers then take.
///
/// User space writes a map's number (``Machine/mapNumber(_:)``) where it would write a descriptor to the kernel.
package final class MapOfMaps: BPFMap, MapOfMapsAccess {
  /// Numbers by key: an array, or a hash.
  private let table: BPFMap
  /// The definition of the map of that number; set by the machine.
  package var definition: ((UInt32) -> MapSpec?)?
  /// Makes a map, and finds one by its name or its number; set by the machine.
  var make: ((MapSpec) throws(MapError) -> BPFMap)?
  var find: ((String) -> BPFMap?)?
  var map: ((UInt32) -> BPFMap?)?

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    guard let template = spec.inner.first else {
      throw MapError(
        map: spec.name, errno: EBADF,
        message:
          "a map of type \(spec.type?.name ?? "") needs the definition of its inner maps: declare __array(values, …)")
    }
    try MapOfMaps.check(template, in: spec)
    var numbers = spec
    numbers.flags &= ~MapFlags.numaNode
    numbers.layout = ValueLayout()
    if spec.type == .arrayOfMaps {
      numbers.rawType = MapType.array.rawValue
      table = try ArrayMap(spec: numbers, index: index, memory: memory, cpus: 1)
    } else {
      numbers.rawType = MapType.hash.rawValue
      table = try HashMap(spec: numbers, index: index, memory: memory, cpus: 1)
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// `bpf_map_meta_alloc`: which maps can be inner ones.
  private static func check(_ template: MapSpec, in spec: MapSpec) throws(MapError) {
    switch template.type {
    case .arrayOfMaps, .hashOfMaps:
      throw MapError(map: spec.name, errno: EINVAL, message: "its inner maps are maps of maps themselves")
    case .progArray, .cgroupStorage, .percpuCgroupStorage, .structOps:
      throw MapError(
        map: spec.name, errno: 524, message: "maps of type \(template.type?.name ?? "") cannot be inner maps")
    default: break
    }
  }

  /// `bpf_map_meta_equal` and, of arrays, `array_map_meta_equal`.
  private func fits(_ inner: MapSpec) -> Bool {
    guard let template = spec.inner.first else { return false }
    guard inner.rawType == template.rawType, inner.keySize == template.keySize, inner.valueSize == template.valueSize,
      inner.flags == template.flags, inner.layout == template.layout
    else { return false }
    return inner.type != .array || template.flags & MapFlags.innerMap != 0 || inner.maxEntries == template.maxEntries
  }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    guard let value = table.hostValue(key) else { return 0 }
    let number = value.loadUnaligned(as: UInt32.self)
    return number == 0 ? 0 : GuestMap.address(index: Int(number) - 1)
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    if type == .arrayOfMaps {
      guard flags == UpdateFlags.any else { return -EINVAL }
      guard key.loadUnaligned(as: UInt32.self) < UInt32(truncatingIfNeeded: capacity) else { return -E2BIG }
    }
    guard let inner = definition?(value.loadUnaligned(as: UInt32.self)) else { return -EBADF }
    guard fits(inner) else { return -EINVAL }
    return table.set(key, value, flags: flags, cpu: 0)
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    guard type == .arrayOfMaps else { return table.remove(key) }
    guard let value = table.hostValue(key) else { return -E2BIG }
    guard value.loadUnaligned(as: UInt32.self) != 0 else { return -ENOENT }
    value.storeBytes(of: 0, as: UInt32.self)
    return 0
  }

  package override func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    guard let value = table.hostValue(key), value.loadUnaligned(as: UInt32.self) != 0 else { return nil }
    return value
  }

  package override func keys() -> [[UInt8]] { table.keys() }

  // MARK: User space

  package func makeInner(at key: [UInt8], maxEntries: UInt32?) throws(MapError) -> any MapAccess {
    guard var template = spec.inner.first, let make else { throw failure(EBADF, "an inner map") }
    let place = key.count == 4 ? "\(key.reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) })" : MapError.hex(key)
    template.name = "\(spec.name)[\(place)]"
    if let maxEntries { template.maxEntries = maxEntries }
    let inner = try make(template)
    try put(inner, at: key)
    return inner
  }

  package func putInner(named name: String, at key: [UInt8]) throws(MapError) {
    guard let inner = find?(name) else {
      throw MapError(map: spec.name, errno: ENOENT, message: "there is no map '\(name)' in the object")
    }
    try put(inner, at: key)
  }

  private func put(_ inner: BPFMap, at key: [UInt8]) throws(MapError) {
    let number = Machine.mapNumber(inner.index)
    try update(key, [withUnsafeBytes(of: number.littleEndian) { Array($0) }], flags: 0)
  }

  package func inner(at key: [UInt8]) -> (any MapAccess)? {
    guard key.count == keySize, let value = try? lookup(key)?.first, value.count == 4 else { return nil }
    return map?(value.reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) })
  }
}
