import BPFInstructions

/// Byte offsets of r6 and r10 in the state, and of the parts of a ``Region``.
private let preservedOffset = 6 * 8
private let framePointerIndex = 10

/// Moves the stack's bounds and r10 by one frame.
@inline(__always)
private func moveFrame(_ s: UnsafeMutableRawPointer, _ regions: UnsafeMutableRawPointer, by bytes: Int) {
  let bounds = (regions + (GuestMemory.stackRegion * MemoryLayout<Region>.stride + Region.boundsOffset))
    .assumingMemoryBound(to: SIMD8<UInt32>.self)
  bounds.pointee = bounds.pointee &+ SIMD8(repeating: UInt32(truncatingIfNeeded: bytes))
  let registers = s.assumingMemoryBound(to: UInt64.self)
  registers[framePointerIndex] = registers[framePointerIndex] &+ UInt64(bitPattern: Int64(bytes))
}

/// Calls the function `distance` instructions from the next one.
@inline(__always)
private func enter(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, distance: Int
) -> Int {
  let typed = state(s)
  let saved = typed.pointee.nextFrame
  if _slowPath(saved == typed.pointee.endOfFrames) { return trap(p, s, mark, .callDepthExceeded) }
  saved.pointee.saved = (s + preservedOffset).loadUnaligned(as: SIMD4<UInt64>.self)
  saved.pointee.resume = p + MemoryLayout<ThreadedInstruction>.stride
  typed.pointee.nextFrame = saved + 1
  moveFrame(s, regions, by: CallFrame.stackBytes)
  return jump(p, s, mark, frame + CallFrame.stackBytes, regions, distance: distance)
}

/// Returns to the caller; the outermost frame's caller is the stop instruction.
@inline(__always)
private func leave(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer
) -> Int {
  let typed = state(s)
  let saved = typed.pointee.nextFrame - 1
  typed.pointee.nextFrame = saved
  (s + preservedOffset).storeBytes(of: saved.pointee.saved, as: SIMD4<UInt64>.self)
  let target = saved.pointee.resume
  moveFrame(s, regions, by: -CallFrame.stackBytes)
  let distance = target - (p + MemoryLayout<ThreadedInstruction>.stride)
  return dispatch(target, s, mark &+ distance, frame - CallFrame.stackBytes, regions)
}

/// Runs a helper and does what it asks for afterwards.
@inline(__always)
private func call(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, helper: Int32
) -> Int {
  let sequel = callHelper(state(s), helper)
  if _fastPath(sequel == .goOn) { return next(p, s, mark, frame, regions) }
  return follow(sequel, p, s, mark, frame, regions)
}

/// What a helper asked for other than going on.
@inline(never)
private func follow(
  _ sequel: Sequel, _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int,
  _ frame: UnsafeMutableRawPointer, _ regions: UnsafeMutableRawPointer
) -> Int {
  let typed = state(s)
  switch sequel {
  case .goOn:
    return next(p, s, mark, frame, regions)
  case .trapped:
    typed.pointee.stop = p
    typed.pointee.stopMark = mark
    return 0
  case .transferred:
    let target = typed.pointee.target
    let distance = target - (p + MemoryLayout<ThreadedInstruction>.stride)
    let mark = mark &+ distance
    if mark &- Int(bitPattern: target) < 0 { return exhausted(p, s, mark &- distance) }
    return dispatch(target, s, mark, frame, regions)
  case .called:
    let typed = state(s)
    typed.pointee.callbackReturns[typed.pointee.callbackDepth - 1] = p + MemoryLayout<ThreadedInstruction>.stride
    return callBack(p, s, mark, frame, regions, from: p + MemoryLayout<ThreadedInstruction>.stride)
  case .returned:
    return leave(p, s, mark, frame, regions)
  case .thrown:
    return raise(p, s, mark, frame, regions)
  }
}

/// Leaves the functions between the throw and the function that the kernel entered, and goes on with its exception callback.
private func raise(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer
) -> Int {
  let typed = state(s)
  let count = unwindException(typed, p)
  typed.pointee.nextFrame -= count
  moveFrame(s, regions, by: -count * CallFrame.stackBytes)
  let frame = frame - count * CallFrame.stackBytes
  let target = typed.pointee.target
  if target == typed.pointee.callbackEnd { return leave(p, s, mark, frame, regions) }
  let moved = mark &+ (target - (p + MemoryLayout<ThreadedInstruction>.stride))
  if moved &- Int(bitPattern: target) < 0 { return exhausted(p, s, mark) }
  return dispatch(target, s, moved, frame, regions)
}

/// Enters the callback that a helper chose; it returns to ``Control/continueCallback``. `origin` is where the count stands.
@inline(__always)
private func callBack(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, from origin: UnsafeRawPointer
) -> Int {
  let typed = state(s)
  let caller = typed.pointee.callbackReturns[typed.pointee.callbackDepth - 1] - MemoryLayout<ThreadedInstruction>.stride
  let settled = mark &+ ((caller + MemoryLayout<ThreadedInstruction>.stride) - origin)
  let saved = typed.pointee.nextFrame
  if _slowPath(saved == typed.pointee.endOfFrames) { return trap(caller, s, settled, .callDepthExceeded) }
  saved.pointee.saved = (s + preservedOffset).loadUnaligned(as: SIMD4<UInt64>.self)
  saved.pointee.resume = typed.pointee.callbackEnd
  typed.pointee.nextFrame = saved + 1
  moveFrame(s, regions, by: CallFrame.stackBytes)
  let target = typed.pointee.target
  let mark = mark &+ (target - origin)
  if _slowPath(mark &- Int(bitPattern: target) < 0) { return exhausted(caller, s, settled) }
  return dispatch(target, s, mark, frame + CallFrame.stackBytes, regions)
}

