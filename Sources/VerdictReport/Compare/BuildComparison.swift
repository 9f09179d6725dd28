import BPFMachine
import Capture
import Datapath

/// Runs two builds of a program over the same frames and says which packets they treat differently: for reviewing a change of
/// rules.
public final class BuildComparison {
  /// The build that is in use.
  public let old: any Backend
  /// The build that is to replace it.
  public let new: any Backend
  /// Packets to run at most; nil for all.
  public var limit: Int?
  /// Takes a line a packet, when set.
  public var packetLog: ComparisonLog?
  /// Stops the run early, from a signal handler or another thread.
  public let interruption: Interruption

  /// A comparison of two builds for the same hook.
  public init(old: any Backend, new: any Backend, interruption: Interruption = Interruption()) {
    self.old = old
    self.new = new
    self.interruption = interruption
  }

  /// Runs the frames of `source` to its end, to a fault, or to ``limit``. A fault ends the run; what was found stands.
  public func run(_ source: some FrameSource, named capture: String) -> BuildComparisonResult {
    var report = BuildReport(old: old.program.name, new: new.program.name, hook: old.hook, capture: capture)
    var faults: [ReplayFault] = []
    do throws(ReplayFault) {
      while report.total.packets < UInt64(limit ?? .max) {
        guard !interruption.isRequested else { throw .interrupted }
        guard let frame = try Self.next(source) else { break }
        try run(frame, &report)
      }
    } catch {
      faults.append(error)
    }
    report.notes += source.notes
    if let packetLog {
      do { try packetLog.finish() } catch { faults.append(.output(error)) }
    }
    if let fault = faults.first(where: \.endsRun) {
      report.partial = "after \(Format.count(report.total.packets, "packet")): \(fault)"
    }
    return BuildComparisonResult(report: report, faults: faults)
  }

  private static func next(_ source: some FrameSource) throws(ReplayFault) -> Frame? {
    do { return try source.next() } catch { throw .capture(error) }
  }

  private func run(_ frame: Frame, _ report: inout BuildReport) throws(ReplayFault) {
    let before: Outcome
    let after: Outcome
    do throws(BackendError) {
      before = try old.run(frame)
      after = try new.run(frame)
    } catch {
      throw .backend(error)
    }
    let differs = difference(before, after)
    report.total += PacketCount(packets: 1, bytes: UInt64(frame.bytes.count))
    if !differs.isEmpty {
      report.add(
        Divergence(frame, left: .init(old, before), right: .init(new, after)), differs)
    }
    guard let packetLog else { return }
    do throws(OutputError) {
      try packetLog.record(frame, .init(old, before), .init(new, after), differs: differs.map(\.rawValue))
    } catch {
      throw .output(error)
    }
  }

  private func difference(_ before: Outcome, _ after: Outcome) -> [BuildReport.Aspect] {
    var aspects: [BuildReport.Aspect] = []
    if before.returnValue != after.returnValue || before.isTrapped != after.isTrapped { aspects.append(.verdict) }
    if old.outputMetadataLength != new.outputMetadataLength || !old.output.isSame(new.output) { aspects.append(.frame) }
    if aspects.first != .verdict, before.isRedirected || after.isRedirected,
      Verdict(hook: old.hook, returnValue: before.returnValue).isRedirect,
      target(of: old, before) != target(of: new, after)
    {
      aspects.append(.redirect)
    }
    return aspects
  }

  private func target(of backend: any Backend, _ outcome: Outcome) -> String? {
    outcome.isRedirected ? backend.redirect.map(backend.describe) : nil
  }
}

/// What a comparison of two builds came to.
public struct BuildComparisonResult: Sendable {
  /// What was found, before a fault when there is one.
  public var report: BuildReport
  /// What went wrong, in order; empty when nothing did.
  public var faults: [ReplayFault]
}
