/// Writes operations in the kernel's syntax, that of the verifier's log and of `bpftool prog dump xlated`
/// (kernel/bpf/disasm.c): `r0 = *(u8 *)(r1 +12)`, `if w1 != 0x0 goto pc+3`.
///
/// What the kernel's syntax has no words for is written so that ``Assembler`` reads it back: `callx r2`,
/// `r1 = map[fd:3]`, `r1 = ksym[id:7 module:0]`.
public struct Disassembler: Sendable {
  /// Names for what the numbers stand for.
  public var symbols: Symbols

  /// A disassembler that uses `symbols`.
  public init(symbols: Symbols = Symbols()) {
    self.symbols = symbols
  }

  /// Names for helpers, targets and references; without one, numbers stand.
  public struct Symbols: Sendable {
    /// The name of a helper, such as `bpf_map_lookup_elem` for 1. The text is then `call bpf_map_lookup_elem#1`.
    public var helper: @Sendable (Int32) -> String?
    /// The label of a slot, for jumps, calls and addresses of functions; without one they are relative, `pc+3`.
    public var label: @Sendable (Int) -> String?
    /// What the `lddw` or `call` at a slot refers to.
    public var reference: @Sendable (Int) -> SymbolicReference?

    /// Symbols from closures; each one may be left out.
    public init(
      helper: @escaping @Sendable (Int32) -> String? = { _ in nil },
      label: @escaping @Sendable (Int) -> String? = { _ in nil },
      reference: @escaping @Sendable (Int) -> SymbolicReference? = { _ in nil }
    ) {
      self.helper = helper
      self.label = label
      self.reference = reference
    }
  }

  /// The text of `operation`, which stands at `slot`; the slot matters only where a label or a reference is looked up.
  public func text(of operation: Operation, at slot: Int = 0) -> String {
    switch operation {
    case .alu(let alu, let width, let register, let operand):
      "\(name(register, width)) \(alu.symbol) \(decimal(operand, width))"
    case .negate(let width, let register):
      "\(name(register, width)) = -\(name(register, width))"
    case .moveSignExtended(let width, let size, let destination, let source):
      "\(name(destination, width)) = (s\(size.bits))\(name(source, width))"
    case .addressSpaceCast(let toUser, let destination, let source):
      "\(destination) = addr_space_cast(\(source), \(toUser ? "1, 0" : "0, 1"))"
    case .byteSwap(let order, let size, let register):
      "\(register) = \(order.mnemonic)\(size.bits) \(register)"
    case .load(let size, let signed, let register, let base, let offset):
      "\(register) = *(\(signed ? "s" : "u")\(size.bits) *)(\(base) \(plus(offset)))"
    case .loadAcquire(let size, let register, let base, let offset):
      "\(register) = load_acquire(\(memory(size, base, offset)))"
    case .store(let size, let base, let offset, let operand):
      "*\(memory(size, base, offset)) = \(decimal(operand, .w64))"
    case .storeRelease(let size, let base, let offset, let register):
      "store_release(\(memory(size, base, offset)), \(register))"
    case .atomic(let atomic, let fetch, let size, let base, let offset, let register):
      text(of: atomic, fetch: fetch, memory(size, base, offset), size, register)
    case .loadImmediate(let register, let kind, let value):
      "\(register) = \(wide(kind, value, at: slot))"
    case .loadAbsolute(let size, let immediate):
      "r0 = *(u\(size.bits) *)skb[\(immediate)]"
    case .loadIndirect(let size, let register, let immediate):
      "r0 = *(u\(size.bits) *)skb[\(register) + \(immediate)]"
    case .jump(let offset, let long):
      "\(long ? "gotol" : "goto") \(target(Int(offset), from: slot))"
    case .branch(let condition, let width, let register, let operand, let offset):
      "if \(name(register, width)) \(condition.symbol) \(hexadecimal(operand, width)) goto "
        + target(Int(offset), from: slot)
    case .mayGoto(let offset):
      "may_goto \(target(Int(offset), from: slot))"
    case .callHelper(let id):
      "call \(symbolName(at: slot) ?? symbols.helper(id) ?? "unknown")#\(id)"
    case .callSubprogram(let offset):
      "call \(symbolName(at: slot) ?? target(Int(offset), from: slot))"
    case .callKernelFunction(let id, let module):
      "call \(symbolName(at: slot) ?? "kernel-function")#\(id)" + (module == 0 ? "" : " module \(module)")
    case .callRegister(let register):
      "callx \(register)"
    case .exit:
      "exit"
    }
  }

