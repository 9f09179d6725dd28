import Foundation
import Testing

/// The examples of TC as a reader runs them. What their reports begin with was counted by fixtures/record from what
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

  private static func objects(_ lines: String) throws -> [[String: Any]] {
    try lines.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }
}
