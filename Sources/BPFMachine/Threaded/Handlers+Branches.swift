import BPFInstructions

extension Condition {
  /// Whether the condition holds for 64-bit operands (RFC 9669 section 4.3).
  @inline(__always)
  func holds(_ a: UInt64, _ b: UInt64) -> Bool {
    switch self {
    case .equal: a == b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .set: a & b != 0
    case .notEqual: a != b
    case .signedGreater: Int64(bitPattern: a) > Int64(bitPattern: b)
    case .signedGreaterOrEqual: Int64(bitPattern: a) >= Int64(bitPattern: b)
    case .less: a < b
    case .lessOrEqual: a <= b
    case .signedLess: Int64(bitPattern: a) < Int64(bitPattern: b)
    case .signedLessOrEqual: Int64(bitPattern: a) <= Int64(bitPattern: b)
    }
  }

  /// Whether the condition holds for the low halves.
  @inline(__always)
  func holds(_ a: UInt32, _ b: UInt32) -> Bool {
    switch self {
    case .equal: a == b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    case .set: a & b != 0
    case .notEqual: a != b
    case .signedGreater: Int32(bitPattern: a) > Int32(bitPattern: b)
    case .signedGreaterOrEqual: Int32(bitPattern: a) >= Int32(bitPattern: b)
    case .less: a < b
    case .lessOrEqual: a <= b
    case .signedLess: Int32(bitPattern: a) < Int32(bitPattern: b)
    case .signedLessOrEqual: Int32(bitPattern: a) <= Int32(bitPattern: b)
    }
  }
}

/// `if dst cond src goto`.
@inline(__always)
private func branch(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ condition: Condition, _ width: Width, immediate isImmediate: Bool
) -> Int {
  let left = register(s, element(p).pointee.destination)
  let right = isImmediate ? immediate(p) : register(s, element(p).pointee.source)
  let holds =
    switch width {
    case .w64: condition.holds(left, right)
    case .w32: condition.holds(UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right))
    }
  if holds { return jump(p, s, mark, frame, regions, distance: Int(element(p).pointee.offset)) }
  return next(p, s, mark, frame, regions)
}

