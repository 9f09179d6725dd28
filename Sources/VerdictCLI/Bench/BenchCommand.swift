import ArgumentParser
import BPFKernel
import Capture
import VerdictReport

/// `verdict bench`.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures a program on a frame or a capture held in memory: CPU time of the thread."
  )

  @OptionGroup var program: ProgramOptions

  @Option(help: ArgumentHelp("One raw frame.", valueName: "file"))
  var packet: String?

  @Option(help: ArgumentHelp("A capture, all of whose frames are run in turn.", valueName: "file"))
  var pcap: String?

  @Option(
    name: .customLong("repeat"), help: "How often a run goes through the frames; enough for 50 ms when not given.")
  var repeats: Int?

  @Option(
    help: ArgumentHelp(
      "With --backend kernel: runs that one BPF_PROG_TEST_RUN makes on a frame by itself, instead of a call each.",
      valueName: "n"))
  var kernelRepeat = 1

  @Option(help: "Runs to measure; minimum and median are given.")
  var runs = 10

  @Option(help: "text or json.")
  var format: SimpleFormat = .text

  func validate() throws {
    if (packet == nil) == (pcap == nil) { throw ValidationError("give either --packet or --pcap") }
    if let repeats, repeats < 1 { throw ValidationError("--repeat is at least 1") }
    if kernelRepeat < 1 { throw ValidationError("--kernel-repeat is at least 1") }
    if kernelRepeat > 1, program.backend != .kernel {
      throw ValidationError("--kernel-repeat goes with --backend kernel; --repeat is for both backends")
    }
    if runs < 1 { throw ValidationError("--runs is at least 1") }
  }

  func run() async throws {
    do {
      let (prepared, backend) = try await program.load()
      for note in prepared.notes { Terminal.line("note: \(note)") }
      var benchmark = Benchmark(backend: backend, frames: try frames())
      benchmark.repeats = repeats
      benchmark.runs = runs
      if let kernel = backend as? KernelBackend {
        kernel.repeatCount = kernelRepeat
        benchmark.runsPerCall = kernelRepeat
      }
      let result = try benchmark.measure()
      let engine = program.backend == .kernel ? "kernel" : program.setup.engine.rawValue
      try Terminal.write(format == .json ? result.json(engine: engine) : result.text(engine: engine), to: 1)
    } catch {
      throw Failure(any: error)
    }
  }

  private func frames() throws -> FrameStore {
    if let packet { return FrameStore(frame: try InputFile.read(packet)) }
    let frames = try FrameStore(CaptureReader(path: pcap ?? "-"))
    guard !frames.frames.isEmpty else {
      throw Failure(.badData, "\(pcap ?? "-"): there is no frame in it to measure with")
    }
    return frames
  }
}
