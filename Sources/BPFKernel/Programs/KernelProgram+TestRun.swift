extension KernelProgram {
  /// What one `BPF_PROG_TEST_RUN` gave back.
  public struct TestRun: Hashable, Sendable {
    /// r0 at exit, as the kernel reads it.
    public var returnValue: UInt32
    /// The frame after the run: for XDP from data_meta, for skb programs from the start of the Ethernet header.
    public var data: [UInt8]
    /// The context after the run, `struct xdp_md` or `struct __sk_buff`; empty when none was asked for.
    public var context: [UInt8]
    /// Nanoseconds a run, a mean over the repeats.
    public var duration: UInt32
  }

  /// Bytes that a program can add to a frame, with room to spare: skb programs grow one to 64 KiB.
  static let growth = 1 << 17

  /// A `struct xdp_md` for a frame without metadata that lies in one piece. A context that leaves `data_end` zero, as the
  /// kernel makes one when only a context out is asked for, puts the whole frame into fragments.
  static func linearContext(_ count: Int) -> [UInt8] {
    var context = [UInt8](repeating: 0, count: 24)
    withUnsafeBytes(of: UInt32(clamping: count).littleEndian) { context.replaceSubrange(4..<8, with: $0) }
    return context
  }

  /// Runs the program on `data`.
  ///
  /// - Parameters:
  ///   - context: `struct xdp_md` or `struct __sk_buff` to begin with; empty for the kernel's own. See kernel
  ///     Documentation/bpf/bpf_prog_run.rst for what may be set.
  ///   - repeatCount: runs, all on the same packet without a reset.
  ///   - outputCapacity: room for the frame after the run; nil for enough.
  ///   - contextCapacity: bytes of context wanted back.
  ///   - flags: `BPF_F_TEST_*`.
  /// - Throws: ``KernelError`` with the errno; ENOSPC when `outputCapacity` is too small.
  public func testRun(
    data: [UInt8], context: [UInt8] = [], repeatCount: Int = 1, outputCapacity: Int? = nil, contextCapacity: Int = 0,
    flags: UInt32 = 0
  ) throws(KernelError) -> TestRun {
    let run = TestRunBuffers(
      outputCapacity: outputCapacity ?? data.count + KernelProgram.growth, contextCapacity: contextCapacity)
    let context =
      context.isEmpty && contextCapacity > 0 && spec.type == .xdp ? KernelProgram.linearContext(data.count) : context
    do throws(ErrorNumber) {
      let result: Result<UInt32, ErrorNumber> = data.withUnsafeBytes { data in
        context.withUnsafeBytes { context in
          do throws(ErrorNumber) {
            return .success(
              try run.perform(self, data: data, context: context, repeatCount: repeatCount, flags: flags))
          } catch {
            return .failure(error)
          }
        }
      }
      return TestRun(
        returnValue: try result.get(), data: Array(run.data), context: Array(run.context), duration: run.duration)
    } catch {
      throw KernelError("running \(spec.name) on \(data.count) bytes", .programTestRun, error)
    }
  }
}
