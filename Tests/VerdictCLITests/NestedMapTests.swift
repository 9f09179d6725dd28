import Foundation
import Testing

/// Maps that a loader fills, given by seeds; Objects/nested.c says what is done with them.
@Suite("Maps of maps and user ring buffers", .enabled(if: Command.executable != nil, "the command is not built"))
struct NestedMapTests {
  static let object = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Objects/nested.bpf.o")
    .path()

  private static let services = """
    [{"key": 1, "value": [{"key": 7, "value": 1000}, {"key": 8, "value": 1}]},
     {"key": 0, "value": {"max_entries": 9, "entries": []}}]
    """
  private static let tenants = #"[{"key": 42, "value": {"entries": [{"key": 7, "value": 2000}]}}]"#
  private static let commands = """
    [{"value": {"service": 1, "backend": 2}}, {"value": {"service": 3, "backend": 4}},
     {"value": {"service": 5, "backend": 9}}, {"value": {"service": 6, "backend": 6}}]
    """

  private static func run(_ scratch: Scratch, _ seeds: [String: String], _ more: [String]) async throws
    -> Command.Ending
  {
    var arguments = ["run", object, "--pcap", Command.capture("firewall.pcap"), "--format", "json", "--dump-maps"]
    for (name, text) in seeds {
      arguments += ["--map", "\(name)=\(try scratch.file("\(name).json", Array(text.utf8)))"]
    }
    return try await Command.run(arguments + more)
  }

  private static func maps(_ ending: Command.Ending) throws -> [String: [[String: Any]]] {
    let maps = try #require(try ending.json()["maps"] as? [[String: Any]])
    return Dictionary(
      maps.map { ($0["name"] as? String ?? "", $0["entries"] as? [[String: Any]] ?? []) },
      uniquingKeysWith: { first, _ in first })
  }

  private static func values(_ entries: [[String: Any]]?) -> [Int] { entries?.compactMap { $0["value"] as? Int } ?? [] }

  @Test(
    "Seeds make inner maps and samples, and a dump is a seed again",
    arguments: [["--engine", "reference"], ["--engine", "threaded"], ["--backend", "kernel"]])
  func seeded(options: [String]) async throws {
    let scratch = try Scratch()
    let isKernel = options[0] == "--backend"
    var seeds = ["services": NestedMapTests.services, "tenants": NestedMapTests.tenants]
    // The kernel lets user space write samples only through memory.
    if !isKernel { seeds["commands"] = NestedMapTests.commands }
    let ending = try await NestedMapTests.run(scratch, seeds, options + ["--limit", "2"])
    if isKernel, ending.code == 77 { return }
    #expect(ending.code == 0, "\(ending.error)")
    let maps = try NestedMapTests.maps(ending)
    let found = NestedMapTests.values(maps["found"])
    #expect(Array(found[..<4]) == [1001, 2000, 1, 0])
    #expect(Array(found[4..<6]) == (isKernel ? [0, 0] : [1, 606]))
    let service = try #require(maps["services"]?.first { $0["key"] as? Int == 1 }?["value"] as? [String: Any])
    #expect(NestedMapTests.values(service["entries"] as? [[String: Any]]) == [1002, 1])

    let report = try scratch.file("report.json", Array(ending.output.utf8))
    let again = try await Command.run(
      ["run", NestedMapTests.object, "--pcap", Command.capture("firewall.pcap"), "--format", "json", "--dump-maps"]
        + ["--map", "services=\(report)", "--map", "tenants=\(report)", "--limit", "1"] + options)
    #expect(again.code == 0, "\(again.error)")
    #expect(Array(NestedMapTests.values(try NestedMapTests.maps(again)["found"])[..<2]) == [1002, 2000])
  }

  @Test("The samples of a first packet end where its callback says so")
  func firstPacket() async throws {
    let scratch = try Scratch()
    let ending = try await NestedMapTests.run(scratch, ["commands": NestedMapTests.commands], ["--limit", "1"])
    let found = NestedMapTests.values(try NestedMapTests.maps(ending)["found"])
    #expect(Array(found[4..<6]) == [3, 915])
  }

  @Test(
    "Seeds that cannot be are said with their place",
    arguments: [
      ("services", #"[{"key": 1, "value": "nowhere"}]"#, "there is no map 'nowhere'"),
      ("services", #"[{"key": 9, "value": []}]"#, "entry 1: update of 09 00 00 00: Argument list too long"),
      ("services", #"[{"key": 1, "value": [{"key": 7, "value": "x"}]}]"#, "entry 1: entry 1, value"),
      ("services", #"[{"key": 1, "value": {"max_entries": 0, "entries": []}}]"#, "value.max_entries"),
      ("commands", #"[{"value": "seven"}]"#, "entry 1"),
    ])
  func faults(map: String, seed: String, message: String) async throws {
    let ending = try await NestedMapTests.run(Scratch(), [map: seed], [])
    #expect(ending.code == 65)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains(message), "\(ending.error)")
  }
}
