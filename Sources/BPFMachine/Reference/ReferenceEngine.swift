import BPFInstructions

/// The plain engine: one switch over ``Operation``, written to be read. What it does is what Verdict means by an instruction.
package struct ReferenceEngine {
  let state: StatePointer
  let memory: GuestMemory
  private let programs: [LoadedProgram]
  private var program: LoadedProgram
  private var returns: [Return] = []
  /// Calls that had not returned at the last tail call, after which as many as ever may follow.
  private var settledCalls = 0
  private var executed = 0
  private let budget: Int

  /// What a call saves.
  private struct Return {
    var program: LoadedProgram
    var element: Int
    var preserved: [UInt64]
    /// True for a callback's frame: its helper decides what comes next.
    var isCallback = false
  }

  init(state: StatePointer, memory: GuestMemory, programs: [LoadedProgram], start: LoadedProgram, budget: Int) {
    self.state = state
    self.memory = memory
    self.programs = programs
    program = start
    self.budget = budget
  }

  /// How a run ended: after how many instructions, and where when it was a trap.
  package struct Ending {
    package var executed: Int
    package var program: LoadedProgram
    package var element: Int
  }

  /// Runs from an element, the program's first instruction or a function's; r1, r10 and the stack's bounds are set.
  mutating func run(from first: Int = 0) -> Ending {
    var element = first
    while true {
      guard element < program.operations.count else {
        executed += 1
        state.pointee.trap = .fellOffEnd
        return Ending(executed: executed, program: program, element: element)
      }
      executed += 1
      switch step(program.operations[element], at: element) {
      case .next: element += 1
      case .jump(let target):
        if executed > budget {
          state.pointee.trap = .budgetExhausted
          return Ending(executed: executed, program: program, element: element)
        }
        element = target
      case .transfer(let next):
        settledCalls = returns.count
        if executed > budget {
          state.pointee.trap = .budgetExhausted
          return Ending(executed: executed, program: program, element: element)
        }
        program = next
        element = 0
      case .raise:
        unwind()
        if let callback = program.exceptionCallback {
          if executed > budget {
            state.pointee.trap = .budgetExhausted
            return Ending(executed: executed, program: program, element: element)
          }
          element = callback
        } else if let ending = leave(&element) {
          return ending
        }
      case .leave:
        if let ending = leave(&element) { return ending }
      case .called:
        if let ending = callBack(returningTo: element + 1) { return ending }
        element = state.pointee.targetElement
      case .trap(let reason):
        state.pointee.trap = reason
        return Ending(executed: executed, program: program, element: element)
      case .stopped:
        return Ending(executed: executed, program: program, element: element)
      }
    }
  }

  enum Step {
    case next
    case jump(Int)
    case transfer(LoadedProgram)
    case called
    case leave
    /// Unwinds to the function that the kernel entered.
    case raise
    case trap(Trap.Reason)
    /// The state holds the reason already.
    case stopped
  }

  private subscript(register: Register) -> UInt64 {
    get { state.registers[Int(register.rawValue)] }
    nonmutating set { state.registers[Int(register.rawValue)] = newValue }
  }

  private func value(_ operand: Operand) -> UInt64 {
    switch operand {
    case .register(let register): self[register]
    case .immediate(let value): UInt64(bitPattern: Int64(value))
    }
  }

  private mutating func step(_ operation: Operation, at element: Int) -> Step {
    if !program.unresolved.isEmpty, program.unresolved.contains(element) { return .trap(.unresolvedReference) }
    switch operation {
    case .alu(let alu, .w64, let destination, let operand):
      self[destination] = alu.evaluate(self[destination], value(operand))
    case .alu(let alu, .w32, let destination, let operand):
      let left = UInt32(truncatingIfNeeded: self[destination])
      self[destination] = UInt64(alu.evaluate(left, UInt32(truncatingIfNeeded: value(operand))))
    case .negate(.w64, let register):
      self[register] = 0 &- self[register]
    case .negate(.w32, let register):
      self[register] = UInt64(0 &- UInt32(truncatingIfNeeded: self[register]))
    case .moveSignExtended(let width, let size, let destination, let source):
      let extended = extend(self[source], size, signed: true)
      self[destination] = width == .w64 ? extended : extended & 0xffff_ffff
    case .addressSpaceCast(let toUser, let destination, let source):
      self[destination] = castArenaPointer(state, self[source], toUser: toUser)
    case .byteSwap(let order, let size, let register):
      self[register] = swap(self[register], order, size)
    case .load(let size, let signed, let destination, let base, let offset):
      return load(size, signed: signed, destination, address(base, offset))
    case .loadAcquire(let size, let destination, let base, let offset):
      return load(size, signed: false, destination, address(base, offset))
    case .store(let size, let base, let offset, let operand):
      let isImmediate = if case .immediate = operand { true } else { false }
      return store(size, address(base, offset), value(operand), isImmediate: isImmediate)
    case .storeRelease(let size, let base, let offset, let source):
      return store(size, address(base, offset), self[source])
    case .atomic(let atomic, let fetch, let size, let base, let offset, let source):
      return modify(atomic, fetch: fetch, size, address(base, offset), source)
    case .loadImmediate(let destination, _, let value):
      self[destination] = value
    case .loadAbsolute(let size, let index):
      return after(callPacketLoad(state, Int64(index), Int(size.rawValue)))
    case .loadIndirect(let size, let source, let index):
      let base = Int64(Int32(truncatingIfNeeded: self[source]))
      return after(callPacketLoad(state, base &+ Int64(index), Int(size.rawValue)))
    case .jump:
      return .jump(Int(program.targets[element]))
    case .branch(let condition, .w64, let left, let right, _):
      return condition.holds(self[left], value(right)) ? .jump(Int(program.targets[element])) : .next
    case .branch(let condition, .w32, let left, let right, _):
      let holds = condition.holds(UInt32(truncatingIfNeeded: self[left]), UInt32(truncatingIfNeeded: value(right)))
      return holds ? .jump(Int(program.targets[element])) : .next
    case .mayGoto:
      if state.pointee.loopCredit == 0 { return .jump(Int(program.targets[element])) }
      state.pointee.loopCredit -= 1
    case .callHelper(let id):
      return after(callHelper(state, id))
    case .callRegister(let register):
      guard let id = Int32(exactly: self[register]) else { return .trap(.badCallTarget(self[register])) }
      return after(callHelper(state, id))
    case .callSubprogram:
      return enter(at: element)
    case .callKernelFunction(let call, _):
      return after(callKernelFunction(state, Int(call)))
    case .exit:
      return .leave
    }
    return .next
  }

  private func after(_ sequel: Sequel) -> Step {
    switch sequel {
    case .goOn: .next
    case .trapped: .stopped
    case .transferred: .transfer(programs[state.pointee.targetProgram])
    case .called: .called
    case .returned: .leave
    case .thrown: .raise
    }
  }

  private mutating func enter(at element: Int) -> Step {
    guard returns.count - settledCalls + 1 < CallFrame.maximum else { return .trap(.callDepthExceeded) }
    let preserved = (6...9).map { state.registers[$0] }
    returns.append(Return(program: program, element: element + 1, preserved: preserved))
    moveFrame(by: CallFrame.stackBytes)
    return .jump(Int(program.targets[element]))
  }

  /// Enters the callback that a helper chose, or says why not.
  private mutating func callBack(returningTo element: Int) -> Ending? {
    let ending = Ending(executed: executed, program: program, element: element - 1)
    guard returns.count - settledCalls + 1 < CallFrame.maximum else {
      state.pointee.trap = .callDepthExceeded
      return ending
    }
    let preserved = (6...9).map { state.registers[$0] }
    returns.append(Return(program: program, element: element, preserved: preserved, isCallback: true))
    moveFrame(by: CallFrame.stackBytes)
    guard executed <= budget else {
      state.pointee.trap = .budgetExhausted
      return ending
    }
    program = programs[state.pointee.targetProgram]
    return nil
  }

  /// Goes back to a caller and, when that is a helper, on with its next callback.
  /// - Returns: how the run ended, when it did.
  private mutating func leave(_ element: inout Int) -> Ending? {
    guard let caller = returns.popLast() else {
      return Ending(executed: executed, program: program, element: element)
    }
    for (index, value) in caller.preserved.enumerated() { state.registers[6 + index] = value }
    moveFrame(by: -CallFrame.stackBytes)
    program = caller.program
    element = caller.element
    guard caller.isCallback else { return nil }
    switch continueHelper(state) {
    case .called:
      if let ending = callBack(returningTo: element) { return ending }
      element = state.pointee.targetElement
    case .trapped: return Ending(executed: executed, program: program, element: element - 1)
    default: break
    }
    return nil
  }

  /// Leaves functions as long as their caller is of the same program, which is where the kernel's stack walk ends.
  private mutating func unwind() {
    while let caller = returns.last, caller.program === program {
      returns.removeLast()
      moveFrame(by: -CallFrame.stackBytes)
      if caller.isCallback { state.pointee.callbackDepth -= 1 }
    }
  }

  private func moveFrame(by bytes: Int) {
    self[.r10] = self[.r10] &+ UInt64(bitPattern: Int64(bytes))
    let stack = memory.regions + GuestMemory.stackRegion
    stack.pointee.bounds = stack.pointee.bounds &+ SIMD8(repeating: UInt32(truncatingIfNeeded: bytes))
  }
}