extension Condition {
  /// The handler of a branch on this condition.
  func handler(_ width: Width, immediate: Bool) -> Handler {
    switch (self, width, immediate) {
    case (.equal, .w64, false): { branch($0, $1, $2, $3, $4, .equal, .w64, immediate: false) }
    case (.equal, .w64, true): { branch($0, $1, $2, $3, $4, .equal, .w64, immediate: true) }
    case (.equal, .w32, false): { branch($0, $1, $2, $3, $4, .equal, .w32, immediate: false) }
    case (.equal, .w32, true): { branch($0, $1, $2, $3, $4, .equal, .w32, immediate: true) }
    case (.greater, .w64, false): { branch($0, $1, $2, $3, $4, .greater, .w64, immediate: false) }
    case (.greater, .w64, true): { branch($0, $1, $2, $3, $4, .greater, .w64, immediate: true) }
    case (.greater, .w32, false): { branch($0, $1, $2, $3, $4, .greater, .w32, immediate: false) }
    case (.greater, .w32, true): { branch($0, $1, $2, $3, $4, .greater, .w32, immediate: true) }
    case (.greaterOrEqual, .w64, false): { branch($0, $1, $2, $3, $4, .greaterOrEqual, .w64, immediate: false) }
    case (.greaterOrEqual, .w64, true): { branch($0, $1, $2, $3, $4, .greaterOrEqual, .w64, immediate: true) }
    case (.greaterOrEqual, .w32, false): { branch($0, $1, $2, $3, $4, .greaterOrEqual, .w32, immediate: false) }
    case (.greaterOrEqual, .w32, true): { branch($0, $1, $2, $3, $4, .greaterOrEqual, .w32, immediate: true) }
    case (.set, .w64, false): { branch($0, $1, $2, $3, $4, .set, .w64, immediate: false) }
    case (.set, .w64, true): { branch($0, $1, $2, $3, $4, .set, .w64, immediate: true) }
    case (.set, .w32, false): { branch($0, $1, $2, $3, $4, .set, .w32, immediate: false) }
    case (.set, .w32, true): { branch($0, $1, $2, $3, $4, .set, .w32, immediate: true) }
    case (.notEqual, .w64, false): { branch($0, $1, $2, $3, $4, .notEqual, .w64, immediate: false) }
    case (.notEqual, .w64, true): { branch($0, $1, $2, $3, $4, .notEqual, .w64, immediate: true) }
    case (.notEqual, .w32, false): { branch($0, $1, $2, $3, $4, .notEqual, .w32, immediate: false) }
    case (.notEqual, .w32, true): { branch($0, $1, $2, $3, $4, .notEqual, .w32, immediate: true) }
    case (.signedGreater, .w64, false): { branch($0, $1, $2, $3, $4, .signedGreater, .w64, immediate: false) }
    case (.signedGreater, .w64, true): { branch($0, $1, $2, $3, $4, .signedGreater, .w64, immediate: true) }
    case (.signedGreater, .w32, false): { branch($0, $1, $2, $3, $4, .signedGreater, .w32, immediate: false) }
    case (.signedGreater, .w32, true): { branch($0, $1, $2, $3, $4, .signedGreater, .w32, immediate: true) }
    case (.signedGreaterOrEqual, .w64, false):
      { branch($0, $1, $2, $3, $4, .signedGreaterOrEqual, .w64, immediate: false) }
    case (.signedGreaterOrEqual, .w64, true):
      { branch($0, $1, $2, $3, $4, .signedGreaterOrEqual, .w64, immediate: true) }
    case (.signedGreaterOrEqual, .w32, false):
      { branch($0, $1, $2, $3, $4, .signedGreaterOrEqual, .w32, immediate: false) }
    case (.signedGreaterOrEqual, .w32, true):
      { branch($0, $1, $2, $3, $4, .signedGreaterOrEqual, .w32, immediate: true) }
    case (.less, .w64, false): { branch($0, $1, $2, $3, $4, .less, .w64, immediate: false) }
    case (.less, .w64, true): { branch($0, $1, $2, $3, $4, .less, .w64, immediate: true) }
    case (.less, .w32, false): { branch($0, $1, $2, $3, $4, .less, .w32, immediate: false) }
    case (.less, .w32, true): { branch($0, $1, $2, $3, $4, .less, .w32, immediate: true) }
    case (.lessOrEqual, .w64, false): { branch($0, $1, $2, $3, $4, .lessOrEqual, .w64, immediate: false) }
    case (.lessOrEqual, .w64, true): { branch($0, $1, $2, $3, $4, .lessOrEqual, .w64, immediate: true) }
    case (.lessOrEqual, .w32, false): { branch($0, $1, $2, $3, $4, .lessOrEqual, .w32, immediate: false) }
    case (.lessOrEqual, .w32, true): { branch($0, $1, $2, $3, $4, .lessOrEqual, .w32, immediate: true) }
    case (.signedLess, .w64, false): { branch($0, $1, $2, $3, $4, .signedLess, .w64, immediate: false) }
    case (.signedLess, .w64, true): { branch($0, $1, $2, $3, $4, .signedLess, .w64, immediate: true) }
    case (.signedLess, .w32, false): { branch($0, $1, $2, $3, $4, .signedLess, .w32, immediate: false) }
    case (.signedLess, .w32, true): { branch($0, $1, $2, $3, $4, .signedLess, .w32, immediate: true) }
    case (.signedLessOrEqual, .w64, false): { branch($0, $1, $2, $3, $4, .signedLessOrEqual, .w64, immediate: false) }
    case (.signedLessOrEqual, .w64, true): { branch($0, $1, $2, $3, $4, .signedLessOrEqual, .w64, immediate: true) }
    case (.signedLessOrEqual, .w32, false): { branch($0, $1, $2, $3, $4, .signedLessOrEqual, .w32, immediate: false) }
    case (.signedLessOrEqual, .w32, true): { branch($0, $1, $2, $3, $4, .signedLessOrEqual, .w32, immediate: true) }
    }
  }
}
