import BPFMachine
import Datapath

/// A report as one JSON object. Members that not every report has (`classes`, `notes`, `partial`, `maps`) are left out
/// when there is nothing to say. Instruction counts that a kernel does not tell are null.
public struct JSONRenderer: Renderer {
  /// The one and only.
  public init() {}

  public func render(_ report: Report) -> String {
    var members: [(String, JSON)] = [
      ("program", .string(report.program)),
      ("hook", .string(report.hook.rawValue)),
      ("capture", .string(report.capture)),
      ("packets", .unsigned(report.packets)),
      ("bytes", .unsigned(report.distribution.total.bytes)),
      ("verdicts", verdicts(report.distribution)),
      ("traps", .array(report.traps.map(trap))),
      ("instructions", instructions(report.instructions, isKnown: report.packets == 0 || report.instructions.isKnown)),
      ("elapsed_seconds", .number(report.elapsed.seconds)),
      ("packets_per_second", .number(report.packetsPerSecond.rounded())),
    ]
    if !report.classes.isEmpty {
      members.append(("classes", .array(report.classes.map(trafficClass))))
    }
    if let deferred = report.deferred, deferred.isOfNote { members.append(("deferred", self.deferred(deferred))) }
    if let chain = report.chain { members.append(("chain", chain.json)) }
    if !report.notes.isEmpty { members.append(("notes", .array(report.notes.map(JSON.string)))) }
    if let partial = report.partial { members.append(("partial", .string(partial))) }
    if let maps = report.maps { members.append(("maps", .array(maps.map(\.json)))) }
    return JSON.object(members).prettyText + "\n"
  }

  private func verdicts(_ distribution: Distribution) -> JSON {
    let total = distribution.total.packets
    func row(_ name: String, _ code: JSON, _ count: PacketCount) -> JSON {
      .object([
        ("name", .string(name)), ("code", code), ("packets", .unsigned(count.packets)),
        ("bytes", .unsigned(count.bytes)),
        ("share", .number(total == 0 ? 0 : Double(count.packets) / Double(total))),
      ])
    }
    var rows = distribution.counts.map { row($0.verdict.name, .integer($0.verdict.number), $0.count) }
    if distribution.pooled.packets > 0 { rows.append(row("INVALID", .null, distribution.pooled)) }
    return .array(rows)
  }

  private func trap(_ trap: TrapCount) -> JSON {
    .object([
      ("reason", .string(trap.trap.reason)),
      ("instruction", .integer(Int64(trap.trap.instruction))),
      ("source", trap.trap.source.map(JSON.string) ?? .null),
      (trap.isDeferred ? "calls" : "packets", .unsigned(trap.packets)),
    ])
  }

  private func deferred(_ deferred: DeferredReport) -> JSON {
    .object([
      ("timer_callbacks", .unsigned(deferred.timers)), ("work_callbacks", .unsigned(deferred.works)),
      ("instructions", .unsigned(deferred.instructions)),
      ("timers_not_due", .unsigned(UInt64(deferred.started))),
    ])
  }

  private func instructions(_ statistics: InstructionStatistics, isKnown: Bool) -> JSON {
    func number(_ value: Int) -> JSON { .integer(Int64(value)) }
    let members: [(String, JSON)] = [
      ("total", .unsigned(statistics.total)), ("min", number(statistics.minimum)),
      ("median", number(statistics.median)), ("p99", number(statistics.percentile99)),
      ("max", number(statistics.maximum)),
    ]
    return .object(isKnown ? members : members.map { ($0.0, .null) })
  }

  private func trafficClass(_ row: ClassDistribution) -> JSON {
    .object([
      ("name", .string(row.name)), ("filter", row.filter.map(JSON.string) ?? .null),
      ("packets", .unsigned(row.distribution.total.packets)), ("bytes", .unsigned(row.distribution.total.bytes)),
      ("verdicts", verdicts(row.distribution)),
    ])
  }
}
