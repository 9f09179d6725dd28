extension ObjectLoader {
  /// Reads the sections `maps` and `maps/NAME`, whose entries begin with type, key size, value size and entries.
  ///
  /// Known layouts: 16 bytes, and 20 with flags (libbpf's `bpf_map_def`); 24 and 28 with inner_map_idx and numa_node (kernel
  /// samples); 28 with id and pinning, 32 with inner_id, and 36 and more with inner_idx (iproute2's `bpf_elf_map`); 280 with
  /// pinning and a name space (gobpf). The symbols tell where each begins.
  mutating func readLegacyMaps() throws(ObjectError) {
    var definitions: [LegacyMap] = []
    for section in elf.sections where section.name == "maps" || section.name.hasPrefix("maps/") {
      guard let data = section.data, section.type == .bits, !section.isExecutable, data.count > 0 else { continue }
      definitions += try legacyMaps(in: section, data)
    }
    var specs = definitions.map { $0.spec(types) }
    // Inner maps are named by number, so all must be known before.
    for (index, map) in definitions.enumerated() where map.isMapOfMaps {
      guard let inner = map.inner(among: definitions) else { continue }
      specs[index].inner = [specs[inner]]
      if let slot = definitions[inner].innerSlot { specs[index].initialSlots[slot] = definitions[inner].name }
    }
    maps += specs
  }

  private mutating func legacyMaps(in section: ELFSection, _ data: ByteView) throws(ObjectError) -> [LegacyMap] {
    var starts: [(offset: Int, name: String)] = []
    for symbol in elf.symbols where symbol.section == .index(section.index) {
      guard symbol.type == .object || symbol.type == .none, !symbol.name.isEmpty else { continue }
      // A local label is no map, unless it is all there is.
      if symbol.type == .none, symbol.binding == .local { continue }
      guard let offset = Int(exactly: symbol.value), offset < data.count else {
        throw ObjectError(
          kind: .badSymbol, section: section.label, offset: Int(clamping: symbol.value),
          message: "map \(symbol.label) lies past the section's end, \(data.count) bytes")
      }
      if !starts.contains(where: { $0.offset == offset }) { starts.append((offset, symbol.name)) }
      guard starts.count <= 4096 else {
        throw ObjectError(kind: .badMap, section: section.label, message: "more than 4096 maps")
      }
    }
    if starts.isEmpty {
      // A stripped object: only one definition can be told apart.
      let name = section.name.hasPrefix("maps/") ? String(section.name.dropFirst(5)) : section.name
      starts = [(0, name), (20, "")]
      notes.append("section \(section.label): no symbols, taken as one map")
    }
    starts.sort { $0.offset < $1.offset }
    var definitions: [LegacyMap] = []
    for (index, start) in starts.enumerated() {
      if start.name.isEmpty { break }
      let end = min(data.count, index + 1 < starts.count ? starts[index + 1].offset : data.count)
      guard let bytes = data.slice(at: start.offset, count: end - start.offset),
        let map = LegacyMap(bytes, name: start.name, section: section.name)
      else {
        throw ObjectError(
          kind: .badMap, section: section.label, offset: start.offset,
          message: "map \(start.name): \(end - start.offset) bytes are too few for a definition; at least 16 are needed"
        )
      }
      definitions.append(map)
      mapPlaces[section.index, default: []].append(
        MapPlace(name: start.name, offset: start.offset, size: end - start.offset, id: map.id))
    }
    return definitions
  }
}

/// One entry of a `maps` section.
private struct LegacyMap {
  let name: String
  let section: String
  let size: Int
  let words: [UInt32]

  init?(_ bytes: ByteView, name: String, section: String) {
    guard bytes.count >= 16 else { return nil }
    self.name = name
    self.section = section
    size = bytes.count
    words = (0..<min(9, bytes.count / 4)).map { bytes.u32(at: 4 * $0) ?? 0 }
  }

  private func word(_ index: Int) -> UInt32 { index < words.count ? words[index] : 0 }

  var flags: UInt32 { word(4) }

  /// iproute2's layout, which grew by and by.
  private var isElfMap: Bool { (32..<280).contains(size) }

  var id: UInt32 { isElfMap || size == 28 ? word(5) : 0 }

  var isMapOfMaps: Bool {
    word(0) == MapType.arrayOfMaps.rawValue || word(0) == MapType.hashOfMaps.rawValue
  }

  /// Slot of the outer map that this inner map fills; none for -1.
  var innerSlot: UInt32? { isElfMap && size >= 36 && word(8) != UInt32.max ? word(8) : nil }

  private var pinning: UInt32 {
    switch size {
    case 32..<280: return word(6) == 0 ? 0 : 1
    // Kernel samples have numa_node here, which means something with its flag alone.
    case 28: return !isMapOfMaps && flags & MapFlags.numaNode == 0 && word(6) != 0 ? 1 : 0
    case 280...: return word(5) == 0 ? 0 : 1
    default: return 0
    }
  }

  func inner(among maps: [LegacyMap]) -> Int? {
    if isElfMap {
      guard word(7) != 0 else { return nil }
      return maps.firstIndex { $0.id == word(7) && $0.name != name }
    }
    guard size >= 24, Int(word(5)) < maps.count, maps[Int(word(5))].name != name else { return nil }
    return Int(word(5))
  }

  func spec(_ types: TypeInfo?) -> MapSpec {
    // BPF_ANNOTATE_KV_PAIR leaves a struct of key and value under this name.
    let pair = types.flatMap { $0.id(named: "____btf_map_\(name)", kind: .structure) }
    let members = pair.flatMap { types?.members(of: $0) } ?? []
    let isPair = members.count == 2 && members[0].name == "key" && members[1].name == "value"
    return MapSpec(
      name: name, rawType: word(0), keySize: word(1), valueSize: word(2), maxEntries: word(3), flags: flags,
      keyTypeID: isPair ? members[0].type : 0, valueTypeID: isPair ? members[1].type : 0, pinning: pinning,
      section: section)
  }
}
