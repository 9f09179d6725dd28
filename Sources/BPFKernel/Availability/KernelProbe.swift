import BPFInstructions
import BPFMachine
import BPFObject

/// What the running kernel offers to Verdict, found by asking it: `verdict doctor`.
public struct KernelProbe: Codable, Hashable, Sendable {
  /// One thing that a kernel has or has not.
  public struct Feature: Codable, Hashable, Sendable {
    /// As bpftool names it: `lru_hash`, `sched_cls`.
    public var name: String
    /// The kernel has it.
    public var supported: Bool
    /// What it said when it has it not.
    public var reason: String?
  }

  /// The helpers that programs of one type may call.
  public struct Helpers: Codable, Hashable, Sendable {
    /// Program type as bpftool names it.
    public var programType: String
    /// Names without `bpf_`, in the order of their numbers.
    public var available: [String]
    /// Those among ``available`` that only a program under a GPL-compatible license may call.
    public var gplOnly: [String]

    private enum CodingKeys: String, CodingKey {
      case programType = "program_type"
      case available
      case gplOnly = "gpl_only"
    }
  }

  /// `uname -r`.
  public var kernel: String
  /// Why bpf(2) cannot be used; nil when it can. The lists are empty where it cannot.
  public var unavailable: String?
  /// `kernel.unprivileged_bpf_disabled`: 0 anyone may load, 1 and 2 nobody without privilege; nil when unknown.
  public var unprivilegedDisabled: Int?
  /// `net.core.bpf_jit_enable`: 0 interpreted, 1 compiled; nil when the kernel always compiles or does not say.
  public var jitEnabled: Int?
  /// The kernel has BTF in /sys/kernel/btf/vmlinux, which CO-RE and kfuncs need.
  public var kernelTypes: Bool
  /// CPUs that per-CPU maps have a value for.
  public var possibleCPUs: Int
  /// Loading: program types.
  public var programTypes: [Feature]
  /// Creating: map types.
  public var mapTypes: [Feature]
  /// Helpers by the program types that Verdict runs.
  public var helpers: [Helpers]
  /// What `BPF_PROG_TEST_RUN` can.
  public var testRun: [Feature]

  private enum CodingKeys: String, CodingKey {
    case kernel, unavailable
    case unprivilegedDisabled = "unprivileged_bpf_disabled"
    case jitEnabled = "jit_enabled"
    case kernelTypes = "kernel_btf"
    case possibleCPUs = "possible_cpus"
    case programTypes = "program_types"
    case mapTypes = "map_types"
    case helpers
    case testRun = "test_run"
  }

  /// Program types whose helpers are listed.
  public static let helperProgramTypes: [ProgramType] = [.xdp, .schedCLS, .schedACT]

  /// Asks the running kernel; takes less than a second.
  public init() {
    kernel = KernelRelease.running.text
    unavailable = KernelAvailability.reason
    unprivilegedDisabled = KernelProbe.number(in: "/proc/sys/kernel/unprivileged_bpf_disabled")
    jitEnabled = KernelProbe.number(in: "/proc/sys/net/core/bpf_jit_enable")
    kernelTypes = BPFSyscall.contents(of: "/sys/kernel/btf/vmlinux") != nil
    possibleCPUs = PossibleCPUs.count
    guard unavailable == nil else {
      programTypes = []
      mapTypes = []
      helpers = []
      testRun = []
      return
    }
    programTypes = ProgramType.allCases.map(KernelProbe.programType)
    mapTypes = MapType.allCases.map(KernelProbe.mapType)
    helpers = KernelProbe.helperProgramTypes.map(KernelProbe.helpers)
    testRun = KernelProbe.testRunFeatures()
  }

  static func number(in path: String) -> Int? {
    BPFSyscall.contents(of: path).flatMap { Int(String(decoding: $0, as: UTF8.self).prefix { !$0.isWhitespace }) }
  }

  /// `r0 = value; exit`.
  static func tinyProgram(
    type: ProgramType, returning value: Int32, attachType: UInt32 = 0, flags: UInt32 = 0
  ) -> ProgramSpec {
    ProgramSpec(
      name: "probe", section: type.name, type: type, attachType: attachType, flags: flags,
      instructions: [Instruction(opcode: 0xb7, immediate: value), Instruction(opcode: 0x95)])
  }
}
