/// An ``Operation`` without its operands: what the fixed fields of an ``Encoding`` say.
public enum Form: Hashable, Sendable {
  case alu(ALU, Width, OperandKind)
  case negate(Width)
  case moveSignExtended(Width, from: MemorySize)
  case addressSpaceCast(toUser: Bool)
  case byteSwap(ByteOrder, MemorySize)
  case load(MemorySize, signed: Bool)
  case loadAcquire(MemorySize)
  case store(MemorySize, OperandKind)
  case storeRelease(MemorySize)
  case atomic(Atomic, fetch: Bool, MemorySize)
  case loadImmediate(WideImmediate)
  case loadAbsolute(MemorySize)
  case loadIndirect(MemorySize)
  case jump(long: Bool)
  case branch(Condition, Width, OperandKind)
  case mayGoto
  case callHelper
  case callSubprogram
  case callKernelFunction
  case callRegister
  case exit

  /// Whether the second operand is the source register or the immediate: the source bit of the opcode.
  public enum OperandKind: UInt8, CaseIterable, Sendable {
    case immediate = 0x00
    case register = 0x08
  }
}

extension Operand {
  var kind: Form.OperandKind {
    switch self {
    case .register: .register
    case .immediate: .immediate
    }
  }
}

extension Operation {
  /// The operation without its operands.
  public var form: Form {
    switch self {
    case .alu(let alu, let width, _, let operand): .alu(alu, width, operand.kind)
    case .negate(let width, _): .negate(width)
    case .moveSignExtended(let width, let size, _, _): .moveSignExtended(width, from: size)
    case .addressSpaceCast(let toUser, _, _): .addressSpaceCast(toUser: toUser)
    case .byteSwap(let order, let size, _): .byteSwap(order, size)
    case .load(let size, let signed, _, _, _): .load(size, signed: signed)
    case .loadAcquire(let size, _, _, _): .loadAcquire(size)
    case .store(let size, _, _, let operand): .store(size, operand.kind)
    case .storeRelease(let size, _, _, _): .storeRelease(size)
    case .atomic(let atomic, let fetch, let size, _, _, _): .atomic(atomic, fetch: fetch, size)
    case .loadImmediate(_, let kind, _): .loadImmediate(kind)
    case .loadAbsolute(let size, _): .loadAbsolute(size)
    case .loadIndirect(let size, _, _): .loadIndirect(size)
    case .jump(_, let long): .jump(long: long)
    case .branch(let condition, let width, _, let operand, _): .branch(condition, width, operand.kind)
    case .mayGoto: .mayGoto
    case .callHelper: .callHelper
    case .callSubprogram: .callSubprogram
    case .callKernelFunction: .callKernelFunction
    case .callRegister: .callRegister
    case .exit: .exit
    }
  }

  /// The register that the operation itself sets; calls, which clobber r0 to r5, are not counted.
  public var writtenRegister: Register? {
    switch self {
    case .alu(_, _, let register, _), .negate(_, let register), .moveSignExtended(_, _, let register, _),
      .addressSpaceCast(_, let register, _), .byteSwap(_, _, let register), .load(_, _, let register, _, _),
      .loadAcquire(_, let register, _, _),
      .loadImmediate(let register, _, _):
      register
    case .atomic(.compareExchange, _, _, _, _, _), .loadAbsolute, .loadIndirect: .r0
    case .atomic(_, let fetch, _, _, _, let register): fetch ? register : nil
    case .store, .storeRelease, .jump, .branch, .mayGoto, .callHelper, .callSubprogram, .callKernelFunction,
      .callRegister, .exit:
      nil
    }
  }
}
