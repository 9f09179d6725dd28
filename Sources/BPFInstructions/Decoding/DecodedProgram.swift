/// An operation and where it stands.
public struct DecodedInstruction: Hashable, Sendable {
  /// First slot.
  public var slot: Int
  /// What it does.
  public var operation: Operation

  /// An operation at its first slot.
  public init(slot: Int, operation: Operation) {
    self.slot = slot
    self.operation = operation
  }

  /// The slot of the instruction that follows in the program's text.
  public var nextSlot: Int {
    if case .loadImmediate = operation { slot + 2 } else { slot + 1 }
  }
}

/// A program whose every instruction is defined and whose control flow stays inside it (`check_subprogs` of
/// kernel/bpf/verifier.c): no jump leaves its function or lands inside `lddw`, and no function ends without `exit` or jump.
///
/// The main program begins at slot 0. Every other function begins where a bpf-to-bpf call or the address of a callback points.
public struct DecodedProgram: Hashable, Sendable {
  /// The instructions by ascending slot.
  public let instructions: [DecodedInstruction]
  /// First slots of the functions, ascending; the first is 0.
  public let functions: [Int]
  private let indices: [Int32]

  /// Decodes a program.
  /// - Parameters:
  ///   - slots: The program.
  ///   - unresolved: Slots of `call` and `lddw` whose target the loader has not filled in; it is not checked.
  /// - Throws: ``InstructionError`` for the first fault.
  public init(_ slots: [Instruction], unresolved: Set<Int> = []) throws(InstructionError) {
    guard !slots.isEmpty else { throw InstructionError(.missing, slot: 0) }
    var instructions: [DecodedInstruction] = []
    instructions.reserveCapacity(slots.count)
    var indices = [Int32](repeating: -1, count: slots.count)
    var slot = 0
    while slot < slots.count {
      let (operation, count) = try Operation.decode(slots, at: slot)
      indices[slot] = Int32(truncatingIfNeeded: instructions.count)
      instructions.append(DecodedInstruction(slot: slot, operation: operation))
      slot += count
    }
    self.instructions = instructions
    self.indices = indices

    var starts: Set<Int> = [0]
    for instruction in instructions where !unresolved.contains(instruction.slot) {
      guard let target = instruction.functionTarget else { continue }
      func failure(_ kind: InstructionError.Kind) -> InstructionError {
        InstructionError(kind, slot: instruction.slot, instruction: slots[instruction.slot])
      }
      guard slots.indices.contains(target) else { throw failure(.callOutOfRange(target: target)) }
      guard indices[target] >= 0 else { throw failure(.targetInsideWideLoad(target: target)) }
      starts.insert(target)
    }
    functions = starts.sorted()
    try checkControlFlow(slots)
  }

  /// The index in ``instructions`` of the instruction that begins at `slot`; nil inside `lddw` and outside the program.
  public func index(of slot: Int) -> Int? {
    guard indices.indices.contains(slot), indices[slot] >= 0 else { return nil }
    return Int(indices[slot])
  }

  /// First slot of the function that holds `slot`.
  public func function(of slot: Int) -> Int {
    functions.last { $0 <= slot } ?? 0
  }

  private func checkControlFlow(_ slots: [Instruction]) throws(InstructionError) {
    for (number, start) in functions.enumerated() {
      let end = number + 1 < functions.count ? functions[number + 1] : slots.count
      guard var index = index(of: start) else { continue }
      while index < instructions.count, instructions[index].slot < end {
        let instruction = instructions[index]
        func failure(_ kind: InstructionError.Kind) -> InstructionError {
          InstructionError(kind, slot: instruction.slot, instruction: slots[instruction.slot])
        }
        if let target = instruction.jumpTarget {
          guard (start..<end).contains(target) else { throw failure(.jumpOutOfRange(target: target)) }
          guard indices[target] >= 0 else { throw failure(.targetInsideWideLoad(target: target)) }
        }
        guard instruction.nextSlot < end || instruction.operation.mayEndFunction else { throw failure(.fallsOffEnd) }
        index += 1
      }
    }
  }
}

extension DecodedInstruction {
  /// The slot that a jump or branch goes to when it is taken; nil for everything else.
  public var jumpTarget: Int? {
    switch operation {
    case .jump(let offset, _): slot + 1 + Int(offset)
    case .branch(_, _, _, _, let offset), .mayGoto(let offset): slot + 1 + Int(offset)
    default: nil
    }
  }

  /// The slot of the function that a call enters or a pseudo load takes the address of; nil for everything else.
  public var functionTarget: Int? {
    switch operation {
    case .callSubprogram(let offset): slot + 1 + Int(offset)
    case .loadImmediate(_, .function, let value): slot + 1 + Int(Int32(truncatingIfNeeded: Int64(bitPattern: value)))
    default: nil
    }
  }
}

extension Operation {
  /// What may stand last in a function. A kernel function may, since `bpf_throw` does not return.
  fileprivate var mayEndFunction: Bool {
    switch self {
    case .exit, .jump, .callKernelFunction: true
    default: false
    }
  }
}
