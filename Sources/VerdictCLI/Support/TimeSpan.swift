import ArgumentParser

/// A span of time as options take it: a whole number with its unit, `250us`, `500ms`, `30s`, `5m`, `2h`, `1d`.
struct TimeSpan: ExpressibleByArgument {
  let duration: Duration

  private static let units: [(name: String, nanoseconds: UInt64)] = [
    ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
  ]

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    let suffix = argument.dropFirst(digits.count)
    guard let number = UInt64(digits), let unit = Self.units.first(where: { $0.name == suffix }) else { return nil }
    let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
    guard !overflow, let nanoseconds = Int64(exactly: nanoseconds) else { return nil }
    duration = .nanoseconds(nanoseconds)
  }
}
