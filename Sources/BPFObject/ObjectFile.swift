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
}
