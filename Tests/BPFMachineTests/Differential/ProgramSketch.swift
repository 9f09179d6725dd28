import BPFInstructions

/// A program under construction: operations whose jumps name an element, not a distance.
struct ProgramSketch {
  /// An operation and the element it jumps to or calls, if it does.
  struct Line {
    var operation: Operation
    var target: Int?
  }

  var lines: [Line] = []

  mutating func add(_ operation: Operation, to target: Int? = nil) {
    lines.append(Line(operation: operation, target: target))
  }

  /// The encoded program; offsets are worked out here, since `lddw` takes two slots.
  func instructions() throws -> [Instruction] {
    var slots: [Int] = []
    var slot = 0
    for line in lines {
      slots.append(slot)
      if case .loadImmediate = line.operation { slot += 2 } else { slot += 1 }
    }
    var code: [Instruction] = []
    for (index, line) in lines.enumerated() {
      var operation = line.operation
      if let target = line.target {
        let distance = slots[target] - slots[index] - 1
        switch operation {
        case .jump(_, let long): operation = .jump(offset: Int32(distance), long: long)
        case .branch(let condition, let width, let left, let right, _):
          operation = .branch(condition, width, left, right, offset: Int16(distance))
        case .loadImmediate(let register, .function, _):
          operation = .loadImmediate(register, .function, UInt64(UInt32(bitPattern: Int32(distance))))
        case .mayGoto: operation = .mayGoto(offset: Int16(distance))
        case .callSubprogram: operation = .callSubprogram(offset: Int32(distance))
        default: break
        }
      }
      code += try operation.encoded()
    }
    return code
  }

  /// The same with one element made harmless; nil when it has to stay.
  func without(_ index: Int) -> ProgramSketch? {
    switch lines[index].operation {
    case .exit, .jump(offset: 0, long: false): return nil
    case .loadImmediate(let register, let kind, let value) where value != 0 || kind != .value:
      var copy = self
      copy.lines[index] = Line(operation: .loadImmediate(register, .value, 0), target: nil)
      return copy
    case .loadImmediate: return nil
    default:
      var copy = self
      copy.lines[index] = Line(operation: .jump(offset: 0, long: false), target: index + 1)
      return copy
    }
  }

  /// The smallest program that still fails, found by making one element after another harmless, but for the first `kept`.
  func shrunk(keeping kept: Int = 0, while fails: (ProgramSketch) -> Bool) -> ProgramSketch {
    var best = self
    var progress = true
    while progress {
      progress = false
      for index in best.lines.indices.dropFirst(kept).reversed() {
        if index + 1 < best.lines.count, let candidate = best.without(index), fails(candidate) {
          best = candidate
          progress = true
        }
      }
    }
    return best
  }
}
