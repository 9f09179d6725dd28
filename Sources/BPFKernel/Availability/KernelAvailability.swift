/// Whether this machine's kernel can be asked at all.
public enum KernelAvailability {
  /// Why not, in one line with what helps; nil when programs can be loaded and run through bpf(2).
  public static let reason: String? = probe()

  /// Loads `r0 = XDP_PASS; exit` and runs it on an empty frame.
  static func probe() -> String? {
    #if os(Linux)
      let program: KernelProgram
      do throws(KernelError) {
        program = try KernelProgram(KernelProbe.tinyProgram(type: .xdp, returning: 2))
      } catch {
        return loadReason(error)
      }
      do throws(KernelError) {
        let run = try program.testRun(data: [UInt8](repeating: 0, count: 64))
        guard run.returnValue == 2 else { return "BPF_PROG_TEST_RUN returned \(run.returnValue) for XDP_PASS" }
        return nil
      } catch {
        return
          "BPF_PROG_TEST_RUN is not to be had for XDP (\(error.errno?.name ?? error.message)); Linux 4.12 or newer has it"
      }
    #else
      return "the kernel backend needs Linux: bpf(2) does not exist here"
    #endif
  }

  static func loadReason(_ error: KernelError) -> String {
    switch error.errno {
    case .some(.noSystemCall):
      return
        "this kernel has no bpf(2) (ENOSYS): it was built without CONFIG_BPF_SYSCALL, or a sandbox filters the call"
    case .some(.operationNotPermitted):
      if BPFSyscall.isRoot {
        return "bpf(2) is refused to root (EPERM): a container without CAP_BPF and CAP_NET_ADMIN, or kernel lockdown"
      }
      let path = "/proc/sys/kernel/unprivileged_bpf_disabled"
      let setting = BPFSyscall.contents(of: path).map { String(decoding: $0, as: UTF8.self).prefix { $0.isNumber } }
      return "bpf(2) is refused without privilege (EPERM"
        + (setting.map { ", kernel.unprivileged_bpf_disabled is \($0)" } ?? "")
        + "); run as root, or with CAP_BPF and CAP_NET_ADMIN"
    default:
      return "the kernel does not load the smallest XDP program: \(error.message)"
    }
  }
}
