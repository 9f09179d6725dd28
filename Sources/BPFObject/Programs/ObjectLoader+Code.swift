import BPFInstructions

extension ObjectLoader {
  /// Reads every section of code: slots, functions, and what the relocations say.
  mutating func readCode() throws(ObjectError) {
    var functions: [Int: [ELFSymbol]] = [:]
    var labels: [Int: [ELFSymbol]] = [:]
    for symbol in elf.symbols {
      guard case .index(let section) = symbol.section else { continue }
      if symbol.type == .function { functions[section, default: []].append(symbol) }
      // LLVM before 7 gave functions no type.
      if symbol.type == .none, symbol.binding != .local { labels[section, default: []].append(symbol) }
    }
    for section in elf.sections where section.isExecutable && section.type == .bits && section.size > 0 {
      guard let data = section.data else { continue }
      guard data.count % 8 == 0 else {
        throw ObjectError(
          kind: .badProgram, section: section.label,
          message: "\(data.count) bytes are no whole number of instructions of 8")
      }
      var part = CodeSection(index: section.index, name: section.name, slots: Instruction.slots(in: data.array))
      let symbols = functions[section.index] ?? labels[section.index] ?? []
      part.functions = try self.functions(symbols, in: part)
      code[section.index] = part
    }
    let addendsAreAddresses = symbolValuesAreInPlace
    for index in code.keys.sorted() {
      guard var part = code[index] else { continue }
      try readReferences(of: &part, addendsAreAddresses)
      code[index] = part
    }
  }

  private func functions(
    _ symbols: [ELFSymbol], in section: CodeSection
  ) throws(ObjectError) -> [CodeSection.Function] {
    let count = section.slots.count
    guard !symbols.isEmpty else {
      return [
        CodeSection.Function(name: section.name, start: 0, count: count, isGlobal: true, isExported: true)
      ]
    }
    var functions: [CodeSection.Function] = []
    for symbol in symbols {
      func fault(_ message: String) -> ObjectError {
        ObjectError(
          kind: .badSymbol, section: section.name, offset: Int(clamping: symbol.value),
          message: "function \(symbol.label) \(message)")
      }
      guard symbol.value % 8 == 0 else { throw fault("does not begin at an instruction") }
      guard symbol.value < 8 * UInt64(count) else {
        throw fault("lies past the section's end, \(8 * count) bytes")
      }
      let start = Int(symbol.value / 8)
      guard symbol.size <= 8 * UInt64(count - start) else {
        throw fault("of \(symbol.size) bytes ends past the section's end, \(8 * count) bytes")
      }
      functions.append(
        CodeSection.Function(
          name: symbol.name, start: start, count: Int(symbol.size / 8), isGlobal: symbol.binding != .local,
          isExported: symbol.isExported))
    }
    functions.sort { $0.start < $1.start }
    // Hand-written code often gives no size: such a function ends where the next one begins.
    var end = count
    for index in functions.indices.reversed() {
      if index + 1 < functions.count, functions[index + 1].start > functions[index].start {
        end = functions[index + 1].start
      }
      if functions[index].count == 0 { functions[index].count = end - functions[index].start }
    }
    return ObjectLoader.filled(functions, in: section)
  }

  /// The functions, and what lies between them: static functions whose symbols were stripped, each gap as one.
  private static func filled(
    _ functions: [CodeSection.Function], in section: CodeSection
  ) -> [CodeSection.Function] {
    var all: [CodeSection.Function] = []
    var end = 0
    func fill(to start: Int) {
      guard start > end else { return }
      all.append(
        CodeSection.Function(
          name: "\(section.name)+\(end)", start: end, count: start - end, isGlobal: false, isExported: false,
          isGap: true
        ))
    }
    for function in functions {
      fill(to: function.start)
      all.append(function)
      end = max(end, function.start + function.count)
    }
    fill(to: section.slots.count)
    return all
  }

  /// True for objects of the GNU assembler before 2.42, which wrote a symbol's value into the instruction as well.
  ///
  /// Such objects have no instruction-set version in `e_flags` and GCC's comment; code from the assembler alone is told by
  /// a call whose immediate is its target's offset in bytes, where every other producer has -1.
  private var symbolValuesAreInPlace: Bool {
    guard elf.flags == 0 else { return false }
    // With types, GCC's comment has an empty string in front.
    if let comment = elf.section(named: ".comment")?.data,
      [0, 1].contains(where: { comment.string(at: $0, startsWith: Array("GCC:".utf8)) })
    {
      return true
    }
    for index in code.keys.sorted() {
      guard let section = code[index] else { continue }
      for relocation in elf.relocations[index] ?? [] {
        let symbol = elf.symbols[relocation.symbol]
        guard symbol.type != .section, symbol.value != 0, let slot = Int(exactly: relocation.offset / 8),
          section.slots[slot].opcode == 0x85
        else { continue }
        return Int64(section.slots[slot].immediate) == Int64(bitPattern: symbol.value &- 1)
      }
    }
    return false
  }

