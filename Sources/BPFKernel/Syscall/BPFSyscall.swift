#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

#if os(Linux)
  // `syscall` is variadic in C and so not imported; its arguments are passed the same way with a fixed signature.
  @_extern(c, "syscall")
  private func systemCall(_ number: Int, _ command: Int, _ attributes: UnsafeMutableRawPointer?, _ size: Int) -> Int

  #if arch(x86_64)
    private let bpfNumber = 321
  #else
    // asm-generic/unistd.h: ARM64, RISC-V, LoongArch.
    private let bpfNumber = 280
  #endif
#endif

/// bpf(2), close(2) and the few file reads that the kernel's own tables need: the only file that makes a system call.
///
/// Elsewhere than on Linux nothing here calls anything: bpf fails with ENOSYS.
package enum BPFSyscall {
  /// Stands in for the kernel in tests: gets the command and its attributes, returns a result or a negative errno.
  package typealias Mock = @Sendable (BPFCommand, UnsafeMutableRawPointer) -> Int

  /// When set, bpf(2) is not called in this task and its children.
  @TaskLocal package static var mock: Mock?

  /// Calls bpf(2). EINTR is left to the caller, since not every command may be given twice.
  @discardableResult
  package static func bpf(_ command: BPFCommand, _ attributes: inout BPFAttributes) throws(ErrorNumber) -> Int32 {
    try bpf(command, attributes.pointer, size: attributes.size)
  }

  /// Calls bpf(2) on attributes laid out before.
  @discardableResult
  package static func bpf(
    _ command: BPFCommand, _ attributes: UnsafeMutableRawPointer, size: Int
  ) throws(ErrorNumber) -> Int32 {
    if let mock {
      let result = mock(command, attributes)
      guard result >= 0 else { throw ErrorNumber(Int32(truncatingIfNeeded: -result)) }
      return Int32(truncatingIfNeeded: result)
    }
    #if os(Linux)
      let result = systemCall(bpfNumber, command.rawValue, attributes, size)
      guard result >= 0 else { throw ErrorNumber(errno) }
      return Int32(truncatingIfNeeded: result)
    #else
      throw .noSystemCall
    #endif
  }

  /// Closes a descriptor that bpf(2) gave.
  /// `mmap` of a descriptor's pages, shared and writable; at an address unless it is 0.
  static func mapShared(
    _ descriptor: Int32, count: Int, at address: UInt64
  ) throws(ErrorNumber) -> UnsafeMutableRawPointer {
    let fixed = Int32(address == 0 ? 0 : 0x10_0000 /* MAP_FIXED_NOREPLACE */)
    let base = mmap(
      UnsafeMutableRawPointer(bitPattern: UInt(address)), count, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, descriptor,
      0)
    guard let base, base != MAP_FAILED else { throw ErrorNumber(errno) }
    return base
  }

  static func unmap(_ base: UnsafeMutableRawPointer, count: Int) { munmap(base, count) }

  static func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }

  /// Maps `count` bytes of a map's memory from `offset` on, to be read; nil when the kernel does not let it.
  static func mapMemory(_ descriptor: Int32, offset: Int, count: Int) -> UnsafeRawPointer? {
    guard mock == nil, let memory = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, off_t(offset)),
      memory != MAP_FAILED
    else { return nil }
    return UnsafeRawPointer(memory)
  }

  /// Ends what ``mapMemory(_:offset:count:)`` gave.
  static func unmapMemory(_ memory: UnsafeRawPointer, count: Int) {
    munmap(UnsafeMutableRawPointer(mutating: memory), count)
  }

  /// Bytes of a page.
  static var pageSize: Int { Int(sysconf(Int32(_SC_PAGESIZE))) }

  /// True for root of this user namespace.
  static var isRoot: Bool { geteuid() == 0 }

  /// Lifts RLIMIT_MEMLOCK, which kernels before 5.11 charge maps and programs to.
  static func liftLockedMemoryLimit() -> Bool {
    #if os(Linux)
      var limit = rlimit(rlim_cur: rlim_t.max, rlim_max: rlim_t.max)
      // asm-generic/resource.h; the name is not imported.
      let memoryLock: UInt32 = 8
      #if canImport(Glibc)
        return setrlimit(__rlimit_resource_t(memoryLock), &limit) == 0
      #else
        return setrlimit(Int32(memoryLock), &limit) == 0
      #endif
    #else
      return false
    #endif
  }

  /// The whole of a file in /proc or /sys, or nil when it cannot be read.
  static func contents(of path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes.append(contentsOf: chunk[..<count])
    }
  }
}

/// A descriptor from bpf(2), closed when its owner goes.
package struct KernelDescriptor: ~Copyable {
  package let number: Int32
  /// False for the number that a mock made up, which may be another file of this process.
  private let isOpen = BPFSyscall.mock == nil

  init(_ number: Int32) { self.number = number }

  deinit { if isOpen { BPFSyscall.closeDescriptor(number) } }
}
