import BPFMachine
import Capture
import Datapath

/// Runs a program over the frames of a capture and reports what became of them.
///
/// ```swift
/// let replay = Replay(backend: backend)
/// replay.classes = [try TrafficClass(name: "web", filter: "tcp port 443")]
/// let result = replay.run(try CaptureReader(path: "trace.pcap"), named: "trace.pcap")
/// print(ReportFormat.text.renderer().render(result.report))
/// ```
/// Memory does not grow with the capture.
public final class Replay {
  /// What runs the program.
  public let backend: any Backend
  /// Parts of the traffic to be counted on their own; a packet counts in every class that it matches.
  public var classes: [TrafficClass] = []
  /// Takes a line a packet, when set.
  public var packetLog: PacketLog?
  /// Takes what the program hands to user space, when set.
  public var eventLog: EventLog?
  /// Takes the frames as the program left them, when set.
  public var captures: VerdictCaptures?
  /// How long after the last packet timers run on.
  public var settling = Duration.zero
  /// Packets to run at most; nil for all.
  public var limit: Int?
  /// Stops the run early, from a signal handler or another thread.
  public let interruption: Interruption
  /// Told every few thousand packets how far the run is.
  public var progress: ((ReplayProgress) -> Void)?

  /// A replay on `backend`.
  public init(backend: any Backend, interruption: Interruption = Interruption()) {
    self.backend = backend
    self.interruption = interruption
  }

  /// Runs the frames of `source` to its end, to a fault, or to ``limit``.
  ///
  /// Nothing is thrown: a fault ends the run, and what was computed before it is reported.
  public func run(_ source: some FrameSource, named capture: String) -> ReplayResult {
    var tally = Tally()
    var faults: [ReplayFault] = []
    let clock = ContinuousClock()
    let start = clock.now
    if let fault = runAll(source, &tally, start: start) { faults.append(fault) }
    let elapsed = clock.now - start
    backend.settle(for: UInt64(clamping: settling.nanoseconds))
    finish(&tally, &faults)
    return ReplayResult(
      report: report(tally, faults: faults, notes: source.notes, elapsed: elapsed, capture: capture),
      faults: faults)
  }

  /// In batches, so that the loop over the packets has nothing else to do.
  private func runAll(
    _ source: some FrameSource, _ tally: inout Tally, start: ContinuousClock.Instant
  ) -> ReplayFault? {
    let limit = limit ?? Int.max
    var told = 0
    while tally.packets < limit {
      do throws(ReplayFault) {
        let frames = try Self.nextFrames(source, limit: limit - tally.packets)
        if frames.isEmpty { return nil }
        // The engine's own backend, known by its type, costs no dynamic call.
        if let simulator = backend as? SimulatorBackend {
          try run(frames, simulator, &tally)
        } else if let path = backend as? PacketPath {
          try run(frames, path, &tally)
        } else {
          try run(frames, backend, &tally)
        }
      } catch {
        // A decompressor that the same Ctrl-C ended is no fault of the capture.
        return interruption.isRequested ? .interrupted : error
      }
      if interruption.isRequested { return .interrupted }
      guard let progress, tally.packets - told >= Self.progressInterval else { continue }
      told = tally.packets
      progress(
        ReplayProgress(
          packets: tally.packets, fraction: source.progress, elapsed: ContinuousClock().now - start))
    }
    return nil
  }

  /// Packets from one report of progress to the next.
  private static let progressInterval = 4096

  @inline(__always)
  private func run(
    _ frames: UnsafeBufferPointer<Frame>, _ backend: some Backend, _ tally: inout Tally
  ) throws(ReplayFault) {
    if packetLog == nil, captures == nil, classes.isEmpty, eventLog == nil {
      try runPlain(frames, backend, &tally)
    } else {
      try runObserved(frames, backend, &tally)
    }
  }

  /// Run and count, nothing else.
  private func runPlain(
    _ frames: UnsafeBufferPointer<Frame>, _ backend: some Backend, _ tally: inout Tally
  ) throws(ReplayFault) {
    let interruption = interruption
    for frame in frames where !interruption.isRequested {
      tally.record(frame, try Self.run(backend, frame), backend)
    }
  }

