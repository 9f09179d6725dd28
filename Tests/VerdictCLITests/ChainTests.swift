import Foundation
import Testing

@Suite("verdict run with several programs", .enabled(if: Command.executable != nil, "the command is not built"))
struct ChainTests {
  private static let zones = Command.fixture("chains/zones.bpf.o")
  private static let capture = ["--pcap", Command.capture("firewall.pcap")]

  @Test("A chain file and the same programs by --program give the same journeys", arguments: ["threaded", "reference"])
  func chains(engine: String) async throws {
    let scratch = try Scratch()
    let file = try scratch.file(
      "chain.yaml",
      Array(
        """
        objects: {zones: \(Self.zones)}
        devices:
          eth0:
            xdp: zones/zones
            tcx: {ingress: zones/mark}
            ingress: {program: zones/guard, prio: 1, handle: 1}
          other: {ifindex: 2}
        """.utf8))
    let programs = ["zones", "mark", "guard"].flatMap { ["--program", $0] }
    var lines: [[String: Any]] = []
    for arguments in [["--chain", file], [Self.zones] + programs] {
      let ending = try await Command.run(
        ["run"] + arguments + Self.capture + ["--engine", engine, "--per-packet", "-", "--limit", "60"])
      #expect(ending.code == 0, "\(ending.error)")
      let rows = try ending.output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(rows.count == 60)
      lines += rows
    }
    for (one, other) in zip(lines[..<60], lines[60...]) {
      for key in ["verdict", "decided", "output_hash", "instructions"] {
        #expect("\(one[key] ?? "")" == "\(other[key] ?? "")")
      }
      #expect((one["journey"] as? [[String: Any]])?.count == 3)
    }
  }

  @Test("Programs of two objects see one packet after the other, and the report counts every link")
  func objects() async throws {
    let ending = try await Command.run(
      [
        "run", Command.fixture("firewall.bpf.o"), "--program", "firewall", "--program", "\(Self.zones):guard",
        "--format", "json",
      ]
        + Self.capture)
    #expect(ending.code == 0, "\(ending.error)")
    let chain = try #require(try ending.json()["chain"] as? [String: Any])
    let links = try #require(chain["links"] as? [[String: Any]])
    #expect(links.map { $0["name"] as? String } == ["firewall", "guard"])
    #expect(links.map { $0["object"] as? String } == ["firewall", "zones"])
    #expect(links.map { $0["runs"] as? Int }[0] == 143)
    // guard gets what firewall passes: without rules, all but the frame that is cut short.
    let passed = (links[0]["verdicts"] as? [[String: Any]])?.first { $0["name"] as? String == "XDP_PASS" }
    #expect(passed?["count"] as? Int == links[1]["runs"] as? Int)
  }

  @Test("A program of the other direction does not see the frames, and the report says so")
  func directions() async throws {
    let both = [Self.zones, "--program", "watch", "--program", "mark"]
    for (hook, name) in [([], "mark"), (["--hook", "tc-egress"], "watch")] {
      let ending = try await Command.run(["run"] + both + hook + Self.capture + ["--format", "json"])
      let report = try ending.json()
      let links = try #require((report["chain"] as? [String: Any])?["links"] as? [[String: Any]])
      for link in links { #expect(link["runs"] as? Int == (link["name"] as? String == name ? 143 : 0)) }
      #expect((report["notes"] as? [String])?.contains { $0.contains("sees only what") } == true)
    }
  }

  @Test(
    "What cannot be is refused in one line with the right exit code",
    arguments: [
      (["--program", "zones", "--program", "zones"], 64, "an interface has one XDP program"),
      (["--program", "mark", "--program", "mark"], 64, "EEXIST"),
      (["--program", "mark", "--program", "nope"], 64, "no program 'nope'"),
      (["--program", "mark", "--program", "guard", "--backend", "kernel"], 64, "a chain is simulated"),
      (["--program", "mark", "--program", "guard", "--map", "nope=/dev/null"], 64, "no object has a map of that name"),
      (["--chain", "/nowhere.yaml"], 64, "with --chain the file names the objects"),
    ])
  func refuses(arguments: [String], code: Int32, message: String) async throws {
    let ending = try await Command.run(["run", Self.zones] + arguments + Self.capture)
    #expect(ending.code == code)
    #expect(ending.lines.count == 1 && ending.error.contains(message), "\(ending.error)")
  }

  @Test("A file that is not there, and one that is not right, are named with their place")
  func badFiles() async throws {
    let missing = try await Command.run(["run", "--chain", "/nowhere.yaml"] + Self.capture)
    #expect(missing.code == 66 && missing.error.contains("/nowhere.yaml"))
    let scratch = try Scratch()
    let file = try scratch.file(
      "bad.yaml", Array("objects: {z: \(Self.zones)}\ndevices:\n  eth0: {xdp: z/mark}\n".utf8))
    let bad = try await Command.run(["run", "--chain", file] + Self.capture)
    #expect(bad.code == 65 && bad.error.contains("bad.yaml:3:15: devices.eth0.xdp"), "\(bad.error)")
  }
}
