import BPFMachine
import BPFObject

/// An object's maps and types in the kernel, and the programs loaded with them so far.
public final class KernelObject {
  /// The file.
  public let object: ObjectFile
  /// The object's maps, in its order, with their initial contents.
  public let maps: [KernelMap]
  /// What could not be had and was done without, one line each.
  public private(set) var notes: [String] = []
  private let types: KernelTypes?
  private var programs: [String: KernelProgram] = [:]
  private var filled: Set<String> = []

  /// Creates every map and loads the BTF.
  ///
  /// - Throws: ``KernelError`` for a map that the kernel refuses.
  public init(_ object: ObjectFile) throws(KernelError) {
    let object = KernelObject.configured(object)
    self.object = object
    var notes: [String] = []
    var types: KernelTypes?
    if let btf = object.btf {
      do throws(KernelError) {
        types = try KernelTypes(btf)
        if let note = types?.note { notes.append(note) }
      } catch {
        notes.append("\(error.message); loaded without BTF")
      }
    }
    var maps: [KernelMap] = []
    for spec in object.maps {
      let map = try KernelMap(spec, types: types)
      notes.append(contentsOf: map.notes)
      maps.append(map)
    }
    self.types = types
    self.maps = maps
    self.notes = notes
    for map in maps where map.spec.type == .arrayOfMaps || map.spec.type == .hashOfMaps {
      map.siblings = Dictionary(
        maps.filter { $0.spec.inner.isEmpty }.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
      try fillWithMaps(map)
    }
  }

  /// The map of that name.
  public func map(named name: String) -> KernelMap? { maps.first { $0.spec.name == name } }

  /// Loads a program once, and puts into the object's prog arrays what they hold from the start.
  ///
  /// - Throws: ``KernelError``, with its rejection when the verifier says no to the program or to one that a prog array holds.
  public func load(_ spec: ProgramSpec) throws(KernelError) -> KernelProgram {
    let program = try loadOnce(spec)
    for map in maps where map.spec.type == .progArray { try fillWithPrograms(map) }
    return program
  }

  /// What a prog array takes for the program of that name, which is loaded when it was not; nil when there is none.
  public func programNumber(named name: String) throws(KernelError) -> UInt32? {
    guard let spec = object.programs.first(where: { $0.name == name }) else { return nil }
    return UInt32(bitPattern: try loadOnce(spec).descriptor.number)
  }

  /// The name of the loaded program with that id, as a prog array shows it; nil for another process's program.
  public func programName(id: UInt32) -> String? {
    programs.first { $0.value.id == id }?.key
  }

  private func loadOnce(_ spec: ProgramSpec) throws(KernelError) -> KernelProgram {
    if let program = programs[spec.name] { return program }
    let program = try KernelProgram(spec, maps: maps, license: object.license, types: types)
    notes.append(contentsOf: program.notes)
    programs[spec.name] = program
    return program
  }

  private func fillWithPrograms(_ map: KernelMap) throws(KernelError) {
    guard filled.insert(map.spec.name).inserted else { return }
    for (key, name) in map.spec.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let number = try programNumber(named: name) else {
        notes.append("\(map.spec.name)[\(key)]: there is no program \(name) to put there")
        continue
      }
      try store(Int32(bitPattern: number), in: map, key)
    }
  }

  private func fillWithMaps(_ map: KernelMap) throws(KernelError) {
    for (key, name) in map.spec.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard map.siblings[name] != nil else {
        notes.append("\(map.spec.name)[\(key)]: there is no map \(name) to put there")
        continue
      }
      do throws(MapError) {
        try map.putInner(named: name, at: withUnsafeBytes(of: key.littleEndian) { Array($0) })
      } catch {
        throw KernelError(message: "\(map.spec.name)[\(key)]: \(error.message)", errno: ErrorNumber(error.errno))
      }
    }
  }

  private func store(_ descriptor: Int32, in map: KernelMap, _ key: UInt32) throws(KernelError) {
    do throws(MapError) {
      try map.update(withUnsafeBytes(of: key.littleEndian) { Array($0) }, descriptor: descriptor)
    } catch {
      throw KernelError(message: "\(map.spec.name)[\(key)]: \(error.message)", errno: ErrorNumber(error.errno))
    }
  }

  /// The object with what this kernel says of itself in `.kconfig`, LINUX_KERNEL_VERSION, when nobody has set it.
  public static func configured(_ object: ObjectFile) -> ObjectFile {
    var object = object
    object.maps = object.maps.map { configured($0, object) }
    return object
  }

  private static func configured(_ spec: MapSpec, _ object: ObjectFile) -> MapSpec {
    guard spec.section == ".kconfig", var contents = spec.initialContents,
      let variable = object.configuration.first(where: { $0.name == "LINUX_KERNEL_VERSION" && $0.size == 4 }),
      !variable.isSet,
      Int(variable.offset) + 4 <= contents.count
    else { return spec }
    withUnsafeBytes(of: KernelRelease.running.code.littleEndian) {
      contents.replaceSubrange(Int(variable.offset)..<Int(variable.offset) + 4, with: $0)
    }
    var spec = spec
    spec.initialContents = contents
    return spec
  }
}
