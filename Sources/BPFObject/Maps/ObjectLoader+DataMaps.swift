extension ObjectLoader {
  /// True for `.rodata`, `.data`, `.bss` and their `.rodata.name` forms.
  private static func isData(_ name: String) -> Bool {
    [".rodata", ".data", ".bss"].contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  /// The section of `__arena` variables, which lie at the start of the object's arena.
  private static let arenaSection = ".addr_space.1"

  private mutating func readArena() throws(ObjectError) {
    guard let section = elf.sections.first(where: { $0.name == ObjectLoader.arenaSection && $0.size > 0 }) else {
      return
    }
    guard let index = maps.firstIndex(where: { $0.type == .arena }) else {
      notes.append("section \(section.label): there is no map of type arena for its variables")
      return
    }
    guard section.size <= UInt64(maps[index].maxEntries) * 4096, section.size <= ELFSection.zeroFillLimit else {
      throw ObjectError(
        kind: .badSection, section: section.label,
        message: "\(section.size) bytes do not fit the \(maps[index].maxEntries) pages of map \(maps[index].name)")
    }
    dataMaps[section.index] = maps[index].name
    maps[index].initialContents = section.contents
  }

  /// Makes each data section an array map of one element, as libbpf does.
  mutating func readDataMaps() throws(ObjectError) {
    try readArena()
    var zeros: UInt64 = 0
    for section in elf.sections where ObjectLoader.isData(section.name) && !section.isExecutable && section.size > 0 {
      if section.type == .noBits {
        zeros += section.size
        guard zeros <= ELFSection.zeroFillLimit else {
          throw ObjectError(
            kind: .badSection, section: section.label,
            message: "zero-filled sections of more than \(ELFSection.zeroFillLimit) bytes together")
        }
      } else if section.type != .bits {
        continue
      }
      // Beyond the limit the object is refused anyway.
      guard maps.count <= ObjectLoader.mapLimit else { return }
      guard let size = UInt32(exactly: section.size), size <= UInt32(Int32.max) else {
        throw ObjectError(
          kind: .badSection, section: section.label, message: "\(section.size) bytes are too many for a map's value")
      }
      let type = types?.id(named: section.name, kind: .dataSection) ?? 0
      let isReadOnly = section.name.hasPrefix(".rodata")
      var flags = isReadOnly ? MapFlags.readOnlyForPrograms : 0
      if hasVisibleVariables(type) { flags |= MapFlags.mappable }
      dataMaps[section.index] = section.name
      maps.append(
        MapSpec(
          name: section.name, rawType: MapType.array.rawValue, keySize: 4, valueSize: size, maxEntries: 1, flags: flags,
          valueTypeID: type, section: section.name, initialContents: section.contents, isReadOnly: isReadOnly))
      if let types { maps[maps.count - 1].layout = ValueLayout(of: type, in: types) }
      if let count = elf.relocations[section.index]?.count {
        notes.append("section \(section.label): \(count) addresses within data stay zero, as with libbpf")
      }
    }
  }

  /// libbpf asks for a mappable map when a skeleton could show one of the variables.
  private func hasVisibleVariables(_ id: UInt32) -> Bool {
    guard id != 0, case .dataSection(_, let variables) = types?[id] else { return false }
    return variables.contains {
      if case .variable(_, let linkage) = types?[$0.type] { linkage != .isStatic } else { false }
    }
  }
}
