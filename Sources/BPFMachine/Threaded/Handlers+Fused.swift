/// Handlers that run several instructions. Each element keeps its own handler too, so a jump into the middle of a fused run
/// finds the plain instruction there; the fused handler reads the operands of those that follow from their elements.
///
/// Every step writes its register, so a later step that reads it from memory is right; within a chain the value also goes
/// from step to step in a host register.
private let elementSize = MemoryLayout<ThreadedInstruction>.stride

/// The first step's value; nil when it is a load that fails.
@inline(__always)
private func begin(
  _ step: FusedStep, _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ regions: UnsafeMutableRawPointer
) -> UInt64? {
  guard step.loadSize == 0 else { return step.load(p, s, regions) }
  return step.evaluate(register(s, element(p).pointee.destination), p, s)
}

/// Two steps, whatever their registers; only the first may be a load.
@inline(__always)
func fuse(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ first: FusedStep, _ second: FusedStep
) -> Int {
  guard let value = begin(first, p, s, regions) else {
    return loadFromContext(p, s, mark, frame, regions, first.loadSize)
  }
  setRegister(s, element(p).pointee.destination, value)
  let q = p + elementSize
  guard let result = begin(second, q, s, regions) else {
    return loadFromContext(q, s, mark, frame, regions, second.loadSize)
  }
  setRegister(s, element(q).pointee.destination, result)
  return next(p, s, mark, frame, regions, count: 2)
}

/// Two steps on the same destination.
@inline(__always)
func chain(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ first: FusedStep, _ second: FusedStep
) -> Int {
  guard let value = begin(first, p, s, regions) else {
    return loadFromContext(p, s, mark, frame, regions, first.loadSize)
  }
  let destination = element(p).pointee.destination
  setRegister(s, destination, value)
  setRegister(s, destination, second.evaluate(value, p + elementSize, s))
  return next(p, s, mark, frame, regions, count: 2)
}

/// Three steps, the first two on the same destination, the third on any.
@inline(__always)
func chain(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ first: FusedStep, _ second: FusedStep, _ third: FusedStep
) -> Int {
  guard let value = begin(first, p, s, regions) else {
    return loadFromContext(p, s, mark, frame, regions, first.loadSize)
  }
  let destination = element(p).pointee.destination
  setRegister(s, destination, value)
  setRegister(s, destination, second.evaluate(value, p + elementSize, s))
  let q = p + 2 * elementSize
  let last = element(q).pointee.destination
  setRegister(s, last, third.evaluate(register(s, last), q, s))
  return next(p, s, mark, frame, regions, count: 3)
}

/// A step, then a branch on its destination.
@inline(__always)
func test(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ first: FusedStep, _ branch: FusedBranch
) -> Int {
  guard let value = begin(first, p, s, regions) else {
    return loadFromContext(p, s, mark, frame, regions, first.loadSize)
  }
  setRegister(s, element(p).pointee.destination, value)
  let q = p + elementSize
  if branch.holds(value, q, s) { return jump(q, s, mark, frame, regions, distance: Int(element(q).pointee.offset)) }
  return next(p, s, mark, frame, regions, count: 2)
}

/// Two steps on the same destination, then a branch on it.
@inline(__always)
func test(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ first: FusedStep, _ second: FusedStep, _ branch: FusedBranch
) -> Int {
  guard let value = begin(first, p, s, regions) else {
    return loadFromContext(p, s, mark, frame, regions, first.loadSize)
  }
  let destination = element(p).pointee.destination
  setRegister(s, destination, value)
  let result = second.evaluate(value, p + elementSize, s)
  setRegister(s, destination, result)
  let q = p + 2 * elementSize
  if branch.holds(result, q, s) { return jump(q, s, mark, frame, regions, distance: Int(element(q).pointee.offset)) }
  return next(p, s, mark, frame, regions, count: 3)
}

/// A step, then a branch on any registers.
@inline(__always)
func fuse(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ first: FusedStep, _ branch: FusedBranch
) -> Int {
  guard let value = begin(first, p, s, regions) else {
    return loadFromContext(p, s, mark, frame, regions, first.loadSize)
  }
  setRegister(s, element(p).pointee.destination, value)
  let q = p + elementSize
  let left = register(s, element(q).pointee.destination)
  if branch.holds(left, q, s) { return jump(q, s, mark, frame, regions, distance: Int(element(q).pointee.offset)) }
  return next(p, s, mark, frame, regions, count: 2)
}
