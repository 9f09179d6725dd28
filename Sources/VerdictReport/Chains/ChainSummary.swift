import Datapath

/// What each link of a chain did, and where packets went.
public struct ChainSummary: Sendable {
  /// A link and its counts.
  public struct Row: Sendable {
    public var link: PathLink
    public var count: LinkCount

    public init(link: PathLink, count: LinkCount) {
      self.link = link
      self.count = count
    }

    /// What it returned how often, in words, the most frequent first; a pooled rest last.
    public var answers: [(meaning: String, code: Int32?, count: UInt64)] {
      let counts = count.codes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      let named = counts.map { (meaning: link.meaning(of: $0.key), code: Optional($0.key), count: $0.value) }
      return count.pooled > 0 ? named + [("other", nil, count.pooled)] : named
    }
  }

  /// In the order in which a packet meets them, device by device.
  public var rows: [Row]
  /// Packets and copies at whose end no link had a word: the hook's default stood.
  public var undecided: UInt64
  /// Copies that links sent.
  public var copies: UInt64
  /// Packets and copies by where they ended, other than where they came in; most frequent first.
  public var ends: [(end: String, packets: UInt64)]

  /// What `path` counted so far, of `packets` packets.
  public init(_ path: PacketPath, packets: UInt64) {
    rows = path.links.indices.map { Row(link: path.links[$0], count: path.count(ofLink: $0)) }
    copies = path.copyCount
    let decided = rows.reduce(0) { $0 + $1.count.decided }
    undecided = packets + copies - min(decided, packets + copies)
    ends = path.ends.map { (path.describe($0.key), $0.value) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }
}

extension PacketPath {
  /// Where a way ended, in words.
  package func describe(_ end: Journey.End) -> String {
    switch end {
    case .here: entryName
    case .device(let index, .egress): "out of \(deviceName(index))"
    case .device(let index, .ingress): "into \(deviceName(index))"
    case .elsewhere: "other devices"
    case .target: "target of an XDP redirect"
    case .lost(let loss): loss.rawValue
    }
  }
}

extension TextRenderer {
  /// A link a row: how often it ran and decided, and what it returned.
  func chainTables(_ chain: ChainSummary) -> String {
    var table = TextTable([.left, .right, .right, .left])
    table.rows.append(["LINK", "RUNS", "DECIDED", "VERDICTS"])
    for row in chain.rows {
      let answers = row.answers.prefix(6).map { "\($0.meaning) \(Format.grouped($0.count))" }.joined(separator: ", ")
      table.rows.append([
        row.link.label, Format.grouped(row.count.runs), Format.grouped(row.count.decided),
        answers.isEmpty ? "-" : answers + (row.answers.count > 6 ? ", …" : ""),
      ])
    }
    if chain.undecided > 0 { table.rows.append(["(no link)", "", Format.grouped(chain.undecided), ""]) }
    table.dress = { row, _, cell in row == 0 ? dressed(cell, "1") : cell }
    var text = table.text
    if chain.copies > 0 { text += "\(Format.count(chain.copies, "copy", "copies")) sent by links\n" }
    guard !chain.ends.isEmpty else { return text }
    var ends = TextTable([.left, .right])
    ends.rows = [["END", "PACKETS"]] + chain.ends.map { [$0.end, Format.grouped($0.packets)] }
    ends.dress = { row, _, cell in row == 0 ? dressed(cell, "1") : cell }
    return text + "\n" + ends.text
  }
}

extension ChainSummary {
  /// `links`, `undecided`, `copies` and `ends` of the JSON report.
  var json: JSON {
    .object([
      ("links", .array(rows.map(json))), ("undecided", .unsigned(undecided)), ("copies", .unsigned(copies)),
      ("ends", .array(ends.map { .onOneLine([("end", .string($0.end)), ("packets", .unsigned($0.packets))]) })),
    ])
  }

  private func json(_ row: Row) -> JSON {
    let answers = row.answers.map { answer -> JSON in
      .onOneLine([
        ("name", .string(answer.meaning)), ("code", answer.code.map { .integer(Int64($0)) } ?? .null),
        ("count", .unsigned(answer.count)),
      ])
    }
    return .object([
      ("position", .string(row.link.position)), ("object", row.link.object.map(JSON.string) ?? .null),
      ("name", .string(row.link.name)), ("runs", .unsigned(row.count.runs)),
      ("decided", .unsigned(row.count.decided)), ("verdicts", .array(answers)),
    ])
  }

  /// A second table of the CSV report: a row a link and verdict, with the link's runs and decisions in each.
  var csv: String {
    var text = "link,name,runs,decided,verdict,code,count\n"
    for row in rows {
      let head =
        "\(CSVRenderer.field(row.link.position)),\(CSVRenderer.field(row.link.name)),\(row.count.runs),\(row.count.decided)"
      if row.answers.isEmpty { text += head + ",,,\n" }
      for answer in row.answers {
        text += head + ",\(CSVRenderer.field(answer.meaning)),\(answer.code.map(String.init) ?? ""),\(answer.count)\n"
      }
    }
    return text
  }
}
