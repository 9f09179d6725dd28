import Datapath
import Testing

@testable import VerdictReport

@Suite("Counting verdicts")
struct VerdictCounterTests {
  @Test("Verdicts that occurred are listed by code, undefined ones by their number as the kernel reads it")
  func order() {
    var counter = VerdictCounter()
    for code: Int32 in [2, 1, 2, 77, -1, 4, 2] { counter.record(code: code, bytes: 100) }
    let xdp = counter.distribution(hook: .xdp)
    #expect(xdp.counts.map(\.verdict.name) == ["XDP_DROP", "XDP_PASS", "XDP_REDIRECT", "INVALID", "INVALID"])
    #expect(xdp.counts.map(\.verdict.number) == [1, 2, 4, 77, 4_294_967_295])
    #expect(xdp.counts.map(\.count.packets) == [1, 3, 1, 1, 1])
    #expect(xdp.total == PacketCount(packets: 7, bytes: 700))
    let tc = counter.distribution(hook: .tcIngress)
    #expect(tc.counts.map(\.verdict.number) == [-1, 1, 2, 4, 77])
    #expect(tc.counts.first?.verdict.name == "TC_ACT_UNSPEC")
  }

  @Test("A program that returns noise fills a bounded table; what comes after is pooled, and nothing is lost")
  func noise() {
    var counter = VerdictCounter()
    for code in 0..<5000 { counter.record(code: Int32(code) &* 0x10001 &+ 100, bytes: 1) }
    let distribution = counter.distribution(hook: .xdp)
    #expect(distribution.counts.count == VerdictCounter.otherLimit)
    #expect(distribution.pooled.packets == 5000 - UInt64(VerdictCounter.otherLimit))
    #expect(distribution.total.packets == 5000)
  }
}
