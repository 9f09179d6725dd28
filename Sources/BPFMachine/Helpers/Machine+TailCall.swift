extension Machine {
  /// `MAX_TAIL_CALL_CNT` of include/linux/bpf.h.
  private static let maximumTailCalls = 33

  /// `bpf_tail_call(ctx, prog_array, index)`: goes on with another program in the place of the current function, or does
  /// nothing when the entry is empty, out of range, or 33 tail calls have been made.
  func tailCall() -> Sequel {
    guard let index = mapIndex(argument: 2), let table = table(at: index), table.spec.type == .progArray else {
      return refuse(12, argument: 2)
    }
    guard let target = table.target(UInt32(truncatingIfNeeded: registers[3])), target > 0,
      Int(target) <= programs.count, state.pointee.tailCalls < Machine.maximumTailCalls
    else { return .goOn }
    state.pointee.tailCalls += 1
    let program = programs[Int(target) - 1]
    state.pointee.target = UnsafeRawPointer(program.threaded.base)
    state.pointee.targetProgram = program.index
    return .transferred
  }

  /// What a prog_array holds for the program of that index: never 0.
  package static func programNumber(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index + 1) }
}
