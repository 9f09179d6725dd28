import BPFObject

extension KernelProbe {
  /// Whether the smallest map of that type can be created.
  static func mapType(_ type: MapType) -> Feature {
    do throws(KernelError) {
      switch type {
      case .structOps: return try structOps()
      case .skStorage, .inodeStorage, .taskStorage, .cgrpStorage:
        _ = try KernelMap(smallest(type), types: KernelTypes(integerTypes))
      default: _ = try KernelMap(smallest(type))
      }
      return Feature(name: type.name, supported: true)
    } catch {
      return Feature(name: type.name, supported: false, reason: error.errno?.name ?? error.message)
    }
  }

  private static func smallest(_ type: MapType) -> MapSpec {
    var map = MapSpec(name: "probe", rawType: type.rawValue, keySize: 4, valueSize: 4, maxEntries: 1)
    switch type {
    case .stackTrace: map.valueSize = 8
    case .lpmTrie:
      map.keySize = 8
      map.flags = MapFlags.noPreallocation
    case .arrayOfMaps, .hashOfMaps:
      map.inner = [MapSpec(name: "inner", rawType: MapType.array.rawValue, keySize: 4, valueSize: 4, maxEntries: 1)]
    case .cgroupStorage, .percpuCgroupStorage:
      // `struct bpf_cgroup_storage_key`.
      map.keySize = 16
      map.valueSize = 8
      map.maxEntries = 0
    case .queue, .stack, .bloomFilter: map.keySize = 0
    case .ringbuf, .userRingbuf:
      map.keySize = 0
      map.valueSize = 0
      map.maxEntries = 4096
    case .arena:
      map.keySize = 0
      map.valueSize = 0
      map.flags = MapFlags.mappable
    case .skStorage, .inodeStorage, .taskStorage, .cgrpStorage:
      map.maxEntries = 0
      map.flags = MapFlags.noPreallocation
      map.keyTypeID = 1
      map.valueTypeID = 1
    case .reuseportSockarray: map.valueSize = 8
    default: break
    }
    return map
  }

  /// BTF with one type, a four-byte signed integer: what the storage types ask of their keys.
  static let integerTypes: [UInt8] = {
    let words: [UInt32] = [0x0001_eb9f, 24, 0, 16, 16, 5, 1, 1 << 24, 4, 1 << 24 | 32]
    return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } } + Array("\0int\0".utf8)
  }()

  /// A struct_ops map of no struct_ops type is refused with ENOTSUPP by a kernel that has them.
  private static func structOps() throws(KernelError) -> Feature {
    typealias Field = BPFAttributes.MapCreate
    var attributes = BPFAttributes()
    attributes[Field.type] = MapType.structOps.rawValue
    attributes[Field.keySize] = 4
    attributes[Field.valueSize] = 4
    attributes[Field.maxEntries] = 1
    attributes[Field.kernelValueTypeID] = 1
    let refusal: ErrorNumber
    do throws(ErrorNumber) {
      _ = KernelDescriptor(try BPFSyscall.bpf(.mapCreate, &attributes))
      return Feature(name: MapType.structOps.name, supported: true)
    } catch {
      refusal = error
    }
    let isKnown = refusal == .internalNotSupported
    return Feature(name: MapType.structOps.name, supported: isKnown, reason: isKnown ? nil : refusal.name)
  }
}
