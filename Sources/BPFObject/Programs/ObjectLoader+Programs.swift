extension ObjectLoader {
  /// Most slots, source lines and CO-RE records that the linked programs of an object may have together.
  private static let slotLimit = 1 << 22

  /// Finds the programs in sections of code and links each.
  mutating func linkPrograms() throws(ObjectError) {
    let sections = code.keys.sorted().compactMap { code[$0] }
    for section in sections where !section.isText { try linkPrograms(of: section) }
    // As with libbpf, .text holds programs only when there are no others.
    if programs.isEmpty {
      for section in sections where section.isText { try linkPrograms(of: section) }
    }
    nameTailCallTypes()
  }

  private mutating func linkPrograms(of section: CodeSection) throws(ObjectError) {
    let loadsByDefault = !section.name.hasPrefix("?")
    let name = loadsByDefault ? section.name : String(section.name.dropFirst())
    let meaning = SectionName.meaning(of: name)
    let customary = SectionName.customary(name)
    let hasGlobals = section.functions.contains { $0.isGlobal }
    for function in section.functions where function.isGlobal || (!hasGlobals && !function.isGap) {
      var linker = ProgramLinker(code: code, typeExtension: typeExtension, types: types)
      var program = try linker.link(function, of: section)
      linkedSlots += program.instructions.count + program.sourceLines.count + program.coreRelocations.count
      guard linkedSlots <= ObjectLoader.slotLimit else {
        throw ObjectError(
          kind: .badProgram, section: section.name,
          message:
            "the programs of the object have more than \(ObjectLoader.slotLimit) instructions and records of them together"
        )
      }
      program.section = name
      program.loadsByDefault = loadsByDefault
      program.contextType = contextType(of: program)
      program.type = meaning?.type ?? program.contextType ?? customary?.type
      program.isTypeInferred = meaning == nil
      program.attachType = meaning?.attachType ?? 0
      program.flags = meaning?.flags ?? 0
      programs.append(program)
      if meaning == nil, let (map, key) = ObjectLoader.tailCall(name) { tailCalls.append((map, key, function.name)) }
    }
    if meaning == nil, !section.isText, ObjectLoader.tailCall(name) == nil {
      notes.append("section \(section.name): its name tells libbpf no program type")
    }
  }

  /// The type that a program's parameter tells: `struct xdp_md *` or `struct __sk_buff *`.
  private func contextType(of program: ProgramSpec) -> ProgramType? {
    guard let types, let id = program.functions.first?.typeID, let context = types.contextName(ofFunction: id) else {
      return nil
    }
    switch context {
    case "xdp_md": return .xdp
    case "__sk_buff": return .schedCLS
    default: return nil
    }
  }

  /// iproute2's section names `MAP/KEY`: the program goes into slot KEY of the prog array numbered MAP.
  private static func tailCall(_ section: String) -> (UInt32, UInt32)? {
    let parts = section.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let map = number(parts[0]), let key = number(parts[1]) else { return nil }
    return (map, key)
  }

  /// A number as C's `%i` reads it.
  private static func number(_ text: Substring) -> UInt32? {
    if text.hasPrefix("0x") { return UInt32(text.dropFirst(2), radix: 16) }
    return text.first == "0" && text.count > 1 ? UInt32(text, radix: 8) : UInt32(text)
  }

  /// A program that is only called from another is of that one's type.
  private mutating func nameTailCallTypes() {
    let called = Set(tailCalls.map(\.program))
    guard !called.isEmpty, let caller = programs.first(where: { $0.type != nil && !called.contains($0.name) }) else {
      return
    }
    for index in programs.indices where called.contains(programs[index].name) {
      programs[index].type = caller.type
      programs[index].attachType = caller.attachType
      programs[index].flags = caller.flags
    }
  }
}
