import BPFObject

/// What a comparison with the kernel makes equal on both sides, and what it cannot, for the reader of a report.
public struct Steering: Sendable {
  private let use: HelperUse
  private let maps: [MapSpec]
  private let cpu: Int?

  /// What matters to a program that uses these helpers and maps.
  ///
  /// - Parameter cpu: the CPU that both sides run on; nil when the kernel chooses.
  public init(use: HelperUse, maps: [MapSpec], cpu: Int?) {
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
    if use.usesRandomness {
      notes.append("random numbers: the kernel's cannot be seeded; the two sides draw their own")
    }
    if use.usesCPU || maps.contains(where: { $0.type?.isPerCPU == true }) {
      notes.append(
        cpu.map { "CPU: both sides run on CPU \($0)" } ?? "CPU: the kernel chooses; the simulator runs on CPU 0")
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
