import BPFInstructions

/// Puts a program and every subprogram that it reaches into one stream, each once, in the order of libbpf: a function is
/// appended where its first call is met, and its own calls are followed before the caller goes on.
struct ProgramLinker {
  let code: [Int: CodeSection]
  let typeExtension: TypeExtension?
  let types: TypeInfo?

  private var program = ProgramSpec(name: "", section: "", type: nil, instructions: [])
  /// First slot in the program of each function placed, by section and first slot there.
  private var placed: [Place: Int] = [:]
  private var fileNames: [UInt32: String] = [:]

  private struct Place: Hashable {
    var section: Int
    var slot: Int
  }

  /// A function whose calls are being followed.
  private struct Frame {
    var section: Int
    /// First slot in the section, and in the program.
    var start: Int
    var base: Int
    var end: Int
    var next: Int
  }

  /// libbpf's number for a helper that no kernel has: the call that stands where nothing could be resolved.
  static let poison = Instruction(opcode: 0x85, immediate: 195_896_080)

  /// `BPF_COMPLEXITY_LIMIT_INSNS`: the kernel takes no longer program.
  static let slotLimit = 1_000_000

  init(code: [Int: CodeSection], typeExtension: TypeExtension?, types: TypeInfo?) {
    self.code = code
    self.typeExtension = typeExtension
    self.types = types
  }

  /// The program that begins with `function` of `section`.
  mutating func link(
    _ function: CodeSection.Function, of section: CodeSection
  ) throws(ObjectError) -> ProgramSpec {
    program = ProgramSpec(name: function.name, section: section.name, type: nil, instructions: [])
    program.types = types
    placed = [:]
    try follow(try place(function, of: section))
    if let name = exceptionCallback, let (section, callback) = global(named: name) {
      // libbpf appends it when everything that the program calls is there.
      let (base, frame) = try locate(section.index, callback.start) ?? (0, nil)
      program.exceptionCallback = program.functions.first { $0.slot == base }
      if let frame { try follow(frame) }
    }
    return program
  }

  /// The name that the main function's tag gives: `exception_callback:NAME`.
  private var exceptionCallback: String? {
    let tag = "exception_callback:"
    guard let types, let main = program.functions.first?.typeID else { return nil }
    var found: [String] = []
    for id in types.ids where types.kind(of: id) == .declarationTag && types.target(of: id) == main {
      let name = types.name(of: id)
      if name.hasPrefix(tag) { found.append(String(name.dropFirst(tag.count))) }
    }
    // As with libbpf, several contradict each other.
    return found.count == 1 ? found[0] : nil
  }

  /// The global function of that name.
  private func global(named name: String) -> (CodeSection, CodeSection.Function)? {
    for section in code.keys.sorted().compactMap({ code[$0] }) {
      if let function = section.functions.first(where: { $0.name == name && $0.isGlobal }) {
        return (section, function)
      }
    }
    return nil
  }

  /// Resolves the references of a function and of everything that it reaches.
  private mutating func follow(_ first: Frame) throws(ObjectError) {
    var stack = [first]
    while var frame = stack.popLast() {
      guard frame.next < frame.end, let part = code[frame.section] else { continue }
      let old = frame.start + frame.next - frame.base
      let slot = frame.next
      frame.next += program.instructions[slot].isWide ? 2 : 1
      stack.append(frame)
      switch part.references[old] {
      case nil: continue
      case .fixed(let reference): resolve(slot, reference)
      case .untypedVariable(let name, let isWeak):
        resolve(slot, .kernelVariable(name, weak: isWeak))
        program.instructions[slot].source = WideImmediate.value.rawValue
      case .call(let section, let target):
        guard let (new, callee) = try locate(section, target) else {
          resolve(slot, .unresolved("a call of slot \(target) of \(part.name), where no function is"))
          continue
        }
        program.instructions[slot].source = 1
        program.instructions[slot].immediate = Int32(truncatingIfNeeded: new - slot - 1)
        if let callee { stack.append(callee) }
      case .address(let section, let target):
        guard let (new, callee) = try locate(section, target) else {
          resolve(slot, .unresolved("the address of slot \(target) of \(part.name), where no function is"))
          continue
        }
        program.instructions[slot].source = WideImmediate.function.rawValue
        setWide(slot, low: Int32(truncatingIfNeeded: new - slot - 1), high: 0)
        program.references[slot] = .function(slot: new)
        if let callee { stack.append(callee) }
      }
    }
  }

