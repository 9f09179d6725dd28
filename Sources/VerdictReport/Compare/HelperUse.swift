import BPFInstructions
import BPFMachine
import BPFObject
import Datapath

/// Which helpers a program can reach: its own, its subprograms', and those of programs that its tail calls can go to.
public struct HelperUse: Hashable, Sendable {
  /// Numbers of `enum bpf_func_id`.
  public private(set) var helpers: Set<Int32> = []
  /// Names of kfuncs.
  public private(set) var kernelFunctions: Set<String> = []
  /// The programs by name, the first one first.
  public private(set) var programs: [String] = []

  private static let tailCall: Int32 = 12

  /// Reads the code of `backend`'s program and of what its prog arrays now hold.
  public init(of backend: any Backend, in object: ObjectFile) {
    add(backend.program)
    guard helpers.contains(Self.tailCall) else { return }
    for map in backend.maps where map.spec.type == .progArray {
      for entry in (try? map.entries()) ?? [] {
        let number = entry.values.first.map { Bits.load($0, at: 0, count: 32) } ?? 0
        guard let name = backend.programName(number: UInt32(truncatingIfNeeded: number)), !programs.contains(name),
          let callee = object.programs.first(where: { $0.name == name })
        else { continue }
        add(callee)
      }
    }
  }

  /// Reads the code of every program of an object, whatever runs.
  public init(ofAll object: ObjectFile) {
    for program in object.programs { add(program) }
  }

  private mutating func add(_ program: ProgramSpec) {
    programs.append(program.name)
    var slot = 0
    while slot < program.instructions.count {
      let instruction = program.instructions[slot]
      if case .kernelFunction(let name, _) = program.references[slot] { kernelFunctions.insert(name) }
      // `call` with source 0 names a helper.
      if instruction.opcode == 0x85, instruction.source == 0 { helpers.insert(instruction.immediate) }
      slot += instruction.isWide ? 2 : 1
    }
  }

  /// The clocks: `bpf_ktime_get_ns`, `…_boot_ns`, `…_coarse_ns`, `…_tai_ns` and `bpf_jiffies64`; and timers, which run by them.
  public var usesTime: Bool { !helpers.isDisjoint(with: [5, 118, 125, 160, 208]) || usesTimers }
  /// `bpf_timer_start` and `bpf_wq_start`.
  public var usesTimers: Bool { helpers.contains(171) || kernelFunctions.contains("bpf_wq_start") }
  /// Clocks that do not follow CLOCK_MONOTONIC to the nanosecond.
  var usesOtherClocks: Bool { !helpers.isDisjoint(with: [118, 125, 160, 208]) }
  /// `bpf_get_prandom_u32`, what has a key that is random, `bpf_get_hash_recalc` and SYN cookies, and `bpf_get_socket_cookie`, whose
  /// numbers the kernel counts on.
  public var usesRandomness: Bool { !helpers.isDisjoint(with: [7, 34, 46, 100, 110, 204, 205, 206, 207]) }
  /// `bpf_fib_lookup`, `bpf_check_mtu` and the lookups of sockets.
  public var usesNetwork: Bool { !helpers.isDisjoint(with: [69, 84, 85, 99, 163]) }
  /// Of these, those that find nothing in a network of which nothing is given.
  public var usesRoutesOrSockets: Bool { !helpers.isDisjoint(with: [69, 84, 85, 99]) }
  /// `bpf_fib_lookup`, which takes one of several next hops by a hash with a key of the kernel's.
  var usesRoutes: Bool { helpers.contains(69) }
  /// The helpers on the running task: its numbers, its name, its cgroup.
  public var usesTask: Bool { !helpers.isDisjoint(with: [14, 15, 16, 17, 37, 80, 123]) }
  /// `bpf_get_smp_processor_id` and `bpf_get_numa_node_id`.
  public var usesCPU: Bool { !helpers.isDisjoint(with: [8, 42]) }
}
