import BPFInstructions

/// Applies CO-RE relocations to programs, as libbpf's relo_core.c does.
struct CORERelocator {
  let local: TypeInfo
  let target: TypeInfo
  /// Candidates by root type: finding them reads all of the target's types. As with libbpf, those that one relocation
  /// rules out are not asked again, so that a flavour that lacks a member does not make later answers ambiguous.
  private var candidates: [UInt32: [UInt32]] = [:]
  /// Comparisons left for all relocations together; a large program takes a few millions.
  private var budget = 1 << 27

  init(local: TypeInfo, target: TypeInfo) {
    self.local = local
    self.target = target
  }

  /// Why an instruction could not be made right.
  private struct Failure: Error {
    var reason: String
  }

  /// What the numbers of a relocation are in the object and in the target.
  private struct Resolution {
    var original: COREValue
    var new: COREValue
    var path: String
  }

  /// Rules out candidates by all of an object's relocations, in libbpf's order.
  mutating func narrow(by relocations: [CORERelocation]) {
    for relocation in relocations { _ = try? resolve(relocation) }
  }

  mutating func relocate(_ program: inout ProgramSpec) {
    for relocation in program.coreRelocations {
      guard program.instructions.indices.contains(relocation.slot) else { continue }
      // A record for a slot that is poisoned already has nothing left to change.
      if case .unresolved = program.references[relocation.slot] { continue }
      do throws(Failure) {
        let resolution = try resolve(relocation)
        try apply(resolution, at: relocation.slot, in: &program)
      } catch {
        poison(relocation.slot, error.reason, in: &program)
      }
    }
    program.coreRelocations = []
  }

  private mutating func resolve(_ relocation: CORERelocation) throws(Failure) -> Resolution {
    guard let kind = relocation.kind else {
      throw Failure(reason: "CO-RE relocation of kind \(relocation.rawKind), which is not known")
    }
    guard let access = COREAccess(relocation, kind: kind, in: local) else {
      throw Failure(
        reason: "CO-RE access \(relocation.access) of \(local.declaration(of: relocation.typeID)) makes no sense")
    }
    let path = access.path(in: local)
    guard let original = COREValue(access, in: local) else {
      throw Failure(reason: "\(path): CO-RE \(kind.name) cannot be told")
    }
    if kind == .typeIDLocal { return Resolution(original: original, new: original, path: path) }
    guard !local.name(of: relocation.typeID).isEmpty else {
      throw Failure(reason: "\(path): CO-RE \(kind.name) of a type without a name")
    }
    var fitting: [UInt32] = []
    var chosen: (access: COREAccess, value: COREValue)?
    for candidate in candidates(for: relocation.typeID) {
      var matcher = COREMatcher(local: local, target: target, budget: budget)
      defer { budget = matcher.budget }
      guard let found = matcher.match(access, with: candidate) else { continue }
      fitting.append(candidate)
      guard let value = COREValue(found, in: target) else {
        throw Failure(reason: "\(path): CO-RE \(kind.name) cannot be told in the target's types")
      }
      if let chosen {
        guard chosen.access.bitOffset == found.bitOffset, chosen.value.value == value.value else {
          throw Failure(reason: "\(path): CO-RE \(kind.name) is ambiguous in the target's types")
        }
      } else {
        chosen = (found, value)
      }
    }
    guard budget > 0 else { throw Failure(reason: "\(path): the search for CO-RE \(kind.name) takes too long") }
    if !fitting.isEmpty { candidates[relocation.typeID] = fitting }
    guard let new = chosen?.value ?? COREValue(missing: kind) else {
      throw Failure(reason: "\(path) is not in the target's types")
    }
    return Resolution(original: original, new: new, path: path)
  }

  private mutating func candidates(for id: UInt32) -> [UInt32] {
    if let known = candidates[id] { return known }
    budget -= target.count / 16
    let found = budget > 0 ? COREMatcher.candidates(for: id, local, in: target) : []
    candidates[id] = found
    return found
  }

