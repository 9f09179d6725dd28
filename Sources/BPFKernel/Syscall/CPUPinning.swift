#if os(Linux)
  // sched.h declares them only for _GNU_SOURCE, which Swift's import of libc does not set.
  @_extern(c, "sched_getaffinity")
  private func getAffinity(_ thread: Int32, _ size: Int, _ mask: UnsafeMutableRawPointer?) -> Int32
  @_extern(c, "sched_setaffinity")
  private func setAffinity(_ thread: Int32, _ size: Int, _ mask: UnsafeRawPointer?) -> Int32
#endif

/// Keeps the calling thread, and with it what `BPF_PROG_TEST_RUN` runs, on one CPU.
public enum CPUPinning {
  /// Runs `body` on the first CPU that the thread may use, and then lets it go where it could go before.
  ///
  /// - Parameter body: gets the number of the CPU, nil where the thread cannot be kept on one.
  public static func withOneCPU<Result>(_ body: (Int?) throws -> Result) rethrows -> Result {
    #if os(Linux)
      // A mask of 8,192 CPUs, the most that Linux can be built for.
      var before = [UInt8](repeating: 0, count: 1024)
      guard getAffinity(0, before.count, &before) == 0, let byte = before.firstIndex(where: { $0 != 0 }) else {
        return try body(nil)
      }
      let bit = before[byte].trailingZeroBitCount
      var only = [UInt8](repeating: 0, count: before.count)
      only[byte] = 1 << UInt8(bit)
      guard setAffinity(0, only.count, only) == 0 else { return try body(nil) }
      defer { _ = setAffinity(0, before.count, before) }
      return try body(byte * 8 + bit)
    #else
      return try body(nil)
    #endif
  }
}
