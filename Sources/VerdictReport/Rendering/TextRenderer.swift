import BPFMachine
import Datapath

/// A report for people: aligned tables, bars, and colour where it is wanted.
public struct TextRenderer: Renderer {
  /// True for escape sequences that colour a terminal.
  public var colour: Bool

  /// Plain unless told otherwise.
  public init(colour: Bool = false) { self.colour = colour }

  public func render(_ report: Report) -> String {
    var text = "\(report.program) (\(report.hook.rawValue)) over \(report.capture)\n"
    if let partial = report.partial { text += dressed("PARTIAL: \(partial)", "1;33") + "\n" }
    text += "\n" + verdictTable(report.distribution)
    if let chain = report.chain { text += "\n" + chainTables(chain) }
    if !report.classes.isEmpty { text += "\n" + classTable(report) }
    text += "\n" + speedLine(report)
    if report.packets > 0 { text += instructionLine(report.instructions) }
    if !report.traps.isEmpty { text += "\n" + traps(report.traps) }
    if !report.notes.isEmpty { text += "\n" + report.notes.map { "note: \($0)\n" }.joined() }
    for map in report.maps ?? [] { text += "\n" + map.text }
    return text
  }

  private func verdictTable(_ distribution: Distribution) -> String {
    let total = distribution.total
    var table = TextTable([.left, .right, .right, .right, .right, .left])
    table.rows.append(["VERDICT", "PACKETS", "SHARE", "BYTES", "SHARE", ""])
    for row in rows(of: distribution) {
      table.rows.append([
        row.name, Format.grouped(row.count.packets), Format.percent(row.count.packets, of: total.packets),
        Format.grouped(row.count.bytes), Format.percent(row.count.bytes, of: total.bytes),
        Format.bar(row.count.packets, of: total.packets, width: 30),
      ])
    }
    let last = table.rows.count
    table.rows.append(["total", Format.grouped(total.packets), "", Format.grouped(total.bytes), "", ""])
    let names = table.rows.map { $0[0] }
    table.dress = { row, column, cell in
      if row == 0 || row == last { return dressed(cell, "1") }
      return column == 0 || column == 5 ? dressed(cell, Self.paint(names[row])) : cell
    }
    return table.text
  }

  /// A class a row, a verdict a column, packets in the cells.
  private func classTable(_ report: Report) -> String {
    let columns = rows(of: report.distribution)
    var table = TextTable([.left, .right, .right] + columns.map { _ in .right })
    table.rows.append(["CLASS", "PACKETS", "SHARE"] + columns.map(\.name))
    for row in report.classes {
      let cells = columns.map { column -> String in
        let count = column.verdict.map { row.distribution[$0] } ?? row.distribution.pooled
        return count.packets == 0 ? "-" : Format.grouped(count.packets)
      }
      table.rows.append(
        [
          row.name, Format.grouped(row.distribution.total.packets),
          Format.percent(row.distribution.total.packets, of: report.packets),
        ] + cells)
    }
    table.dress = { row, column, cell in
      guard row == 0 else { return cell }
      return dressed(cell, column < 3 ? "1" : Self.paint(columns[column - 3].name))
    }
    return table.text
  }

  private func rows(of distribution: Distribution) -> [(name: String, verdict: Verdict?, count: PacketCount)] {
    var rows = distribution.counts.map { count -> (name: String, verdict: Verdict?, count: PacketCount) in
      let name = count.verdict.name
      return (name == "INVALID" ? "INVALID \(count.verdict.number)" : name, count.verdict, count.count)
    }
    if distribution.pooled.packets > 0 { rows.append(("INVALID (other)", nil, distribution.pooled)) }
    return rows
  }

  private func instructionLine(_ statistics: InstructionStatistics) -> String {
    func number(_ value: Int) -> String { Format.grouped(UInt64(max(0, value))) }
    guard statistics.isKnown else { return "instructions a packet: not known\n" }
    let about = statistics.isApproximate ? "about " : ""
    return "instructions a packet: min \(number(statistics.minimum)), median \(about)\(number(statistics.median)), "
      + "p99 \(about)\(number(statistics.percentile99)), max \(number(statistics.maximum)); "
      + "\(Format.grouped(statistics.total)) in all\n"
  }

  private func speedLine(_ report: Report) -> String {
    let rate = report.packetsPerSecond
    let speed = rate >= 1 && rate < 1e15 ? ": \(Format.grouped(UInt64(rate))) packets a second" : ""
    return "\(Format.count(report.packets, "packet")) in \(Format.duration(report.elapsed))\(speed)\n"
  }

  private func traps(_ traps: [TrapCount]) -> String {
    var text = dressed("TRAPS", "1") + "\n"
    for trap in traps {
      let place = trap.trap
      let subject = Format.count(trap.packets, trap.isDeferred ? "call" : "packet")
      text += "\(subject): \(dressed(place.reason, "31"))\n"
      text += "  at instruction \(place.instruction) of \(place.function)"
      if let source = place.source { text += ", \(source)" }
      text += "\n"
      if let line = place.sourceText { text += "    \(line.trimmed)\n" }
    }
    return text
  }

  func dressed(_ text: String, _ code: String) -> String {
    colour && !text.isEmpty && !code.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  private static func paint(_ verdict: String) -> String {
    switch verdict {
    case "XDP_PASS", "pass", "TC_ACT_OK", "TC_ACT_PIPE", "TC_ACT_UNSPEC": "32"
    case "XDP_DROP", "drop", "TC_ACT_SHOT": "31"
    case "XDP_TX", "tx", "redirect", "XDP_REDIRECT", "TC_ACT_REDIRECT": "36"
    case "stolen", "TC_ACT_STOLEN", "TC_ACT_QUEUED", "TC_ACT_TRAP", "TC_ACT_REPEAT", "TC_ACT_RECLASSIFY": "33"
    default: "1;35"
    }
  }
}

extension String {
  /// Without blanks and tabs at its ends.
  var trimmed: Substring {
    guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return self[start...end]
  }
}
