import ArgumentParser
import BPFObject
import Capture
import Datapath
import VerdictReport

/// `verdict run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs a program over a capture and reports what became of the packets.")

  @OptionGroup var program: ProgramOptions

  @Option(
    help: ArgumentHelp("The capture: pcap or pcapng, also .gz, .xz or .zst; - for standard input.", valueName: "file"))
  var pcap: String

  @Option(help: "The report's format: text, json or csv.")
  var format: ReportFormat = .text

  @Option(
    help: ArgumentHelp(
      "Writes a line of JSON a packet; - for standard output, and the report then goes to standard error.",
      valueName: "file"))
  var perPacket: String?

  @Option(help: ArgumentHelp("Writes a pcapng a verdict, with the frames as the program left them.", valueName: "dir"))
  var write: String?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "Counts the packets that a libpcap filter matches on their own; repeatable.", valueName: "name=filter"))
  var classes: [Assignment] = []

  @Option(
    help: ArgumentHelp(
      "Writes what the program hands to user space, a line of JSON an event; - for standard output. Without a file: "
        + "lines for people, on standard error.", valueName: "file"))
  var events: String?

  @Option(
    name: .customLong("event-type"),
    help: ArgumentHelp("Says which struct the events of a map are; repeatable.", valueName: "map=struct"))
  var eventTypes: [Assignment] = []

  @Flag(help: "Shows the maps after the run.")
  var dumpMaps = false

  @Flag(help: "Shows what bpf_trace_printk writes, on standard error.")
  var trace = false

  @Option(
    help: ArgumentHelp("Lets timers run on for so long after the last packet: 500ms, 30s, 2h.", valueName: "duration"))
  var settle: TimeSpan?

  @Option(help: ArgumentHelp("Stops after so many packets.", valueName: "packets"))
  var limit: Int?

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit is not negative") }
    if events == "-", perPacket == "-" {
      throw ValidationError("--events and --per-packet cannot both go to standard output")
    }
    if events == nil, !eventTypes.isEmpty { throw ValidationError("--event-type needs --events") }
  }

  /// What ``VerdictCommand`` puts in for `--events` without a file.
  static let eventsForPeople = "standard error"

  private func eventLog(_ path: String, _ object: ObjectFile, _ backend: any Backend) throws -> EventLog {
    if let path = backend as? PacketPath, path.objectNames.count > 1 {
      throw Failure(.usage, "--events: a chain of programs of one object can be listened to, not of several")
    }
    guard let machine = (backend as? PacketPath)?.machine ?? (backend as? SimulatorBackend)?.machine else {
      throw Failure(.usage, "--events: the kernel's rings are not read; use --backend simulator")
    }
    var types = EventTypes(object)
    do throws(EventTypeError) {
      for type in eventTypes { try types.set(type.value, forMap: type.name) }
    } catch {
      throw Failure(.usage, "\(error)")
    }
    let log =
      path == Self.eventsForPeople
      ? EventLog(form: .text, object: object, types: types)
      : try EventLog(path: path, form: .json, object: object, types: types)
    log.attach(to: machine)
    return log
  }

  func run() async throws {
    do {
      try await replay()
    } catch {
      throw Failure(any: error)
    }
  }

  private func replay() async throws {
    let (prepared, backend) = try await program.load()
    let path = backend as? PacketPath
    if trace { (path?.machine ?? (backend as? SimulatorBackend)?.machine)?.trace = { Terminal.line("trace: \($0)") } }
    let replay = Replay(backend: backend)
    replay.limit = limit
    if let settle { replay.settling = settle.duration }
    replay.classes = try classes.map { try TrafficClass(name: $0.name, filter: $0.value) }
    let capture = try CaptureReader(path: pcap)
    path?.keepsSteps = perPacket != nil
    if let perPacket { replay.packetLog = try PacketLog(path: perPacket, hook: backend.hook) }
    if let events { replay.eventLog = try eventLog(events, prepared.object, backend) }
    if let write { replay.captures = try VerdictCaptures(directory: write, hook: backend.hook) }
    let progress = ProgressLine()
    replay.progress = progress.map { line in { line.show($0) } }

    // A pipe that Ctrl-C ends is at its end: what came through it is run. A file is left where it is.
    let isPipe = capture.progress == nil
    let interrupt = InterruptSignal { [interruption = replay.interruption, endPipe = capture.canceller] in
      if isPipe { endPipe() } else { interruption.request() }
    }
    var result = withExtendedLifetime(interrupt) { replay.run(capture, named: pcap) }
    progress?.clear()
    result.report.notes = prepared.notes + result.report.notes
    if dumpMaps {
      result.report.maps =
        try path.map(MapDump.all(of:))
        ?? backend.maps.map { try MapDump($0, types: prepared.object.types, program: backend.programName) }
    }
    let descriptor: Int32 = perPacket == "-" || events == "-" ? 2 : 1
    let renderer = format.renderer(colour: Terminal.wantsColour(descriptor))
    try Terminal.write(renderer.render(result.report), to: descriptor)
    for fault in result.faults.dropFirst() { Terminal.error("\(fault)") }
    if let fault = result.faults.first { throw Failure(fault) }
  }
}
