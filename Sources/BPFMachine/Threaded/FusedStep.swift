import BPFInstructions

/// An instruction as part of a fused run: one handler that does several in a row. Only what is common is here.
enum FusedStep: Hashable {
  case mov64, mov64i, mov32, mov32i
  case add64, add64i, sub64, mul64, mul64i, mod64, and64i, or64, xor64, lsh64i, rsh64i
  case add32, add32i, sub32, and32i, or32, xor32, lsh32i, rsh32i
  case swap16, swap32
  case load8, load16, load32, load64

  /// The step that `operation` is; nil when it is not one of these.
  init?(_ operation: Operation) {
    switch operation {
    case .alu(let alu, let width, _, .register):
      guard let step = FusedStep.registers[AluShape(alu: alu, width: width)] else { return nil }
      self = step
    case .alu(let alu, let width, _, .immediate):
      guard let step = FusedStep.immediates[AluShape(alu: alu, width: width)] else { return nil }
      self = step
    case .loadImmediate(_, .value, let value) where Int32(exactly: Int64(bitPattern: value)) != nil: self = .mov64i
    case .byteSwap(.toBig, .u16, _), .byteSwap(.swap, .u16, _): self = .swap16
    case .byteSwap(.toBig, .u32, _), .byteSwap(.swap, .u32, _): self = .swap32
    case .load(let size, false, _, let base, let offset) where !CallFrame.holds(base, offset, size):
      switch size {
      case .u8: self = .load8
      case .u16: self = .load16
      case .u32: self = .load32
      case .u64: self = .load64
      }
    default: return nil
    }
  }

  private struct AluShape: Hashable {
    var alu: ALU
    var width: Width
  }

  private static let registers: [AluShape: FusedStep] = [
    AluShape(alu: .mov, width: .w64): .mov64, AluShape(alu: .mov, width: .w32): .mov32,
    AluShape(alu: .add, width: .w64): .add64, AluShape(alu: .sub, width: .w64): .sub64,
    AluShape(alu: .mul, width: .w64): .mul64, AluShape(alu: .mod, width: .w64): .mod64,
    AluShape(alu: .or, width: .w64): .or64, AluShape(alu: .xor, width: .w64): .xor64,
    AluShape(alu: .add, width: .w32): .add32, AluShape(alu: .sub, width: .w32): .sub32,
    AluShape(alu: .or, width: .w32): .or32, AluShape(alu: .xor, width: .w32): .xor32,
  ]

  private static let immediates: [AluShape: FusedStep] = [
    AluShape(alu: .mov, width: .w64): .mov64i, AluShape(alu: .mov, width: .w32): .mov32i,
    AluShape(alu: .add, width: .w64): .add64i, AluShape(alu: .mul, width: .w64): .mul64i,
    AluShape(alu: .and, width: .w64): .and64i, AluShape(alu: .lsh, width: .w64): .lsh64i,
    AluShape(alu: .rsh, width: .w64): .rsh64i, AluShape(alu: .add, width: .w32): .add32i,
    AluShape(alu: .and, width: .w32): .and32i, AluShape(alu: .lsh, width: .w32): .lsh32i,
    AluShape(alu: .rsh, width: .w32): .rsh32i,
  ]

  /// What the step writes to its destination, which holds `old`. Not for loads.
  @inline(__always)
  func evaluate(_ old: UInt64, _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer) -> UInt64 {
    switch self {
    case .mov64: ALU.mov.evaluate(old, register(s, element(p).pointee.source))
    case .add64: ALU.add.evaluate(old, register(s, element(p).pointee.source))
    case .sub64: ALU.sub.evaluate(old, register(s, element(p).pointee.source))
    case .mul64: ALU.mul.evaluate(old, register(s, element(p).pointee.source))
    case .mod64: ALU.mod.evaluate(old, register(s, element(p).pointee.source))
    case .or64: ALU.or.evaluate(old, register(s, element(p).pointee.source))
    case .xor64: ALU.xor.evaluate(old, register(s, element(p).pointee.source))
    case .mov64i: immediate(p)
    case .add64i: ALU.add.evaluate(old, immediate(p))
    case .mul64i: ALU.mul.evaluate(old, immediate(p))
    case .and64i: ALU.and.evaluate(old, immediate(p))
    case .lsh64i: ALU.lsh.evaluate(old, immediate(p))
    case .rsh64i: ALU.rsh.evaluate(old, immediate(p))
    case .mov32: narrow(.mov, old, register(s, element(p).pointee.source))
    case .add32: narrow(.add, old, register(s, element(p).pointee.source))
    case .sub32: narrow(.sub, old, register(s, element(p).pointee.source))
    case .or32: narrow(.or, old, register(s, element(p).pointee.source))
    case .xor32: narrow(.xor, old, register(s, element(p).pointee.source))
    case .mov32i: narrow(.mov, old, immediate(p))
    case .add32i: narrow(.add, old, immediate(p))
    case .and32i: narrow(.and, old, immediate(p))
    case .lsh32i: narrow(.lsh, old, immediate(p))
    case .rsh32i: narrow(.rsh, old, immediate(p))
    case .swap16: UInt64(UInt16(truncatingIfNeeded: old).byteSwapped)
    case .swap32: UInt64(UInt32(truncatingIfNeeded: old).byteSwapped)
    case .load8, .load16, .load32, .load64: old
    }
  }

