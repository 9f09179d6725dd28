import Foundation
import Testing
import VerdictReport

/// A case of bad input: arguments, exit code of sysexits(3), and words that the one line must have.
struct BadInput: CustomTestStringConvertible, Sendable {
  var name: String
  var code: Int32
  var words: [String]
  var arguments: @Sendable (Scratch) throws -> [String]

  var testDescription: String { name }

  private static let firewall = Command.fixture("firewall.bpf.o")
  private static let capture = Command.capture("firewall.pcap")

  private static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  /// The firewall with some bytes changed.
  private static func object(_ change: @escaping @Sendable (inout [UInt8]) -> Void)
    -> @Sendable (Scratch) throws ->
    [String]
  {
    { scratch in
      var bytes = try bytes(firewall)
      change(&bytes)
      return ["run", try scratch.file("changed.o", bytes), "--pcap", capture]
    }
  }

  private static func seed(_ map: String, _ text: String) -> @Sendable (Scratch) throws -> [String] {
    { scratch in
      ["run", firewall, "--pcap", capture, "--map", "\(map)=\(try scratch.file("seed.json", text.utf8))"]
    }
  }

  static let all: [BadInput] = [
    BadInput(name: "no object", code: 66, words: ["nowhere.o"]) { _ in ["run", "nowhere.o", "--pcap", capture] },
    BadInput(name: "a folder for an object", code: 66, words: ["directory"]) {
      ["run", $0.folder.path(), "--pcap", capture]
    },
    BadInput(name: "no C source", code: 66, words: ["nowhere.c"]) { _ in ["run", "nowhere.c", "--pcap", capture] },
    BadInput(name: "no capture", code: 66, words: ["nowhere.pcap"]) { _ in ["run", firewall, "--pcap", "nowhere.pcap"]
    },
    BadInput(name: "no seed", code: 66, words: ["nowhere.json"]) { _ in
      ["run", firewall, "--pcap", capture, "--map", "counters=nowhere.json"]
    },
    BadInput(name: "an empty object", code: 65, words: ["changed.o"], arguments: object { $0 = [] }),
    BadInput(name: "half an object", code: 65, words: ["changed.o"], arguments: object { $0.removeLast($0.count / 2) }),
    BadInput(
      name: "an object of another machine", code: 65, words: ["changed.o", "machine"], arguments: object { $0[18] = 62 }
    ),
    BadInput(
      name: "a big-endian object", code: 65, words: ["changed.o", "big-endian"], arguments: object { $0[5] = 2 }),
    BadInput(name: "an object that is text", code: 65, words: ["ELF"], arguments: object { $0 = Array("hello".utf8) }),
    BadInput(
      name: "section headers beyond the file", code: 65, words: ["changed.o"],
      arguments: object { for index in 40..<48 { $0[index] = 0x7f } }),
    BadInput(name: "a capture that is none", code: 65, words: ["firewall.bpf.o"]) { _ in
      ["run", firewall, "--pcap", firewall]
    },
    BadInput(name: "a wrong program", code: 64, words: ["'nobody'", "firewall (xdp)"]) { _ in
      ["run", firewall, "--pcap", capture, "--program", "nobody"]
    },
    BadInput(name: "several programs", code: 64, words: ["--program", "parsers (xdp)", "parse_tcp (xdp)"]) { _ in
      ["run", Command.fixture("parsers.bpf.o"), "--pcap", capture]
    },
    BadInput(name: "a wrong hook", code: 64, words: ["--hook tc-ingress", "xdp"]) { _ in
      ["run", firewall, "--pcap", capture, "--hook", "tc-ingress"]
    },
    BadInput(name: "a wrong filter", code: 64, words: ["nonsense"]) { _ in
      ["run", firewall, "--pcap", capture, "--class", "a=nonsense here"]
    },
    BadInput(name: "a class without a filter", code: 64, words: ["--class"]) { _ in
      ["run", firewall, "--pcap", capture, "--class", "a"]
    },
    BadInput(name: "no capture named", code: 64, words: ["--pcap", "--help"]) { _ in ["run", firewall] },
    BadInput(name: "an unknown option", code: 64, words: ["--nonsense"]) { _ in
      ["run", firewall, "--pcap", capture, "--nonsense"]
    },
    BadInput(name: "no budget", code: 64, words: ["--budget"]) { _ in
      ["run", firewall, "--pcap", capture, "--budget", "0"]
    },
    BadInput(name: "a folder that cannot be made", code: 73, words: ["/dev/null/x"]) { _ in
      ["run", firewall, "--pcap", capture, "--write", "/dev/null/x"]
    },
    BadInput(name: "a seed for no map", code: 65, words: ["'nobody'", "counters"], arguments: seed("nobody", "[]")),
    BadInput(
      name: "a seed that is no JSON", code: 65, words: ["seed.json", "line 1, column 2"],
      arguments: seed("counters", "[")),
    BadInput(
      name: "a seed that does not fit", code: 65, words: ["entry 1, key.port", "2 bytes"],
      arguments: seed("port_rules", #"[{"key": {"port": 70000}, "value": 0}]"#)),
    BadInput(
      name: "an index outside its array", code: 65, words: ["entry 1"],
      arguments: seed("counters", #"[{"key": 64, "value": {"packets": 1}}]"#)),
  ]
}

@Suite("Bad input", .enabled(if: Command.executable != nil, "the command is not built"))
struct BadInputTests {
  @Test("Bad input is one line on standard error, and an exit code", arguments: BadInput.all)
  func oneLine(input: BadInput) async throws {
    let scratch = try Scratch()
    let ending = try await Command.run(try input.arguments(scratch))
    #expect(ending.code == input.code, "\(ending.error)")
    #expect(ending.lines.count == 1, "\(ending.error)")
    #expect(ending.error.hasPrefix("verdict: "))
    for word in input.words { #expect(ending.error.contains(word), "\(ending.error)") }
    #expect(ending.output.isEmpty)
  }

  @Test("A capture that breaks off: what was read is reported, the fault is named with its place")
  func brokenCapture() async throws {
    let scratch = try Scratch()
    let whole = try Data(contentsOf: URL(filePath: Command.capture("firewall.pcap")))
    let broken = try scratch.file("broken.pcap", whole.dropLast(5))
    let ending = try await Command.run(
      ["run", Command.fixture("firewall.bpf.o"), "--pcap", broken, "--format", "json"])
    #expect(ending.code == 65)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains("packet 143 at byte "))
    let report = try ending.json()
    #expect(report["packets"] as? Int == 142)
    #expect((report["partial"] as? String)?.hasPrefix("after 142 packets: ") == true)
  }

  @Test(
    "A full disk is one line and exit code 74, and the report is given all the same",
    .enabled(if: FileManager.default.isWritableFile(atPath: "/dev/full"), "there is no /dev/full"))
  func fullDisk() async throws {
    let ending = try await Command.run(["run"] + Command.firewall + ["--per-packet", "/dev/full"])
    #expect(ending.code == 74)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains("/dev/full: cannot be written: No space left on device"))
    #expect(ending.output.contains("XDP_DROP"))
    #expect(ending.output.contains("note: /dev/full is not complete"))
  }
}

@Suite("C sources", .enabled(if: Command.executable != nil && hasCompiler, "there is no clang for BPF"))
struct SourceTests {
  private func run(_ source: String, _ options: [String] = []) async throws -> Command.Ending {
    let scratch = try Scratch()
    let path = try scratch.file("program.c", source.utf8)
    return try await Command.run(
      ["run", path, "--pcap", Command.capture("firewall.pcap"), "--format", "json"] + options)
  }

  private static let head = """
    #define SEC(name) __attribute__((section(name), used))
    struct xdp_md { unsigned data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };

    """

  @Test("A C source is compiled on the way")
  func compiles() async throws {
    let ending = try await run(Self.head + "SEC(\"xdp\") int pass(struct xdp_md *ctx) { return 2; }")
    #expect(ending.code == 0, "\(ending.error)")
    let verdicts = try ending.json()["verdicts"] as? [[String: Any]]
    #expect(verdicts?.count == 1)
    #expect(verdicts?.first?["name"] as? String == "XDP_PASS")
    #expect(verdicts?.first?["packets"] as? Int == 143)
  }

  @Test("An example of the project is compiled with its own headers")
  func example() async throws {
    let ending = try await Command.run(
      ["run", Command.fixture("firewall.c")] + Command.firewall.dropFirst() + ["--format", "csv"])
    #expect(ending.code == 0, "\(ending.error)")
    #expect(ending.output.contains("XDP_DROP,1,80,"))
  }

  @Test("clang's errors are shown as they are")
  func rejected() async throws {
    let ending = try await run("int main( {")
    #expect(ending.code == 65)
    #expect(ending.error.contains("program.c:1:11: error: expected parameter declarator"))
    #expect(ending.lines.last?.hasPrefix("verdict: ") == true)
  }

  @Test("A trap is an abort with its instruction and source line, and the run goes on")
  func trap() async throws {
    let ending = try await run(
      Self.head + "SEC(\"xdp\") int wild(struct xdp_md *ctx) {\n  return *(volatile char *)(long)ctx->data_end;\n}")
    #expect(ending.code == 0, "\(ending.error)")
    let report = try ending.json()
    let traps = try #require(report["traps"] as? [[String: Any]])
    #expect(traps.count == 1)
    #expect(traps[0]["packets"] as? Int == 143)
    #expect((traps[0]["source"] as? String)?.hasSuffix("program.c:4") == true)
    #expect(Set(traps[0].keys) == ["reason", "instruction", "source", "packets"])
    let verdicts = try #require(report["verdicts"] as? [[String: Any]])
    #expect(verdicts.map { $0["name"] as? String } == ["XDP_ABORTED"])
  }

  @Test("An endless loop runs out of its budget")
  func budget() async throws {
    let ending = try await run(
      Self.head + "SEC(\"xdp\") int spin(struct xdp_md *ctx) { for (;;) asm volatile(\"\"); }",
      ["--budget", "1000", "--limit", "3"])
    #expect(ending.code == 0, "\(ending.error)")
    let report = try ending.json()
    let traps = try #require(report["traps"] as? [[String: Any]])
    #expect(traps.map { $0["reason"] as? String } == ["more than 1000 instructions"])
  }

  @Test("An unknown helper matters only to the packets that reach it, and is named with its line")
  func unknownHelper() async throws {
    let ending = try await run(
      Self.head
        + """
        static long (*nothing)(void) = (void *)9999;
        SEC("xdp") int call(struct xdp_md *ctx) {
          return ctx->data_end - ctx->data > 100 ? nothing() : 2;
        }
        """)
    #expect(ending.code == 0, "\(ending.error)")
    let report = try ending.json()
    let traps = try #require(report["traps"] as? [[String: Any]])
    #expect(traps.count == 1)
    #expect((traps[0]["reason"] as? String)?.contains("9999") == true)
    #expect((traps[0]["source"] as? String)?.hasSuffix("program.c:5") == true)
    let verdicts = try #require(report["verdicts"] as? [[String: Any]])
    #expect(verdicts.map { $0["name"] as? String } == ["XDP_ABORTED", "XDP_PASS"])
    #expect(verdicts[0]["packets"] as? Int == traps[0]["packets"] as? Int)
  }

  @Test("An unknown map type is named, with its map")
  func unknownMapType() async throws {
    let ending = try await run(
      Self.head
        + """
        struct { int (*type)[99]; int (*max_entries)[1]; int *key; int *value; } strange SEC(".maps");
        SEC("xdp") int pass(struct xdp_md *ctx) { return (long)&strange ? 2 : 1; }
        """)
    #expect(ending.code == 65)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains("strange"))
    #expect(ending.error.contains("99"))
  }

  @Test("Global data is seeded by the names of its variables")
  func globalData() async throws {
    let scratch = try Scratch()
    let source = try scratch.file(
      "program.c",
      (Self.head
        + """
        volatile const int verdict = 1;
        int counter = 40;
        SEC("xdp") int answer(struct xdp_md *ctx) { counter++; return verdict; }
        """).utf8)
    let constants = try scratch.file("constants.json", #"{"verdict": 3}"#.utf8)
    let ending = try await Command.run([
      "run", source, "--pcap", Command.capture("firewall.pcap"), "--map", ".rodata=\(constants)", "--dump-maps",
      "--limit", "2",
    ])
    #expect(ending.code == 0, "\(ending.error)")
    #expect(ending.output.contains("XDP_TX"))
    #expect(ending.output.contains("0: {verdict: 3}"))
    #expect(ending.output.contains("0: {counter: 42}"))
  }

  @Test("Without a compiler the reader is told what to do")
  func noCompiler() async throws {
    let scratch = try Scratch()
    let path = try scratch.file("program.c", "".utf8)
    let ending = try await Command.run(
      ["run", path, "--pcap", Command.capture("firewall.pcap")], path: scratch.folder.path())
    #expect(ending.code == 69)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains("clang"))
  }
}

private let hasCompiler: Bool = (try? SourceCompiler()) != nil
