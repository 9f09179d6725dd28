import BPFMachine
import BPFObject

/// A map in the kernel, created from its definition; its descriptor is closed when the object goes.
public final class KernelMap: MapAccess, MapOfMapsAccess {
  /// What the map was made from.
  public let spec: MapSpec
  /// What could not be had and was done without, one line each.
  public let notes: [String]
  /// An arena as user space sees it: programs are loaded only with one that is mapped.
  private let arena: ArenaPages?
  /// The descriptor that programs are patched with.
  package let descriptor: KernelDescriptor
  /// Of a map of maps: the maps of the object, by whose names they can be put in, and those that were put in, by key.
  var siblings: [String: KernelMap] = [:]
  private var inner: [[UInt8]: KernelMap] = [:]
  private let types: KernelTypes?

  /// `BPF_F_RDONLY_PROG`: the program may only read.
  static let readOnlyForProgram: UInt32 = 1 << 7

  /// Creates the map (`BPF_MAP_CREATE`), writes its initial contents, and freezes it when it is read-only.
  ///
  /// - Parameter types: the object's BTF in the kernel, which gives locks, timers and `bpftool` names in values.
  /// - Throws: ``KernelError`` with the command's errno.
  public init(_ spec: MapSpec, types: KernelTypes? = nil) throws(KernelError) {
    self.spec = spec
    self.types = types
    let template: KernelMap?
    if let inner = spec.inner.first {
      template = try KernelMap(inner, types: types)
    } else {
      template = nil
    }
    var notes = template?.notes ?? []
    do throws(ErrorNumber) {
      descriptor = try KernelMap.create(spec, template: template, types: types)
    } catch  where types != nil && KernelMap.wantsTypes(spec) && errorMayComeFromTypes(error) {
      do throws(ErrorNumber) {
        descriptor = try KernelMap.create(spec, template: template, types: nil)
        notes.append("map \(spec.name): created without BTF, which the kernel refused with \(error.name)")
      } catch {
        throw KernelMap.creationError(spec, error)
      }
    } catch {
      throw KernelMap.creationError(spec, error)
    }
    self.notes = notes
    if spec.type == .arena {
      arena = try ArenaPages(spec, descriptor: descriptor.number)
      return
    }
    arena = nil
    if let contents = spec.initialContents, contents.contains(where: { $0 != 0 }) {
      var value = contents
      value.append(contentsOf: repeatElement(0, count: max(0, Int(spec.valueSize) - contents.count)))
      do throws(MapError) {
        try update([0, 0, 0, 0], [value], flags: 0)
      } catch {
        throw KernelError(message: error.message, errno: ErrorNumber(error.errno))
      }
    }
    if spec.isReadOnly { try freeze() }
  }

  /// Makes a map as the definition of the inner ones has it and puts it at `key`.
  public func makeInner(at key: [UInt8], maxEntries: UInt32?) throws(MapError) -> any MapAccess {
    guard var template = spec.inner.first else {
      throw MapError(map: spec.name, errno: ErrorNumber.invalidArgument.rawValue, message: "it holds no maps")
    }
    if let maxEntries { template.maxEntries = maxEntries }
    let made: KernelMap
    do throws(KernelError) { made = try KernelMap(template, types: types) } catch {
      throw MapError(map: spec.name, errno: error.errno?.rawValue ?? 0, message: error.message)
    }
    try put(made, at: key)
    return made
  }

  /// Puts the object's map of that name at `key`.
  public func putInner(named name: String, at key: [UInt8]) throws(MapError) {
    guard let map = siblings[name] else {
      throw MapError(
        map: spec.name, errno: ErrorNumber.noEntry.rawValue, message: "there is no map '\(name)' in the object")
    }
    try put(map, at: key)
  }

  private func put(_ map: KernelMap, at key: [UInt8]) throws(MapError) {
    try update(key, descriptor: map.descriptor.number)
    inner[key] = map
  }

  /// The map that was put at `key`.
  public func inner(at key: [UInt8]) -> (any MapAccess)? { inner[key] }