  @inline(__always)
  private func narrow(_ alu: ALU, _ left: UInt64, _ right: UInt64) -> UInt64 {
    UInt64(alu.evaluate(UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right)))
  }

  /// Bytes that a load reads; 0 for everything else.
  @inline(__always)
  var loadSize: Int {
    switch self {
    case .load8: 1
    case .load16: 2
    case .load32: 4
    case .load64: 8
    default: 0
    }
  }

  /// The value of a load; nil when no live object holds it.
  @inline(__always)
  func load(
    _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer, _ regions: UnsafeMutableRawPointer
  ) -> UInt64? {
    let address = loadAddress(p, s)
    switch self {
    case .load8: return host(address, regions, bound: 0).map { UInt64($0.load(as: UInt8.self)) }
    case .load16: return host(address, regions, bound: 1).map { UInt64($0.loadUnaligned(as: UInt16.self)) }
    case .load32: return host(address, regions, bound: 2).map { UInt64($0.loadUnaligned(as: UInt32.self)) }
    default: return host(address, regions, bound: 3).map { $0.loadUnaligned(as: UInt64.self) }
    }
  }

  /// The address that a load reads.
  @inline(__always)
  func loadAddress(_ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer) -> UInt64 {
    register(s, element(p).pointee.source) &+ UInt64(bitPattern: Int64(element(p).pointee.offset))
  }
}

/// A branch at the end of a fused run.
enum FusedBranch: Hashable {
  case equal64i, notEqual64i, equal32i, notEqual32i, less32i, greater64, less64, equal64, notEqual64, lessOrEqual32
  case greater64i, less64i

  init?(_ operation: Operation) {
    guard case .branch(let condition, let width, _, let operand, _) = operation else { return nil }
    let isImmediate = if case .immediate = operand { true } else { false }
    switch (condition, width, isImmediate) {
    case (.equal, .w64, true): self = .equal64i
    case (.notEqual, .w64, true): self = .notEqual64i
    case (.equal, .w32, true): self = .equal32i
    case (.notEqual, .w32, true): self = .notEqual32i
    case (.less, .w32, true): self = .less32i
    case (.greater, .w64, false): self = .greater64
    case (.less, .w64, false): self = .less64
    case (.equal, .w64, false): self = .equal64
    case (.notEqual, .w64, false): self = .notEqual64
    case (.lessOrEqual, .w32, false): self = .lessOrEqual32
    case (.greater, .w64, true): self = .greater64i
    case (.less, .w64, true): self = .less64i
    default: return nil
    }
  }

  /// Whether it is taken; `left` is the value of its left register.
  @inline(__always)
  func holds(_ left: UInt64, _ p: UnsafeRawPointer, _ s: UnsafeMutableRawPointer) -> Bool {
    switch self {
    case .equal64i: left == immediate(p)
    case .notEqual64i: left != immediate(p)
    case .equal32i: UInt32(truncatingIfNeeded: left) == UInt32(bitPattern: element(p).pointee.immediate)
    case .notEqual32i: UInt32(truncatingIfNeeded: left) != UInt32(bitPattern: element(p).pointee.immediate)
    case .less32i: UInt32(truncatingIfNeeded: left) < UInt32(bitPattern: element(p).pointee.immediate)
    case .greater64: left > register(s, element(p).pointee.source)
    case .less64: left < register(s, element(p).pointee.source)
    case .equal64: left == register(s, element(p).pointee.source)
    case .notEqual64: left != register(s, element(p).pointee.source)
    case .lessOrEqual32:
      UInt32(truncatingIfNeeded: left) <= UInt32(truncatingIfNeeded: register(s, element(p).pointee.source))
    case .greater64i: left > immediate(p)
    case .less64i: left < immediate(p)
    }
  }
}
