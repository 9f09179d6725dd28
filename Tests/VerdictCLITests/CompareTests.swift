import BPFKernel
import Foundation
import Testing
import VerdictReport

@Suite("verdict compare", .enabled(if: Command.executable != nil, "the command is not built"))
struct CompareTests {
  private static func objects(_ lines: [Substring]) throws -> [[String: Any]] {
    try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
  }

  /// An object of one XDP program.
  static func assemble(_ text: String, _ scratch: Scratch, _ name: String = "test.o") async throws -> String {
    let ending = try await Command.run(
      ["assemble", try scratch.file("\(name).s", text.utf8), "-o", scratch.path(name)])
    try #require(ending.code == 0, "\(ending.error)")
    return scratch.path(name)
  }

  // MARK: Builds

  @Test("a build against itself changes nothing")
  func sameBuild() async throws {
    let firewall = Command.firewall
    let ending = try await Command.run(["compare", firewall[0]] + firewall + ["--format", "json"])
    #expect(ending.code == 0, "\(ending.error)")
    let report = try ending.json()
    #expect(report["packets"] as? Int == 143)
    #expect((report["flows"] as? [Any])?.isEmpty == true)
    #expect(report["first"] == nil)
  }

  @Test("a build that drops what another passes changes every packet, flow by flow")
  func otherBuild() async throws {
    let scratch = try Scratch()
    let old = try await Self.assemble("r0 = 2\nexit", scratch, "old.o")
    let new = try await Self.assemble("r0 = 1\nexit", scratch, "new.o")
    let arguments = ["compare", old, new, "--pcap", Command.capture("firewall.pcap")]
    let ending = try await Command.run(arguments + ["--format", "json", "--per-packet", scratch.path("lines")])
    #expect(ending.code == 1)
    #expect(ending.error.isEmpty)
    let report = try ending.json()
    #expect((report["other_verdict"] as? [String: Int])?["packets"] == 143)
    let flows = try #require(report["flows"] as? [[String: Any]])
    #expect(flows.compactMap { $0["packets"] as? Int }.reduce(0, +) == 143)
    #expect(flows.allSatisfy { $0["old"] as? String == "XDP_PASS" && $0["new"] as? String == "XDP_DROP" })
    let lines = try Self.objects(
      String(contentsOfFile: scratch.path("lines"), encoding: .utf8).split(separator: "\n"))
    #expect(lines.count == 143)
    #expect(lines.allSatisfy { $0["same"] as? Bool == false && $0["differs"] as? [String] == ["verdict"] })
    let text = try await Command.run(arguments)
    #expect(text.code == 1 && text.output.contains("XDP_PASS  XDP_DROP"))
  }

  @Test(
    "wrong arguments are one line and exit code 64",
    arguments: [
      ["a", "b", "c", "--pcap", "x"], ["a"], ["a", "--pcap", "x", "--limit", "-1"],
      ["a", "--pcap", "x", "--format", "csv"],
    ])
  func usage(arguments: [String]) async throws {
    let ending = try await Command.run(["compare"] + arguments)
    #expect(ending.code == 64)
    #expect(ending.lines.count == 1)
  }

  @Test("a missing object and a missing capture are exit code 66")
  func missing() async throws {
    let fixture = Command.fixture("firewall.bpf.o")
    for arguments in [["/nowhere.o", fixture, "--pcap", "x"], [fixture, fixture, "--pcap", "/nowhere.pcap"]] {
      let ending = try await Command.run(["compare"] + arguments)
      #expect(ending.code == 66)
      #expect(ending.lines.count == 1)
    }
  }
}

