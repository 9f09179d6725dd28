extension Operation {
  /// Decodes the instruction at `slot`, and tells how many slots it takes: 2 for `lddw`, else 1.
  ///
  /// What RFC 9669 leaves undefined and what Linux refuses for its encoding alone is refused here: unknown opcodes, fields
  /// that must be zero, registers above r10, writes to r10. Immediates out of an operation's range (shifts by 64, division
  /// by 0) are left to the verifier, since engines give them a meaning.
  /// - Throws: ``InstructionError`` that names the slot.
  public static func decode(
    _ instructions: some RandomAccessCollection<Instruction>, at slot: Int
  ) throws(InstructionError) -> (operation: Operation, slots: Int) {
    guard slot >= 0, slot < instructions.count else { throw InstructionError(.missing, slot: slot) }
    let start = instructions.startIndex
    let instruction = instructions[instructions.index(start, offsetBy: slot)]
    let next = slot + 1 < instructions.count ? instructions[instructions.index(start, offsetBy: slot + 1)] : nil
    do {
      let operation = try Operation(instruction, next: next)
      return (operation, instruction.isWide ? 2 : 1)
    } catch {
      throw InstructionError(error, slot: slot, instruction: instruction)
    }
  }

  private init(_ instruction: Instruction, next: Instruction?) throws(InstructionError.Kind) {
    let rows = Encoding.rows(of: instruction.opcode)
    guard !rows.isEmpty else { throw .undefinedOpcode }
    guard let row = rows.first(where: { $0.mismatches(of: instruction).isEmpty }) else {
      throw Operation.mismatch(of: instruction, in: rows)
    }
    func register(_ field: Encoding.Field, _ number: UInt8) throws(InstructionError.Kind) -> Register {
      guard let register = Register(rawValue: number) else { throw .badRegister(field, number: number) }
      return register
    }
    // Fields that a row fixes at 0 read as r0 here and are not used below.
    let usesSource = row.source == .operand
    let destination = try register(.destination, instruction.destination)
    let source = usesSource ? try register(.source, instruction.source) : Register.r0
    let offset = instruction.offset
    let immediate = instruction.immediate
    let operand: Operand = usesSource ? .register(source) : .immediate(immediate)

    switch row.form {
    case .alu(let alu, let width, _): self = .alu(alu, width, destination, operand)
    case .negate(let width): self = .negate(width, destination)
    case .moveSignExtended(let width, let size): self = .moveSignExtended(width, from: size, destination, source)
    case .addressSpaceCast(let toUser): self = .addressSpaceCast(toUser: toUser, destination, source)
    case .byteSwap(let order, let size): self = .byteSwap(order, size, destination)
    case .load(let size, let signed): self = .load(size, signed: signed, destination, base: source, offset: offset)
    case .loadAcquire(let size): self = .loadAcquire(size, destination, base: source, offset: offset)
    case .store(let size, _): self = .store(size, base: destination, offset: offset, operand)
    case .storeRelease(let size): self = .storeRelease(size, base: destination, offset: offset, source)
    case .atomic(let atomic, let fetch, let size):
      self = .atomic(atomic, fetch: fetch, size, base: destination, offset: offset, source)
    case .loadImmediate(let kind):
      self = .loadImmediate(destination, kind, try Operation.wideImmediate(of: kind, immediate, next: next))
    case .loadAbsolute(let size): self = .loadAbsolute(size, immediate)
    case .loadIndirect(let size): self = .loadIndirect(size, source, immediate)
    case .jump(let long): self = .jump(offset: long ? immediate : Int32(offset), long: long)
    case .branch(let condition, let width, _): self = .branch(condition, width, destination, operand, offset: offset)
    case .mayGoto: self = .mayGoto(offset: offset)
    case .callHelper: self = .callHelper(immediate)
    case .callSubprogram: self = .callSubprogram(offset: immediate)
    case .callKernelFunction:
      guard offset >= 0 else { throw .badField(.offset, value: Int32(offset), allowed: [0]) }
      self = .callKernelFunction(id: immediate, module: offset)
    case .callRegister: self = .callRegister(destination)
    case .exit: self = .exit
    }
    guard writtenRegister != .r10 else { throw .framePointerWrite }
  }

  /// The 64 bits of `lddw`: the second slot carries the upper half and nothing else.
  private static func wideImmediate(
    of kind: WideImmediate, _ low: Int32, next: Instruction?
  ) throws(InstructionError.Kind) -> UInt64 {
    guard let next else { throw .truncatedWideLoad }
    guard next.opcode == 0, next.destination == 0, next.source == 0, next.offset == 0,
      kind.usesUpperHalf || next.immediate == 0
    else { throw .badWideLoad }
    return UInt64(UInt32(bitPattern: low)) | UInt64(UInt32(bitPattern: next.immediate)) << 32
  }

  /// Names the field that is wrong: of the rows that come nearest, the first field that differs and what it may be.
  private static func mismatch(of instruction: Instruction, in rows: ArraySlice<Encoding>) -> InstructionError.Kind {
    let candidates = rows.map { (row: $0, fields: $0.mismatches(of: instruction)) }
    let fewest = candidates.map(\.fields.count).min() ?? 0
    let nearest = candidates.filter { $0.fields.count == fewest }
    guard let field = nearest.first?.fields.first else { return .undefinedOpcode }
    var allowed: Set<Int32> = []
    for candidate in nearest where candidate.fields.first == field {
      if case .fixed(let value) = candidate.row.content(of: field) { allowed.insert(value) }
    }
    return .badField(field, value: instruction.value(of: field), allowed: allowed.sorted())
  }
}

extension InstructionError.Kind: Error {}

extension WideImmediate {
  /// Whether the second slot's immediate means something (`resolve_pseudo_ldimm64` of the kernel).
  var usesUpperHalf: Bool {
    switch self {
    case .value, .mapValue, .kernelVariable, .mapIndexValue: true
    case .mapDescriptor, .function, .mapIndex: false
    }
  }
}
