import BPFMachine
import BPFObject
import Capture
import Datapath
import Foundation
import Testing

@testable import VerdictReport

/// Every example program over its trace: verdict and bytes of every packet and the maps at the end are those that Linux 6.18
/// gave through BPF_PROG_TEST_RUN (fixtures/expected, recorded by fixtures/record).
@Suite struct FixtureTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let names: [String] = {
    let files =
      (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("fixtures").path)) ?? []
    return files.filter { $0.hasSuffix(".bpf.o") }.map { String($0.dropLast(6)) }.sorted()
  }()

  private struct Expected: Decodable {
    var packet: Int
    var verdict: String
    var code: Int32
    var output_length: Int?
    var output_hash: String?
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: root.appendingPathComponent(path)))
  }

  private static func backend(_ name: String, _ engine: EngineKind) throws -> SimulatorBackend {
    var object = try ObjectFile(bytes: bytes("fixtures/\(name).bpf.o"), name: "\(name).bpf.o")
    var seeds = MapSeeds()
    for file in try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("fixtures/seeds").path)
    where file.hasPrefix(name + ".") && file.hasSuffix(".json") {
      let map = String(file.dropFirst(name.count + 1).dropLast(5))
      seeds.add(try MapSeed(parsing: bytes("fixtures/seeds/\(file)"), file: file), for: map)
    }
    try seeds.set(in: &object)
    let program = try #require(object.programs.first { $0.name == name } ?? object.programs.first)
    let backend = try SimulatorBackend(object: object, program: program, hook: .xdp, engine: engine)
    try seeds.load(into: backend, types: object.types)
    return backend
  }

  @Test("there is a trace and an expectation for each of at least eight examples")
  func complete() throws {
    #expect(FixtureTests.names.count >= 8)
    for name in FixtureTests.names { #expect(try !FixtureTests.bytes("fixtures/expected/\(name).jsonl").isEmpty) }
  }

  @Test("packets and maps come out as they did in Linux", arguments: names, EngineKind.allCases)
  func asInLinux(name: String, engine: EngineKind) throws {
    let lines = try FixtureTests.bytes("fixtures/expected/\(name).jsonl").split(separator: UInt8(ascii: "\n"))
    let expected = try lines.map { try JSONDecoder().decode(Expected.self, from: Data($0)) }
    let backend = try FixtureTests.backend(name, engine)
    let captures = try FileManager.default.contentsOfDirectory(
      atPath: FixtureTests.root.appendingPathComponent("pcaps").path)
    let capture = try #require(captures.first { $0.hasPrefix(name + ".pcap") })
    let reader = try CaptureReader(path: FixtureTests.root.appendingPathComponent("pcaps/\(capture)").path)
    var remaining = expected[...]
    while let frame = try reader.next() {
      let outcome = try backend.run(frame)
      guard let next = remaining.first, next.packet == frame.number else { continue }
      remaining.removeFirst()
      let verdict = Verdict(hook: .xdp, returnValue: outcome.returnValue)
      let place: Comment = "packet \(frame.number)"
      #expect(backend.trap == nil, place)
      #expect(verdict.name == next.verdict && verdict.code == next.code, place)
      if let length = next.output_length { #expect(backend.output.count == length, place) }
      if let hash = next.output_hash {
        let digits = String(FNV1a.hash(backend.output), radix: 16)
        #expect(String(repeating: "0", count: 16 - digits.count) + digits == hash, place)
      }
    }
    #expect(remaining.isEmpty, "the trace ended before packet \(remaining.first?.packet ?? 0)")
    try expectMaps(name, backend)
  }

  private func expectMaps(_ name: String, _ backend: SimulatorBackend) throws {
    let recorded = try JSONDecoder().decode(
      [String: [String: String]].self, from: Data(FixtureTests.bytes("fixtures/expected/\(name).maps.json")))
    for (map, expected) in recorded {
      let access = try #require(backend.maps.first { $0.spec.name == map }, "map \(map)")
      var entries: [String: String] = [:]
      for entry in try access.entries() {
        let value = entry.values[0]
        let isArray = access.spec.type == .array || access.spec.type == .percpuArray
        if isArray, value.allSatisfy({ $0 == 0 }) { continue }
        entries["0x" + hex(entry.key)] = "0x" + hex(value)
      }
      let relevant = expected.filter { !$0.value.dropFirst(2).allSatisfy { $0 == "0" } || entries[$0.key] != nil }
      #expect(entries == relevant, "map \(map)")
    }
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
