import BPFMachine
import Datapath

extension ComparisonReport {
  /// For people.
  public var text: String {
    var text =
      "\(program) (\(hook.rawValue)) over \(capture): simulator and kernel\(kernel.isEmpty ? "" : " \(kernel)")\n"
    if let partial { text += "PARTIAL: \(partial)\n" }
    text += "\n" + agreement
    if !causes.isEmpty { text += "\n" + causeTable }
    if let first { text += "\n" + first.text(title: "FIRST DIVERGENCE", left: "simulator", right: "kernel") }
    if let firstFault, firstFault.packet != first?.packet {
      text += "\n" + firstFault.text(title: "FIRST WITHOUT A KNOWN CAUSE", left: "simulator", right: "kernel")
    }
    for map in maps { text += "\n" + map.text(left: "simulator", right: "kernel") }
    let lines = steering + notes + uncomparedMaps.map { "map \($0); not compared" }
    if !lines.isEmpty { text += "\n" + lines.map { "note: \($0)\n" }.joined() }
    return text
  }

  private var agreement: String {
    let compared = packets - skipped
    var text = "\(Format.grouped(agreed)) of \(Format.count(compared, "packet")) agree\(compared == 1 ? "s" : "")"
    if differing > 0 { text += ", \(Format.grouped(differing)) differ" }
    text += "\n"
    if skipped > 0 {
      text += "\(Format.count(skipped, "packet")) not compared, \(DivergenceCause.testRunLimit.summary)"
      text += firstSkipped.map { "; the first: \($0)\n" } ?? "\n"
    }
    if comparedMaps > 0 {
      let same = comparedMaps - maps.count
      text += "\(same) of \(Format.count(UInt64(comparedMaps), "map")) hold\(comparedMaps == 1 ? "s" : "") the same\n"
    }
    return text
  }

  private var causeTable: String {
    var table = TextTable([.left, .right, .right, .left])
    table.rows.append(["CAUSE", "PACKETS", "FIRST", ""])
    for cause in DivergenceCause.allCases {
      guard let count = causes[cause] else { continue }
      table.rows.append([cause.rawValue, Format.grouped(count.packets), "\(count.first)", cause.summary])
    }
    return table.text
  }
}

extension Divergence {
  /// One packet in full.
  func text(title: String, left leftName: String, right rightName: String) -> String {
    var text = "\(title): packet \(packet), \(length) bytes, \(flow.text)\n"
    if !causes.isEmpty {
      text += "  probable cause: \(causes.map(\.summary).joined(separator: "; "))\n"
      if let follows { text += "  the maps came apart at packet \(follows)\n" }
    }
    var table = TextTable([.left, .left, .left, .left])
    table.rows.append(["", "", leftName.uppercased(), rightName.uppercased()])
    table.rows.append(["  verdict", "", left.verdict.label, right.verdict.label])
    if left.redirect != right.redirect, hook == .xdp || left.redirect != nil {
      if left.redirect != nil && right.redirect != nil {
        table.rows.append(["  redirect", "", left.redirect ?? "-", right.redirect ?? "-"])
      }
    }
    let difference = frameDifference
    for item in difference.items {
      table.rows.append([
        "  \(item.name)", item.offset.map { "byte \($0)" } ?? "", item.left ?? "-", item.right ?? "-",
      ])
    }
    if hasOtherContext {
      for field in ContextField.all(hook) {
        let values = (field.value(in: left.context), field.value(in: right.context))
        guard values.0 != values.1 else { continue }
        table.rows.append([
          "  context.\(field.name)", "", values.0.map { "\($0)" } ?? "-", values.1.map { "\($0)" } ?? "-",
        ])
      }
    }
    text += table.text
    if difference.omitted > 0 { text += "  and \(Format.count(UInt64(difference.omitted), "difference")) more\n" }
    for (name, side) in [(leftName, left), (rightName, right)] {
      guard let trap = side.trap else { continue }
      text += "  the \(name) stopped: \(trap.reason), at instruction \(trap.instruction) of \(trap.function)"
      text += (trap.source.map { ", \($0)" } ?? "") + "\n"
    }
    return text
  }

  private var hook: Hook { left.verdict.hook }
}

extension Verdict {
  /// `XDP_DROP`, `INVALID 77`.
  var label: String { name == "INVALID" ? "INVALID \(number)" : name }
}

extension MapDifference {
  func text(left leftName: String, right rightName: String) -> String {
    var text = "MAP \(map) (\(type)): \(Format.count(UInt64(elements), "element")) differ\(elements == 1 ? "s" : "")"
    if counts.left != counts.right {
      text += "; \(counts.left) in the \(leftName), \(counts.right) in the \(rightName)"
    }
    text += "\n"
    var table = TextTable([.left, .left, .left, .left, .left])
    table.rows.append(["  KEY", "FIELD", leftName.uppercased(), rightName.uppercased(), "CAUSE"])
    for item in items {
      let field = [item.cpu.map { "cpu \($0)" }, item.field.isEmpty ? nil : item.field].compactMap(\.self)
      table.rows.append([
        "  \(item.key)", field.joined(separator: " "), item.left ?? "-", item.right ?? "-", item.cause.rawValue,
      ])
    }
    text += table.text
    let more = causes.values.reduce(0, +) - items.count
    if more > 0 { text += "  and \(Format.grouped(UInt64(more))) more\n" }
    return text
  }
}