  private mutating func readReferences(
    of section: inout CodeSection, _ addendsAreAddresses: Bool
  ) throws(ObjectError) {
    for relocation in elf.relocations[section.index] ?? [] {
      let place = Int(clamping: relocation.offset)
      let symbol = elf.symbols[relocation.symbol]
      func fault(_ message: String) -> ObjectError {
        ObjectError(
          kind: .badRelocation, section: section.name, offset: place,
          message: "relocation to \(symbol.label) \(message)")
      }
      // Some assemblers point at the immediate, in the middle of the instruction.
      guard place % 4 == 0, place / 8 < section.slots.count else { throw fault("is not at an instruction") }
      let slot = place / 8
      let instruction = section.slots[slot]
      var addend = relocation.addend ?? Int64(instruction.immediate)
      if addendsAreAddresses, relocation.addend == nil, symbol.type != .section {
        addend = addend &- Int64(bitPattern: symbol.value)
      }
      if instruction.isWide {
        guard slot + 1 < section.slots.count else { throw fault("is at half a 64-bit load") }
        section.references[slot] = try address(of: symbol, addend, fault)
      } else if instruction.opcode == 0x85 {
        section.references[slot] = try call(of: symbol, addend, hasAddend: relocation.addend != nil, fault)
      } else {
        throw fault("is at an instruction that takes none, opcode 0x\(String(instruction.opcode, radix: 16))")
      }
    }
    readLocalReferences(of: &section)
  }

  /// Calls and function addresses that the compiler resolved within the section.
  private func readLocalReferences(of section: inout CodeSection) {
    var slot = 0
    while slot < section.slots.count {
      let instruction = section.slots[slot]
      let target = slot + 1 + Int(instruction.immediate)
      if section.references[slot] == nil {
        if instruction.opcode == 0x85, instruction.source == 1 {
          section.references[slot] = .call(section: section.index, slot: target)
        } else if instruction.isWide, instruction.source == 4 {
          section.references[slot] = .address(section: section.index, slot: target)
        }
      }
      slot += instruction.isWide ? 2 : 1
    }
  }

  private func call(
    of symbol: ELFSymbol, _ addend: Int64, hasAddend: Bool, _ fault: (String) -> ObjectError
  ) throws(ObjectError) -> CodeSection.Target {
    switch symbol.section {
    case .undefined:
      if case .kernelFunction = externs[symbol.name] {
        return .fixed(.kernelFunction(symbol.name, weak: symbol.binding == .weak))
      }
      return .fixed(.unresolved("function \(symbol.label) is defined nowhere"))
    case .reserved(let number): throw fault("is a call of no code, section number \(number)")
    case .index(let index):
      guard let target = code[index] else {
        throw fault("is a call into section \(elf.sections[index].label), no code")
      }
      // An addend in the instruction counts slots, from the next one; one in the relocation counts bytes.
      let start = Int64(clamping: symbol.value)
      let (slot, overflow) =
        hasAddend
        ? { ($0.partialValue / 8, $0.overflow) }(start.addingReportingOverflow(addend))
        : (start / 8).addingReportingOverflow(addend &+ 1)
      guard !overflow, let slot = Int(exactly: slot), target.function(at: slot) != nil else {
        throw fault("is a call of slot \(slot) of \(target.name), where no function is")
      }
      return .call(section: index, slot: slot)
    }
  }

  private func address(
    of symbol: ELFSymbol, _ addend: Int64, _ fault: (String) -> ObjectError
  ) throws(ObjectError) -> CodeSection.Target {
    switch symbol.section {
    case .undefined: return undefinedAddress(of: symbol)
    case .reserved: return .fixed(.unresolved("the address of \(symbol.label), which no section holds"))
    case .index(let index):
      let section = elf.sections[index]
      let (sum, overflow) = Int64(clamping: symbol.value).addingReportingOverflow(addend)
      guard !overflow, let offset = Int(exactly: sum) else { throw fault("points to nowhere, addend \(addend)") }
      if let target = code[index] {
        guard offset % 8 == 0, target.function(at: offset / 8) != nil else {
          throw fault("points to byte \(offset) of \(target.name), where no function is")
        }
        return .address(section: index, slot: offset / 8)
      }
      if let places = mapPlaces[index] {
        // As with libbpf, a map is known by its symbol alone.
        let offset = symbol.type == .section ? offset : Int(clamping: symbol.value)
        guard let map = places.first(where: { $0.offset == offset }) else {
          throw fault("points to byte \(offset) of \(section.label), where no map is")
        }
        return .fixed(.map(map.name))
      }
      if let map = dataMaps[index] {
        // A pointer may go past its object for a while, never 2 GiB: the kernel refuses those.
        return .fixed(.mapValue(map, offset: UInt32(truncatingIfNeeded: offset)))
      }
      return .fixed(.unresolved("the address of \(symbol.label) in section \(section.label), which is no map or data"))
    }
  }

  private func undefinedAddress(of symbol: ELFSymbol) -> CodeSection.Target {
    let isWeak = symbol.binding == .weak
    switch externs[symbol.name] {
    case .configuration(let offset): return .fixed(.mapValue(ObjectLoader.configurationMap, offset: offset))
    case .kernelVariable(isTyped: false): return .untypedVariable(symbol.name, weak: isWeak)
    case .kernelVariable, .kernelFunction: return .fixed(.kernelVariable(symbol.name, weak: isWeak))
    case nil: return .fixed(.unresolved("variable \(symbol.label) is defined nowhere"))
    }
  }
}
