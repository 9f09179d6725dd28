import BPFMachine
import Datapath

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A simulator that differs from the one that is compared in one thing only. Where its answer is another one, the program
/// depends on that thing.
public struct Variation {
  /// Which thing.
  public var cause: DivergenceCause
  /// The simulator, with the same program and the same seeds.
  public var backend: any Backend
  /// Its clock at a packet, from the times before and after the other side ran it.
  var clock: (ClosedRange<UInt64>) -> UInt64

  /// A variation of `cause`; its clock is that of the simulator that is compared unless it is given.
  public init(
    _ cause: DivergenceCause, _ backend: any Backend,
    clock: @escaping (ClosedRange<UInt64>) -> UInt64 = Variation.middle
  ) {
    self.cause = cause
    self.backend = backend
    self.clock = clock
  }

  /// The clock of the simulator that is compared: half-way through the other side's run.
  public static func middle(_ time: ClosedRange<UInt64>) -> UInt64 {
    time.lowerBound + (time.upperBound - time.lowerBound) / 2
  }

  /// What is steered in a program that uses these helpers.
  ///
  /// - Parameters:
  ///   - host: This system's network, where the simulator has another one.
  ///   - cpus: CPUs that the other side may run on beside the simulator's; none when it is kept on one.
  ///   - make: a simulator with that configuration, its maps seeded.
  public static func all(
    for use: HelperUse, configuration: MachineConfiguration, host: NetworkModel? = nil, cpus: [Int] = [],
    make: (MachineConfiguration) throws -> SimulatorBackend
  ) rethrows -> [Variation] {
    var variations: [Variation] = []
    if use.usesTime {
      // Points of the time that the other side took, in eighths.
      for eighth in [0, 1, 3, 6, 8] as [UInt64] {
        let clock = { (time: ClosedRange<UInt64>) in
          time.lowerBound + (time.upperBound - time.lowerBound) * eighth / 8
        }
        variations.append(Variation(.time, try make(configuration), clock: clock))
      }
    }
    if use.usesOtherClocks {
      // A tick of a coarse clock is at most 10 ms; boot time and TAI are ahead.
      variations.append(Variation(.time, try make(configuration)) { $0.upperBound + 10_000_000 })
      variations.append(Variation(.time, try make(configuration)) { _ in SystemClock.realTime() })
    }
    if use.usesRandomness {
      // Programs compare the number with a threshold, or take its remainder.
      for constant in [0, 1, 2, .max] as [UInt32] {
        let backend = try make(configuration)
        backend.machine.random = RandomState(constant: constant)
        variations.append(Variation(.randomness, backend))
      }
      for step in 1...4 as ClosedRange<UInt64> {
        var configuration = configuration
        configuration.seed &+= step &* 0x9e37
        variations.append(Variation(.randomness, try make(configuration)))
      }
    }
    if use.usesNetwork, let host {
      var configuration = configuration
      configuration.takeNetwork(of: host)
      variations.append(Variation(.network, try make(configuration)))
    }
    if use.usesRoutes, configuration.network.routes.contains(where: { $0.hops.count > 1 }),
      configuration.network.settings.multipathSeed == 0
    {
      for seed in 1...8 as ClosedRange<UInt32> {
        var configuration = configuration
        configuration.network.settings.multipathSeed = seed
        variations.append(Variation(.randomness, try make(configuration)))
      }
    }
    if use.usesCPU {
      for cpu in cpus.prefix(4) {
        var configuration = configuration
        configuration.cpu = cpu
        variations.append(Variation(.cpu, try make(configuration)))
      }
    }
    return variations
  }
}

/// The machine's clocks.
public enum SystemClock {
  /// CLOCK_MONOTONIC in nanoseconds, which `bpf_ktime_get_ns` reads.
  public static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }

  static func realTime() -> UInt64 { read(CLOCK_REALTIME) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}
