import Testing

@testable import VerdictReport

@Suite("Instruction statistics")
struct InstructionHistogramTests {
  @Test("Quantiles are those of the sorted list, by nearest rank", arguments: [1, 2, 3, 99, 100, 101, 200, 1001])
  func quantiles(count: Int) {
    var histogram = InstructionHistogram()
    let values = (0..<count).map { ($0 * 7919) % 65_521 }
    for value in values { histogram.record(value) }
    let sorted = values.sorted()
    func rank(_ percent: Int) -> Int { sorted[(count * percent + 99) / 100 - 1] }
    #expect(
      histogram.statistics()
        == InstructionStatistics(
          total: UInt64(values.reduce(0, +)), minimum: sorted[0], median: rank(50), percentile99: rank(99),
          maximum: sorted[count - 1]))
    #expect(!histogram.statistics().isApproximate)
  }

  @Test(
    "Counts beyond the exact range are right to 0.05 %, and said to be approximate",
    arguments: [65_535, 65_536, 65_537, 999_999, 1 << 40, Int.max - 1, Int.max])
  func largeCounts(value: Int) {
    var histogram = InstructionHistogram()
    histogram.record(value)
    histogram.record(Int.max)
    let statistics = histogram.statistics()
    #expect(statistics.minimum == value)
    #expect(statistics.maximum == Int.max)
    #expect(statistics.median >= value)
    #expect(Double(statistics.median - value) <= Double(value) * 0.0005)
    #expect(statistics.isApproximate)
  }

  @Test("Nothing recorded is all zero")
  func empty() {
    let histogram = InstructionHistogram()
    #expect(histogram.statistics() == InstructionStatistics())
  }
}
