import Foundation
import Testing

@Suite("verdict inspect, bench and assemble", .enabled(if: Command.executable != nil, "the command is not built"))
struct InspectTests {
  @Test("An object's programs, maps, helpers and sections are listed")
  func text() async throws {
    let ending = try await Command.run(["inspect", Command.fixture("firewall.bpf.o")])
    #expect(ending.code == 0)
    #expect(ending.output.contains("firewall: section xdp, type xdp, "))
    #expect(ending.output.contains("helpers: bpf_map_lookup_elem\n"))
    #expect(ending.output.contains("maps: blocklist_v4, blocklist_v6, port_rules, counters\n"))
    #expect(
      ending.output.contains("blocklist_v4  lpm_trie      struct prefix_v4  struct rule       10000  0x1    .maps"))
    #expect(ending.output.contains(".BTF.ext"))
  }

  @Test("The code has helpers and maps by name, and source lines")
  func disassembly() async throws {
    let ending = try await Command.run([
      "inspect", Command.fixture("firewall.bpf.o"), "--disassemble", "--format", "json",
    ])
    let programs = try #require(try ending.json()["programs"] as? [[String: Any]])
    let lines = try #require(programs.first?["disassembly"] as? [String])
    #expect(lines.contains { $0.hasSuffix("call bpf_map_lookup_elem#1") })
    #expect(lines.contains { $0.hasSuffix("r1 = map[counters]") })
    #expect(lines.contains { $0.hasPrefix("; ") && $0.contains("firewall.c:") })
  }

  @Test("bench gives its fields, and its counts are those of the run")
  func bench() async throws {
    let ending = try await Command.run(
      ["bench"] + Command.firewall + ["--repeat", "2", "--runs", "3", "--format", "json"])
    #expect(ending.code == 0, "\(ending.error)")
    let result = try ending.json()
    #expect(Set(result.keys) == ["engine", "packets", "instructions", "ns_per_packet", "ns_per_instruction"])
    #expect(result["packets"] as? Int == 286)
    let run = try await Command.run(["run"] + Command.firewall + ["--format", "json"]).json()
    let total = try #require((run["instructions"] as? [String: Int])?["total"])
    #expect(result["instructions"] as? Int == 2 * total)
    let figure = try #require(result["ns_per_packet"] as? [String: Double])
    #expect(Set(figure.keys) == ["min", "median"])
    #expect(figure["min"] ?? 0 > 0)
    #expect(figure["min"] ?? 0 <= figure["median"] ?? 0)
  }

  @Test("What assemble writes runs; what it cannot read is named with its place")
  func assemble() async throws {
    let scratch = try Scratch()
    let source = try scratch.file("tx.s", "r0 = 3\nexit\n".utf8)
    #expect(try await Command.run(["assemble", source, "-o", scratch.path("tx.o")]).code == 0)
    let ending = try await Command.run([
      "run", scratch.path("tx.o"), "--pcap", Command.capture("firewall.pcap"), "--format", "csv",
    ])
    #expect(ending.output.contains("XDP_TX,3,143,"))
    let wrong = try scratch.file("wrong.s", "r0 = 3\nr11 = 1\nexit\n".utf8)
    let failed = try await Command.run(["assemble", wrong, "-o", scratch.path("wrong.o")])
    #expect(failed.code == 65)
    #expect(failed.lines.count == 1)
    #expect(failed.error.contains("wrong.s:2:1: "))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("wrong.o")))
  }

  @Test("assemble writes the instructions alone too, from standard input, in either syntax")
  func assembleRaw() async throws {
    let scratch = try Scratch()
    let raw: [UInt8] = [0xb7, 0, 0, 0, 3, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    for (text, syntax) in [("r0 = 3\nexit\n", "kernel"), ("mov %r0, 3\nexit\n", "conformance")] {
      let source = try scratch.file("source.s", text.utf8)
      let ending = try await Command.run(
        ["assemble", "-", "--raw", "--syntax", syntax, "-o", scratch.path("raw.bin")], input: source)
      #expect(ending.code == 0, "\(ending.error)")
      #expect(try [UInt8](Data(contentsOf: URL(filePath: scratch.path("raw.bin")))) == raw)
    }
    let wrong = try scratch.file("wrong.s", "mov %r0, 3\nmov %r0, 4 5\n".utf8)
    let failed = try await Command.run(["assemble", "-", "--syntax", "conformance"], input: wrong)
    #expect(failed.code == 65)
    #expect(failed.output.isEmpty)
    #expect(failed.error.hasPrefix("verdict: standard input:2:12: "))
  }

  @Test("assemble names the line of an instruction that no object can hold")
  func assembleMap() async throws {
    let scratch = try Scratch()
    let source = try scratch.file("map.s", "r0 = 3\n\nr1 = map[ports]\nexit\n".utf8)
    for options in [[], ["--raw"]] {
      let failed = try await Command.run(["assemble", source, "-o", scratch.path("map.o")] + options)
      #expect(failed.code == 65)
      #expect(failed.lines.count == 1)
      #expect(failed.error.contains("map.s:3: instruction 1: "), "\(failed.error)")
    }
  }

  @Test(
    "bench refuses what makes no sense",
    arguments: [["--kernel-repeat", "10"], ["--repeat", "0"], ["--runs", "0"], []])
  func benchUsage(options: [String]) async throws {
    let packet = options.isEmpty ? [] : ["--packet", Command.capture("firewall.pcap")]
    let failed = try await Command.run(["bench", Command.fixture("firewall.bpf.o")] + packet + options)
    #expect(failed.code == 64)
    #expect(failed.lines.count == 1)
  }
}
