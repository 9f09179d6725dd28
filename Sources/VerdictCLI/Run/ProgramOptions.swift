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

/// Which program runs, on what, with which maps: what every subcommand that runs one takes.
struct ProgramOptions: ParsableArguments {
  @Argument(help: "An eBPF object file, or a C source, which is compiled with clang.")
  var object: String

  @Option(help: "The program to run, by the name of its function or section.")
  var program: String?

  @Option(help: "Where the program is attached: xdp, tc-ingress or tc-egress; by its section's name when not given.")
  var hook: Hook?

  @Option(help: "The engine of the simulator: threaded (fast) or reference.")
  var engine: EngineKind = .threaded

  @Option(help: "What runs the program: simulator, or kernel (through bpf(2), needs privileges).")
  var backend: BackendKind = .simulator

  @Option(help: ArgumentHelp("Where the kernel's log of a refused program goes.", valueName: "file"))
  var verifierLog: String?

  @Option(
    name: .customLong("map"),
    help: ArgumentHelp("Seeds a map, or global data, from a JSON file; repeatable.", valueName: "name=file"))
  var maps: [Assignment] = []

  @Option(help: "Instructions that a packet may take.")
  var budget = MachineConfiguration().budget

  @Option(help: "CPUs of the simulated machine.")
  var cpus = MachineConfiguration().cpus

  @Option(help: "Seed of bpf_get_prandom_u32.")
  var seed = MachineConfiguration().seed

  @Flag(help: "Says on standard error what was passed over in the object and why.")
  var verbose = false

  func validate() throws {
    if budget < 1 { throw ValidationError("--budget is at least 1") }
    if !(1...1024).contains(cpus) { throw ValidationError("--cpus is between 1 and 1024") }
  }

  /// The object with its global data seeded, and the backend with the program and the seeded maps.
  func load() async throws -> (object: ObjectFile, backend: any Backend) {
    var object = try await ObjectArgument.load(self.object, verbose: verbose)
    let program = try object.chooseProgram(program)
    let hook = try choose(for: program, of: object)
    var seeds = MapSeeds()
    for map in maps { seeds.add(try MapSeed(parsing: try InputFile.read(map.value), file: map.value), for: map.name) }
    try seeds.set(in: &object)
    let backend = try makeBackend(object, program, hook)
    try seeds.load(into: backend, types: object.types)
    return (object, backend)
  }

  private func choose(for program: ProgramSpec, of object: ObjectFile) throws(Failure) -> Hook {
    guard let own = program.hook else {
      guard let hook else {
        throw Failure(
          .badData,
          "\(object.name): program \(program.name) is in section '\(program.section)', which is no XDP or TC section; "
            + "give --hook to run it as if it were")
      }
      return hook
    }
    guard let hook, hook != own else { return own }
    guard (hook == .xdp) == (own == .xdp) else {
      throw Failure(.usage, "--hook \(hook.rawValue): program \(program.name) is of section '\(program.section)'")
    }
    return hook
  }

  private func makeBackend(_ object: ObjectFile, _ program: ProgramSpec, _ hook: Hook) throws -> any Backend {
    switch backend {
    case .simulator:
      var configuration = MachineConfiguration()
      configuration.budget = budget
      configuration.cpus = cpus
      configuration.seed = seed
      let simulator = try SimulatorBackend(
        object: object, program: program, hook: hook, engine: engine, configuration: configuration)
      say(simulator.notes)
      return simulator
    case .kernel:
      do {
        let kernel = try KernelBackend(object: object, program: program, hook: hook)
        say(kernel.notes)
        return kernel
      } catch {
        throw Failure(error, logFile: verifierLog)
      }
    }
  }

  private func say(_ notes: [String]) {
    guard verbose else { return }
    for note in notes { Terminal.line("note: \(note)") }
  }
}
