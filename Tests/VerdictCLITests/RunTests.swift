import Capture
import Foundation
import Testing
import VerdictReport

@Suite("verdict run", .enabled(if: Command.executable != nil, "the command is not built"))
struct RunTests {
  @Test("The report in JSON has the fields that it should, and its parts add up", arguments: ["reference", "threaded"])
  func json(engine: String) async throws {
    let ending = try await Command.run(["run"] + Command.firewall + ["--format", "json", "--engine", engine])
    #expect(ending.code == 0, "\(ending.error)")
    let report = try ending.json()
    #expect(
      Set(report.keys) == [
        "program", "hook", "capture", "packets", "bytes", "verdicts", "traps", "instructions", "elapsed_seconds",
        "packets_per_second", "notes",
      ])
    #expect(report["program"] as? String == "firewall")
    #expect(report["hook"] as? String == "xdp")
    #expect(report["packets"] as? Int == 143)
    let verdicts = try #require(report["verdicts"] as? [[String: Any]])
    // What BPF_PROG_TEST_RUN of Linux 6.18 gives for the same frames and maps.
    #expect(verdicts.map { $0["name"] as? String } == ["XDP_ABORTED", "XDP_DROP", "XDP_PASS"])
    #expect(verdicts.map { $0["code"] as? Int } == [0, 1, 2])
    #expect(verdicts.map { $0["packets"] as? Int } == [1, 80, 62])
    #expect(verdicts.compactMap { $0["bytes"] as? Int }.reduce(0, +) == report["bytes"] as? Int)
    #expect(abs(verdicts.compactMap { $0["share"] as? Double }.reduce(0, +) - 1) < 1e-9)
    #expect(verdicts.allSatisfy { Set($0.keys) == ["name", "code", "packets", "bytes", "share"] })
    #expect((report["traps"] as? [Any])?.isEmpty == true)
    let instructions = try #require(report["instructions"] as? [String: Int])
    #expect(Set(instructions.keys) == ["total", "min", "median", "p99", "max"])
  }

  @Test("A line a packet, alike on both engines")
  func perPacket() async throws {
    var outputs: [String] = []
    for engine in ["reference", "threaded"] {
      let ending = try await Command.run(["run"] + Command.firewall + ["--per-packet", "-", "--engine", engine])
      #expect(ending.code == 0)
      // The report makes way for the lines.
      #expect(ending.error.contains("XDP_DROP"))
      outputs.append(ending.output)
    }
    #expect(outputs[0] == outputs[1])
    let lines = try outputs[0].split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
    #expect(lines.count == 143)
    #expect(lines.enumerated().allSatisfy { $1["packet"] as? Int == $0 + 1 })
    #expect(
      Set(lines[0].keys) == [
        "packet", "time", "length", "verdict", "code", "instructions", "output_length", "output_hash",
      ])
    #expect(lines.count { $0["verdict"] as? String == "XDP_DROP" } == 80)
  }

  @Test("A capture a verdict, with as many frames as the verdict has packets")
  func write() async throws {
    let scratch = try Scratch()
    _ = try scratch.file("XDP_TX.pcapng", [])
    let ending = try await Command.run(["run"] + Command.firewall + ["--write", scratch.folder.path()])
    #expect(ending.code == 0, "\(ending.error)")
    var counts: [String: Int] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path()) {
      let reader = try CaptureReader(path: scratch.path(file))
      while try reader.next() != nil { counts[file, default: 0] += 1 }
    }
    // The empty XDP_TX.pcapng of an earlier run is gone.
    #expect(counts == ["XDP_ABORTED.pcapng": 1, "XDP_DROP.pcapng": 80, "XDP_PASS.pcapng": 62])
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path()).count == 3)
  }

  @Test("Classes split the distribution by libpcap's filters")
  func classes() async throws {
    let ending = try await Command.run(
      ["run"] + Command.firewall + ["--class", "tcp=tcp", "--class", "six=ip6", "--format", "json"])
    let classes = try #require(try ending.json()["classes"] as? [[String: Any]])
    #expect(classes.map { $0["name"] as? String } == ["tcp", "six", "(none)"])
    for row in classes {
      let verdicts = try #require(row["verdicts"] as? [[String: Any]])
      #expect(verdicts.compactMap { $0["packets"] as? Int }.reduce(0, +) == row["packets"] as? Int)
    }
    let reader = try CaptureReader(path: Command.capture("firewall.pcap"))
    let filter = try PacketFilter("tcp")
    var matches = 0
    while let frame = try reader.next() { if filter.matches(frame) { matches += 1 } }
    #expect(classes[0]["packets"] as? Int == matches)
  }

  @Test("Maps that were dumped are seeds for the next run")
  func mapRoundTrip() async throws {
    let scratch = try Scratch()
    let first = try await Command.run(["run"] + Command.firewall + ["--dump-maps", "--format", "json"])
    let report = try scratch.file("report.json", first.output.utf8)
    let maps = ["blocklist_v4", "blocklist_v6", "port_rules", "counters"]
    let second = try await Command.run(
      ["run", Command.fixture("firewall.bpf.o"), "--pcap", Command.capture("firewall.pcap"), "--limit", "0"]
        + ["--dump-maps", "--format", "json"] + maps.flatMap { ["--map", "\($0)=\(report)"] })
    #expect(second.code == 0, "\(second.error)")
    #expect(try first.json()["maps"] as? NSArray == second.json()["maps"] as? NSArray)
    #expect(first.output.contains("\"key\":\"203.0.113.128/28\""))
  }

  @Test("The capture may come through a pipe")
  func standardInput() async throws {
    let arguments = ["run", Command.fixture("firewall.bpf.o"), "--pcap", "-", "--format", "csv"]
    let ending = try await Command.run(arguments, input: Command.capture("firewall.pcap"))
    #expect(ending.code == 0, "\(ending.error)")
    #expect(ending.output.hasPrefix("verdict,code,packets,share,bytes,bytes_share\nXDP_"))
  }

  @Test("There are no escape sequences where there is no terminal")
  func colour() async throws {
    let ending = try await Command.run(["run"] + Command.firewall)
    #expect(!ending.output.contains("\u{1b}"))
    #expect(ending.error.isEmpty)
  }
}
