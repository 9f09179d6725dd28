extension Machine {
  /// `MAX_TAIL_CALL_CNT` of include/linux/bpf.h.
  private static let maximumTailCalls = 33

  /// `bpf_tail_call(ctx, prog_array, index)`: goes on with another program in the place of the current function, or does
  /// nothing when the entry is empty, out of range, or 33 tail calls have been made.
  func tailCall() -> Sequel {
    withMap(12, argument: 2, where: { $0 == .progArray }) { table in
      guard let number = table.target(UInt32(truncatingIfNeeded: registers[3])), number > 0,
        Int(number) <= state.pointee.programCount, state.pointee.tailCalls < Machine.maximumTailCalls
      else { return .goOn }
      state.pointee.tailCalls += 1
      renewFrames()
      state.pointee.targetProgram = Int(number) - 1
      state.pointee.currentProgram = Int(number) - 1
      state.pointee.target = state.pointee.starts[Int(number) - 1]
      return .transferred
    }
  }

  /// What a prog_array holds for the program of that index: never 0.
  package static func programNumber(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index + 1) }
}
