import BPFInstructions

/// Reads one object, in order: types, externs, maps, code, programs. Each step is an extension of its own.
struct ObjectLoader {
  let elf: ELFFile
  var types: TypeInfo?
  var typeExtension: TypeExtension?
  /// .BTF as a kernel takes it: externs turned into what `BPF_BTF_LOAD` accepts.
  var loadableTypes: TypeInfo?
  var maps: [MapSpec] = []
  /// Where the maps are in their sections, by section.
  var mapPlaces: [Int: [MapPlace]] = [:]
  /// Sections whose bytes are the value of a map.
  var dataMaps: [Int: String] = [:]
  var externs: [String: Extern] = [:]
  var configuration: [KernelConfigVariable] = []
  var code: [Int: CodeSection] = [:]
  var programs: [ProgramSpec] = []
  /// iproute2's programs for a prog array: map id and key that their section name gives.
  var tailCalls: [(map: UInt32, key: UInt32, program: String)] = []
  var notes: [String] = []
  /// Slots of all linked programs, which a hostile object could multiply without end.
  var linkedSlots = 0

  /// A map's variable within its section.
  struct MapPlace {
    var name: String
    var offset: Int
    var size: Int
    /// Offset of the `values` array within the variable, for initial slots.
    var values: Int?
    /// iproute2's number for the map.
    var id: UInt32 = 0
  }

  /// More maps than any object has.
  static let mapLimit = 4096

  init(elf: ELFFile) {
    self.elf = elf
  }

  mutating func load(name: String) throws(ObjectError) -> ObjectFile {
    try readTypes()
    readExterns()
    try readBTFMaps()
    try readLegacyMaps()
    try readDataMaps()
    addConfigurationMap()
    guard maps.count <= ObjectLoader.mapLimit else {
      throw ObjectError(kind: .badMap, message: "\(maps.count) maps; at most \(ObjectLoader.mapLimit) are read")
    }
    try readCode()
    try linkPrograms()
    try readInitialSlots()
    noteIgnoredSections()
    var object = ObjectFile(
      name: name, programs: programs, maps: maps, license: license, types: types,
      btf: loadableTypes?.bytes ?? types?.bytes, notes: notes)
    object.kernelVersion = elf.section(named: "version")?.data?.u32(at: 0) ?? 0
    object.configuration = configuration
    object.coreRelocations = typeExtension?.relocationsInOrder ?? []
    return object
  }

  private var license: String {
    guard let section = elf.section(named: "license"), let data = section.data else { return "" }
    return String(decoding: data.array.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Reads .BTF and .BTF.ext. Damaged ones are fatal only when maps are defined through them, as with libbpf.
  private mutating func readTypes() throws(ObjectError) {
    guard let section = elf.section(named: ".BTF"), let data = section.data else { return }
    do throws(ObjectError) {
      var types = try TypeInfo(bytes: data.array)
      types.placeVariables(elf)
      self.types = types
    } catch {
      if elf.section(named: ".maps") != nil { throw error }
      notes.append("types are ignored: \(error)")
      return
    }
    guard let types, let extension_ = elf.section(named: ".BTF.ext")?.data else { return }
    do throws(ObjectError) {
      typeExtension = try TypeExtension(bytes: extension_.array, types: types)
    } catch {
      notes.append("source lines are ignored: \(error)")
    }
  }

  private mutating func noteIgnoredSections() {
    for section in elf.sections {
      switch section.type {
      case .null, .symbolTable, .wideSymbolIndices, .rel, .rela: continue
      default: break
      }
      if section.size == 0 || section.type.rawValue == 3 { continue }
      if mapPlaces[section.index] != nil || dataMaps[section.index] != nil || code[section.index] != nil { continue }
      if ObjectLoader.silentSections.contains(section.name) { continue }
      if ObjectLoader.silentPrefixes.contains(where: section.name.hasPrefix) { continue }
      notes.append("section \(section.label) is ignored, \(section.size) bytes")
    }
  }

  private static let silentSections: Set<String> = [
    ".BTF", ".BTF.ext", "license", "version", ".maps", "maps", ".comment", ".llvm_addrsig", ".eh_frame", ".BTF.base",
  ]
  private static let silentPrefixes = [".debug", ".note", ".maps.", ".group"]
}
