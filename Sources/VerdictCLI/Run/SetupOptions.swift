import ArgumentParser
import BPFKernel
import BPFMachine
import BPFObject
import Datapath
import VerdictReport

/// How a program of an object is set up, on either backend: what every subcommand that runs one takes.
struct SetupOptions: ParsableArguments {
  @Option(
    name: .customLong("program"),
    help: ArgumentHelp(
      "The program to run, by the name of its function or section. Repeated, the programs make a chain, each on the hook of "
        + "its section; FILE:NAME takes one of another object.", valueName: "name"))
  var programs: [String] = []
  var program: String? { programs.first }

  @Option(
    help: ArgumentHelp(
      "Sets up objects, devices and what is attached to them, in YAML or JSON; see the README.", valueName: "file"))
  var chain: String?

  @Option(help: "Where the program is attached: xdp, tc-ingress or tc-egress; by its section's name when not given.")
  var hook: Hook?

  @Option(help: "The engine of the simulator: threaded (fast) or reference.")
  var engine: EngineKind = .threaded

  @Option(help: ArgumentHelp("Where the kernel's log of a refused program goes.", valueName: "file"))
  var verifierLog: String?

  @Option(
    name: .customLong("map"),
    help: ArgumentHelp("Seeds a map, or global data, from a JSON file; repeatable.", valueName: "name=file"))
  var maps: [Assignment] = []

  @Option(
    help: ArgumentHelp(
      "How many elements a map has, as its loader would set it; repeatable.", valueName: "name=number"))
  var maxEntries: [Assignment] = []

  @Option(
    name: .customLong("replace"),
    help: ArgumentHelp(
      "Puts a program of another object in the place of a global function, as freplace does to libxdp's dispatcher; "
        + "repeatable.", valueName: "function=file[:name]"))
  var replacements: [Assignment] = []

  @Option(help: "Instructions that a packet may take; 1000000 when not given.")
  var budget: Int?

  @Option(help: "CPUs of the simulated machine; 1, or as many as the kernel has when compared with it.")
  var cpus: Int?

