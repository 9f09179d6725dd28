import Foundation

@testable import BPFInstructions

/// Random numbers that are the same on every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// How often a fuzz test tries: the environment's VERDICT_FUZZ_ROUNDS, or a number that takes about a second.
func fuzzRounds(_ usual: Int) -> Int {
  ProcessInfo.processInfo.environment["VERDICT_FUZZ_ROUNDS"].flatMap { Int($0) } ?? usual
}

extension SeededGenerator {
  /// A number that sits near a limit more often than not.
  mutating func interesting() -> Int32 {
    switch Int.random(in: 0..<4, using: &self) {
    case 0: Int32.random(in: -4...4, using: &self)
    case 1: [Int32.min, Int32.max, 0x7fff, -0x8000, 0x8000, 255, -1].randomElement(using: &self) ?? 0
    default: Int32.random(in: .min ... .max, using: &self)
    }
  }

  /// One or two slots that a row of the opcode table defines, with random operands.
  mutating func slots() -> [Instruction] {
    let row = Encoding.table.randomElement(using: &self) ?? Encoding.table[0]
    func value(_ field: Encoding.Field, _ operand: Int32) -> Int32 {
      if case .fixed(let value) = row.content(of: field) { value } else { operand }
    }
    let first = Instruction(
      opcode: row.opcode, destination: UInt8(value(.destination, Int32.random(in: 0...9, using: &self))),
      source: UInt8(value(.source, Int32.random(in: 0...9, using: &self))),
      offset: Int16(truncatingIfNeeded: value(.offset, row.form == .callKernelFunction ? 3 : interesting())),
      immediate: value(.immediate, interesting()))
    guard case .loadImmediate(let kind) = row.form else { return [first] }
    return [first, Instruction(opcode: 0, immediate: kind.usesUpperHalf ? interesting() : 0)]
  }

  /// A program whose jumps and calls stay inside their functions: a main function and subprograms that it calls.
  mutating func program() -> [Instruction] {
    let functions = Int.random(in: 1...3, using: &self)
    var bodies: [[[Instruction]]] = []
    for _ in 0..<functions {
      var body = (0..<Int.random(in: 1...30, using: &self)).map { _ in slots() }
      body.append([Instruction(opcode: 0x95)])
      bodies.append(body)
    }
    var program: [Instruction] = []
    let lengths = bodies.map { $0.map(\.count).reduce(0, +) }
    let starts = lengths.indices.map { lengths[..<$0].reduce(0, +) }
    for (number, body) in bodies.enumerated() {
      var targets: [Int] = []
      var slot = starts[number]
      for slots in body {
        targets.append(slot)
        slot += slots.count
      }
      for var slots in body {
        guard let (operation, _) = try? Operation.decode(slots, at: 0) else { continue }
        let slot = program.count
        let target = targets.randomElement(using: &self) ?? slot
        let callee = starts.randomElement(using: &self) ?? 0
        switch operation {
        case .jump(_, true): slots[0].immediate = Int32(target - slot - 1)
        case .jump, .branch, .mayGoto: slots[0].offset = Int16(target - slot - 1)
        case .callSubprogram, .loadImmediate(_, .function, _): slots[0].immediate = Int32(callee - slot - 1)
        default: break
        }
        program += slots
      }
    }
    return program
  }
}
