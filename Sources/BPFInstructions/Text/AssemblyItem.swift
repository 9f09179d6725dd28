/// An instruction that was read, before its target is known.
struct AssemblyItem {
  enum Target: Hashable {
    case relative(Int32)
    case label(String)
  }

  var operation: Operation
  var target: Target?
  var targetColumn = 0
  var reference: SymbolicReference?
  var line: Int
  var column: Int
  var slot = 0

  /// The slots, once every label is known; `helper` numbers the names that are called and are no label.
  func instructions(
    labels: [String: Int], helper: (String) -> Int32?
  ) throws(AssemblyError) -> [Instruction] {
    let operation = try resolved(labels, helper)
    do {
      return try operation.encoded()
    } catch {
      throw AssemblyError(.notEncodable(error.reason), line: line, column: column)
    }
  }

  /// The operation with the distance to its target.
  private func resolved(
    _ labels: [String: Int], _ helper: (String) -> Int32?
  ) throws(AssemblyError) -> Operation {
    let offset: Int
    switch target {
    case nil: return operation
    case .relative(let distance): offset = Int(distance)
    case .label(let name):
      if let label = labels[name] {
        offset = label - slot - 1
      } else if case .callSubprogram = operation {
        guard let id = helper(name) else { throw error(.unknownFunction(name)) }
        return .callHelper(id)
      } else {
        throw error(.undefinedLabel(name))
      }
    }
    guard let operation = operation.going(to: offset) else { throw error(.targetOutOfReach(slots: offset)) }
    return operation
  }

  private func error(_ kind: AssemblyError.Kind) -> AssemblyError {
    AssemblyError(kind, line: line, column: targetColumn)
  }

  var slots: Int { DecodedInstruction(slot: 0, operation: operation).nextSlot }
}

extension Operation {
  /// The same jump, branch, call or function address with another target; nil when the field cannot hold it.
  fileprivate func going(to offset: Int) -> Operation? {
    switch self {
    case .jump(_, let long):
      guard let wide = Int32(exactly: offset), long || Int16(exactly: offset) != nil else { return nil }
      return .jump(offset: wide, long: long)
    case .branch(let condition, let width, let register, let operand, _):
      return Int16(exactly: offset).map { .branch(condition, width, register, operand, offset: $0) }
    case .mayGoto:
      return Int16(exactly: offset).map { .mayGoto(offset: $0) }
    case .callSubprogram:
      return Int32(exactly: offset).map { .callSubprogram(offset: $0) }
    case .loadImmediate(let register, .function, _):
      return Int32(exactly: offset).map { .loadImmediate(register, .function, UInt64(UInt32(bitPattern: $0))) }
    default:
      return self
    }
  }
}
