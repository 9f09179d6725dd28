extension ObjectLoader {
  static let mapsSection = ".maps"

  /// Reads the variables of .maps, whose definitions are in their types (libbpf's `parse_btf_map_def`).
  mutating func readBTFMaps() throws(ObjectError) {
    guard let section = elf.section(named: ObjectLoader.mapsSection), section.size > 0 else { return }
    guard let types, let id = types.id(named: ObjectLoader.mapsSection, kind: .dataSection),
      case .dataSection(_, let variables) = types[id]
    else {
      throw ObjectError(
        kind: .badMap, section: section.name,
        message: "maps are defined by types, and the object has none for them; compile with -g")
    }
    for entry in variables {
      guard case .variable(let type, _) = types[entry.type] else { continue }
      let name = types.name(of: entry.type)
      guard UInt64(entry.offset) + UInt64(entry.size) <= section.size else {
        throw ObjectError(
          kind: .badMap, section: section.name, offset: Int(entry.offset),
          message: "map \(name), \(entry.size) bytes, ends past the section's end, \(section.size) bytes")
      }
      var definition = MapDefinition(types: types, name: name, offset: Int(entry.offset))
      let map = try definition.read(type)
      notes += definition.notes
      maps.append(map)
      mapPlaces[section.index, default: []].append(
        MapPlace(name: name, offset: Int(entry.offset), size: Int(entry.size), values: definition.values))
    }
  }

  /// Fills ``MapSpec/initialSlots`` from the addresses in `values` arrays.
  mutating func readInitialSlots() throws(ObjectError) {
    for section in mapPlaces.keys.sorted() where elf.sections[section].name == ObjectLoader.mapsSection {
      let places = mapPlaces[section] ?? []
      let data = elf.sections[section].data
      for relocation in elf.relocations[section] ?? [] {
        let offset = Int(clamping: relocation.offset)
        let symbol = elf.symbols[relocation.symbol]
        func fault(_ message: String) -> ObjectError {
          ObjectError(kind: .badRelocation, section: ObjectLoader.mapsSection, offset: offset, message: message)
        }
        guard let place = places.last(where: { $0.offset <= offset }), offset - place.offset < place.size,
          let map = maps.firstIndex(where: { $0.name == place.name && $0.section == ObjectLoader.mapsSection })
        else { throw fault("relocation to \(symbol.label) lies in no map") }
        guard let values = place.values, offset - place.offset >= values, (offset - place.offset - values) % 8 == 0
        else { throw fault("relocation to \(symbol.label) lies outside the values of map \(place.name)") }
        let slot = UInt32(clamping: (offset - place.offset - values) / 8)
        let addend = relocation.addend ?? data?.u64(at: offset).map(Int64.init(bitPattern:)) ?? 0
        guard let target = target(of: symbol, addend: addend) else {
          throw fault("slot \(slot) of map \(place.name) refers to \(symbol.label), neither a program nor a map")
        }
        maps[map].initialSlots[slot] = target
      }
    }
    let all = mapPlaces.keys.sorted().flatMap { mapPlaces[$0] ?? [] }
    for call in tailCalls {
      let name = all.first { $0.id == call.map }?.name
      guard let name, let map = maps.firstIndex(where: { $0.name == name }) else { continue }
      maps[map].initialSlots[call.key] = call.program
    }
  }

  /// The program or map that a data relocation names.
  private func target(of symbol: ELFSymbol, addend: Int64) -> String? {
    guard case .index(let section) = symbol.section else { return nil }
    let isNamed = symbol.type != .section
    let (sum, overflow) = symbol.value.addingReportingOverflow(isNamed ? 0 : UInt64(bitPattern: addend))
    guard !overflow, let offset = Int(exactly: sum) else { return nil }
    if let code = code[section] {
      return isNamed ? symbol.name : code.functions.first { $0.start * 8 == offset }?.name
    }
    return mapPlaces[section]?.first { $0.offset == offset }?.name
  }
}
