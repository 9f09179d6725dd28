/// What an undefined symbol stands for.
enum Extern {
  /// A `__kconfig` variable at that offset of the map `.kconfig`.
  case configuration(offset: UInt32)
  case kernelFunction
  /// A `__ksym` variable; without a type it is known by its address alone.
  case kernelVariable(isTyped: Bool)
}

extension ObjectLoader {
  static let configurationMap = ".kconfig"

  /// Finds what .BTF says of undefined symbols: the sections `.kconfig` and `.ksyms`, which exist in .BTF alone.
  mutating func readExterns() {
    guard let types else { return }
    loadableTypes = types
    for id in types.ids where types.kind(of: id) == .dataSection {
      switch types.name(of: id) {
      case ".kconfig": readConfiguration(id, types)
      case ".ksyms": readKernelSymbols(id, types)
      default: break
      }
    }
    markHiddenFunctions(types)
    dropDoubleEncodings(types)
  }

  private mutating func readConfiguration(_ id: UInt32, _ types: TypeInfo) {
    guard case .dataSection(_, let variables) = types[id], let at = types.offset(of: id) else { return }
    let weak = Set(elf.symbols.lazy.filter { $0.section == .undefined && $0.binding == .weak }.map(\.name))
    var found: [(variable: KernelConfigVariable, id: UInt32, alignment: UInt32)] = []
    for entry in variables {
      guard case .variable(let type, _) = types[entry.type], let size = types.size(of: type),
        let bytes = UInt32(exactly: size), bytes > 0, bytes <= 1 << 20
      else { continue }
      let name = types.name(of: entry.type)
      let variable = KernelConfigVariable(name: name, offset: 0, size: bytes, typeID: type, isWeak: weak.contains(name))
      found.append((variable, entry.type, types.scalarAlignment(of: type)))
    }
    // libbpf's order: widest alignment first, then smaller ones first, then by name.
    found.sort {
      if $0.alignment != $1.alignment { return $0.alignment > $1.alignment }
      if $0.variable.size != $1.variable.size { return $0.variable.size < $1.variable.size }
      return $0.variable.name < $1.variable.name
    }
    var offset: UInt32 = 0
    var offsets: [UInt32: UInt32] = [:]
    for entry in found {
      guard offset < 1 << 28 else { break }
      offset = (offset + entry.alignment - 1) / entry.alignment * entry.alignment
      var variable = entry.variable
      variable.offset = offset
      configuration.append(variable)
      externs[variable.name] = .configuration(offset: offset)
      offsets[entry.id] = offset
      offset += variable.size
    }
    loadableTypes?.setWord(offset, at: at + 8)
    for (index, entry) in variables.enumerated() {
      guard let place = offsets[entry.type], let variable = types.offset(of: entry.type) else { continue }
      loadableTypes?.setWord(place, at: at + 16 + 12 * index)
      loadableTypes?.setWord(UInt32(types.size(of: entry.type) ?? 0), at: at + 20 + 12 * index)
      loadableTypes?.setWord(BTFLinkage.global.rawValue, at: variable + 12)
    }
    loadableTypes?.sortVariables(at: at)
  }

  private mutating func readKernelSymbols(_ id: UInt32, _ types: TypeInfo) {
    guard case .dataSection(_, let variables) = types[id] else { return }
    for entry in variables {
      let name = types.name(of: entry.type)
      switch types[entry.type] {
      case .function: externs[name] = .kernelFunction
      case .variable(let type, _):
        externs[name] = .kernelVariable(isTyped: types.resolved(type).map { $0 != 0 } ?? false)
      default: continue
      }
    }
    loadableTypes?.replaceKernelSymbols(id)
  }

  /// A hidden function is static for the kernel, which then verifies it in the context of each call, as libbpf asks.
  private mutating func markHiddenFunctions(_ types: TypeInfo) {
    let hidden = Set(
      elf.symbols.lazy.filter { $0.type == .function && $0.binding != .local && !$0.isExported }.map(\.name))
    guard !hidden.isEmpty else { return }
    for id in types.ids where types.kind(of: id) == .function && hidden.contains(types.name(of: id)) {
      guard let at = types.offset(of: id) else { continue }
      loadableTypes?.setWord(types.word(at + 4) & ~0xffff, at: at + 4)
    }
  }

  /// GCC 12 calls `char` both signed and a character, of which a kernel takes one.
  private mutating func dropDoubleEncodings(_ types: TypeInfo) {
    for id in types.ids {
      guard case .int(let int) = types[id], int.isSigned && (int.isChar || int.isBool), let at = types.offset(of: id)
      else { continue }
      loadableTypes?.setWord(types.word(at + 12) & ~(6 << 24), at: at + 12)
    }
  }

  /// The map that holds the `__kconfig` variables.
  mutating func addConfigurationMap() {
    guard let last = configuration.last else { return }
    let size = last.offset + last.size
    maps.append(
      MapSpec(
        name: ObjectLoader.configurationMap, rawType: MapType.array.rawValue, keySize: 4, valueSize: size,
        maxEntries: 1,
        flags: MapFlags.readOnlyForPrograms | MapFlags.mappable,
        valueTypeID: types?.id(named: ObjectLoader.configurationMap, kind: .dataSection) ?? 0,
        section: ObjectLoader.configurationMap, initialContents: [UInt8](repeating: 0, count: Int(size)),
        isReadOnly: true))
  }
}

extension TypeInfo {
  /// Alignment of what a `__kconfig` variable may be: an integer, an enumeration, or an array of them.
  fileprivate func scalarAlignment(of id: UInt32) -> UInt32 {
    var id = id
    for _ in 0..<TypeInfo.depthLimit {
      guard let next = resolved(id) else { return 1 }
      guard case .array(let element, _, _) = self[next] else {
        return UInt32(max(1, min(8, size(of: next) ?? 1)))
      }
      id = element
    }
    return 1
  }

  /// Makes `.ksyms` acceptable to `BPF_BTF_LOAD`, which knows no extern symbols: the DATASEC becomes a nameless struct of
  /// integers, its functions static ones with named parameters, its variables static integers.
  fileprivate mutating func replaceKernelSymbols(_ id: UInt32) {
    guard case .dataSection(_, let entries) = self[id], let at = offset(of: id) else { return }
    guard let integer = ids.first(where: { if case .int(let int) = self[$0] { int.size == 4 } else { false } }) else {
      return
    }
    for entry in entries {
      guard let place = offset(of: entry.type) else { continue }
      switch self[entry.type] {
      case .function(let prototype, _):
        setWord(word(place + 4) & ~0xffff, at: place + 4)
        guard kind(of: prototype) == .prototype, let list = offset(of: prototype) else { continue }
        for index in 0..<Int(word(list + 4) & 0xffff) where word(list + 12 + 8 * index) == 0 {
          if word(list + 16 + 8 * index) != 0 { setWord(word(place), at: list + 12 + 8 * index) }
        }
      case .variable:
        setWord(integer, at: place + 8)
        setWord(BTFLinkage.isStatic.rawValue, at: place + 12)
      default: continue
      }
    }
    setWord(0, at: at)
    setWord(word(at + 4) & 0xffff | UInt32(BTFKind.structure.rawValue) << 24, at: at + 4)
    setWord(UInt32(4 * entries.count), at: at + 8)
    for index in entries.indices {
      setWord(0, at: at + 12 + 12 * index)
      setWord(integer, at: at + 16 + 12 * index)
      setWord(UInt32(32 * index), at: at + 20 + 12 * index)
    }
  }
}