  private func runObserved(
    _ frames: UnsafeBufferPointer<Frame>, _ backend: some Backend, _ tally: inout Tally
  ) throws(ReplayFault) {
    for frame in frames where !interruption.isRequested {
      eventLog?.packet = frame.number
      let outcome = try Self.run(backend, frame)
      eventLog?.packetEnded()
      tally.record(frame, outcome, backend)
      observe(frame, outcome, backend, &tally)
    }
  }

  private static func nextFrames(
    _ source: some FrameSource, limit: Int
  ) throws(ReplayFault) -> UnsafeBufferPointer<Frame> {
    do { return try source.nextFrames(limit: limit) } catch { throw .capture(error) }
  }

  @inline(__always)
  private static func run(_ backend: some Backend, _ frame: Frame) throws(ReplayFault) -> Outcome {
    do { return try backend.run(frame) } catch { throw .backend(error) }
  }

  private func observe(_ frame: Frame, _ outcome: Outcome, _ backend: some Backend, _ tally: inout Tally) {
    let code = Int32(bitPattern: outcome.returnValue)
    if !classes.isEmpty {
      var matches = 0
      for trafficClass in classes where trafficClass.record(frame, code: code) { matches += 1 }
      if matches == 0 { tally.unclassified.record(code: code, bytes: frame.bytes.count) }
      if matches > 1 { tally.overlaps += 1 }
    }
    // What cannot be written is given up; the verdicts are worth the rest of the run.
    if let packetLog {
      do { try packetLog.record(frame, outcome, backend) } catch { dropLog(error, frame.number, &tally) }
    }
    if let captures {
      do { try captures.record(frame, outcome, backend) } catch { dropCaptures(error, frame.number, &tally) }
    }
  }

  private func dropLog(_ error: OutputError, _ packet: Int, _ tally: inout Tally) {
    packetLog = nil
    tally.outputFaults.append(.output(error))
    tally.notes.append("\(error.path) ends before packet \(packet)")
  }

  private func dropCaptures(_ error: CaptureError, _ packet: Int, _ tally: inout Tally) {
    captures = nil
    tally.outputFaults.append(.writing(error))
    tally.notes.append("\(error.path) ends before packet \(packet)")
  }

  private func finish(_ tally: inout Tally, _ faults: inout [ReplayFault]) {
    if let packetLog {
      do { try packetLog.finish() } catch {
        tally.notes.append("\(error.path) is not complete")
        tally.outputFaults.append(.output(error))
      }
    }
    if let eventLog {
      do { try eventLog.finish() } catch {
        tally.notes.append("\(error.path) is not complete")
        tally.outputFaults.append(.output(error))
      }
    }
    if let captures {
      do { try captures.finish() } catch {
        tally.notes.append("\(error.path) is not complete")
        tally.outputFaults.append(.writing(error))
      }
    }
    faults += tally.outputFaults
  }

  private func report(
    _ tally: borrowing Tally, faults: [ReplayFault], notes: [String], elapsed: Duration, capture: String
  ) -> Report {
    let hook = backend.hook
    var report = Report(
      program: backend.title, hook: hook, capture: capture,
      distribution: tally.verdicts.distribution(hook: hook),
      traps: tally.traps.causes(describe: backend.describe), instructions: tally.instructions.statistics(),
      elapsed: elapsed, notes: notes + tally.allNotes, deferred: backend.deferredReport)
    if let deferred = report.deferred {
      report.notes += deferred.notes
      report.traps += deferred.traps.map {
        TrapCount(trap: backend.describe($0.trap), packets: $0.count, isDeferred: true)
      }
    }
    if let path = backend as? PacketPath { report.chain = ChainSummary(path, packets: report.packets) }
    if !classes.isEmpty {
      report.classes = classes.map { $0.distribution(hook: hook) }
      let rest = tally.unclassified.distribution(hook: hook)
      if rest.total.packets > 0 {
        report.classes.append(ClassDistribution(name: "(none)", filter: nil, distribution: rest))
      }
    }
    if let fault = faults.first(where: \.endsRun) {
      report.partial = "after \(Format.count(report.packets, "packet")): \(fault)"
    }
    return report
  }
}
