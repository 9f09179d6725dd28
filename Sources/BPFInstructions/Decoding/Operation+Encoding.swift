extension Operation {
  /// The slots that encode the operation: two for ``loadImmediate(_:_:_:)``, else one.
  /// - Throws: ``InstructionError`` of slot 0 for an operation without an encoding, such as an atomic on 8 bits, or
  ///   one that writes r10.
  public func encoded() throws(InstructionError) -> [Instruction] {
    guard let row = Encoding.row(of: form) else { throw InstructionError(.notEncodable, slot: 0) }
    guard writtenRegister != .r10 else { throw InstructionError(.framePointerWrite, slot: 0) }
    var instruction = row.instruction
    switch self {
    case .alu(_, _, let register, let operand):
      instruction.set(destination: register, operand)
    case .negate(_, let register), .byteSwap(_, _, let register), .callRegister(let register):
      instruction.destination = register.rawValue
    case .moveSignExtended(_, _, let destination, let source), .addressSpaceCast(_, let destination, let source):
      instruction.set(destination: destination, .register(source))
    case .load(_, _, let register, let base, let offset), .loadAcquire(_, let register, let base, let offset):
      instruction.set(destination: register, .register(base))
      instruction.offset = offset
    case .store(_, let base, let offset, let operand):
      instruction.set(destination: base, operand)
      instruction.offset = offset
    case .storeRelease(_, let base, let offset, let register), .atomic(_, _, _, let base, let offset, let register):
      instruction.set(destination: base, .register(register))
      instruction.offset = offset
    case .loadImmediate(let register, let kind, let value):
      instruction.destination = register.rawValue
      instruction.immediate = Int32(truncatingIfNeeded: Int64(bitPattern: value))
      let upper = Int32(truncatingIfNeeded: Int64(bitPattern: value) >> 32)
      guard kind.usesUpperHalf || upper == 0 else { throw InstructionError(.badWideLoad, slot: 0) }
      return [instruction, Instruction(opcode: 0, immediate: upper)]
    case .loadAbsolute(_, let immediate), .callHelper(let immediate), .callSubprogram(let immediate):
      instruction.immediate = immediate
    case .loadIndirect(_, let register, let immediate):
      instruction.source = register.rawValue
      instruction.immediate = immediate
    case .jump(let offset, let long):
      if long {
        instruction.immediate = offset
      } else if let short = Int16(exactly: offset) {
        instruction.offset = short
      } else {
        throw InstructionError(.notEncodable, slot: 0)
      }
    case .branch(_, _, let register, let operand, let offset):
      instruction.set(destination: register, operand)
      instruction.offset = offset
    case .mayGoto(let offset):
      instruction.offset = offset
    case .callKernelFunction(let id, let module):
      instruction.immediate = id
      instruction.offset = module
    case .exit:
      break
    }
    return [instruction]
  }
}

extension Encoding {
  /// The slot with this row's fixed values, and zero operands.
  fileprivate var instruction: Instruction {
    func value(_ field: Field) -> Int32 {
      if case .fixed(let value) = content(of: field) { value } else { 0 }
    }
    return Instruction(
      opcode: opcode, source: UInt8(truncatingIfNeeded: value(.source)),
      offset: Int16(truncatingIfNeeded: value(.offset)), immediate: value(.immediate))
  }
}

extension Instruction {
  fileprivate mutating func set(destination register: Register, _ operand: Operand) {
    destination = register.rawValue
    switch operand {
    case .register(let register): source = register.rawValue
    case .immediate(let value): immediate = value
    }
  }
}
