/// The outline of an ELF64 little-endian relocatable BPF object: sections, symbols and relocations, all in bounds.
///
/// Layout: System V gABI, chapter 4; machine and relocation numbers: kernel Documentation/bpf/llvm_reloc.rst.
struct ELFFile: Sendable {
  let bytes: ByteView
  /// `e_flags`: the instruction-set version in GNU objects of binutils 2.42 and later, else 0.
  let flags: UInt32
  private(set) var sections: [ELFSection] = []
  private(set) var symbols: [ELFSymbol] = []
  /// Relocations by the index of the section that they patch, ascending by offset.
  private(set) var relocations: [Int: [ELFRelocation]] = [:]

  static let machineBPF: UInt16 = 247

  /// - Parameter sectionsOnly: Takes a file of any machine and of any type, for what its sections hold.
  init(bytes: [UInt8], sectionsOnly: Bool = false) throws(ObjectError) {
    self.bytes = ByteView(bytes)
    let header = try ELFHeader(self.bytes)
    flags = header.flags
    if !sectionsOnly { try header.checkProgramObject() }
    try readSections(header)
    if sectionsOnly { return }
    try readSymbols()
    try readRelocations()
  }

  /// The first section of that name.
  func section(named name: String) -> ELFSection? { sections.first { $0.name == name } }

  private mutating func readSections(_ header: ELFHeader) throws(ObjectError) {
    guard header.sectionOffset != 0 else { return }
    guard header.sectionEntrySize == 64 else {
      throw ObjectError(
        kind: .badSection, offset: 58, message: "section headers of \(header.sectionEntrySize) bytes; ELF64 has 64")
    }
    guard let table = Int(exactly: header.sectionOffset), table <= bytes.count, bytes.count - table >= 64 else {
      throw ObjectError(
        kind: .truncated, offset: 40,
        message: "section headers at \(header.sectionOffset) lie past the end of the file, \(bytes.count) bytes")
    }
    // With 65,280 sections or more, the first header holds the numbers that the file header has no room for.
    let count = header.sectionCount != 0 ? UInt64(header.sectionCount) : bytes.u64(at: table + 32) ?? 0
    let names = header.nameSection != 0xffff ? UInt32(header.nameSection) : bytes.u32(at: table + 40) ?? 0
    guard count <= UInt64((bytes.count - table) / 64) else {
      throw ObjectError(
        kind: .truncated, offset: 60,
        message: "\(count) section headers at \(table) end past the end of the file, \(bytes.count) bytes")
    }
    var raw: [ELFSection] = []
    raw.reserveCapacity(Int(count))
    for index in 0..<Int(count) {
      guard let section = ELFSection(bytes, at: table + 64 * index, index: index) else { break }
      raw.append(section)
    }
    guard raw.isEmpty || Int(names) < raw.count else {
      throw ObjectError(
        kind: .badSection, offset: 62, message: "section \(names) is to hold the section names; there are \(raw.count)")
    }
    let strings = raw.isEmpty ? nil : raw[Int(names)].data
    for index in raw.indices {
      raw[index].name = strings?.string(at: Int(raw[index].nameOffset)) ?? ""
      try raw[index].check(fileSize: bytes.count)
    }
    sections = raw
  }

  private mutating func readSymbols() throws(ObjectError) {
    guard let table = sections.first(where: { $0.type == .symbolTable }), let data = table.data else { return }
    guard data.count % 24 == 0 else {
      throw ObjectError(
        kind: .badSection, section: table.name, message: "\(data.count) bytes are no whole number of symbols of 24")
    }
    let strings = section(table.link)?.data
    let wide = sections.first { $0.type == .wideSymbolIndices && $0.link == table.index }?.data
    symbols.reserveCapacity(data.count / 24)
    for index in 0..<data.count / 24 {
      guard var symbol = ELFSymbol(data, at: 24 * index, index: index, strings: strings) else { break }
      if symbol.section == .reserved(0xffff), let real = wide?.u32(at: 4 * index) { symbol.section = .index(Int(real)) }
      if case .index(let section) = symbol.section {
        guard sections.indices.contains(section) else {
          throw ObjectError(
            kind: .badSymbol, section: table.name, offset: 24 * index,
            message: "symbol \(symbol.label) lies in section \(section); there are \(sections.count)")
        }
        if symbol.type == .section { symbol.name = sections[section].name }
      }
      symbols.append(symbol)
    }
  }

