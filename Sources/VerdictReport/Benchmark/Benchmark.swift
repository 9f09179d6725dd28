import Capture
import Datapath

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Measures a backend on frames held in memory: the CPU time of this thread for whole packets, hand-over, context and
/// verdict included.
public struct Benchmark {
  /// A figure over all runs.
  public struct Figure: Hashable, Sendable {
    /// The fastest run's.
    public var minimum: Double
    /// The median run's.
    public var median: Double
  }

  /// What was measured.
  public struct Result: Hashable, Sendable {
    /// Packets of one run.
    public var packets: Int
    /// Instructions of one run; 0 when the backend does not tell.
    public var instructions: Int
    /// Nanoseconds a packet.
    public var perPacket: Figure
    /// Nanoseconds an instruction; nil when the backend does not tell how many there were.
    public var perInstruction: Figure?
    /// Packets of one run that ended in a trap.
    public var trapped: Int
  }

  /// What runs the program.
  public let backend: any Backend
  /// What it runs on.
  public let frames: FrameStore
  /// How often a run goes through the frames; nil finds out how often it takes for a run of about 50 ms.
  public var repeats: Int?
  /// Runs that are measured, after one that is not.
  public var runs = 10
  /// How often one call of the backend runs the program on a frame: what a kernel was told to repeat by itself.
  public var runsPerCall = 1

  /// A benchmark of `backend` on `frames`.
  public init(backend: any Backend, frames: FrameStore) {
    self.backend = backend
    self.frames = frames
  }

  private struct Run {
    var nanoseconds = 0
    var instructions = 0
    var trapped = 0
  }

  /// Measures.
  ///
  /// - Throws: ``BackendError`` when the backend cannot go on.
  public func measure() throws(BackendError) -> Result {
    var repeats = repeats ?? 1
    var warm = try run(repeats)
    if self.repeats == nil, !frames.frames.isEmpty {
      while warm.nanoseconds < 50_000_000, repeats < 1 << 30 {
        repeats *= warm.nanoseconds < 5_000_000 ? 8 : 2
        warm = try run(repeats)
      }
    }
    var measured: [Run] = []
    for _ in 0..<max(1, runs) { measured.append(try run(repeats)) }
    let times = measured.map { Double($0.nanoseconds) }.sorted()
    let instructions = measured[0].instructions
    let packets = repeats * frames.frames.count * runsPerCall
    func figure(_ count: Int) -> Figure {
      Figure(
        minimum: times[0] / Double(max(1, count)),
        median: (times[(times.count - 1) / 2] + times[times.count / 2]) / 2 / Double(max(1, count)))
    }
    return Result(
      packets: packets, instructions: instructions, perPacket: figure(packets),
      perInstruction: instructions > 0 ? figure(instructions) : nil, trapped: measured[0].trapped)
  }

  private func run(_ repeats: Int) throws(BackendError) -> Run {
    // The engine's own backend, known by its type, costs no dynamic call.
    if let simulator = backend as? SimulatorBackend { return try run(simulator, frames.frames, repeats) }
    if let path = backend as? PacketPath { return try run(path, frames.frames, repeats) }
    return try run(backend, frames.frames, repeats)
  }

  /// Nothing but the runs, and the two sums that show that nothing was left out.
  private func run(
    _ backend: some Backend, _ frames: UnsafeBufferPointer<Frame>, _ repeats: Int
  ) throws(BackendError) -> Run {
    var run = Run()
    let start = Self.threadTime
    for _ in 0..<repeats {
      for frame in frames {
        let outcome = try backend.run(frame)
        run.instructions &+= outcome.instructions
        if outcome.isTrapped { run.trapped &+= 1 }
      }
    }
    run.nanoseconds = Self.threadTime - start
    return run
  }

  /// CPU time of this thread, in nanoseconds.
  private static var threadTime: Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

extension Benchmark.Result {
  /// One JSON object: `engine, packets, instructions, ns_per_packet, ns_per_instruction`, the last two `{min, median}`.
  public func json(engine: String) -> String {
    func figure(_ figure: Benchmark.Figure?) -> JSON {
      guard let figure else { return .null }
      return .object([("min", .number(figure.minimum)), ("median", .number(figure.median))])
    }
    return JSON.object([
      ("engine", .string(engine)), ("packets", .integer(Int64(packets))),
      ("instructions", instructions > 0 ? .integer(Int64(instructions)) : .null),
      ("ns_per_packet", figure(perPacket)), ("ns_per_instruction", figure(perInstruction)),
    ]).prettyText + "\n"
  }

  /// For people.
  public func text(engine: String) -> String {
    func number(_ value: Double) -> String {
      let hundredths = Int64((value * 100).rounded())
      let fraction = hundredths % 100
      return "\(Format.grouped(UInt64(max(0, hundredths / 100)))).\(fraction < 10 ? "0" : "")\(fraction)"
    }
    var table = TextTable([.left, .right, .right])
    table.rows = [[engine, "MIN", "MEDIAN"], ["ns a packet", number(perPacket.minimum), number(perPacket.median)]]
    if let perInstruction {
      table.rows.append(["ns an instruction", number(perInstruction.minimum), number(perInstruction.median)])
    }
    var text = table.text
    text += "\(Format.count(UInt64(packets), "packet")) a run"
    if instructions > 0 { text += ", \(Format.count(UInt64(instructions), "instruction"))" }
    text += "\n"
    if trapped > 0 { text += "note: \(Format.count(UInt64(trapped), "packet")) of a run ended in a trap\n" }
    return text
  }
}
