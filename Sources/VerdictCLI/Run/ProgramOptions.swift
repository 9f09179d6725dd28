import ArgumentParser
import BPFKernel
import BPFMachine
import BPFObject
import Datapath
import VerdictReport

extension Hook: ExpressibleByArgument {}
extension EngineKind: ExpressibleByArgument {}
extension ReportFormat: ExpressibleByArgument {}

/// What runs programs.
enum BackendKind: String, CaseIterable, ExpressibleByArgument {
  case simulator
  case kernel
}

/// Which program runs, on what: what the subcommands that run one object take.
struct ProgramOptions: ParsableArguments {
  @Argument(help: "An eBPF object file, or a C source, which is compiled with clang.")
  var object: String

  @Option(help: "What runs the program: simulator, or kernel (through bpf(2), needs privileges).")
  var backend: BackendKind = .simulator

  @OptionGroup var setup: SetupOptions

  /// The object with its global data seeded, and the backend with the program and the seeded maps.
  func load() async throws -> (prepared: SetupOptions.Prepared, backend: any Backend) {
    let prepared = try await setup.prepare(object)
    var configuration = try setup.configuration()
    configuration.socketBuffer.path = prepared.hook.socketBufferPath
    switch backend {
    case .simulator: return (prepared, try setup.simulator(prepared, configuration))
    case .kernel:
      let kernel = try setup.kernel(prepared, configuration)
      // What stands in for interfaces and sockets changes what the maps show.
      for note in kernel.standIns.flatMap(\.notes) { Terminal.line("note: \(note)") }
      return (prepared, kernel)
    }
  }
}
