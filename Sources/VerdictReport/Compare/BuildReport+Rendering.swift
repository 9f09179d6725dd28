import Datapath

extension BuildReport {
  /// Flows that the text lists.
  private static let shownFlows = 40

  /// For people.
  public var text: String {
    var text = "\(old) and \(new) (\(hook.rawValue)) over \(capture)\n"
    if let partial { text += "PARTIAL: \(partial)\n" }
    text += "\n\(Format.count(otherVerdict.packets, "packet")) of \(Format.grouped(total.packets)) with another verdict"
    text += ", \(Format.grouped(otherRedirect.packets)) with another target"
    text += ", \(Format.grouped(otherFrame.packets)) with other bytes and the same verdict\n"
    if hasChanges {
      text += "\n" + transitionTable + "\n" + flowTable
      if let first { text += "\n" + first.text(title: "FIRST CHANGE", left: "old", right: "new") }
    }
    if !notes.isEmpty { text += "\n" + notes.map { "note: \($0)\n" }.joined() }
    return text
  }

  private var transitionTable: String {
    var table = TextTable([.left, .left, .right, .right, .right])
    table.rows.append(["OLD", "NEW", "FLOWS", "PACKETS", "BYTES"])
    for row in transitions {
      table.rows.append([
        row.old, row.new, Format.grouped(UInt64(row.flows)), Format.grouped(row.count.packets),
        Format.grouped(row.count.bytes),
      ])
    }
    return table.text
  }

  private var flowTable: String {
    var table = TextTable([.left, .left, .left, .right, .right, .right, .left])
    table.rows.append(["FLOW", "OLD", "NEW", "PACKETS", "BYTES", "FIRST", ""])
    let sorted = sortedChanges
    for (change, count) in sorted.prefix(Self.shownFlows) {
      table.rows.append([
        change.flow.text, change.old, change.new, Format.grouped(count.count.packets),
        Format.grouped(count.count.bytes), "\(count.first)", change.hasOtherFrame ? "other bytes" : "",
      ])
    }
    var text = table.text
    if sorted.count > Self.shownFlows { text += "and \(Format.grouped(UInt64(sorted.count - Self.shownFlows))) more\n" }
    if pooled.packets > 0 {
      text += "and \(Format.count(pooled.packets, "packet")) of flows beyond the first \(Self.flowLimit)\n"
    }
    return text
  }

  /// As one JSON object.
  public var json: String {
    func count(_ count: PacketCount) -> JSON {
      .object([("packets", .unsigned(count.packets)), ("bytes", .unsigned(count.bytes))])
    }
    var members: [(String, JSON)] = [
      ("old", .string(old)), ("new", .string(new)), ("hook", .string(hook.rawValue)), ("capture", .string(capture)),
      ("packets", .unsigned(total.packets)), ("bytes", .unsigned(total.bytes)),
      ("other_verdict", count(otherVerdict)), ("other_redirect", count(otherRedirect)),
      ("other_frame", count(otherFrame)),
    ]
    members.append(
      (
        "transitions",
        .array(
          transitions.map { row in
            .object([
              ("old", .string(row.old)), ("new", .string(row.new)), ("flows", .integer(Int64(row.flows))),
              ("packets", .unsigned(row.count.packets)), ("bytes", .unsigned(row.count.bytes)),
            ])
          })
      ))
    members.append(("flows", .array(sortedChanges.map { Self.row($0.change, $0.count) })))
    if pooled.packets > 0 { members.append(("other_flows", count(pooled))) }
    if let first { members.append(("first", first.json(left: "old", right: "new"))) }
    if !notes.isEmpty { members.append(("notes", .array(notes.map(JSON.string)))) }
    if let partial { members.append(("partial", .string(partial))) }
    return JSON.object(members).prettyText + "\n"
  }

  private static func row(_ change: Change, _ count: ChangeCount) -> JSON {
    let flow = change.flow
    return .object([
      ("protocol", .string(flow.networkProtocol)), ("source", .string(flow.source)),
      ("source_port", flow.ports.map { .integer(Int64($0.source)) } ?? .null),
      ("destination", .string(flow.destination)),
      ("destination_port", flow.ports.map { .integer(Int64($0.destination)) } ?? .null),
      ("old", .string(change.old)), ("new", .string(change.new)), ("other_frame", .bool(change.hasOtherFrame)),
      ("packets", .unsigned(count.count.packets)), ("bytes", .unsigned(count.count.bytes)),
      ("first", .integer(Int64(count.first))),
    ])
  }
}
