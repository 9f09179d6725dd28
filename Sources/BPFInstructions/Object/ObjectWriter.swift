/// Writes a program as a minimal ELF64 BPF object, which Verdict, bpftool and libbpf load: the main function in a section
/// whose name tells the program type, the functions that it calls in `.text`, and a license; no maps and no BTF.
///
/// Linux loads callbacks (`subprog[name]`) only with BTF, so a program that takes a function's address runs here alone.
public struct ObjectWriter: Sendable {
  /// The section of the main function, such as `xdp` or `tc`.
  public var section: String
  /// The license that the kernel checks helpers against.
  public var license: String
  /// The name of the main function, when the program has no label for it.
  public var function: String

  /// A writer of objects with these names.
  public init(section: String = "xdp", license: String = "GPL", function: String = "main") {
    self.section = section
    self.license = license
    self.function = function
  }

  /// The bytes of the object.
  /// - Throws: ``ObjectWriterError`` for a program that is not sound, that names maps, or that calls its main function.
  public func object(of program: AssembledProgram) throws(ObjectWriterError) -> [UInt8] {
    if let (slot, reference) = program.references.min(by: { $0.key < $1.key }) {
      throw ObjectWriterError(
        kind: .needsMap(reference.text), slot: slot)
    }
    let decoded: DecodedProgram
    do {
      decoded = try DecodedProgram(program.instructions)
    } catch {
      throw ObjectWriterError(kind: .unsound(error), slot: error.slot)
    }
    let names = Dictionary(
      program.labels.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
    let end = decoded.functions.dropFirst().first ?? program.instructions.count

    var slots = program.instructions
    var relocations: [ObjectRelocation] = []
    for instruction in decoded.instructions {
      guard let target = instruction.functionTarget else { continue }
      guard let index = decoded.functions.firstIndex(of: target), index > 0 else {
        throw ObjectWriterError(kind: .callsMain, slot: instruction.slot)
      }
      let isCall = instruction.operation.form == .callSubprogram
      slots[instruction.slot].immediate = isCall ? -1 : 0
      relocations.append(ObjectRelocation(slot: instruction.slot, function: index, isCall: isCall))
    }
    let functions = decoded.functions.enumerated().map { index, start in
      let next = index + 1 < decoded.functions.count ? decoded.functions[index + 1] : slots.count
      let name = names[start] ?? (index == 0 ? function : "F\(start)")
      return ObjectFunction(name: name, slots: start..<next)
    }
    return image(slots: slots, end: end, functions: functions, relocations: relocations)
  }

  private func image(
    slots: [Instruction], end: Int, functions: [ObjectFunction], relocations: [ObjectRelocation]
  ) -> [UInt8] {
    // Sections by number: 1 the main function, 2 .text, 3 license, 4 and 5 relocations, 6 symbols, 7 names.
    var names = StringTable()
    let symbols = symbolTable(functions, end: end, &names)
    func records(_ wanted: (ObjectRelocation) -> Bool, base: Int) -> [UInt8] {
      relocations.filter(wanted).flatMap { relocation in
        // Elf64_Rel; the main function is the table's last symbol, the others follow the null symbol in their order.
        bytes(UInt64(relocation.slot - base) * 8)
          + bytes(UInt64(relocation.function) << 32 | (relocation.isCall ? 10 : 1))
      }
    }
    var sections = [
      ObjectSection(name: section, type: 1, flags: 6, alignment: 8, contents: slots[..<end].flatMap(\.bytes)),
      ObjectSection(name: ".text", type: 1, flags: 6, alignment: 8, contents: slots[end...].flatMap(\.bytes)),
      ObjectSection(name: "license", type: 1, flags: 3, alignment: 1, contents: Array(license.utf8) + [0]),
      ObjectSection(
        name: ".rel" + section, type: 9, flags: 0x40, link: 6, info: 1, alignment: 8, entry: 16,
        contents: records({ $0.slot < end }, base: 0)),
      ObjectSection(
        name: ".rel.text", type: 9, flags: 0x40, link: 6, info: 2, alignment: 8, entry: 16,
        contents: records({ $0.slot >= end }, base: end)),
      ObjectSection(
        name: ".symtab", type: 2, link: 7, info: 1, alignment: 8, entry: 24, contents: symbols),
    ]
    let nameOffsets = (sections.map(\.name) + [".strtab"]).map { names.add($0) }
    sections.append(ObjectSection(name: ".strtab", type: 3, alignment: 1, contents: names.contents))

    var body: [UInt8] = []
    var headers = [UInt8](repeating: 0, count: 64)
    for (section, name) in zip(sections, nameOffsets) {
      while (64 + body.count) % 8 != 0 { body.append(0) }
      headers += section.header(name: name, offset: UInt64(64 + body.count))
      body += section.contents
    }
    while body.count % 8 != 0 { body.append(0) }
    return fileHeader(sections: UInt16(sections.count + 1), headersAt: UInt64(64 + body.count)) + body + headers
  }

  /// The null symbol, the called functions, and the main function. All are global: libbpf takes the address of no
  /// function symbol that is local.
  private func symbolTable(_ functions: [ObjectFunction], end: Int, _ names: inout StringTable) -> [UInt8] {
    var table = [UInt8](repeating: 0, count: 24)
    for (index, function) in Array(functions.enumerated().dropFirst()) + Array(functions.enumerated().prefix(1)) {
      let isMain = index == 0
      table += bytes(names.add(function.name)) + [0x12, 0] + bytes(UInt16(isMain ? 1 : 2))
      table += bytes(UInt64(function.slots.lowerBound - (isMain ? 0 : end)) * 8)
      table += bytes(UInt64(function.slots.count) * 8)
    }
    return table
  }

  /// Elf64_Ehdr of a little-endian relocatable file for EM_BPF (247).
  private func fileHeader(sections: UInt16, headersAt: UInt64) -> [UInt8] {
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    header += bytes(UInt16(1)) + bytes(UInt16(247)) + bytes(UInt32(1)) + bytes(UInt64(0)) + bytes(UInt64(0))
    header += bytes(headersAt) + bytes(UInt32(0)) + bytes(UInt16(64)) + bytes(UInt16(0)) + bytes(UInt16(0))
    return header + bytes(UInt16(64)) + bytes(sections) + bytes(sections - 1)
  }
}

/// A program that cannot be written as an object.
public struct ObjectWriterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public var kind: Kind
  /// Slot of the instruction.
  public var slot: Int

  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// The program uses a map by name, which the object would have to define.
    case needsMap(String)
    /// An instruction or the control flow is not sound.
    case unsound(InstructionError)
    /// The main function is called, or its address is taken.
    case callsMain
  }

  /// One line with the place.
  public var description: String {
    switch kind {
    case .needsMap(let name):
      "instruction \(slot): \(name) has no definition; only programs without maps can be written"
    case .unsound(let error): error.description
    case .callsMain: "instruction \(slot): the main function is called; an object cannot express that"
    }
  }
}

private struct ObjectFunction {
  var name: String
  var slots: Range<Int>
}

private struct ObjectRelocation {
  var slot: Int
  var function: Int
  var isCall: Bool
}

private struct ObjectSection {
  var name: String
  var type: UInt32
  var flags: UInt64 = 0
  var link: UInt32 = 0
  var info: UInt32 = 0
  var alignment: UInt64
  var entry: UInt64 = 0
  var contents: [UInt8]

  /// Elf64_Shdr.
  func header(name: UInt32, offset: UInt64) -> [UInt8] {
    bytes(name) + bytes(type) + bytes(flags) + bytes(UInt64(0)) + bytes(offset) + bytes(UInt64(contents.count))
      + bytes(link) + bytes(info) + bytes(alignment) + bytes(entry)
  }
}

private struct StringTable {
  private(set) var contents: [UInt8] = [0]

  mutating func add(_ name: String) -> UInt32 {
    let offset = UInt32(truncatingIfNeeded: contents.count)
    contents += Array(name.utf8) + [0]
    return offset
  }
}

/// A number as it stands in a little-endian file.
private func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