  private mutating func readRelocations() throws(ObjectError) {
    for table in sections where table.type == .rel || table.type == .rela {
      guard let target = section(table.info) else {
        throw ObjectError(
          kind: .badRelocation, section: table.name,
          message: "relocations for section \(table.info); there are \(sections.count)")
      }
      // Debug information is of no use here, and its relocations are nearly all there are.
      guard !target.name.hasPrefix(".debug"), let data = table.data else { continue }
      let size = table.type == .rel ? 16 : 24
      guard data.count % size == 0 else {
        throw ObjectError(
          kind: .badSection, section: table.name,
          message: "\(data.count) bytes are no whole number of relocations of \(size)")
      }
      var list = relocations[target.index] ?? []
      list.reserveCapacity(list.count + data.count / size)
      for index in 0..<data.count / size {
        guard let relocation = ELFRelocation(data, at: size * index, hasAddend: size == 24) else { break }
        guard symbols.indices.contains(relocation.symbol) else {
          throw ObjectError(
            kind: .badRelocation, section: target.name, offset: Int(clamping: relocation.offset),
            message:
              "relocation \(index) of \(table.name) names symbol \(relocation.symbol); there are \(symbols.count)")
        }
        guard relocation.offset < target.size else {
          throw ObjectError(
            kind: .badRelocation, section: target.name, offset: Int(clamping: relocation.offset),
            message: "relocation \(index) of \(table.name), to \(symbols[relocation.symbol].label), "
              + "lies past the section's end, \(target.size) bytes")
        }
        list.append(relocation)
      }
      relocations[target.index] = list.sorted { $0.offset < $1.offset }
    }
  }

  private func section(_ index: UInt32) -> ELFSection? {
    Int(index) < sections.count ? sections[Int(index)] : nil
  }
}

/// The fields of the ELF header that a loader needs, once they say "BPF object".
private struct ELFHeader {
  var machine: UInt16
  var type: UInt16
  var flags: UInt32
  var sectionOffset: UInt64
  var sectionEntrySize: UInt16
  var sectionCount: UInt16
  var nameSection: UInt16

  init(_ bytes: ByteView) throws(ObjectError) {
    guard bytes.count > 0 else { throw ObjectError(kind: .notELF, message: "the file is empty") }
    guard bytes.u32(at: 0) == 0x464c_457f else {
      throw ObjectError(kind: .notELF, offset: 0, message: "not an ELF file; give an object compiled with -target bpf")
    }
    guard let fileClass = bytes.u8(at: 4), let order = bytes.u8(at: 5), let type = bytes.u16(at: 16),
      let machine = bytes.u16(at: 18), let sectionOffset = bytes.u64(at: 40), let flags = bytes.u32(at: 48),
      let sectionEntrySize = bytes.u16(at: 58), let sectionCount = bytes.u16(at: 60),
      let nameSection = bytes.u16(at: 62)
    else {
      throw ObjectError(
        kind: .truncated, offset: bytes.count, message: "the file ends within the ELF header of 64 bytes")
    }
    guard fileClass == 2 else {
      throw ObjectError(
        kind: .wrongFormat, offset: 4,
        message: fileClass == 1 ? "a 32-bit object; BPF is 64-bit" : "ELF class \(fileClass)")
    }
    guard order == 1 else {
      throw ObjectError(
        kind: .wrongFormat, offset: 5,
        message: order == 2 ? "a big-endian object; compile with -target bpfel" : "ELF byte order \(order)")
    }
    self.machine = machine
    self.type = type
    self.flags = flags
    self.sectionOffset = sectionOffset
    self.sectionEntrySize = sectionEntrySize
    self.sectionCount = sectionCount
    self.nameSection = nameSection
  }

  /// Refuses what is no relocatable object for BPF.
  func checkProgramObject() throws(ObjectError) {
    // LLVM wrote machine 0 before BPF had a number.
    guard machine == ELFFile.machineBPF || machine == 0 else {
      let name = ELFHeader.machines[machine].map { " (\($0))" } ?? ""
      throw ObjectError(
        kind: .wrongFormat, offset: 18,
        message: "machine \(machine)\(name), not BPF (\(ELFFile.machineBPF)); compile with -target bpf")
    }
    guard type == 1 else {
      throw ObjectError(kind: .wrongFormat, offset: 16, message: "ELF type \(type) is not a relocatable object (1)")
    }
  }

  private static let machines: [UInt16: String] = [
    3: "i386", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 22: "S390", 40: "ARM", 62: "x86-64", 183: "AArch64",
    243: "RISC-V", 258: "LoongArch",
  ]
}
