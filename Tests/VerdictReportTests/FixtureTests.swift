import BPFMachine
import BPFObject
import Capture
import Datapath
import Foundation
import Testing

@testable import VerdictReport

/// Every example program over its trace: verdict, bytes and context of every packet and the maps at the end are those that
/// Linux 6.18 gave through BPF_PROG_TEST_RUN (fixtures/expected, recorded by fixtures/record).
@Suite struct FixtureTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func files(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? []
  }

  private static func recorded(_ suffix: String) -> [String] {
    files(in: "fixtures/expected").filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
  }

  /// Programs, each of which has a trace of its name.
  static let names = recorded(".jsonl").filter { !$0.contains(".") }

  /// `nat_ingress` is in nat.bpf.o, and runs on the maps as `nat` left them.
  private static func object(of name: String) -> String { String(name.prefix { $0 != "_" }) }

  /// Those of TC, whose answers have a context.
  private static let classifiers = names.filter {
    let answers = try? String(contentsOf: root.appendingPathComponent("fixtures/expected/\($0).jsonl"), encoding: .utf8)
    return answers?.contains("\"context\"") == true
  }

  /// Those whose answers were recorded with the outer VLAN tag beside the frame too.
  private static let offloaded = recorded(".offload.jsonl")

  private struct Expected: Decodable {
    var packet: Int
    var verdict: String
    var code: Int32
    var output_length: Int?
    var output_hash: String?
    /// What the program found in its context other than zero.
    var given: Context?
    /// What it left there otherwise than it found it.
    var context: Context?
  }

  /// Fields of `struct __sk_buff` that BPF_PROG_TEST_RUN takes and gives back.
  private struct Context: Decodable, Hashable {
    var mark: UInt32?
    var priority: UInt32?
    var cb: [UInt32]?
    var tstamp: UInt64?

    init(_ bytes: [UInt8]) {
      let word = { (offset: Int) in (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) } }
      mark = word(8)
      priority = word(32)
      cb = (0..<5).map { word(48 + 4 * $0) }
      tstamp = UInt64(word(152)) | UInt64(word(156)) << 32
    }

    /// All fields: what `changed` says, else what `given` does, else zero.
    init(given: Context?, changed: Context?) {
      mark = changed?.mark ?? given?.mark ?? 0
      priority = changed?.priority ?? given?.priority ?? 0
      cb = changed?.cb ?? given?.cb ?? [0, 0, 0, 0, 0]
      tstamp = changed?.tstamp ?? given?.tstamp ?? 0
    }

    func setUp(_ setup: inout SocketBufferSetup) {
      setup.mark = mark ?? 0
      setup.priority = priority ?? 0
      setup.control = cb ?? [0, 0, 0, 0, 0]
      setup.timestamp = tstamp ?? 0
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: root.appendingPathComponent(path)))
  }

  private static func backend(_ name: String, _ engine: EngineKind, _ recording: String) throws -> SimulatorBackend {
    let file = self.object(of: name)
    var object = try ObjectFile(bytes: bytes("fixtures/\(file).bpf.o"), name: "\(file).bpf.o")
    var seeds = MapSeeds()
    for seed in files(in: "fixtures/seeds") where seed.hasPrefix(file + ".") && seed.hasSuffix(".json") {
      let map = String(seed.dropFirst(file.count + 1).dropLast(5))
      seeds.add(try MapSeed(parsing: bytes("fixtures/seeds/\(seed)"), file: seed), for: map)
    }
    try seeds.set(in: &object)
    let program = try #require(object.programs.first { $0.name == name })
    let hook = try #require(program.hook)
    let backend = try SimulatorBackend(object: object, program: program, hook: hook, engine: engine)
    try seeds.load(into: backend, types: object.types)
    if file != name { try restore(file + recording, in: backend) }
    return backend
  }

  private static func recordedMaps(_ name: String) throws -> [String: [String: String]] {
    try JSONDecoder().decode(
      [String: [String: String]].self, from: Data(bytes("fixtures/expected/\(name).maps.json")))
  }

  /// Fills the maps with what another program of the object left in the kernel's.
  private static func restore(_ name: String, in backend: SimulatorBackend) throws {
    for (map, entries) in try recordedMaps(name) {
      let access = try #require(backend.maps.first { $0.spec.name == map }, "map \(map)")
      for (key, value) in entries {
        let key = try #require(Hex.bytes(key))
        let value = try #require(Hex.bytes(value))
        guard try access.lookup(key)?.first != value else { continue }
        try access.update(key, [value], flags: 0)
      }
    }
  }

  @Test("each of at least sixteen examples has a program that is expected to do something, and each trace a program")
  func complete() throws {
    let objects = Set(
      FixtureTests.files(in: "fixtures").filter { $0.hasSuffix(".bpf.o") }.map { String($0.dropLast(6)) })
    #expect(objects.count >= 16)
    #expect(objects == Set(FixtureTests.names.map(FixtureTests.object)))
    for name in FixtureTests.names { #expect(try !FixtureTests.bytes("fixtures/expected/\(name).jsonl").isEmpty) }
    let traces = FixtureTests.files(in: "pcaps").filter { $0.contains(".pcap") }.map { $0.prefix { $0 != "." } }
    #expect(Set(traces.map(String.init)) == Set(FixtureTests.names + FixtureTests.recorded(".chain.jsonl")))
  }

  @Test("packets and maps come out as they did in Linux", arguments: names, EngineKind.allCases)
  func asInLinux(name: String, engine: EngineKind) throws { try run(name, engine) { _ in } }

  @Test("with VLAN tags beside the frame they come out as they did in Linux", arguments: offloaded, EngineKind.allCases)
  func asInLinuxWithOffload(name: String, engine: EngineKind) throws {
    try run(name, engine, recording: ".offload") { $0.takesTag = true }
  }

  /// The helper that sets the ECN mark takes the IP header from the linear part alone.
  @Test("it is the same when all behind the IP header is in fragments", arguments: classifiers)
  func fragmented(name: String) throws { try run(name, .threaded) { $0.linearCount = 54 } }

  private func run(
    _ name: String, _ engine: EngineKind, recording: String = "", prepare: (inout SocketBufferSetup) -> Void
  ) throws {
    let lines = try FixtureTests.bytes("fixtures/expected/\(name)\(recording).jsonl").split(
      separator: UInt8(ascii: "\n"))
    let expected = try lines.map { try JSONDecoder().decode(Expected.self, from: Data($0)) }
    let backend = try FixtureTests.backend(name, engine, recording)
    let capture = try #require(FixtureTests.files(in: "pcaps").first { $0.hasPrefix(name + ".pcap") })
    let reader = try CaptureReader(path: FixtureTests.root.appendingPathComponent("pcaps/\(capture)").path)
    var setup = SocketBufferSetup()
    prepare(&setup)
    var remaining = expected[...]
    while let frame = try reader.next() {
      let next = try #require(remaining.first)
      remaining.removeFirst()
      (next.given ?? Context(given: nil, changed: nil)).setUp(&setup)
      if backend.hook != .xdp { backend.machine.prepareSocketBuffer(setup) }
      let outcome = try backend.run(frame)
      let verdict = Verdict(hook: backend.hook, returnValue: outcome.returnValue)
      let place: Comment = "packet \(frame.number)"
      #expect(next.packet == frame.number && backend.trap == nil, place)
      #expect(verdict.name == next.verdict && verdict.code == next.code, place)
      if let length = next.output_length { #expect(backend.output.count == length, place) }
      if let hash = next.output_hash {
        let digits = String(FNV1a.hash(backend.output), radix: 16)
        #expect(String(repeating: "0", count: 16 - digits.count) + digits == hash, place)
      }
      if let changed = next.context {
        #expect(Context(backend.contextOut) == Context(given: next.given, changed: changed), place)
      }
    }
    #expect(remaining.isEmpty, "the trace ended before packet \(remaining.first?.packet ?? 0)")
    try expectMaps(name + recording, backend)
  }

  private func expectMaps(_ name: String, _ backend: SimulatorBackend) throws {
    for (map, expected) in try FixtureTests.recordedMaps(name) {
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
