#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Locks and sections. Programs run one at a time, so that nothing ever waits.
extension Machine {
  /// `RES_NR_HELD`: locks of a CPU that the kernel looks through for one that it has already.
  private static let lockTable = 31
  /// RFLAGS of a CPU that takes interrupts.
  private static let interruptFlags: UInt64 = 0x246

  /// `bpf_local_irq_save(flags)`.
  func saveInterrupts() -> Sequel {
    guard let target = memory.write(registers[1], 8) else { return refuse(kernelArgument: 1) }
    target.storeBytes(of: Machine.interruptFlags, as: UInt64.self)
    return .goOn
  }

  /// `bpf_res_spin_lock(lock)` and `bpf_res_spin_lock_irqsave(lock, flags)`: EDEADLK for a lock that the program has already,
  /// which it may have come by in another way (kernel/bpf/rqspinlock.c).
  func lockResilient(savingFlags: Bool) -> Sequel {
    guard memory.write(registers[1], 4) != nil else { return refuse(kernelArgument: 1) }
    if savingFlags {
      guard let flags = memory.write(registers[2], 8) else { return refuse(kernelArgument: 2) }
      flags.storeBytes(of: Machine.interruptFlags, as: UInt64.self)
    }
    guard !heldLocks.contains(registers[1]) else { return give(code: -EDEADLK) }
    if heldLocks.count < Machine.lockTable { heldLocks.append(registers[1]) }
    state.pointee.hasLeftovers = true
    return give(0)
  }

  /// `bpf_res_spin_unlock(lock)` and `bpf_res_spin_unlock_irqrestore(lock, flags)`.
  func unlockResilient() -> Sequel {
    guard memory.write(registers[1], 4) != nil else { return refuse(kernelArgument: 1) }
    if let index = heldLocks.lastIndex(of: registers[1]) { heldLocks.remove(at: index) }
    return .goOn
  }
}