@Suite(
  "verdict with a kernel", .enabled(if: Command.executable != nil, "the command is not built"),
  .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
struct KernelCommandTests {
  static let fixtures: [(name: String, seeds: [String])] = [
    ("firewall", ["blocklist_v4", "blocklist_v6", "port_rules"]), ("balancer", ["services", "backends"]),
    ("dissector", []), ("parsers", []), ("redirector", ["ports", "stations", "trunks"]), ("sampler", []),
    ("spreader", ["cpus", "workers"]), ("steerer", ["sockets", "streams"]), ("synflood", []),
    ("tunnel", ["peers", "routes"]), ("marker", ["classes", "sources", "services", "code_points"]),
    ("pacer", ["destinations", "aggregates"]), ("trunk", ["egress_rules"]), ("trunk_ingress", ["ingress_rules"]),
    ("nat", ["services"]), ("nat_ingress", ["services"]), ("vxlan", ["segments", "stations"]),
    ("vxlan_ingress", ["ports", "peers"]), ("dns", ["policies"]),
  ]

  private static func arguments(_ name: String, _ seeds: [String]) throws -> [String] {
    let folder = Command.package.appending(path: "pcaps").path()
    let captures = try FileManager.default.contentsOfDirectory(atPath: folder)
    let capture = try #require(captures.first { $0.hasPrefix("\(name).pcap") })
    let object = name.prefix { $0 != "_" }
    return [Command.fixture("\(object).bpf.o"), "--program", name, "--pcap", Command.capture(capture)]
      + seeds.flatMap { ["--map", "\($0)=\(Command.fixture("seeds/\(object).\($0).json"))"] }
  }

  @Test(
    "every example agrees with the kernel on its own trace, but for what a known cause explains", arguments: fixtures)
  func fixturesAgree(name: String, seeds: [String]) async throws {
    let ending = try await Command.run(["compare"] + Self.arguments(name, seeds) + ["--format", "json"])
    #expect(ending.code == 0, "\(ending.output) \(ending.error)")
    let report = try ending.json()
    #expect(report["unexplained"] as? Bool == false)
    // The limiters decide by the clock, and a busy machine can put a packet on the edge of a rate.
    let causes = (report["causes"] as? [[String: Any]])?.compactMap { $0["cause"] as? String } ?? []
    #expect(Set(causes).isSubset(of: ["synflood", "pacer"].contains(name) ? ["time"] : []))
    #expect(try #require(report["packets"] as? Int) > 90)
  }

  @Test("the cause of what differs in the maps of the limiter is time, of the sampler randomness")
  func knownCauses() async throws {
    for (name, cause) in [("synflood", "time"), ("sampler", "randomness")] {
      let ending = try await Command.run(["compare"] + Self.arguments(name, []) + ["--format", "json"])
      let maps = try #require(try ending.json()["maps"] as? [[String: Any]])
      let causes = maps.flatMap { ($0["differences"] as? [[String: Any]] ?? []).compactMap { $0["cause"] as? String } }
      #expect(causes.allSatisfy { $0 == cause }, "\(ending.output)")
      // The sampler may draw as many numbers that count on both sides.
      #expect(name == "sampler" || !causes.isEmpty)
    }
  }

  @Test("what differs for no known cause is exit code 1, with the packet and both verdicts")
  func fault() async throws {
    let scratch = try Scratch()
    // The address of the packet is nobody's to steer.
    let object = try await CompareTests.assemble("r0 = *(u32 *)(r1 + 0)\nexit", scratch)
    let lines = scratch.path("lines")
    let ending = try await Command.run([
      "compare", object, "--pcap", Command.capture("firewall.pcap"), "--limit", "5", "--per-packet", lines,
    ])
    #expect(ending.code == 1)
    #expect(ending.output.contains("0 of 5 packets agree, 5 differ"))
    #expect(ending.output.contains("FIRST DIVERGENCE: packet 1"))
    #expect(ending.output.contains("fault"))
    #expect(try String(contentsOfFile: lines, encoding: .utf8).split(separator: "\n").count == 5)
  }

  @Test("a verdict that hangs on random numbers differs by randomness, and is exit code 0")
  func randomVerdict() async throws {
    let scratch = try Scratch()
    let object = try await CompareTests.assemble("call 7\nr0 &= 1\nr0 += 1\nexit", scratch)
    let ending = try await Command.run([
      "compare", object, "--pcap", Command.capture("firewall.pcap"), "--format", "json",
    ])
    #expect(ending.code == 0, "\(ending.output)")
    let report = try ending.json()
    // 143 coins do not all fall alike.
    #expect(report["differing"] as? Int ?? 0 > 0)
    #expect((report["causes"] as? [[String: Any]])?.map { $0["cause"] as? String } == ["randomness"])
  }

  /// The key of the kernel's flow hash is random too (`hashrnd`).
  @Test("a verdict that hangs on the flow hash differs by randomness, and is exit code 0")
  func flowHash() async throws {
    let scratch = try Scratch()
    let source = try scratch.file("hash.s", "call 34\nr0 &= 1\nr0 += r0\nexit".utf8)
    let object = scratch.path("hash.o")
    #expect(try await Command.run(["assemble", source, "-o", object, "--section", "tc"]).code == 0)
    let ending = try await Command.run(
      ["compare", object, "--pcap", Command.capture("firewall.pcap"), "--format", "json"])
    #expect(ending.code == 0, "\(ending.error)")
    let causes = try #require(try ending.json()["causes"] as? [[String: Any]])
    #expect(Set(causes.compactMap { $0["cause"] as? String }) == ["randomness"])
  }

  /// `__sk_buff.tstamp` is at offset 152.
  @Test("a context that carries the clock differs by time, and is exit code 0")
  func clockInContext() async throws {
    let scratch = try Scratch()
    let text = "r6 = r1\ncall 5\n*(u64 *)(r6 + 152) = r0\nr0 = 0\nexit"
    let source = try scratch.file("clock.s", text.utf8)
    let object = scratch.path("clock.o")
    #expect(try await Command.run(["assemble", source, "-o", object, "--section", "tc"]).code == 0)
    let ending = try await Command.run(
      ["compare", object, "--pcap", Command.capture("firewall.pcap"), "--format", "json"])
    #expect(ending.code == 0, "\(ending.output) \(ending.error)")
    let causes = try #require(try ending.json()["causes"] as? [[String: Any]])
    #expect(causes.map { $0["cause"] as? String } == ["time"])
  }

  @Test("a frame that carries the clock differs by time, in the field that holds it")
  func timeInFrame() async throws {
    let scratch = try Scratch()
    let object = try await CompareTests.assemble(
      """
      r6 = *(u32 *)(r1 + 0)
      r7 = *(u32 *)(r1 + 4)
      r2 = r6
      r2 += 14
      if r2 > r7 goto pc+4
      call 5
      r0 &= 65535
      r6 = r6
      *(u16 *)(r6 + 10) = r0
      r0 = 2
      exit
      """, scratch)
    let ending = try await Command.run([
      "compare", object, "--pcap", Command.capture("firewall.pcap"), "--format", "json",
    ])
    #expect(ending.code == 0, "\(ending.output) \(ending.error)")
    let report = try ending.json()
    #expect((report["causes"] as? [[String: Any]])?.map { $0["cause"] as? String } == ["time"], "\(ending.output)")
    let first = try #require(report["first"] as? [String: Any])
    #expect((first["frame"] as? [[String: Any]])?.map { $0["field"] as? String } == ["eth.src"])
  }

  @Test(
    "a program that the verifier refuses is exit code 1, with reason, log and log file", arguments: ["run", "compare"])
  func rejected(command: String) async throws {
    let scratch = try Scratch()
    let object = try await CompareTests.assemble("r2 = *(u32 *)(r1 + 0)\nr0 = *(u32 *)(r2 + 100)\nexit", scratch)
    let ending = try await Command.run(
      [command, object, "--pcap", Command.capture("firewall.pcap"), "--verifier-log", scratch.path("log")]
        + (command == "run" ? ["--backend", "kernel"] : []))
    #expect(ending.code == 1)
    #expect(ending.output.isEmpty)
    #expect(ending.lines.last?.contains("offset is outside of the packet") == true)
    #expect(ending.error.contains("invalid access to packet, off=100 size=4"))
    #expect(try String(contentsOfFile: scratch.path("log"), encoding: .utf8).contains("processed 2 insns"))
  }

  @Test("run gives the same verdicts, lines and files on both backends", arguments: ["firewall", "tunnel", "balancer"])
  func sameRun(name: String) async throws {
    let seeds = try #require(Self.fixtures.first { $0.name == name }).seeds
    let scratch = try Scratch()
    var verdicts: [NSArray] = []
    var lines: [[[String: Any]]] = []
    for backend in ["simulator", "kernel"] {
      let ending = try await Command.run(
        ["run"] + Self.arguments(name, seeds) + [
          "--backend", backend, "--format", "json", "--per-packet", scratch.path("\(backend).jsonl"), "--write",
          scratch.path(backend), "--class", "tcp=tcp",
        ])
      #expect(ending.code == 0, "\(ending.error)")
      let report = try ending.json()
      verdicts.append([report["verdicts"] ?? "", report["classes"] ?? "", report["bytes"] ?? ""])
      let text = try String(contentsOfFile: scratch.path("\(backend).jsonl"), encoding: .utf8)
      lines.append(
        try text.split(separator: "\n").map {
          var line = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
          // The kernel does not count instructions.
          line["instructions"] = nil
          return line
        })
    }
    #expect(verdicts[0] == verdicts[1])
    #expect(lines[0] as NSArray == lines[1] as NSArray)
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path("simulator")).sorted()
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("kernel")).sorted() == files)
    for file in files {
      #expect(
        FileManager.default.contentsEqual(
          atPath: scratch.path("simulator/\(file)"), andPath: scratch.path("kernel/\(file)")))
    }
  }

  @Test("doctor lists what the kernel has, as text and as JSON")
  func doctor() async throws {
    let text = try await Command.run(["doctor"])
    #expect(text.code == 0 && text.output.contains("BPF_PROG_TEST_RUN"))
    let ending = try await Command.run(["doctor", "--format", "json"])
    #expect(ending.code == 0)
    let probe = try ending.json()
    #expect(probe["unavailable"] == nil)
    let types = try #require(probe["map_types"] as? [[String: Any]])
    // The oldest map types are in every kernel that has bpf(2).
    for name in ["hash", "array"] {
      #expect(types.contains { $0["name"] as? String == name && $0["supported"] as? Bool == true })
    }
  }
}

@Suite(
  "verdict without a kernel", .enabled(if: Command.executable != nil, "the command is not built"),
  .enabled(if: UnprivilegedCommand.works, "no unshare(1), or no user namespaces"))
struct UnprivilegedCommandTests {
  @Test(
    "where bpf(2) is refused, exit code 77 and one line that says so",
    arguments: [
      ["doctor"], ["doctor", "--format", "json"],
      ["compare", Command.fixture("firewall.bpf.o"), "--pcap", Command.capture("firewall.pcap")],
      ["run", Command.fixture("firewall.bpf.o"), "--pcap", Command.capture("firewall.pcap"), "--backend", "kernel"],
    ])
  func refused(arguments: [String]) async throws {
    let ending = try await UnprivilegedCommand.run(arguments)
    #expect(ending.code == 77)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains("bpf(2) is refused"))
    if arguments.contains("json") { #expect(try ending.json()["unavailable"] is String) }
  }

  @Test("two builds need no kernel")
  func builds() async throws {
    let firewall = Command.firewall
    #expect(try await UnprivilegedCommand.run(["compare", firewall[0]] + firewall).code == 0)
  }
}
