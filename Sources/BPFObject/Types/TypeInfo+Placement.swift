extension TypeInfo {
  /// Sets the sizes of DATASECs and the offsets of their variables from the ELF file, which the compiler could not know.
  ///
  /// As libbpf's `btf_fixup_datasec`: a size that is set already (by a linker) means that the offsets are right too.
  mutating func placeVariables(_ elf: ELFFile) {
    let symbols = ObjectSymbols(elf)
    let sections = Dictionary(elf.sections.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for id in ids where kind(of: id) == .dataSection {
      let name = name(of: id)
      guard name != ".kconfig", name != ".ksyms", let at = offset(of: id) else { continue }
      if let section = sections[name] { placeVariables(at: at, section, symbols) }
      sortVariables(at: at)
    }
  }

  private mutating func placeVariables(at: Int, _ section: ELFSection, _ symbols: ObjectSymbols) {
    let isPlaced = word(at + 8) != 0
    if !isPlaced { setWord(UInt32(truncatingIfNeeded: section.size), at: at + 8) }
    for index in 0..<Int(word(at + 4) & 0xffff) {
      let entry = at + 12 + 12 * index
      let variable = word(entry)
      guard case .variable(_, let linkage) = self[variable], linkage != .external, let place = offset(of: variable),
        let symbol = symbols[name(of: variable), section.index, isLocal: linkage == .isStatic]
      else { continue }
      if !isPlaced { setWord(UInt32(truncatingIfNeeded: symbol.value), at: entry + 4) }
      if linkage == .global, !symbol.isExported { setWord(BTFLinkage.isStatic.rawValue, at: place + 12) }
    }
  }

  /// The kernel wants a section's variables ascending by offset.
  mutating func sortVariables(at: Int) {
    let count = Int(word(at + 4) & 0xffff)
    let entries = (0..<count).map { index in
      let entry = at + 12 + 12 * index
      return BTFSectionVariable(type: word(entry), offset: word(entry + 4), size: word(entry + 8))
    }
    for (index, entry) in entries.sorted(by: { $0.offset < $1.offset }).enumerated() {
      setWord(entry.type, at: at + 12 + 12 * index)
      setWord(entry.offset, at: at + 16 + 12 * index)
      setWord(entry.size, at: at + 20 + 12 * index)
    }
  }
}

/// The variables of an object, by name and section.
private struct ObjectSymbols {
  private var symbols: [String: [ELFSymbol]] = [:]

  init(_ elf: ELFFile) {
    for symbol in elf.symbols where symbol.type == .object || (symbol.type == .none && symbol.binding != .local) {
      symbols[symbol.name, default: []].append(symbol)
    }
  }

  /// The symbol, when there is only one: static variables of functions may share a name, and clang places those itself.
  subscript(name: String, section: Int, isLocal isLocal: Bool) -> ELFSymbol? {
    let found = symbols[name]?.filter { $0.section == .index(section) && ($0.binding == .local) == isLocal } ?? []
    return found.count == 1 ? found[0] : nil
  }
}
