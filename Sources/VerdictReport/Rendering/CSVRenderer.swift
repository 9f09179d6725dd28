import Datapath

/// The distribution as CSV (RFC 4180, but lines end in a plain newline): a row a verdict, and, with classes, a row a
/// class and verdict after those of all packets, whose class is `*`.
public struct CSVRenderer: Renderer {
  /// The one and only.
  public init() {}

  public func render(_ report: Report) -> String {
    var text = report.classes.isEmpty ? "" : "class,"
    text += "verdict,code,packets,share,bytes,bytes_share\n"
    text += rows(report.distribution, prefix: report.classes.isEmpty ? "" : "*,")
    for row in report.classes {
      text += rows(row.distribution, prefix: Self.field(row.name) + ",")
    }
    if let chain = report.chain { text += "\n" + chain.csv }
    return text
  }

  private func rows(_ distribution: Distribution, prefix: String) -> String {
    func row(_ name: String, _ code: String, _ count: PacketCount) -> String {
      let shares = (
        Self.share(count.packets, of: distribution.total.packets), Self.share(count.bytes, of: distribution.total.bytes)
      )
      return "\(prefix)\(name),\(code),\(count.packets),\(shares.0),\(count.bytes),\(shares.1)\n"
    }
    var text = ""
    for count in distribution.counts { text += row(count.verdict.name, String(count.verdict.number), count.count) }
    if distribution.pooled.packets > 0 { text += row("INVALID", "", distribution.pooled) }
    return text
  }

  private static func share(_ part: UInt64, of whole: UInt64) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole)
  }

  /// Quoted where a comma, a quote or a line break asks for it.
  static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
