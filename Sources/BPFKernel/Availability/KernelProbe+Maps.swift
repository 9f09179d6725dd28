import BPFInstructions
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

  /// The verifier's log of a program of that type that hands a map, a key and a value to a helper; nil when there can be no such
  /// map.
  ///
  /// A helper that takes no such map is refused with `cannot pass map_type`.
  package static func log(of helper: Int32, on type: MapType, in program: ProgramType) -> String? {
    let isStorage = [.skStorage, .inodeStorage, .taskStorage, .cgrpStorage].contains(type)
    let map: KernelMap
    do throws(KernelError) {
      map = try KernelMap(smallest(type), types: isStorage ? KernelTypes(integerTypes) : nil)
    } catch {
      return nil
    }
    var slots: [Instruction] = []
    for offset in stride(from: Int16(-64), to: 0, by: 8) {
      slots.append(Instruction(opcode: 0x7a, destination: 10, offset: offset))
    }
    slots += [
      Instruction(opcode: 0x18, destination: 1, source: 1, immediate: map.descriptor.number), Instruction(opcode: 0),
    ]
    for register: UInt8 in [2, 3] {
      slots += [
        Instruction(opcode: 0xbf, destination: register, source: 10),
        Instruction(opcode: 0x07, destination: register, immediate: -32 * Int32(register - 1)),
      ]
    }
    // What takes a key or a value only gets flags or a CPU next.
    if [51, 87, 195].contains(helper) { slots += [Instruction(opcode: 0xb7, destination: 3)] }
    slots += [
      Instruction(opcode: 0xb7, destination: 4), Instruction(opcode: 0xb7, destination: 5),
      Instruction(opcode: 0x85, immediate: helper), Instruction(opcode: 0xb7), Instruction(opcode: 0x95),
    ]
    let spec = ProgramSpec(name: "probe", section: program.name, type: program, instructions: slots)
    return LoadRequest(spec: spec, type: program.rawValue, slots: slots, license: "GPL").log()
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
