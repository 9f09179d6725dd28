import BPFInstructions

extension ProgramSpec {
  /// The program with `replacement` in the place of one of its global functions, and the functions that this one reaches at
  /// the end; nil when there is no such function.
  ///
  /// The functions that come from elsewhere have no BTF here, since theirs is another object's.
  ///
  /// - Parameter maps: new names of the replacement's maps.
  func replacing(_ name: String, with replacement: ProgramSpec, maps: [String: String]) -> ProgramSpec? {
    guard let main = replacement.functions.first,
      let index = functions.dropFirst().firstIndex(where: { $0.name == name && $0.isGlobal })
    else { return nil }
    var parts = functions.enumerated().map { position, function in
      position == index
        ? Part(function: main, isForeign: true, name: name) : Part(function: function, isForeign: false)
    }
    parts += replacement.functions.dropFirst().map { Part(function: $0, isForeign: true) }
    var start = 0
    for position in parts.indices {
      parts[position].start = start
      start += parts[position].function.count
    }
    var program = self
    program.instructions = []
    program.references = [:]
    program.functions = []
    program.sourceLines = []
    for part in parts {
      program.append(part, of: part.isForeign ? replacement : self, parts, maps)
    }
    program.exceptionCallback = exceptionCallback.flatMap { callback in
      program.functions.first { $0.name == callback.name }
    }
    return program
  }

  /// A function on its way to another place.
  private struct Part {
    /// As it was.
    var function: FunctionSpec
    /// Of the replacement.
    var isForeign: Bool
    /// The name that it takes over.
    var name: String?
    /// First slot in the new program.
    var start = 0
  }

  private mutating func append(_ part: Part, of source: ProgramSpec, _ parts: [Part], _ maps: [String: String]) {
    let old = part.function
    let shift = part.start - old.slot
    /// Where a slot of the source is now.
    func moved(_ slot: Int) -> Int {
      guard let function = source.function(at: slot) else { return slot }
      let home = parts.first { $0.isForeign == part.isForeign && $0.function.slot == function.slot }
      // The one function that is in no part any more is the replaced one.
      let start = home?.start ?? parts.first { $0.name != nil }?.start ?? function.slot
      return slot - function.slot + start
    }
    instructions += source.instructions[old.slot..<min(old.slot + old.count, source.instructions.count)]
    var slot = old.slot
    while slot < min(old.slot + old.count, source.instructions.count) {
      let instruction = source.instructions[slot]
      let new = slot + shift
      switch source.references[slot] {
      case .map(let name): references[new] = .map(part.isForeign ? maps[name] ?? name : name)
      case .mapValue(let name, let offset):
        references[new] = .mapValue(part.isForeign ? maps[name] ?? name : name, offset: offset)
      case .function(let target):
        references[new] = .function(slot: moved(target))
        instructions[new].immediate = Int32(truncatingIfNeeded: moved(target) - new - 1)
      case let reference:
        references[new] = reference
        if reference == nil, instruction.opcode == 0x85, instruction.source == 1 {
          let target = moved(slot + 1 + Int(instruction.immediate))
          instructions[new].immediate = Int32(truncatingIfNeeded: target - new - 1)
        }
      }
      slot += instruction.isWide ? 2 : 1
    }
    var function = old
    function.slot = part.start
    if let name = part.name { function.name = name }
    if part.isForeign { function.typeID = nil }
    functions.append(function)
    for var line in source.sourceLines where old.slot..<old.slot + old.count ~= line.slot {
      line.slot += shift
      sourceLines.append(line)
    }
  }
}

extension ObjectFile {
  /// Puts a program of another object in the place of a global function of this one's programs, as a program of type
  /// `BPF_PROG_TYPE_EXT` does once it is attached: libxdp's dispatcher calls `prog0` to `prog9`.
  ///
  /// The other object's maps come along, once for all of its programs; those whose names are taken are named `OBJECT/MAP`. Both objects' CO-RE
  /// relocations are applied before.
  ///
  /// - Throws: ``ObjectError`` of kind ``ObjectError/Kind/badProgram`` when no program has such a global function.
  public mutating func replace(
    _ function: String, with replacement: ProgramSpec, of other: ObjectFile
  ) throws(ObjectError) {
    let isThere = mergedMaps[other.name] != nil
    let names = mergedMaps[other.name] ?? newNames(of: other)
    var isFound = false
    for index in programs.indices {
      guard let changed = programs[index].replacing(function, with: replacement, maps: names) else { continue }
      programs[index] = changed
      isFound = true
    }
    guard isFound else {
      let known = Set(programs.flatMap { $0.functions.dropFirst().filter(\.isGlobal).map(\.name) }).sorted()
      throw ObjectError(
        kind: .badProgram, file: name,
        message: "no program has a global function \(function) to replace"
          + (known.isEmpty ? "" : "; there are \(known.joined(separator: ", "))"))
    }
    mergedMaps[other.name] = names
    if isThere { return }
    for var map in other.maps {
      map.name = names[map.name] ?? map.name
      // Ids of the other object's types mean nothing here.
      map.keyTypeID = 0
      map.valueTypeID = 0
      if map.type == .arrayOfMaps || map.type == .hashOfMaps {
        map.initialSlots = map.initialSlots.mapValues { names[$0] ?? $0 }
      }
      maps.append(map)
    }
  }

  /// Names for the maps of `other` that are free here.
  private func newNames(of other: ObjectFile) -> [String: String] {
    let base = other.name.split(separator: "/").last.map(String.init) ?? other.name
    var names: [String: String] = [:]
    for map in other.maps {
      var name = map.name
      var number = 1
      while maps.contains(where: { $0.name == name }) || names.values.contains(name) {
        name = number == 1 ? "\(base)/\(map.name)" : "\(base)#\(number)/\(map.name)"
        number += 1
      }
      names[map.name] = name
    }
    return names
  }
}
