/// A run stopped by the machine: what the program did that Linux would never have let it do, or that cannot be simulated.
public struct Trap: Hashable, Sendable {
  public var reason: Reason
  /// Slot of the instruction in the program that was running.
  public var slot: Int
  /// Index of that program in the machine (tail calls change it).
  public var program: Int
  /// What was running.
  public var origin = Origin.packet

  public init(reason: Reason, slot: Int, program: Int, origin: Origin = .packet) {
    self.reason = reason
    self.slot = slot
    self.program = program
    self.origin = origin
  }

  /// What runs a program's instructions.
  public enum Origin: Hashable, Sendable {
    /// A packet.
    case packet
    /// The callback of a timer in a value of that map.
    case timer(map: Int)
    /// The callback of a work item in a value of that map.
    case work(map: Int)
  }

  /// Why.
  public enum Reason: Hashable, Sendable {
    /// A read outside every live object, or across the end of one.
    case badRead(address: UInt64, size: Int)
    /// A write outside every live object, or to one that is read-only.
    case badWrite(address: UInt64, size: Int)
    /// A read of a member of the kernel's own structures that is not simulated.
    case kernelStructure(address: UInt64, size: Int)
    /// More instructions than the budget allows.
    case budgetExhausted
    /// More than eight frames of bpf-to-bpf calls.
    case callDepthExceeded
    /// A helper that is not simulated.
    case unknownHelper(Int32)
    /// A kfunc that is not simulated; the name is found through the program's references.
    case unknownKernelFunction
    /// A call that the loader could not resolve.
    case unresolvedReference
    /// `callx` to an address that is no function.
    case badCallTarget(UInt64)
    /// A helper got an argument that the verifier would have refused: which one, from 1, and what it was.
    case badHelperArgument(helper: Int32, argument: Int, value: UInt64)
    /// A helper that cannot be used on that map: its type, or `BPF_F_RDONLY_PROG`, forbids it, or it is not simulated.
    case mapNotAllowed(helper: Int32, map: Int)
    /// A kfunc got an argument that the verifier would have refused: which one, from 1, and what it was; the name is found
    /// through the program's references.
    case badKernelFunctionArgument(argument: Int, value: UInt64)
    /// `bpf_spin_lock` and `bpf_spin_unlock` in an order that the verifier refuses.
    case lockMisuse(LockFault)
    /// Execution ran past the last instruction.
    case fellOffEnd
  }
}

/// What a program did wrong with locks (kernel/bpf/verifier.c, `process_spin_lock`).
public enum LockFault: Hashable, Sendable {
  /// It took a second one.
  case alreadyHeld
  /// It gave back one that it did not have.
  case notHeld
  /// It ended with one.
  case heldAtExit
}

/// A trap in words and with its place in the source.
public struct TrapDescription: Hashable, Sendable {
  /// For example `read of 4 bytes at 0x10040 is outside the packet (data_end 0x1003e)`.
  public var reason: String
  /// Slot of the instruction.
  public var instruction: Int
  /// Function that holds it.
  public var function: String
  /// `file:line` from .BTF.ext, when the object has it.
  public var source: String?
  /// The text of that source line.
  public var sourceText: String?

  public init(reason: String, instruction: Int, function: String, source: String?, sourceText: String?) {
    self.reason = reason
    self.instruction = instruction
    self.function = function
    self.source = source
    self.sourceText = sourceText
  }
}