  @Option(help: "Seed of bpf_get_prandom_u32; 1 when not given.")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "What programs find around them that neither object nor capture holds, in YAML or JSON; repeatable; see the README.",
      valueName: "file"))
  var options: [String] = []

  @Option(
    name: .customLong("skb"),
    help: ArgumentHelp(
      "What a TC program finds in a field of its skb: mark, priority, cb, tstamp, checksum, gso_size and others; "
        + "repeatable.", valueName: "field=value"))
  var socketBufferFields: [Assignment] = []

  @Option(
    help: ArgumentHelp("How much of a frame a TC program can access without bpf_skb_pull_data.", valueName: "bytes"))
  var linear: Int?

  @Flag(help: "Moves VLAN tags to the skb before a TC program runs, as interfaces do.")
  var vlanOffload = false

  @Flag(help: "Says on standard error what was passed over in the object and why.")
  var verbose = false

  @OptionGroup var kernel: TargetKernelOptions

  func validate() throws {
    if let budget, budget < 1 { throw ValidationError("--budget is at least 1") }
    for option in maxEntries where UInt32(option.value) ?? 0 == 0 {
      throw ValidationError("--max-entries \(option.name)=\(option.value): the number is at least 1")
    }
    if let linear, linear < 14 { throw ValidationError("--linear is at least 14, an Ethernet header") }
    if let cpus, !(1...1024).contains(cpus) { throw ValidationError("--cpus is between 1 and 1024") }
  }

  /// An object with its global data seeded, the program in it that runs, and the seeds for its maps.
  struct Prepared {
    var object: ObjectFile
    var program: ProgramSpec
    var hook: Hook
    var seeds: MapSeeds
    /// How the object was made one for a kernel, a line each.
    var notes: [String]
  }

  /// Reads the object at `path` and the seeds.
  func prepare(_ path: String) async throws -> Prepared {
    if asksForChain { throw Failure(.usage, "a chain of programs is for 'run' and 'bench' on the simulator") }
    var object = try await ObjectArgument.load(path, verbose: verbose)
    try setMaxEntries(of: &object)
    var notes = try await kernel.target.bind(&object)
    notes += try await replaceFunctions(of: &object)
    var program = try object.chooseProgram(program)
    let hook = try choose(for: program, of: object)
    if hook == .xdp, let option = socketBufferOption {
      throw Failure(.usage, "\(option): program \(program.name) is an XDP program, which gets no skb")
    }
    // As if it were one of that hook.
    if program.hook == nil { program.type = hook == .xdp ? .xdp : .schedCLS }
    if let note = object.licenseNote(for: program) { notes.append(note) }
    var seeds = MapSeeds()
    for map in maps { seeds.add(try MapSeed(parsing: try InputFile.read(map.value), file: map.value), for: map.name) }
    try seeds.set(in: &object)
    return Prepared(object: object, program: program, hook: hook, seeds: seeds, notes: notes)
  }

  /// The simulated machine that the options describe: the options file's word counts, the command line's more.
  /// - Parameters:
  ///   - kernelCPUs: The kernel's number of CPUs, which the machine must have; nil for any.
  ///   - cpu: The CPU that programs run on; nil for the options' word.
  func configuration(kernelCPUs: Int? = nil, cpu: Int? = nil) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    for file in options {
      try OptionsFile(parsing: try InputFile.read(file), file: file).apply(to: &configuration)
    }
    if let budget { configuration.budget = budget }
    if let seed { configuration.seed = seed }
    if let cpus = kernelCPUs ?? cpus { configuration.cpus = cpus }
    configuration.cpu = min(cpu ?? configuration.cpu, configuration.cpus - 1)
    for field in socketBufferFields {
      do {
        try SocketBufferField.set(field.name, to: field.value, in: &configuration.socketBuffer)
      } catch {
        throw Failure(.usage, "--skb \(field.name)=\(field.value): \(error.message)")
      }
    }
    if let linear { configuration.socketBuffer.linearCount = linear }
    if vlanOffload { configuration.socketBuffer.takesTag = true }
    return configuration
  }

  /// The first option given that is about skbs.
  private var socketBufferOption: String? {
    if let field = socketBufferFields.first { return "--skb \(field.name)=\(field.value)" }
    return linear != nil ? "--linear" : vlanOffload ? "--vlan-offload" : nil
  }

  /// The program on the simulator, its maps seeded.
  func simulator(_ prepared: Prepared, _ configuration: MachineConfiguration) throws -> SimulatorBackend {
    let simulator = try SimulatorBackend(
      object: prepared.object, program: prepared.program, hook: prepared.hook, engine: engine,
      configuration: configuration)
    say(simulator.notes)
    try prepared.seeds.load(into: simulator, types: prepared.object.types)
    return simulator
  }

  /// The program in the kernel, its maps seeded, its skb made as `configuration` says.
  func kernel(_ prepared: Prepared, _ configuration: MachineConfiguration) throws -> KernelBackend {
    let kernel: KernelBackend
    do {
      kernel = try KernelBackend(object: prepared.object, program: prepared.program, hook: prepared.hook)
      if prepared.hook != .xdp { try kernel.prepare(configuration.socketBuffer) }
    } catch {
      throw Failure(error, logFile: verifierLog)
    }
    say(kernel.notes)
    try prepared.seeds.load(into: kernel, maps: kernel.standIns, types: prepared.object.types)
    return kernel
  }

  /// - Parameter ignoringOthers: Sizes of maps that the object does not have are another object's.
  func setMaxEntries(of object: inout ObjectFile, ignoringOthers: Bool = false) throws(Failure) {
    for option in maxEntries {
      guard let index = object.maps.firstIndex(where: { $0.name == option.name }) else {
        if ignoringOthers { continue }
        throw Failure(.usage, "--max-entries \(option.name)=\(option.value): \(object.name) has no map of that name")
      }
      object.maps[index].maxEntries = UInt32(option.value) ?? 0
    }
    for map in object.maps where map.maxEntries == 0 && map.type?.needsEntries == true {
      throw Failure(
        .badData,
        "\(object.name): map \(map.name) has max_entries 0, which its loader sets; give --max-entries \(map.name)=NUMBER"
      )
    }
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

  func say(_ notes: [String]) {
    guard verbose else { return }
    for note in notes { Terminal.line("note: \(note)") }
  }
}

extension MapType {
  /// True where the kernel refuses 0 for max_entries and libbpf puts nothing in its place.
  fileprivate var needsEntries: Bool {
    switch self {
    case .array, .percpuArray, .hash, .percpuHash, .lruHash, .lruPercpuHash, .lpmTrie, .progArray, .arrayOfMaps,
      .hashOfMaps, .devmap, .devmapHash, .cpumap, .xskmap, .queue, .stack, .bloomFilter, .ringbuf:
      true
    default: false
    }
  }
}
