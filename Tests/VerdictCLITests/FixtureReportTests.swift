import Capture
import Foundation
import Testing

/// The examples as a reader runs them. What their reports begin with was counted by fixtures/record from what
/// Linux 6.18 answered.
@Suite("Expected reports", .enabled(if: Command.executable != nil, "the command is not built"))
struct FixtureReportTests {
  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: Command.fixture("expected"))) ?? []
    return files.filter { $0.hasSuffix(".report.txt") }.map { String($0.dropLast(11)) }.sorted()
  }()

  private static func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: Command.package.appending(path: folder).path()).sorted()
  }

  private static func arguments(_ name: String, maps: [String] = []) throws -> [String] {
    let object = String(name.prefix { $0 != "_" })
    let capture = try #require(try files("pcaps").first { $0.hasPrefix("\(name).pcap") })
    let seeds = try files("fixtures/seeds").filter { $0.hasPrefix("\(object).") }
    return ["run", Command.fixture("\(object).bpf.o"), "--program", name, "--pcap", Command.capture(capture)]
      + seeds.flatMap { ["--map", "\($0.split(separator: ".")[1])=\(Command.fixture("seeds/\($0)"))"] }
      + maps.flatMap { ["--map", $0] }
  }

  @Test("a report is there for each direction of each example")
  func complete() {
    #expect(
      Set(Self.names).isSuperset(of: [
        "balancer", "dissector", "firewall", "parsers", "redirector", "sampler", "spreader", "steerer", "synflood",
        "tunnel",
        "dns", "marker", "nat", "nat_ingress", "pacer", "trunk", "trunk_ingress", "vxlan", "vxlan_ingress",
      ]))
  }

  @Test("the report begins as Linux's answers have it", arguments: names, ["threaded", "reference"])
  func report(name: String, engine: String) async throws {
    let scratch = try Scratch()
    var maps: [String] = []
    if name == "nat_ingress" {
      // What comes in belongs to what went out before: its table is a seed for this run.
      let outward = try await Command.run(try Self.arguments("nat") + ["--dump-maps", "--format", "json"])
      #expect(outward.code == 0, "\(outward.error)")
      let table = try scratch.file("nat.json", outward.output.utf8)
      maps = ["translations=\(table)", "fragments=\(table)"]
    }
    let ending = try await Command.run(try Self.arguments(name, maps: maps) + ["--engine", engine])
    #expect(ending.code == 0, "\(ending.error)")
    let output = ending.output.replacing(Command.capture(""), with: "pcaps/")
    let expected = try String(contentsOfFile: Command.fixture("expected/\(name).report.txt"), encoding: .utf8)
    #expect(output.prefix(expected.count) == expected)
  }

  /// fixtures/record attached the three to a device and took what arrived at its peer.
  @Test(
    "a chain of examples lets out what it let out of a live device, tags and all", arguments: ["threaded", "reference"])
  func chain(engine: String) async throws {
    let ending = try await Command.run([
      "run", "--chain", Command.fixture("chains/edge.yaml"), "--pcap", Command.capture("edge.pcap"), "--per-packet",
      "-",
      "--engine", engine,
    ])
    #expect(ending.code == 0, "\(ending.error)")
    let recorded = try String(contentsOfFile: Command.fixture("expected/edge.chain.jsonl"), encoding: .utf8)
    let (expected, lines) = (try Self.objects(recorded), try Self.objects(ending.output))
    #expect(expected.count == lines.count && expected.count > 30)
    for (line, answer) in zip(lines, expected) {
      let passed = answer["verdict"] as? String == "pass"
      for key in ["packet", "verdict"] + (passed ? ["output_length", "output_hash"] : []) {
        #expect("\(line[key] ?? "")" == "\(answer[key] ?? "")", "packet \(answer["packet"] ?? "")")
      }
    }
  }

  @Test("a tag that a program pushes is in the written frame, where a device would put it")
  func writtenTags() async throws {
    let scratch = try Scratch()
    let ending = try await Command.run(
      try Self.arguments("trunk") + ["--write", scratch.path("frames"), "--limit", "7"])
    #expect(ending.code == 0, "\(ending.error)")
    let written = try CaptureReader(path: scratch.path("frames/TC_ACT_OK.pcapng"))
    let given = try CaptureReader(path: Command.capture("trunk.pcap"))
    // Untagged frames get VLAN 100; nothing says what priority.
    while let frame = try written.next() {
      let bytes = Array(frame.bytes)
      let length = frame.wireLength
      let untagged = Array(try #require(try given.next()).bytes)
      #expect(bytes == untagged[..<12] + [0x81, 0, 0, 100] + untagged[12...] && length == bytes.count)
    }
    #expect(written.statistics.frames == 7)
  }

  @Test("the programs of the chain count what they counted on the live device")
  func chainCounters() async throws {
    let ending = try await Command.run([
      "run", "--chain", Command.fixture("chains/edge.yaml"), "--pcap", Command.capture("edge.pcap"), "--dump-maps",
      "--format", "json",
    ])
    let maps = try #require(try ending.json()["maps"] as? [[String: Any]])
    let recorded = try JSONDecoder().decode(
      [String: [String: [String: String]]].self,
      from: Data(contentsOf: URL(filePath: Command.fixture("expected/edge.chain.maps.json"))))
    for (object, names) in [
      ("pacer", ["unlimited", "at_once", "delayed", "marked", "dropped", "scheduled", "malformed"]),
      ("trunk", ["passed", "pushed", "popped", "translated", "unknown", "refused", "malformed", "failed"]),
    ] {
      let map = try #require(maps.first { $0["name"] as? String == "\(object)/.bss" })
      let value = (map["entries"] as? [[String: Any]])?.first?["value"] as? [String: Any]
      let counters = try #require(value?["counters"] as? [String: Int])
      let words = Self.words(try #require(recorded[object]?[".bss"]?["0x00000000"]))
      #expect(names.map { counters[$0] } == Array(words.prefix(names.count)), "\(object)")
    }
    let outcomes = try #require(maps.first { $0["name"] as? String == "nat/outcomes" })
    let counts = (outcomes["entries"] as? [[String: Any]] ?? []).map {
      ($0["values"] as? [[String: Any]])?.first?["value"] as? Int ?? -1
    }
    let expected = try #require(recorded["nat"]?["outcomes"]).reduce(into: [Int](repeating: 0, count: counts.count)) {
      $0[Int($1.key.dropFirst(2).prefix(2), radix: 16) ?? 0] = Self.words($1.value)[0] ?? -1
    }
    #expect(counts == expected && counts.count == 13)
  }

  /// 64-bit numbers, little-endian.
  private static func words(_ hex: String) -> [Int?] {
    let digits = Array(hex.dropFirst(2))
    return stride(from: 0, to: digits.count, by: 16).map { start in
      let bytes = stride(from: start + 14, through: start, by: -2).map { String(digits[$0...$0 + 1]) }
      return Int(bytes.joined(), radix: 16)
    }
  }

  private static func objects(_ lines: String) throws -> [[String: Any]] {
    try lines.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }
}
