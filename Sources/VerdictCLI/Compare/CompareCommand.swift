import ArgumentParser
import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Datapath
import VerdictReport

/// `verdict compare`.
struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract:
      "Holds the simulator against the kernel packet by packet, or a new build of a program against an old one.",
    discussion: """
      With one object, both run every frame with equal maps; exit code 1 says that they differ for no known cause, 77 that \
      there is no kernel to ask. With two objects, the simulator runs both; exit code 1 says that something changed.
      """)

  @Argument(help: "An eBPF object file or C source; a second one is a new build of the first.")
  var objects: [String]

  @OptionGroup var setup: SetupOptions

  @Option(
    help: ArgumentHelp("The capture: pcap or pcapng, also .gz, .xz or .zst; - for standard input.", valueName: "file"))
  var pcap: String

  @Option(help: "text or json.")
  var format: SimpleFormat = .text

  @Option(
    help: ArgumentHelp(
      "Writes a line of JSON a packet; - for standard output, and the report then goes to standard error.",
      valueName: "file"))
  var perPacket: String?

  @Option(help: ArgumentHelp("Stops after so many packets.", valueName: "packets"))
  var limit: Int?

  func validate() throws {
    if !(1...2).contains(objects.count) { throw ValidationError("give one object, or an old build and a new one") }
    if let limit, limit < 0 { throw ValidationError("--limit is not negative") }
  }

  func run() async throws {
    do {
      if objects.count == 2 {
        try await compareBuilds()
      } else {
        try await compareWithKernel()
      }
    } catch {
      throw Failure(any: error)
    }
  }

  private func log(_ left: String, _ right: String) throws(OutputError) -> ComparisonLog? {
    guard let perPacket else { return nil }
    return try ComparisonLog(path: perPacket, left: left, right: right)
  }

  private func write(_ text: String) throws(Failure) { try Terminal.write(text, to: perPacket == "-" ? 2 : 1) }

  /// A pipe that Ctrl-C ends is at its end; a file is left where it is.
  private func interrupt(_ interruption: Interruption, _ capture: CaptureReader) -> InterruptSignal {
    let isPipe = capture.progress == nil
    return InterruptSignal { [endPipe = capture.canceller] in
      if isPipe { endPipe() } else { interruption.request() }
    }
  }

  /// Ends with what the faults or the answer say.
  private func finish(_ faults: [ReplayFault], isDifferent: Bool) throws(Failure) {
    for fault in faults.dropFirst() { Terminal.error("\(fault)") }
    if let fault = faults.first { throw Failure(fault) }
    if isDifferent { throw Failure(.no, "") }
  }

  // MARK: Two builds

  private func compareBuilds() async throws {
    let old = try await setup.prepare(objects[0])
    let new = try await setup.prepare(objects[1])
    guard old.hook == new.hook else {
      throw Failure(
        .usage,
        "\(objects[0]) is for \(old.hook.rawValue), \(objects[1]) for \(new.hook.rawValue); give builds of one program"
      )
    }
    var configuration = try setup.configuration()
    configuration.socketBuffer.path = old.hook.socketBufferPath
    let comparison = BuildComparison(
      old: try setup.simulator(old, configuration), new: try setup.simulator(new, configuration))
    comparison.limit = limit
    let capture = try CaptureReader(path: pcap)
    comparison.packetLog = try log("old", "new")
    var result = withExtendedLifetime(interrupt(comparison.interruption, capture)) {
      comparison.run(capture, named: pcap)
    }
    result.report.notes = (old.notes + new.notes.filter { !old.notes.contains($0) }) + result.report.notes
    try write(format == .json ? result.report.json : result.report.text)
    try finish(result.faults, isDifferent: result.report.hasChanges)
  }

  // MARK: Simulator and kernel

  private func compareWithKernel() async throws {
    if let reason = KernelAvailability.reason { throw Failure(.noPermission, reason) }
    if let cpus = setup.cpus, cpus != PossibleCPUs.count {
      throw Failure(.usage, "--cpus \(cpus): this kernel has per-CPU values for \(PossibleCPUs.count) CPUs")
    }
    var prepared = try await setup.prepare(objects[0])
    prepared.object = KernelObject.configured(prepared.object)
    let host = HelperUse(ofAll: prepared.object).usesNetwork ? await Self.hostNetwork() : nil
    let result = try CPUPinning.withOneCPU { try compare(prepared, cpu: $0, host: host) }
    try write(format == .json ? result.report.json : result.report.text)
    try finish(result.faults, isDifferent: result.report.hasFault)
  }

  /// This system's network, or why it cannot be had.
  private static func hostNetwork() async -> Result<NetworkModel, SnapshotError> {
    do {
      return .success(try await NetworkSnapshot().network)
    } catch {
      return .failure(error as? SnapshotError ?? SnapshotError(message: "\(error)"))
    }
  }

  private func compare(
    _ prepared: SetupOptions.Prepared, cpu: Int?, host: Result<NetworkModel, SnapshotError>?
  ) throws -> KernelComparisonResult {
    var configuration = try setup.configuration(kernelCPUs: PossibleCPUs.count, cpu: cpu ?? 0)
    var source = NetworkSource.options
    var other: NetworkModel?
    switch host {
    case .success(let host)? where configuration.network.isEmpty:
      configuration.takeNetwork(of: host)
      source = .host
    case .success(let host)?: other = host
    case .failure(let error)? where configuration.network.isEmpty: source = .none(reason: error.message)
    default: break
    }
    RunningTask.describe(in: &configuration)
    // Nobody reads the kernel's rings during BPF_PROG_TEST_RUN.
    configuration.eventReader = .absent
    let kernel = try setup.kernel(prepared, configuration)
    let simulator = try setup.simulator(prepared, configuration)
    let use = HelperUse(of: simulator, in: prepared.object)
    let others = cpu == nil ? Array(1..<configuration.cpus) : []
    let variations = try Variation.all(for: use, configuration: configuration, host: other, cpus: others) {
      try setup.simulator(prepared, $0)
    }
    let comparison = KernelComparison(
      simulator: simulator, kernel: kernel, variations: variations, types: prepared.object.types)
    comparison.limit = limit
    for map in kernel.standIns where !map.keys.isEmpty { comparison.standIns[map.spec.name] = map.keys }
    let capture = try CaptureReader(path: pcap)
    comparison.packetLog = try log("simulator", "kernel")
    var result = withExtendedLifetime(interrupt(comparison.interruption, capture)) {
      comparison.run(capture, named: pcap)
    }
    result.report.notes = prepared.notes + result.report.notes
    result.report.kernel = KernelRelease.running.text
    result.report.steering =
      Steering(use: use, maps: prepared.object.maps, cpu: cpu, network: source).notes + kernel.standIns.flatMap(\.notes)
    return result
  }
}
