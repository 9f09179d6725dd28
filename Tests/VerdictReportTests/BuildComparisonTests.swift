import BPFMachine
import Capture
import Datapath
import Foundation
import SystemPackage
import Testing

@testable import VerdictReport

@Suite("Build against build")
struct BuildComparisonTests {
  private typealias Answer = ScriptedBackend.Answer

  /// UDP from 192.0.2.`host` to 198.51.100.1:53.
  private static func frame(host: UInt8) -> [UInt8] {
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
      + [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, host, 198, 51, 100, 1]
      + [0x04, 0, 0, 53, 0, 8, 0, 0]
  }

  private static func compare(
    _ hosts: [UInt8], log: ComparisonLog? = nil, old: @escaping (UInt8) -> Answer, new: @escaping (UInt8) -> Answer
  ) -> BuildReport {
    let comparison = BuildComparison(
      old: ScriptedBackend { old($0.bytes[29]) }, new: ScriptedBackend { new($0.bytes[29]) })
    comparison.packetLog = log
    return comparison.run(FrameList(hosts.map { frame(host: $0) }), named: "x").report
  }

  @Test("packets whose verdict changed are counted by flow, the busiest first")
  func flows() {
    let report = Self.compare([1, 2, 3, 2, 1, 2, 4], old: { _ in Answer() }) { host in
      Answer(verdict: host <= 2 ? 1 : host == 4 ? 3 : 2)
    }
    #expect(report.total.packets == 7 && report.otherVerdict.packets == 6 && report.otherFrame.packets == 0)
    let rows = report.sortedChanges
    #expect(rows.map(\.change.flow.source) == ["192.0.2.2", "192.0.2.1", "192.0.2.4"])
    #expect(rows.map(\.change.new) == ["XDP_DROP", "XDP_DROP", "XDP_TX"])
    #expect(rows.map(\.count.count.packets) == [3, 2, 1])
    #expect(rows.map(\.count.count.bytes) == [126, 84, 42])
    #expect(rows.map(\.count.first) == [2, 1, 7])
    #expect(report.transitions.map(\.flows) == [2, 1])
    #expect(report.transitions.map(\.count.packets) == [5, 1])
    #expect(report.first?.packet == 1)
    #expect(report.text.contains("udp 192.0.2.2:1024 > 198.51.100.1:53"))
  }

  @Test("a frame with other bytes and the same verdict is a change of its own")
  func bytes() {
    let report = Self.compare([1, 2], old: { _ in Answer() }) { host in
      var bytes = Self.frame(host: host)
      if host == 2 { bytes[22] = 63 }
      return Answer(output: bytes)
    }
    #expect(report.otherVerdict.packets == 0 && report.otherFrame.packets == 1)
    #expect(report.first?.frameDifference.items.map(\.name) == ["ip.ttl"])
  }

  @Test("builds that do the same have no change")
  func same() {
    let report = Self.compare([1, 2], old: { _ in Answer() }, new: { _ in Answer() })
    #expect(!report.hasChanges && report.changes.isEmpty)
  }

  @Test("a line a packet says what differs")
  func log() throws {
    let path = FilePath("\(temporaryDirectory)/verdict-builds-\(UInt64.random(in: 0...UInt64.max)).jsonl")
    defer { remove(path) }
    let log = try ComparisonLog(path: path.string, left: "old", right: "new")
    _ = Self.compare([1, 2], log: log, old: { _ in Answer() }) { Answer(verdict: $0 == 2 ? 1 : 2) }
    let lines = try text(path).split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
    #expect(lines.map { $0["same"] } == [.bool(true), .bool(false)])
    #expect(lines[0]["differs"] == nil)
    #expect(lines[1]["differs"] == .array([.string("verdict")]))
    #expect(lines[1]["old"]?["verdict"] == .string("XDP_PASS"))
    #expect(lines[1]["new"]?["verdict"] == .string("XDP_DROP"))
    #expect(lines[1]["flow"] == .string("udp 192.0.2.2:1024 > 198.51.100.1:53"))
    #expect(lines[1]["time"] == .string("1700000002.000000002"))
  }

  @Test("flows beyond the limit are pooled, so that memory does not grow")
  func pooled() {
    var report = BuildReport(old: "a", new: "b", hook: .xdp, capture: "x")
    let old = ScriptedBackend { _ in Answer() }
    func divergence(_ number: Int) throws -> Divergence {
      var bytes = Self.frame(host: 1)
      (bytes[26], bytes[27]) = (UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8))
      bytes[28] = UInt8(truncatingIfNeeded: number >> 16)
      return try bytes.withUnsafeBytes {
        let frame = Frame(bytes: $0, wireLength: $0.count, timestamp: 0, number: number)
        let outcome = try old.run(frame)
        return Divergence(frame, left: .init(old, outcome), right: .init(old, outcome))
      }
    }
    let first = try? divergence(1)
    guard var one = first else {
      Issue.record("no divergence")
      return
    }
    for number in 0..<BuildReport.flowLimit + 5 {
      one.flow.source = "\(number)"
      report.add(one, [.verdict])
    }
    #expect(report.changes.count == BuildReport.flowLimit)
    #expect(report.pooled.packets == 5)
  }
}
