import BPFInstructions

/// Binary arithmetic: one generic body, specialised by the compiler for each operation, width and kind of operand.
extension ALU {
  /// The result of the 64-bit operation (RFC 9669 section 4.1).
  @inline(__always)
  func evaluate(_ a: UInt64, _ b: UInt64) -> UInt64 {
    switch self {
    case .add: a &+ b
    case .sub: a &- b
    case .mul: a &* b
    case .div: b == 0 ? 0 : a / b
    case .sdiv:
      b == 0
        ? 0 : UInt64(bitPattern: Int64(bitPattern: a).dividedReportingOverflow(by: Int64(bitPattern: b)).partialValue)
    case .or: a | b
    case .and: a & b
    case .lsh: a &<< b
    case .rsh: a &>> b
    case .mod: b == 0 ? a : a % b
    case .smod:
      b == 0
        ? a
        : UInt64(
          bitPattern: Int64(bitPattern: a).remainderReportingOverflow(dividingBy: Int64(bitPattern: b)).partialValue)
    case .xor: a ^ b
    case .mov: b
    case .arsh: UInt64(bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: b))
    }
  }

  /// The result of the 32-bit operation on the low halves; the upper half of the register becomes zero.
  @inline(__always)
  func evaluate(_ a: UInt32, _ b: UInt32) -> UInt32 {
    switch self {
    case .add: a &+ b
    case .sub: a &- b
    case .mul: a &* b
    case .div: b == 0 ? 0 : a / b
    case .sdiv:
      b == 0
        ? 0 : UInt32(bitPattern: Int32(bitPattern: a).dividedReportingOverflow(by: Int32(bitPattern: b)).partialValue)
    case .or: a | b
    case .and: a & b
    case .lsh: a &<< b
    case .rsh: a &>> b
    case .mod: b == 0 ? a : a % b
    case .smod:
      b == 0
        ? a
        : UInt32(
          bitPattern: Int32(bitPattern: a).remainderReportingOverflow(dividingBy: Int32(bitPattern: b)).partialValue)
    case .xor: a ^ b
    case .mov: b
    case .arsh: UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: b))
    }
  }
}

/// `dst = dst op src` on 64 bits.
@inline(__always)
private func wide(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ operation: ALU, immediate isImmediate: Bool
) -> Int {
  let destination = element(p).pointee.destination
  let operand = isImmediate ? immediate(p) : register(s, element(p).pointee.source)
  setRegister(s, destination, operation.evaluate(register(s, destination), operand))
  return next(p, s, mark, frame, regions)
}

/// `wdst = wdst op wsrc` on 32 bits.
@inline(__always)
private func narrow(
  _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ mark: Int, _ frame: UnsafeMutableRawPointer,
  _ regions: UnsafeMutableRawPointer, _ operation: ALU, immediate isImmediate: Bool
) -> Int {
  let destination = element(p).pointee.destination
  let operand =
    isImmediate
    ? UInt32(bitPattern: element(p).pointee.immediate)
    : UInt32(truncatingIfNeeded: register(s, element(p).pointee.source))
  let old = UInt32(truncatingIfNeeded: register(s, destination))
  setRegister(s, destination, UInt64(operation.evaluate(old, operand)))
  return next(p, s, mark, frame, regions)
}

