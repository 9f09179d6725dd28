/// The five arguments of a handler, typed. Everything here is inlined into the handlers; a copy in another form would cost
/// a register move for each instruction.
///
/// Unsafe, and why it is sound: instructions come only from ``ThreadedCode``, which checked every register number, jump
/// target and constant index; the state and the region table belong to the machine, which outlives the run.
@inline(__always)
func element(_ p: UnsafeRawPointer) -> UnsafePointer<ThreadedInstruction> {
  p.assumingMemoryBound(to: ThreadedInstruction.self)
}

@inline(__always)
func register(_ s: UnsafeMutableRawPointer, _ index: UInt8) -> UInt64 {
  s.assumingMemoryBound(to: UInt64.self)[Int(index)]
}

@inline(__always)
func setRegister(_ s: UnsafeMutableRawPointer, _ index: UInt8, _ value: UInt64) {
  s.assumingMemoryBound(to: UInt64.self)[Int(index)] = value
}

@inline(__always)
func state(_ s: UnsafeMutableRawPointer) -> StatePointer {
  s.assumingMemoryBound(to: ExecutionState.self)
}

/// The sign-extended immediate.
@inline(__always)
func immediate(_ p: UnsafeRawPointer) -> UInt64 {
  UInt64(bitPattern: Int64(element(p).pointee.immediate))
}

/// Runs the instruction at `p`.
///
/// With TRAMPOLINE (builds without optimisation make no tail calls) it returns to the loop in ``run(_:_:_:_:_:)`` instead,
/// which calls the handler.
@inline(__always)
func dispatch(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer
) -> Int {
  #if TRAMPOLINE
    let s = state(s)
    s.pointee.stop = p
    s.pointee.stopMark = mark
    s.pointee.resumeFrame = frame
    return 1
  #else
    return unsafeBitCast(element(p).pointee.handler, to: Handler.self)(p, s, mark, frame, regions)
  #endif
}

/// Goes on with the `count`-th instruction after `p`.
@inline(__always)
func next(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, count: Int = 1
) -> Int {
  dispatch(p + count * MemoryLayout<ThreadedInstruction>.stride, s, mark, frame, regions)
}

/// Jumps `distance` instructions from the one after `p`, moves the budget mark along, and stops a run that goes backwards
/// beyond its budget.
@inline(__always)
func jump(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, distance: Int
) -> Int {
  let bytes = distance &* MemoryLayout<ThreadedInstruction>.stride
  let target = p + (bytes &+ MemoryLayout<ThreadedInstruction>.stride)
  let mark = mark &+ bytes
  if _slowPath(mark &- Int(bitPattern: target) < 0) { return exhausted(p, s, mark &- bytes) }
  return dispatch(target, s, mark, frame, regions)
}

/// Stops the run at `p` for `reason`. The instruction counts as executed.
@inline(never)
func trap(_ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ reason: Trap.Reason) -> Int {
  let s = state(s)
  s.pointee.stop = p
  s.pointee.stopMark = mark
  s.pointee.trap = reason
  return 0
}

/// The budget ran out at the jump or call `p`.
@inline(never)
func exhausted(_ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int) -> Int {
  trap(p, s, mark, .budgetExhausted)
}

/// A read outside every live object.
@inline(never)
func badRead(_ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ address: UInt64, _ size: Int) -> Int {
  trap(p, s, mark, .badRead(address: address, size: size))
}

/// A write outside every writable object.
@inline(never)
func badWrite(_ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ address: UInt64, _ size: Int) -> Int {
  trap(p, s, mark, .badWrite(address: address, size: size))
}

/// Runs from `start` until an instruction stops.
@inline(never)
func run(
  _ start: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer
) {
  #if TRAMPOLINE
    let typed = state(s)
    typed.pointee.stop = start
    typed.pointee.stopMark = mark
    typed.pointee.resumeFrame = frame
    while true {
      let p = typed.pointee.stop
      let handler = unsafeBitCast(element(p).pointee.handler, to: Handler.self)
      if handler(p, s, typed.pointee.stopMark, typed.pointee.resumeFrame, regions) == 0 { return }
    }
  #else
    _ = dispatch(start, s, mark, frame, regions)
  #endif
}
