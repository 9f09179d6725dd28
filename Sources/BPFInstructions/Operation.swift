/// What one instruction does, with every undefined encoding and unused field already ruled out (RFC 9669 sections 4, 5).
///
/// Jump, branch and call offsets count slots from the next instruction, as they are encoded.
public enum Operation: Hashable, Sendable {
  /// `dst = dst op src`; for ``ALU/mov``, `dst = src`.
  case alu(ALU, Width, Register, Operand)
  /// `dst = -dst`.
  case negate(Width, Register)
  /// `dst = (sNN)src`: move with sign extension from 8, 16 or 32 bits.
  case moveSignExtended(Width, from: MemorySize, Register, Register)
  /// `dst = addr_space_cast(src, to, from)`: a pointer into an arena, from the number that user space knows it by (address space 1)
  /// to what loads and stores take (0), or back.
  case addressSpaceCast(toUser: Bool, Register, Register)
  /// `dst = leNN / beNN / bswapNN dst`; the size is 16, 32 or 64 bits.
  case byteSwap(ByteOrder, MemorySize, Register)
  /// `dst = *(uNN *)(base + offset)`, or `(sNN *)` when signed.
  case load(MemorySize, signed: Bool, Register, base: Register, offset: Int16)
  /// `dst = load_acquire((uNN *)(base + offset))`.
  case loadAcquire(MemorySize, Register, base: Register, offset: Int16)
  /// `*(uNN *)(base + offset) = src`; an immediate is sign-extended.
  case store(MemorySize, base: Register, offset: Int16, Operand)
  /// `store_release((uNN *)(base + offset), src)`.
  case storeRelease(MemorySize, base: Register, offset: Int16, Register)
  /// `lock *(uNN *)(base + offset) op= src`; with fetch, `src` receives the old value (r0 for cmpxchg).
  case atomic(Atomic, fetch: Bool, MemorySize, base: Register, offset: Int16, Register)
  /// `dst = imm64`, two slots; the kind tells what the immediate stands for.
  case loadImmediate(Register, WideImmediate, UInt64)
  /// `r0 = ntoh(*(uNN *)skb[imm])`: the packet load of classic BPF.
  case loadAbsolute(MemorySize, Int32)
  /// `r0 = ntoh(*(uNN *)skb[src + imm])`.
  case loadIndirect(MemorySize, Register, Int32)
  /// `goto` (16-bit offset, `ja`) or `gotol` (32-bit offset, `ja32`).
  case jump(offset: Int32, long: Bool)
  /// `if dst cond src goto`.
  case branch(Condition, Width, Register, Operand, offset: Int16)
  /// `may_goto`: leaves the loop when the kernel's loop counter runs out.
  case mayGoto(offset: Int16)
  /// `call helper#id`.
  case callHelper(Int32)
  /// `call pc+imm`: a bpf-to-bpf call.
  case callSubprogram(offset: Int32)
  /// `call kfunc`: BTF id of a kernel function, and the index of the module's BTF (0 for vmlinux).
  case callKernelFunction(id: Int32, module: Int16)
  /// `callx dst`: a call through a register.
  case callRegister(Register)
  /// `exit`.
  case exit
}

/// A register or an immediate as the second operand.
public enum Operand: Hashable, Sendable {
  case register(Register)
  case immediate(Int32)
}

/// Operand width of arithmetic and branches; 32-bit results zero the upper half.
public enum Width: UInt8, CaseIterable, Sendable {
  case w32 = 32
  case w64 = 64
}

/// Size of a memory access in bytes.
public enum MemorySize: UInt8, CaseIterable, Sendable {
  case u8 = 1
  case u16 = 2
  case u32 = 4
  case u64 = 8

  /// Size in bits.
  public var bits: Int { Int(rawValue) * 8 }
}

/// Binary arithmetic (RFC 9669 section 4.1). Division by zero gives 0, remainder by zero leaves dst.
public enum ALU: UInt8, CaseIterable, Sendable {
  case add, sub, mul, div, sdiv, or, and, lsh, rsh, mod, smod, xor, mov, arsh
}

/// The three byte-order instructions (RFC 9669 section 4.2).
public enum ByteOrder: UInt8, CaseIterable, Sendable {
  /// `le16` …: truncates on a little-endian machine.
  case toLittle
  /// `be16` …: swaps on a little-endian machine.
  case toBig
  /// `bswap16` …: always swaps.
  case swap
}

/// Conditions of branches (RFC 9669 section 4.3); `set` is `&`.
public enum Condition: UInt8, CaseIterable, Sendable {
  case equal, greater, greaterOrEqual, set, notEqual
  case signedGreater, signedGreaterOrEqual, less, lessOrEqual, signedLess, signedLessOrEqual
}

/// Read-modify-write operations (RFC 9669 section 5.3).
public enum Atomic: UInt8, CaseIterable, Sendable {
  case add, or, and, xor, exchange, compareExchange
}

/// What the 64-bit immediate of `lddw` stands for: its source register field (RFC 9669 section 5.4, linux/bpf.h).
public enum WideImmediate: UInt8, CaseIterable, Sendable {
  /// A plain number.
  case value = 0
  /// `BPF_PSEUDO_MAP_FD`: a map, by descriptor.
  case mapDescriptor = 1
  /// `BPF_PSEUDO_MAP_VALUE`: the address of a map's value plus the upper half as offset.
  case mapValue = 2
  /// `BPF_PSEUDO_BTF_ID`: the address of a kernel variable.
  case kernelVariable = 3
  /// `BPF_PSEUDO_FUNC`: the address of a subprogram, as slots from the next instruction.
  case function = 4
  /// `BPF_PSEUDO_MAP_IDX`: a map, by index in fd_array.
  case mapIndex = 5
  /// `BPF_PSEUDO_MAP_IDX_VALUE`.
  case mapIndexValue = 6
}
