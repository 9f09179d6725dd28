import BPFObject

/// What a comparison with the kernel makes equal on both sides, and what it cannot, for the reader of a report.
public struct Steering: Sendable {
  private let use: HelperUse
  private let maps: [MapSpec]
  private let cpu: Int?
  private let network: String

  /// What matters to a program that uses these helpers and maps.
  ///
  /// - Parameters:
  ///   - cpu: the CPU that both sides run on; nil when the kernel chooses.
  ///   - network: whose routes and sockets the simulator has.
  public init(use: HelperUse, maps: [MapSpec], cpu: Int?, network: NetworkSource = .options) {
    self.network = network.text
    self.use = use
    self.maps = maps
    self.cpu = cpu
  }

  /// One line each.
  public var notes: [String] {
    var notes: [String] = []
    if use.usesTime {
      notes.append(
        "time: the kernel's clock cannot be set; the simulator's follows it, and not the capture's time stamps")
    }
    if use.usesTimers {
      notes.append(
        "timers and work queues: the kernel runs them by its clock while packets run, the simulator between packets")
    }
    if use.usesRandomness {
      notes.append("random numbers: the kernel's cannot be seeded; the two sides draw their own")
    }
    if use.usesCPU || maps.contains(where: { $0.type?.isPerCPU == true }) {
      notes.append(
        cpu.map { "CPU: both sides run on CPU \($0)" } ?? "CPU: the kernel chooses; the simulator runs on CPU 0")
    }
    if use.usesNetwork { notes.append("network: \(network)") }
    if use.usesTask {
      notes.append(
        "task: BPF_PROG_TEST_RUN runs programs in this process, which the simulator takes to be the task too")
    }
    // bpf_redirect, bpf_clone_redirect, bpf_redirect_map, bpf_redirect_neigh, bpf_redirect_peer
    if !use.helpers.isDisjoint(with: [13, 23, 51, 152, 155]) {
      notes.append("redirects: BPF_PROG_TEST_RUN does not show the target, so that only the verdict is compared")
    }
    for map in maps where map.type == .lruHash || map.type == .lruPercpuHash {
      notes.append("map \(map.name): once it is full, the two sides give up elements in an order of their own")
    }
    return notes
  }
}

/// Where the simulator's network comes from in a comparison. The kernel asks its own.
public enum NetworkSource: Sendable {
  /// From this system.
  case host
  /// From options, which may say otherwise than this system.
  case options
  /// There is none, since this system's could not be read.
  case none(reason: String)

  var text: String {
    switch self {
    case .host:
      "both sides have this system's devices, routes, neighbours and sockets; frames come in by lo, as in BPF_PROG_TEST_RUN"
    case .options: "the simulator has that of the options, the kernel that of this system"
    case .none(let reason): "this system's could not be read, so that the simulator has none: \(reason)"
    }
  }
}