/// Control transfers other than conditional branches.
enum Control {
  /// `goto` with a 16-bit offset.
  static let goto: Handler = { p, s, mark, frame, regions in
    jump(p, s, mark, frame, regions, distance: Int(element(p).pointee.offset))
  }

  /// `gotol`, and `goto` whose distance is in the immediate.
  static let gotoLong: Handler = { p, s, mark, frame, regions in
    jump(p, s, mark, frame, regions, distance: Int(element(p).pointee.immediate))
  }

  static let mayGoto: Handler = { p, s, mark, frame, regions in
    let typed = state(s)
    if typed.pointee.loopCredit == 0 {
      return jump(p, s, mark, frame, regions, distance: Int(element(p).pointee.offset))
    }
    typed.pointee.loopCredit &-= 1
    return next(p, s, mark, frame, regions)
  }

  static let callSubprogram: Handler = { p, s, mark, frame, regions in
    enter(p, s, mark, frame, regions, distance: Int(element(p).pointee.immediate))
  }

  static let callHelperByNumber: Handler = { p, s, mark, frame, regions in
    call(p, s, mark, frame, regions, helper: element(p).pointee.immediate)
  }

  /// `callx`: the register holds a helper's number.
  static let callRegister: Handler = { p, s, mark, frame, regions in
    let target = register(s, element(p).pointee.destination)
    guard let helper = Int32(exactly: target) else { return trap(p, s, mark, .badCallTarget(target)) }
    return call(p, s, mark, frame, regions, helper: helper)
  }

  static let exit: Handler = { p, s, mark, frame, regions in
    leave(p, s, mark, frame, regions)
  }

  /// Where the outermost function returns to; not an instruction of the program, and not counted.
  static let stop: Handler = { p, s, mark, frame, regions in
    let typed = state(s)
    typed.pointee.stop = p - MemoryLayout<ThreadedInstruction>.stride
    typed.pointee.stopMark = mark
    return 0
  }

  /// Where callbacks return to; not an instruction of the program, and not counted.
  static let continueCallback: Handler = { p, s, mark, frame, regions in
    let sequel = continueHelper(state(s))
    if sequel == .called { return callBack(p, s, mark, frame, regions, from: p) }
    let typed = state(s)
    let target = typed.pointee.callbackReturns[typed.pointee.callbackDepth]
    if _slowPath(sequel == .trapped) {
      typed.pointee.stop = target - MemoryLayout<ThreadedInstruction>.stride
      typed.pointee.stopMark = mark &+ (target - p)
      return 0
    }
    return dispatch(target, s, mark &+ (target - p), frame, regions)
  }

  /// `addr_space_cast(src, 0, 1)`: where an arena's bytes are for loads and stores.
  static let castToKernel: Handler = { p, s, mark, frame, regions in
    let value = register(s, element(p).pointee.source)
    setRegister(s, element(p).pointee.destination, castArenaPointer(state(s), value, toUser: false))
    return next(p, s, mark, frame, regions)
  }

  /// `addr_space_cast(src, 1, 0)`: the number that user space knows an arena's bytes by.
  static let castToUser: Handler = { p, s, mark, frame, regions in
    let value = register(s, element(p).pointee.source)
    setRegister(s, element(p).pointee.destination, castArenaPointer(state(s), value, toUser: true))
    return next(p, s, mark, frame, regions)
  }

  /// `lddw` with a 64-bit value: the immediate is an index into the constants.
  static let loadConstant: Handler = { p, s, mark, frame, regions in
    setRegister(s, element(p).pointee.destination, state(s).pointee.constants[Int(element(p).pointee.immediate)])
    return next(p, s, mark, frame, regions)
  }

  /// A call that the loader could not resolve, or past the last instruction.
  static let unresolved: Handler = { p, s, mark, frame, regions in
    trap(p, s, mark, .unresolvedReference)
  }

  /// The immediate is the number that ``KernelFunction/call(from:)`` gave the call.
  static let kernelFunction: Handler = { p, s, mark, frame, regions in
    let sequel = callKernelFunction(state(s), Int(element(p).pointee.immediate))
    if _fastPath(sequel == .goOn) { return next(p, s, mark, frame, regions) }
    return follow(sequel, p, s, mark, frame, regions)
  }

  static let loadAbsolute: Handler = { p, s, mark, frame, regions in
    let sequel = callPacketLoad(state(s), Int64(element(p).pointee.immediate), Int(element(p).pointee.offset))
    if _fastPath(sequel == .goOn) { return next(p, s, mark, frame, regions) }
    return follow(sequel, p, s, mark, frame, regions)
  }

  static let loadIndirect: Handler = { p, s, mark, frame, regions in
    let index = Int64(Int32(truncatingIfNeeded: register(s, element(p).pointee.source)))
    let sequel = callPacketLoad(
      state(s), index &+ Int64(element(p).pointee.immediate), Int(element(p).pointee.offset))
    if _fastPath(sequel == .goOn) { return next(p, s, mark, frame, regions) }
    return follow(sequel, p, s, mark, frame, regions)
  }

  static let fellOffEnd: Handler = { p, s, mark, frame, regions in
    trap(p, s, mark, .fellOffEnd)
  }
}