  /// `BPF_MAP_FREEZE`: user space may no longer write; the verifier takes a frozen read-only map's values as constants.
  func freeze() throws(KernelError) {
    var attributes = BPFAttributes()
    attributes[BPFAttributes.MapElement.map] = descriptor.number
    do throws(ErrorNumber) {
      try BPFSyscall.bpf(.mapFreeze, &attributes)
    } catch {
      // Before Linux 5.2 there was no such command; the map is then only not constant to the verifier.
      guard error == .invalidArgument else { throw KernelError("freezing map \(spec.name)", .mapFreeze, error) }
    }
  }

  private static func create(
    _ spec: MapSpec, template: KernelMap?, types: KernelTypes?
  ) throws(ErrorNumber) -> KernelDescriptor {
    typealias Field = BPFAttributes.MapCreate
    var attributes = BPFAttributes()
    attributes[Field.type] = spec.rawType
    attributes[Field.keySize] = spec.keySize
    attributes[Field.valueSize] = spec.valueSize
    attributes[Field.maxEntries] = maxEntries(spec)
    attributes[Field.flags] = spec.flags | (spec.isReadOnly ? readOnlyForProgram : 0)
    attributes.setName(Field.nameOffset, spec.name)
    if let template { attributes[Field.innerMap] = template.descriptor.number }
    if let types, wantsTypes(spec) {
      attributes[Field.btf] = types.descriptor.number
      attributes[Field.keyTypeID] = spec.keyTypeID
      attributes[Field.valueTypeID] = spec.valueTypeID
    }
    if spec.extra != 0 { attributes[Field.extra] = spec.extra }
    do {
      return KernelDescriptor(try BPFSyscall.bpf(.mapCreate, &attributes))
    } catch {
      guard error == .operationNotPermitted, BPFSyscall.mock == nil, BPFSyscall.liftLockedMemoryLimit() else {
        throw error
      }
      return KernelDescriptor(try BPFSyscall.bpf(.mapCreate, &attributes))
    }
  }

  /// A perf event array without a size has one element a CPU; a ring buffer must be whole pages and a power of two.
  private static func maxEntries(_ spec: MapSpec) -> UInt32 {
    switch spec.type {
    case .perfEventArray where spec.maxEntries == 0: return UInt32(clamping: PossibleCPUs.count)
    case .ringbuf, .userRingbuf:
      var size: UInt32 = 4096
      while size < spec.maxEntries && size < 1 << 31 { size <<= 1 }
      return size
    default: return spec.maxEntries
    }
  }

  /// Types whose map implementation takes no BTF (those without `map_check_btf` in the kernel) are created without.
  private static func wantsTypes(_ spec: MapSpec) -> Bool {
    guard spec.keyTypeID != 0 || spec.valueTypeID != 0 else { return false }
    switch spec.type {
    case .perfEventArray, .cgroupArray, .stackTrace, .arrayOfMaps, .hashOfMaps, .devmap, .devmapHash, .cpumap, .xskmap,
      .sockmap, .sockhash, .queue, .stack, .progArray, .ringbuf, .userRingbuf:
      return false
    default: return true
    }
  }

  private static func creationError(_ spec: MapSpec, _ errno: ErrorNumber) -> KernelError {
    let type = spec.type?.name ?? "type \(spec.rawType)"
    let advice: String? =
      switch errno {
      case .invalidArgument: "the kernel does not know this map type, or not with these sizes and flags"
      case .tooBig: "the key, the value or the number of elements is more than the kernel allows"
      default: nil
      }
    return KernelError(
      "map \(spec.name) (\(type), key \(spec.keySize), value \(spec.valueSize), \(spec.maxEntries) entries, "
        + "flags \(spec.flags))", .mapCreate, errno, advice: advice)
  }
}

/// True for the errors that a map created with BTF gives where the kernel does not like that BTF.
private func errorMayComeFromTypes(_ errno: ErrorNumber) -> Bool {
  errno == .invalidArgument || errno == .internalNotSupported || errno == .notSupported || errno == .noEntry
}
