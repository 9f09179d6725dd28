/// What two runs of a packet most probably differ by.
///
/// A cause other than ``fault`` is given only when the program can be affected by it, tail-called programs included, and when
/// there is evidence: what differs also differs between simulators that differ in nothing else.
public enum DivergenceCause: String, CaseIterable, Hashable, Sendable {
  /// The kernel's clock cannot be set: the simulator's answer changes with a clock within the time that the kernel took.
  case time
  /// The kernel's random numbers cannot be seeded: the simulator's answer changes with other numbers.
  case randomness
  /// The kernel ran on another CPU: the simulator's answer changes with the CPU.
  case cpu
  /// The kernel asked its own network: the simulator's answer changes with this system's routes, neighbours or sockets.
  case network
  /// The simulator stopped at a helper or kfunc that it does not have.
  case notSimulated = "not-simulated"
  /// An LRU map was full, and each side gave up other elements.
  case eviction
  /// `BPF_PROG_TEST_RUN` cannot run the frame.
  case testRunLimit = "test-run-limit"
  /// None of these: one of the two is wrong.
  case fault

  /// What variations are made for, the likeliest first.
  static let varied: [DivergenceCause] = [.time, .randomness, .cpu, .network]

  /// In a few words.
  public var summary: String {
    switch self {
    case .time: "time, which the kernel does not let be set"
    case .randomness: "random numbers, which the kernel does not let be seeded"
    case .cpu: "the CPU, which could not be chosen"
    case .network: "the network of this system, which is not the one that the options give"
    case .notSimulated: "a helper or a kernel structure that is not simulated"
    case .eviction: "the order in which a full LRU map gives up elements"
    case .testRunLimit: "a limit of BPF_PROG_TEST_RUN"
    case .fault: "no known cause: a fault of the simulator, or of the kernel"
    }
  }
}
