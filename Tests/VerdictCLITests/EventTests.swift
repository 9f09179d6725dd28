import Foundation
import Testing

/// What Objects/events.c hands to user space; the values are those of its source and of the capture's first frames.
@Suite("verdict run --events", .enabled(if: Command.executable != nil, "the command is not built"))
struct EventTests {
  static let object = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Objects/events.bpf.o")
    .path()

  private static func run(_ arguments: String...) async throws -> Command.Ending {
    try await Command.run(["run", object, "--pcap", Command.capture("firewall.pcap"), "--limit", "2"] + arguments)
  }

  private static func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test("A line of JSON an event, in their order, with members by name", arguments: ["reference", "threaded"])
  func json(engine: String) async throws {
    let ending = try await EventTests.run("--events", "-", "--engine", engine)
    #expect(ending.code == 0, "\(ending.error)")
    // The report makes way for the lines.
    #expect(ending.error.contains("XDP_PASS"))
    let lines = try EventTests.lines(ending.output)
    // A sample and a line are there at once, a record when the packet has been run.
    #expect(
      lines.map { $0["kind"] as? String } == [
        "perf", "trace", "ringbuf", "ringbuf", "perf", "trace", "ringbuf", "ringbuf",
      ])
    #expect(lines.map { $0["packet"] as? Int } == [1, 1, 1, 1, 2, 2, 2, 2])
    #expect(lines.allSatisfy { $0["cpu"] as? Int == 0 && ($0["time"] as? String)?.count == 20 })
    #expect(lines[5]["text"] as? String == "packet 2")

    let flow = try #require(lines[6]["value"] as? [String: Any])
    #expect(lines[6]["map"] as? String == "flows")
    #expect(lines[6]["type"] as? String == "flow_event")
    #expect(lines[6]["type_from"] as? String == "size")
    #expect(flow["saddr"] as? String == "10.0.0.1")
    #expect(flow["port"] as? String == "0x0050")
    #expect(flow["number"] as? Int == 2)

    let drop = try #require(lines[7]["value"] as? [String: Any])
    #expect(lines[7]["map"] as? String == "drops")
    #expect(lines[7]["type_from"] as? String == "map")
    #expect(drop["reason"] as? Int == 7)
    #expect(drop["count"] as? Int == 2)
    #expect(drop["mac"] as? String == "02:02:02:02:02:02")

    // 12 bytes are no struct of the object; the first 4 of the packet follow.
    #expect(lines[4]["value"] == nil)
    #expect(lines[4]["size"] as? Int == 12)
    #expect((lines[4]["bytes"] as? String)?.hasPrefix("0x0a0000010050") == true)
    #expect((lines[4]["packet_bytes"] as? String)?.count == 10)
  }

  @Test("A type that is given comes first, and what is behind it is shown too")
  func givenType() async throws {
    let ending = try await EventTests.run(
      "--events", "-", "--event-type", "flows=drop_event", "--event-type", "samples=drop_event")
    let lines = try EventTests.lines(ending.output)
    #expect(lines[2]["type"] as? String == "drop_event")
    #expect(lines[2]["type_from"] as? String == "given")
    // 12 bytes are too few for the 16 of the struct.
    #expect(lines[0]["type"] == nil)
  }

  @Test("Without a file, lines for people on standard error")
  func text() async throws {
    let ending = try await EventTests.run("--events")
    #expect(ending.code == 0)
    #expect(ending.output.contains("XDP_PASS"))
    #expect(ending.lines.count == 8)
    #expect(ending.lines[5].hasSuffix(" packet 2 cpu 0 trace: packet 2"))
    #expect(ending.lines[6].contains(" packet 2 cpu 0 ringbuf flows: flow_event? {saddr: 10.0.0.1, port: 80, "))
    #expect(ending.lines[4].hasSuffix(", 4 bytes of the packet"))
  }

  @Test(
    "What cannot be met is said in one line",
    arguments: [
      (["--events", "-", "--event-type", "flows=nothing"], 64, "the object's types have no struct 'nothing'"),
      (["--events", "-", "--event-type", "flow=drop_event"], 64, "the object has no map 'flow'"),
      (["--event-type", "flows=drop_event"], 64, "--event-type needs --events"),
      (["--events", "-", "--per-packet", "-"], 64, "cannot both go to standard output"),
      (["--events", "/nowhere/events.json"], 73, "/nowhere/events.json"),
    ])
  func faults(arguments: [String], code: Int32, message: String) async throws {
    let ending = try await Command.run(
      ["run", EventTests.object, "--pcap", Command.capture("firewall.pcap")] + arguments)
    #expect(ending.code == code)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains(message))
  }
}
