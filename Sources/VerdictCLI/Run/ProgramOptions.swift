import ArgumentParser
import BPFKernel
import BPFMachine
import BPFObject
import Datapath
import VerdictReport

extension Hook: ExpressibleByArgument {
  /// One of the hooks that a program is attached to.
  public init?(argument: String) {
    guard let hook = Hook(rawValue: argument), Hook.single.contains(hook) else { return nil }
    self = hook
  }

  public static var allValueStrings: [String] { single.map(\.rawValue) }
}

extension EngineKind: ExpressibleByArgument {}
extension ReportFormat: ExpressibleByArgument {}

/// What runs programs.
enum BackendKind: String, CaseIterable, ExpressibleByArgument {
  case simulator
  case kernel
}

/// Which program runs, on what: what the subcommands that run one object take.
struct ProgramOptions: ParsableArguments {
  @Argument(help: "An eBPF object file, or a C source, which is compiled with clang. None with --chain.")
  var object: String?

  @Option(help: "What runs the program: simulator, or kernel (through bpf(2), needs privileges).")
  var backend: BackendKind = .simulator

  @OptionGroup var setup: SetupOptions

  /// The object with its global data seeded, and the backend with the program and the seeded maps.
  func load() async throws -> (prepared: SetupOptions.Prepared, backend: any Backend) {
    if setup.asksForChain {
      guard backend == .simulator else {
        throw Failure(.usage, "--backend kernel: BPF_PROG_TEST_RUN runs single programs; a chain is simulated")
      }
      return try await setup.path(object)
    }
    guard let object else { throw Failure(.usage, "give an object, or a chain file with --chain") }
    var prepared = try await setup.prepare(object)
    var configuration = try setup.configuration()
    configuration.socketBuffer.path = prepared.hook.socketBufferPath
    switch backend {
    case .simulator:
      let simulator = try setup.simulator(prepared, configuration)
      if configuration.network.isEmpty, HelperUse(of: simulator, in: prepared.object).usesRoutesOrSockets {
        prepared.notes.append(
          "the program asks about the network, of which nothing is given: there are no routes and no sockets; "
            + "see 'verdict help snapshot'")
      }
      return (prepared, simulator)
    case .kernel:
      let kernel = try setup.kernel(prepared, configuration)
      // What stands in for interfaces and sockets changes what the maps show.
      for note in kernel.standIns.flatMap(\.notes) { Terminal.line("note: \(note)") }
      return (prepared, kernel)
    }
  }
}