  private func text(
    of atomic: Atomic, fetch: Bool, _ memory: String, _ size: MemorySize, _ register: Register
  ) -> String {
    let function = size == .u64 ? "atomic64" : "atomic"
    return switch atomic {
    case .exchange: "\(register) = \(function)_xchg(\(memory), \(register))"
    case .compareExchange: "r0 = \(function)_cmpxchg(\(memory), r0, \(register))"
    case .add, .or, .and, .xor:
      fetch
        ? "\(register) = \(function)_fetch_\(atomic.mnemonic)(\(memory), \(register))"
        : "lock *\(memory) \(atomic.symbol) \(register)"
    }
  }

  private func wide(_ kind: WideImmediate, _ value: UInt64, at slot: Int) -> String {
    if let reference = symbols.reference(slot) { return reference.text }
    let low = Int32(truncatingIfNeeded: Int64(bitPattern: value))
    let high = UInt32(truncatingIfNeeded: value >> 32)
    return switch kind {
    case .value: "0x\(String(value, radix: 16))"
    case .mapDescriptor: "map[fd:\(low)]"
    case .mapValue: "map[fd:\(low)][0]+\(high)"
    case .mapIndex: "map[idx:\(low)]"
    case .mapIndexValue: "map[idx:\(low)]+\(high)"
    case .kernelVariable: "ksym[id:\(low) module:\(Int32(bitPattern: high))]"
    case .function:
      "subprog[\(symbols.label(slot + 1 + Int(low)) ?? plus(low))]"
    }
  }

  private func symbolName(at slot: Int) -> String? { symbols.reference(slot)?.text }

  private func target(_ offset: Int, from slot: Int) -> String {
    symbols.label(slot + 1 + offset) ?? "pc\(plus(offset))"
  }

  private func name(_ register: Register, _ width: Width) -> String {
    width == .w64 ? register.description : "w\(register.rawValue)"
  }

  private func memory(_ size: MemorySize, _ base: Register, _ offset: Int16) -> String {
    "(u\(size.bits) *)(\(base) \(plus(offset)))"
  }

  private func plus(_ number: some BinaryInteger) -> String { number < 0 ? "\(number)" : "+\(number)" }

  private func decimal(_ operand: Operand, _ width: Width) -> String {
    switch operand {
    case .register(let register): name(register, width)
    case .immediate(let value): String(value)
    }
  }

  private func hexadecimal(_ operand: Operand, _ width: Width) -> String {
    switch operand {
    case .register(let register): name(register, width)
    case .immediate(let value): "0x" + String(UInt32(bitPattern: value), radix: 16)
    }
  }
}

/// What a `lddw` or a `call` refers to, by name.
public enum SymbolicReference: Hashable, Sendable {
  /// A map: `map[flows]`.
  case map(String)
  /// The value of a map's element 0 and an offset in bytes: `map[.bss][0]+8`.
  case mapValue(String, offset: UInt32)
  /// A function of this program whose address is taken: `subprog[callback]`.
  case function(String)
  /// A kernel function or variable, or what the loader could not resolve: its bare name.
  case symbol(String)

  var text: String {
    switch self {
    case .map(let name): "map[\(name)]"
    case .mapValue(let name, let offset): "map[\(name)][0]+\(offset)"
    case .function(let name): "subprog[\(name)]"
    case .symbol(let name): name
    }
  }
}
