import BPFInstructions

/// An ELF object written by hand, for what no compiler would write, or none that is at hand.
struct ELFBytes {
  enum Kind: UInt8 {
    case none = 0
    case object, function, section
  }

  private struct Section {
    var name: String
    var type: UInt32
    var flags: UInt64
    var data: [UInt8]
    var size: Int
    var info: UInt32 = 0
  }

  /// `r0 = 0; exit`.
  static let exit = [Instruction(opcode: 0xb7), Instruction(opcode: 0x95)]

  private var sections: [Section] = [Section(name: "", type: 0, flags: 0, data: [], size: 0)]
  private var symbols = [UInt8](repeating: 0, count: 24)
  private var strings: [UInt8] = [0]
  private var relocations: [Int: [UInt8]] = [:]
  private var hasAddends: [Int: Bool] = [:]

  mutating func code(_ name: String, _ instructions: [Instruction]) -> Int {
    section(name, instructions.flatMap { ELFBytes.bytes($0.rawValue) }, type: 1, flags: 6)
  }

  mutating func data(_ name: String, words: [UInt32]) -> Int {
    section(name, words.flatMap { ELFBytes.bytes($0) }, type: 1, flags: 3)
  }

  /// A section of any kind; `size` for those that hold no bytes.
  mutating func section(_ name: String, _ data: [UInt8], type: UInt32, flags: UInt64, size: Int? = nil) -> Int {
    sections.append(Section(name: name, type: type, flags: flags, data: data, size: size ?? data.count))
    return sections.count - 1
  }

  /// A symbol; section 0 leaves it undefined.
  @discardableResult
  mutating func symbol(
    _ name: String, in section: Int, at value: UInt64 = 0, size: UInt64 = 0, type: Kind, isLocal: Bool = false
  ) -> Int {
    let offset = strings.count
    strings += Array(name.utf8) + [0]
    symbols += ELFBytes.bytes(UInt32(offset)) + [(isLocal ? 0 : 1) << 4 | type.rawValue, 0]
    symbols += ELFBytes.bytes(UInt16(section)) + ELFBytes.bytes(value) + ELFBytes.bytes(size)
    return symbols.count / 24 - 1
  }

  mutating func relocation(in section: Int, at offset: UInt64, to symbol: Int, type: UInt32 = 1, addend: Int64? = nil) {
    relocations[section, default: []] += ELFBytes.bytes(offset) + ELFBytes.bytes(UInt64(symbol) << 32 | UInt64(type))
    if let addend {
      relocations[section, default: []] += ELFBytes.bytes(addend)
      hasAddends[section] = true
    }
  }

  var bytes: [UInt8] {
    var all = sections
    let symbolTable = all.count
    all.append(Section(name: ".symtab", type: 2, flags: 0, data: symbols, size: symbols.count))
    all.append(Section(name: ".strtab", type: 3, flags: 0, data: strings, size: strings.count))
    for (section, data) in relocations.sorted(by: { $0.key < $1.key }) {
      all.append(
        Section(
          name: ".rel" + sections[section].name, type: hasAddends[section] == true ? 4 : 9, flags: 0, data: data,
          size: data.count, info: UInt32(section)))
    }
    all.append(Section(name: ".shstrtab", type: 3, flags: 0, data: [], size: 0))
    var names: [UInt8] = [0]
    var offsets: [Int] = []
    for section in all {
      offsets.append(names.count)
      names += Array(section.name.utf8) + [0]
    }
    all[all.count - 1].data = names
    all[all.count - 1].size = names.count
    var body: [UInt8] = []
    var headers: [UInt8] = []
    for (section, name) in zip(all, offsets) {
      let link = section.type == 2 ? symbolTable + 1 : section.type == 9 || section.type == 4 ? symbolTable : 0
      headers += ELFBytes.bytes(UInt32(name)) + ELFBytes.bytes(section.type) + ELFBytes.bytes(section.flags)
      headers += ELFBytes.bytes(UInt64(0)) + ELFBytes.bytes(UInt64(64 + body.count))
      headers += ELFBytes.bytes(UInt64(section.size)) + ELFBytes.bytes(UInt32(link)) + ELFBytes.bytes(section.info)
      headers += ELFBytes.bytes(UInt64(8)) + ELFBytes.bytes(UInt64(0))
      body += section.data
    }
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    header += ELFBytes.bytes(UInt16(1)) + ELFBytes.bytes(UInt16(247)) + ELFBytes.bytes(UInt32(1))
    header += [UInt8](repeating: 0, count: 16) + ELFBytes.bytes(UInt64(64 + body.count)) + ELFBytes.bytes(UInt32(0))
    header += ELFBytes.bytes(UInt16(64)) + [0, 0, 0, 0] + ELFBytes.bytes(UInt16(64))
    header += ELFBytes.bytes(UInt16(all.count)) + ELFBytes.bytes(UInt16(all.count - 1))
    return header + body + headers
  }

  static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