  private func apply(_ resolution: Resolution, at slot: Int, in program: inout ProgramSpec) throws(Failure) {
    let (original, new, path) = (resolution.original, resolution.new, resolution.path)
    var instruction = program.instructions[slot]
    func check(_ actual: Int64) throws(Failure) {
      guard original.isCertain, actual != Int64(bitPattern: original.value),
        actual != Int64(Int32(truncatingIfNeeded: original.value))
      else { return }
      throw Failure(
        reason: "\(path): the instruction has \(actual) where the object's types give \(original.value)")
    }
    switch instruction.opcode & 7 {
    case 4, 7:
      guard instruction.opcode & 8 == 0 else { throw Failure(reason: "\(path): the instruction takes no number") }
      try check(Int64(instruction.immediate))
      instruction.immediate = Int32(truncatingIfNeeded: new.value)
    case 1, 2, 3:
      try check(Int64(instruction.offset))
      guard new.value <= UInt64(Int16.max) else { throw Failure(reason: "\(path): offset \(new.value) is too large") }
      if new.size != original.size { try resize(&instruction, resolution) }
      instruction.offset = Int16(truncatingIfNeeded: new.value)
    case 0:
      guard instruction.isWide, instruction.source == 0, instruction.offset == 0, slot + 1 < program.instructions.count,
        program.instructions[slot + 1].rawValue & 0xffff_ffff == 0
      else { throw Failure(reason: "\(path): the instruction is no 64-bit number") }
      let high = UInt64(UInt32(bitPattern: program.instructions[slot + 1].immediate))
      try check(Int64(bitPattern: high << 32 | UInt64(UInt32(bitPattern: instruction.immediate))))
      instruction.immediate = Int32(truncatingIfNeeded: new.value)
      program.instructions[slot + 1].immediate = Int32(truncatingIfNeeded: new.value >> 32)
    default:
      throw Failure(
        reason: "\(path): an instruction of opcode 0x\(String(instruction.opcode, radix: 16)) cannot be relocated")
    }
    program.instructions[slot] = instruction
  }

  /// Changes the size of a load or store, where that keeps the value: pointers, and unsigned integers on both sides.
  private func resize(_ instruction: inout Instruction, _ resolution: Resolution) throws(Failure) {
    let (original, new, path) = (resolution.original, resolution.new, resolution.path)
    let isSafe =
      switch (local[original.type], target[new.type]) {
      case (.pointer, .pointer): true
      case (.int(let one), .int(let other)): !one.isSigned && !other.isSigned
      default: false
      }
    guard isSafe else {
      throw Failure(reason: "\(path) has \(new.size) bytes in the target and \(original.size) in the object")
    }
    let sizes: [UInt8: Int] = [0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8]
    guard sizes[instruction.opcode & 0x18] == original.size,
      let code = sizes.first(where: { $0.value == new.size })?.key
    else { throw Failure(reason: "\(path): \(new.size) bytes cannot be loaded at once") }
    instruction.opcode = instruction.opcode & ~0x18 | code
  }

  private func poison(_ slot: Int, _ reason: String, in program: inout ProgramSpec) {
    if program.instructions[slot].isWide, slot + 1 < program.instructions.count {
      program.instructions[slot + 1] = ProgramLinker.poison
    }
    program.instructions[slot] = ProgramLinker.poison
    program.references[slot] = .unresolved(reason)
  }
}

extension ProgramSpec {
  /// The program with its CO-RE relocations applied, for a kernel that has these types.
  ///
  /// Nothing fails: an instruction that has no meaning with these types is replaced by a call of the helper 195896080, as
  /// libbpf does, and its reference tells why, naming the access (`struct sk_buff.cb[2] is not in the target's types`).
  ///
  /// - Parameter target: The types of a kernel (``TypeInfo/runningKernel()``), of a file (``TypeInfo/init(path:)``), or the
  ///   object's own, with which every access means what the compiler took it to mean.
  public func relocated(against target: TypeInfo) -> ProgramSpec {
    guard let types, !coreRelocations.isEmpty else { return self }
    var copy = self
    copy.kernelTypes = target
    guard types.bytes != target.bytes else {
      copy.coreRelocations = []
      return copy
    }
    var relocator = CORERelocator(local: types, target: target)
    relocator.relocate(&copy)
    return copy
  }
}

extension ObjectFile {
  /// The object with the CO-RE relocations of all its programs applied; see ``ProgramSpec/relocated(against:)``.
  ///
  /// Where several types of the target share a name, up to flavours, the relocations of all programs together decide which
  /// of them are meant, as with libbpf; for a program by itself only its own do.
  public func relocated(against target: TypeInfo) -> ObjectFile {
    guard let types else { return self }
    var copy = self
    for index in copy.programs.indices where !copy.programs[index].coreRelocations.isEmpty {
      copy.programs[index].kernelTypes = target
    }
    guard types.bytes != target.bytes else {
      for index in copy.programs.indices { copy.programs[index].coreRelocations = [] }
      return copy
    }
    var relocator = CORERelocator(local: types, target: target)
    relocator.narrow(by: coreRelocations)
    for index in copy.programs.indices { relocator.relocate(&copy.programs[index]) }
    return copy
  }
}
