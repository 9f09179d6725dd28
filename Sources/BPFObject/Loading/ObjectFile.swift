/// An ELF64 little-endian BPF object: what clang or GCC wrote, linked and named as libbpf would, bound to nothing.
public struct ObjectFile: Sendable {
  /// Path or name for messages.
  public var name: String
  /// Every program, in file order; sections whose name tells no program type are included with type nil.
  public var programs: [ProgramSpec]
  /// Declared maps, then data sections.
  public var maps: [MapSpec]
  /// The `license` section, or an empty string.
  public var license: String
  /// The object's own types; nil without .BTF.
  public var types: TypeInfo?
  /// The raw .BTF section, for loading into a kernel.
  public var btf: [UInt8]?
  /// What was passed over and why, one line each; shown under --verbose.
  public var notes: [String]

  /// The `version` section, `LINUX_VERSION_CODE` of old; 0 when there is none.
  public var kernelVersion: UInt32 = 0
  /// The `__kconfig` variables, whose values make up the map `.kconfig`; all zero until
  /// ``setConfiguration(_:to:)`` sets them.
  public var configuration: [KernelConfigVariable] = []

  /// By the name of another object, how its maps are named here; see ``replace(_:with:of:)``.
  var mergedMaps: [String: [String: String]] = [:]
  /// The CO-RE records of all code, in the order of .BTF.ext.
  var coreRelocations: [CORERelocation] = []
  /// Every section of the file, in its order, the empty first one left out.
  public var sections: [SectionSummary] = []

  package init(
    name: String, programs: [ProgramSpec] = [], maps: [MapSpec] = [], license: String = "", types: TypeInfo? = nil,
    btf: [UInt8]? = nil, notes: [String] = []
  ) {
    self.name = name
    self.programs = programs
    self.maps = maps
    self.license = license
    self.types = types
    self.btf = btf
    self.notes = notes
  }

  /// The map of that name.
  public func map(named name: String) -> MapSpec? { maps.first { $0.name == name } }

  /// The first program whose function or section has that name.
  public func program(named name: String) -> ProgramSpec? {
    programs.first { $0.name == name } ?? programs.first { $0.section == name }
  }
}

extension ObjectFile {
  /// Reads an object from its bytes.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: Path or name, for messages.
  /// - Throws: ``ObjectError`` with section and offset, when the file is no BPF object, is cut short, or points outside itself.
  public init(bytes: [UInt8], name: String) throws(ObjectError) {
    do throws(ObjectError) {
      var loader = ObjectLoader(elf: try ELFFile(bytes: bytes))
      self = try loader.load(name: name)
      sections = loader.elf.sections.dropFirst().map {
        SectionSummary(name: $0.name, size: $0.size, type: $0.type.rawValue, flags: $0.flags)
      }
    } catch {
      throw error.inFile(name)
    }
  }

  /// Reads the object at `path`.
  ///
  /// - Throws: ``ObjectError`` as ``init(bytes:name:)``, and of kind ``ObjectError/Kind/unreadable(errno:)`` when the file
  ///   cannot be read.
  public init(path: String) throws(ObjectError) {
    self = try ObjectFile(bytes: ObjectFile.contents(of: path), name: path)
  }
}

/// A section of an ELF file by its header.
public struct SectionSummary: Hashable, Sendable {
  /// Name.
  public var name: String
  /// Bytes.
  public var size: UInt64
  /// `SHT_*`: 1 holds bits of the program, 2 symbols, 3 strings, 8 takes no room in the file, 9 relocations.
  public var type: UInt32
  /// `SHF_*`: 1 writable, 2 allocated, 4 executable.
  public var flags: UInt64
}

/// A `__kconfig` variable: a kernel configuration option, or libbpf's `LINUX_KERNEL_VERSION` and its like.
public struct KernelConfigVariable: Hashable, Sendable {
  /// `CONFIG_…` or `LINUX_…`.
  public var name: String
  /// Offset in the value of the map `.kconfig`.
  public var offset: UInt32
  /// Bytes.
  public var size: UInt32
  /// BTF id of the variable's type.
  public var typeID: UInt32
  /// True when the program accepts the option to be unknown, with value 0.
  public var isWeak: Bool
  /// True once ``ObjectFile/setConfiguration(_:to:)`` gave it a value; 0 until then.
  public internal(set) var isSet = false

  /// A variable at that place.
  public init(name: String, offset: UInt32, size: UInt32, typeID: UInt32, isWeak: Bool) {
    self.name = name
    self.offset = offset
    self.size = size
    self.typeID = typeID
    self.isWeak = isWeak
  }
}
