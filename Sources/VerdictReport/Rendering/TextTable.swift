/// Columns of text, padded to a common width.
struct TextTable {
  /// Which side of a cell is padded.
  enum Alignment { case left, right }

  var alignments: [Alignment]
  var rows: [[String]] = []
  /// How a cell is dressed after it was padded: row, column, text.
  var dress: (Int, Int, String) -> String = { $2 }

  init(_ alignments: [Alignment]) { self.alignments = alignments }

  /// The lines, each ending in a newline, with no blanks at their ends.
  var text: String {
    let widths = alignments.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    var text = ""
    for (number, row) in rows.enumerated() {
      var line = ""
      var pending = 0
      for (column, cell) in row.enumerated() {
        let padding = widths[column] - cell.count
        if alignments[column] == .right { pending += padding }
        if !cell.isEmpty {
          line += String(repeating: " ", count: pending) + dress(number, column, cell)
          pending = 0
        }
        pending += (alignments[column] == .left ? padding : 0) + 2
      }
      text += line + "\n"
    }
    return text
  }
}

/// Numbers for people.
enum Format {
  /// `1,234,567`.
  static func grouped(_ value: UInt64) -> String {
    let digits = Array(String(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// `12.3%`; a part that is not nothing never reads 0.0%, nor one that is not all 100.0%.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    let share = Double(part) / Double(whole) * 1000
    var tenths = UInt64(share.rounded())
    if tenths == 0, part > 0 { return "<0.1%" }
    if tenths >= 1000, part < whole { tenths = 999 }
    return "\(tenths / 10).\(tenths % 10)%"
  }

  /// A bar of at most `width` characters, to an eighth of one.
  static func bar(_ part: UInt64, of whole: UInt64, width: Int) -> String {
    guard whole > 0, part > 0 else { return "" }
    let eighths = max(1, Int((Double(part) / Double(whole) * Double(width * 8)).rounded()))
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + partial[eighths % 8]
  }

  /// `1.234 s`, `56.7 ms`, `890 µs`.
  static func duration(_ duration: Duration) -> String {
    let nanoseconds = max(0, duration.nanoseconds)
    let (unit, scale): (String, Int64) =
      nanoseconds >= 1_000_000_000 ? ("s", 1_000_000_000) : nanoseconds >= 1_000_000 ? ("ms", 1_000_000) : ("µs", 1000)
    let thousandths = nanoseconds / (scale / 1000)
    let whole = thousandths / 1000
    let decimals = whole >= 100 ? 0 : whole >= 10 ? 1 : 2
    var fraction = String(thousandths % 1000)
    fraction = String(repeating: "0", count: 3 - fraction.count) + fraction
    return decimals == 0 ? "\(whole) \(unit)" : "\(whole).\(fraction.prefix(decimals)) \(unit)"
  }

  /// `1 packet`, `2 packets`, `2 copies`.
  static func count(_ value: UInt64, _ noun: String, _ plural: String? = nil) -> String {
    "\(grouped(value)) \(value == 1 ? noun : plural ?? noun + "s")"
  }
}