extension ALU {
  /// The handler of this operation.
  func handler(_ width: Width, immediate: Bool) -> Handler {
    switch (self, width, immediate) {
    case (.add, .w64, false): { wide($0, $1, $2, $3, $4, .add, immediate: false) }
    case (.add, .w64, true): { wide($0, $1, $2, $3, $4, .add, immediate: true) }
    case (.add, .w32, false): { narrow($0, $1, $2, $3, $4, .add, immediate: false) }
    case (.add, .w32, true): { narrow($0, $1, $2, $3, $4, .add, immediate: true) }
    case (.sub, .w64, false): { wide($0, $1, $2, $3, $4, .sub, immediate: false) }
    case (.sub, .w64, true): { wide($0, $1, $2, $3, $4, .sub, immediate: true) }
    case (.sub, .w32, false): { narrow($0, $1, $2, $3, $4, .sub, immediate: false) }
    case (.sub, .w32, true): { narrow($0, $1, $2, $3, $4, .sub, immediate: true) }
    case (.mul, .w64, false): { wide($0, $1, $2, $3, $4, .mul, immediate: false) }
    case (.mul, .w64, true): { wide($0, $1, $2, $3, $4, .mul, immediate: true) }
    case (.mul, .w32, false): { narrow($0, $1, $2, $3, $4, .mul, immediate: false) }
    case (.mul, .w32, true): { narrow($0, $1, $2, $3, $4, .mul, immediate: true) }
    case (.div, .w64, false): { wide($0, $1, $2, $3, $4, .div, immediate: false) }
    case (.div, .w64, true): { wide($0, $1, $2, $3, $4, .div, immediate: true) }
    case (.div, .w32, false): { narrow($0, $1, $2, $3, $4, .div, immediate: false) }
    case (.div, .w32, true): { narrow($0, $1, $2, $3, $4, .div, immediate: true) }
    case (.sdiv, .w64, false): { wide($0, $1, $2, $3, $4, .sdiv, immediate: false) }
    case (.sdiv, .w64, true): { wide($0, $1, $2, $3, $4, .sdiv, immediate: true) }
    case (.sdiv, .w32, false): { narrow($0, $1, $2, $3, $4, .sdiv, immediate: false) }
    case (.sdiv, .w32, true): { narrow($0, $1, $2, $3, $4, .sdiv, immediate: true) }
    case (.or, .w64, false): { wide($0, $1, $2, $3, $4, .or, immediate: false) }
    case (.or, .w64, true): { wide($0, $1, $2, $3, $4, .or, immediate: true) }
    case (.or, .w32, false): { narrow($0, $1, $2, $3, $4, .or, immediate: false) }
    case (.or, .w32, true): { narrow($0, $1, $2, $3, $4, .or, immediate: true) }
    case (.and, .w64, false): { wide($0, $1, $2, $3, $4, .and, immediate: false) }
    case (.and, .w64, true): { wide($0, $1, $2, $3, $4, .and, immediate: true) }
    case (.and, .w32, false): { narrow($0, $1, $2, $3, $4, .and, immediate: false) }
    case (.and, .w32, true): { narrow($0, $1, $2, $3, $4, .and, immediate: true) }
    case (.lsh, .w64, false): { wide($0, $1, $2, $3, $4, .lsh, immediate: false) }
    case (.lsh, .w64, true): { wide($0, $1, $2, $3, $4, .lsh, immediate: true) }
    case (.lsh, .w32, false): { narrow($0, $1, $2, $3, $4, .lsh, immediate: false) }
    case (.lsh, .w32, true): { narrow($0, $1, $2, $3, $4, .lsh, immediate: true) }
    case (.rsh, .w64, false): { wide($0, $1, $2, $3, $4, .rsh, immediate: false) }
    case (.rsh, .w64, true): { wide($0, $1, $2, $3, $4, .rsh, immediate: true) }
    case (.rsh, .w32, false): { narrow($0, $1, $2, $3, $4, .rsh, immediate: false) }
    case (.rsh, .w32, true): { narrow($0, $1, $2, $3, $4, .rsh, immediate: true) }
    case (.mod, .w64, false): { wide($0, $1, $2, $3, $4, .mod, immediate: false) }
    case (.mod, .w64, true): { wide($0, $1, $2, $3, $4, .mod, immediate: true) }
    case (.mod, .w32, false): { narrow($0, $1, $2, $3, $4, .mod, immediate: false) }
    case (.mod, .w32, true): { narrow($0, $1, $2, $3, $4, .mod, immediate: true) }
    case (.smod, .w64, false): { wide($0, $1, $2, $3, $4, .smod, immediate: false) }
    case (.smod, .w64, true): { wide($0, $1, $2, $3, $4, .smod, immediate: true) }
    case (.smod, .w32, false): { narrow($0, $1, $2, $3, $4, .smod, immediate: false) }
    case (.smod, .w32, true): { narrow($0, $1, $2, $3, $4, .smod, immediate: true) }
    case (.xor, .w64, false): { wide($0, $1, $2, $3, $4, .xor, immediate: false) }
    case (.xor, .w64, true): { wide($0, $1, $2, $3, $4, .xor, immediate: true) }
    case (.xor, .w32, false): { narrow($0, $1, $2, $3, $4, .xor, immediate: false) }
    case (.xor, .w32, true): { narrow($0, $1, $2, $3, $4, .xor, immediate: true) }
    case (.mov, .w64, false): { wide($0, $1, $2, $3, $4, .mov, immediate: false) }
    case (.mov, .w64, true): { wide($0, $1, $2, $3, $4, .mov, immediate: true) }
    case (.mov, .w32, false): { narrow($0, $1, $2, $3, $4, .mov, immediate: false) }
    case (.mov, .w32, true): { narrow($0, $1, $2, $3, $4, .mov, immediate: true) }
    case (.arsh, .w64, false): { wide($0, $1, $2, $3, $4, .arsh, immediate: false) }
    case (.arsh, .w64, true): { wide($0, $1, $2, $3, $4, .arsh, immediate: true) }
    case (.arsh, .w32, false): { narrow($0, $1, $2, $3, $4, .arsh, immediate: false) }
    case (.arsh, .w32, true): { narrow($0, $1, $2, $3, $4, .arsh, immediate: true) }
    }
  }
}
