extension Machine {
  /// `bpf_throw(cookie)`: the engines unwind to the function that the kernel entered and go on with its exception callback, or
  /// return the cookie when it has none.
  func throwException() -> Sequel {
    registers[0] = registers[1]
    return .thrown
  }

  /// Where an exception that the instruction at `p` throws leads to (threaded).
  ///
  /// A program that a subprogram tail-called has its own boundary: frames are left as long as the caller is the same program.
  /// - Returns: how many frames are left; ``ExecutionState/target`` is the callback, or ``ExecutionState/callbackEnd`` when
  ///   there is none.
  func unwind(from p: UnsafeRawPointer) -> Int {
    guard let program = programs.first(where: { $0.threaded.element(at: p) != nil }) else { return 0 }
    var depth = frameDepth
    var callbacks = state.pointee.callbackDepth
    let all = depth
    while depth > 0 {
      var resume = frameResume(depth)
      let isCallback = resume == state.pointee.callbackEnd
      if isCallback {
        guard callbacks > 0 else { break }
        resume = state.pointee.callbackReturns[callbacks - 1]
      }
      guard program.threaded.element(at: resume) != nil else { break }
      if isCallback { callbacks -= 1 }
      depth -= 1
    }
    state.pointee.callbackDepth = callbacks
    state.pointee.target =
      program.exceptionCallback.map { UnsafeRawPointer(program.threaded.base + $0) } ?? state.pointee.callbackEnd
    return all - depth
  }
}

/// As ``Machine/unwind(from:)``.
@inline(never)
func unwindException(_ state: StatePointer, _ p: UnsafeRawPointer) -> Int {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.unwind(from: p) }
}
