import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The task that a program interrupts. Packets are handled between two instructions of whatever runs; here that is the
/// idle task of the CPU unless the options name another, and a kernel thread without memory of its own.
extension Machine {
  /// The address of the task, of which nothing can be read.
  private static let taskAddress: UInt64 = 0xffff_ffff_8200_0000

  /// `bpf_get_current_task()` and `bpf_get_current_task_btf()`.
  func currentTask() -> Sequel { give(Machine.taskAddress) }

  /// `bpf_get_current_pid_tgid()`.
  func currentProcess() -> Sequel {
    give(UInt64(configuration.task.process) << 32 | UInt64(configuration.task.thread))
  }

  /// `bpf_get_current_uid_gid()`.
  func currentUser() -> Sequel { give(UInt64(configuration.task.group) << 32 | UInt64(configuration.task.user)) }

  /// `bpf_get_current_comm(buf, size_of_buf)`: `swapper/0`, filled up with zeroes.
  func currentCommand() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let buffer = memory.write(registers[1], count) else { return refuse(16, argument: 1) }
    memset(buffer, 0, count)
    let command = configuration.task.command ?? "swapper/\(configuration.cpu)"
    // TASK_COMM_LEN with the final zero.
    Array(command.utf8.prefix(min(max(count - 1, 0), 15))).withUnsafeBytes {
      if let base = $0.baseAddress { memcpy(buffer, base, $0.count) }
    }
    return give(0)
  }

  /// `bpf_get_ns_current_pid_tgid(dev, ino, nsdata, size)`: EINVAL, as in any name space but its own.
  func namespacedProcess() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[4]))
    guard let buffer = memory.write(registers[3], count) else { return refuse(120, argument: 3) }
    memset(buffer, 0, count)
    return give(errno: -EINVAL)
  }

  // MARK: Reading what may not be there

  /// `TASK_SIZE_MAX` and the page behind it: below are the addresses of user space, which kernel reads refuse with ERANGE.
  private static let kernelStart: UInt64 = 0x8000_0000_0000

  func readError(_ address: UInt64, isUser: Bool) -> Int32 {
    isUser || address >= Machine.kernelStart ? -EFAULT : -ERANGE
  }

  /// `bpf_probe_read_kernel(dst, size, unsafe_ptr)` and `bpf_probe_read_user`, which finds nothing: an error and zeroes where
  /// nothing is.
  func probeRead(_ helper: Int32, isUser: Bool = false) -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let target = memory.write(registers[1], count) else { return refuse(helper, argument: 1) }
    if isUser, count == 0, memory.read(registers[3], 1) == nil, registers[3] < Machine.kernelStart { return give(0) }
    guard !isUser, let source = memory.read(registers[3], count) else {
      memset(target, 0, count)
      return give(errno: readError(registers[3], isUser: isUser))
    }
    memmove(target, source, count)
    return give(0)
  }

  /// `bpf_probe_read_kernel_str(dst, size, unsafe_ptr)`: the length with the final zero, cut to what fits.
  func probeReadString(_ helper: Int32, isUser: Bool = false) -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[2]))
    guard let target = memory.write(registers[1], count) else { return refuse(helper, argument: 1) }
    guard count > 0 else { return give(0) }
    guard !isUser, let bytes = string(at: registers[3], limit: count - 1) else {
      memset(target, 0, count)
      return give(errno: readError(registers[3], isUser: isUser))
    }
    bytes.withUnsafeBytes { if let base = $0.baseAddress { memcpy(target, base, $0.count) } }
    target.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
    return give(UInt64(bytes.count + 1))
  }

  // MARK: Shared memory

  /// `bpf_spin_lock(lock)`: programs run one at a time, so a lock is always free.
  func spinLock() -> Sequel {
    guard memory.write(registers[1], 4) != nil else { return refuse(93, argument: 1) }
    guard spinLockHeld == 0 else { return trap(.lockMisuse(.alreadyHeld)) }
    spinLockHeld = registers[1]
    state.pointee.hasLeftovers = true
    return give(0)
  }

  /// `bpf_spin_unlock(lock)`.
  func spinUnlock() -> Sequel {
    guard memory.write(registers[1], 4) != nil else { return refuse(94, argument: 1) }
    guard spinLockHeld == registers[1] else { return trap(.lockMisuse(.notHeld)) }
    spinLockHeld = 0
    return give(0)
  }

  /// `bpf_kptr_xchg(dst, ptr)`.
  func exchangeKernelPointer() -> Sequel {
    guard let target = memory.write(registers[1], 8) else { return refuse(194, argument: 1) }
    let old = target.loadUnaligned(as: UInt64.self)
    target.storeBytes(of: registers[2], as: UInt64.self)
    if registers[2] != 0, let object = heap.object(startingAt: registers[2]) { hold(object, -1) }
    if old != 0, let object = heap.object(startingAt: old) { hold(object, 1) }
    return give(old)
  }
}