  /// The slot in the program of a function's slot, and the frame to follow when the function was placed just now.
  private mutating func locate(_ section: Int, _ slot: Int) throws(ObjectError) -> (Int, Frame?)? {
    guard let part = code[section], let function = part.function(at: slot) else { return nil }
    if let base = placed[Place(section: section, slot: function.start)] { return (base + slot - function.start, nil) }
    let frame = try place(function, of: part)
    return (frame.base + slot - function.start, frame)
  }

  private mutating func place(
    _ function: CodeSection.Function, of section: CodeSection
  ) throws(ObjectError) -> Frame {
    let base = program.instructions.count
    guard base + function.count <= ProgramLinker.slotLimit else {
      throw ObjectError(
        kind: .badProgram, section: section.name, offset: 8 * function.start,
        message: "program \(program.name) has more than \(ProgramLinker.slotLimit) instructions with its subprograms")
    }
    placed[Place(section: section.index, slot: function.start)] = base
    program.instructions += section.slots[function.start..<function.start + function.count]
    var spec = FunctionSpec(name: function.name, slot: base, count: function.count, isGlobal: function.isExported)
    if let records = typeExtension?.functions[section.name] {
      spec.typeID = ProgramLinker.records(records, in: function) { $0.slot }.first { $0.slot == function.start }?.typeID
    }
    program.functions.append(spec)
    let shift = base - function.start
    if let records = typeExtension?.lines[section.name] {
      for record in ProgramLinker.records(records, in: function, by: { $0.slot }) {
        program.sourceLines.append(sourceLine(record, shift))
      }
    }
    if let records = typeExtension?.relocations[section.name] {
      for var record in ProgramLinker.records(records, in: function, by: { $0.slot }) {
        record.slot += shift
        program.coreRelocations.append(record)
      }
    }
    return Frame(section: section.index, start: function.start, base: base, end: base + function.count, next: base)
  }

  /// The records of a function, of an ascending list.
  private static func records<Record>(
    _ records: [Record], in function: CodeSection.Function, by slot: (Record) -> Int
  ) -> ArraySlice<Record> {
    func first(atOrAfter wanted: Int) -> Int {
      var low = 0
      var high = records.count
      while low < high {
        let middle = (low + high) / 2
        if slot(records[middle]) < wanted { low = middle + 1 } else { high = middle }
      }
      return low
    }
    let start = first(atOrAfter: function.start)
    return records[start..<max(start, first(atOrAfter: function.start + function.count))]
  }

  private mutating func sourceLine(_ record: TypeExtension.LineRecord, _ shift: Int) -> SourceLine {
    let file: String
    if let known = fileNames[record.fileOffset] {
      file = known
    } else {
      file = types?.string(at: record.fileOffset) ?? ""
      fileNames[record.fileOffset] = file
    }
    return SourceLine(
      slot: record.slot + shift, file: file, text: types?.string(at: record.textOffset) ?? "",
      line: Int(record.place >> 10), column: Int(record.place & 0x3ff), fileOffset: record.fileOffset,
      textOffset: record.textOffset)
  }

  /// Writes a reference into its slot, in the form that the kernel knows; numbers that only loading gives are 0.
  private mutating func resolve(_ slot: Int, _ reference: Reference) {
    program.references[slot] = reference
    let isWide = program.instructions[slot].isWide
    switch reference {
    case .map:
      program.instructions[slot].source = WideImmediate.mapDescriptor.rawValue
      setWide(slot, low: 0, high: 0)
    case .mapValue(_, let offset):
      program.instructions[slot].source = WideImmediate.mapValue.rawValue
      setWide(slot, low: 0, high: Int32(bitPattern: offset))
    case .kernelFunction:
      program.instructions[slot].source = 2
      program.instructions[slot].immediate = 0
    case .kernelVariable:
      program.instructions[slot].source = WideImmediate.kernelVariable.rawValue
      setWide(slot, low: 0, high: 0)
    case .function: break
    case .unresolved:
      program.instructions[slot] = ProgramLinker.poison
      if isWide, slot + 1 < program.instructions.count { program.instructions[slot + 1] = ProgramLinker.poison }
    }
  }

  private mutating func setWide(_ slot: Int, low: Int32, high: Int32) {
    program.instructions[slot].immediate = low
    guard slot + 1 < program.instructions.count else { return }
    program.instructions[slot + 1].immediate = high
  }
}
