import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// Programs of Objects/kfuncs, which call kfuncs and write down what they get: the kernel's answers are recorded there, and both
/// engines must give the same. `VERDICT_RECORD=1` asks the running kernel anew.
@Suite("Programs that call kfuncs")
struct KernelFunctionTests {
  /// A program, and the lengths of the frames that it is run on, one after another.
  struct Case: CustomTestStringConvertible, Sendable {
    var object: String
    var program: String
    var hook = Hook.xdp
    var lengths = [96]
    var testDescription: String { "\(object)/\(program)" }
  }

  static let cases = [
    Case(object: "sections", program: "iterate"), Case(object: "sections", program: "sections", lengths: [96, 96]),
    Case(object: "strings", program: "strings"),
    Case(object: "objects", program: "lists", lengths: [96, 96]),
    Case(object: "objects", program: "trees", lengths: [96, 96]),
    Case(object: "objects", program: "references", lengths: [96, 96]),
    Case(object: "objects", program: "pointers", lengths: [96, 96]),
    Case(object: "objects", program: "workers", lengths: [96, 96]),
    Case(object: "dynptrs", program: "frames"), Case(object: "dynptrs", program: "fragments", lengths: [9000]),
    Case(object: "skbs", program: "packets", hook: .tcIngress),
    Case(object: "arena", program: "variables", lengths: [96, 96]), Case(object: "arena", program: "pages"),
    Case(object: "contexts", program: "frame"), Case(object: "contexts", program: "packet", hook: .tcIngress),
    Case(object: "connections", program: "refusals"), Case(object: "connections", program: "entries"),
    Case(object: "exceptions", program: "throws"), Case(object: "exceptions", program: "throws_deep"),
    Case(object: "exceptions", program: "catches"), Case(object: "exceptions", program: "catches_global"),
    Case(object: "exceptions", program: "catches_nothing"),
  ]

  /// What a run of a case came to.
  struct Answer: Codable, Equatable {
    var verdicts: [UInt32] = []
    /// FNV-1a hashes of the frames as the program left them.
    var frames: [String] = []
    /// Values of the maps after the last run, in hexadecimal, without the zero words at the end.
    var maps: [String: [String]] = [:]
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Objects/kfuncs")
  private static let recording = folder.appendingPathComponent("answers.json")

  private static func recorded() throws -> [String: Answer] {
    try JSONDecoder().decode([String: Answer].self, from: Data(contentsOf: recording))
  }

  static func object(_ name: String) throws -> ObjectFile {
    let url = folder.appendingPathComponent(name + ".bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: name)
  }

  /// An IPv4 frame of counted bytes.
  private static func frame(_ length: Int) -> [UInt8] {
    let header: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
    return header + (header.count..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let kept = bytes.reversed().drop { $0 == 0 }.reversed()
    return kept.map { String(format: "%02x", $0) }.joined()
  }

  private static func run(_ test: Case, on backend: any Backend) throws -> Answer {
    var answer = Answer()
    for (number, length) in test.lengths.enumerated() {
      let bytes = frame(length)
      try bytes.withUnsafeBytes { bytes in
        let frame = Frame(
          bytes: bytes, wireLength: bytes.count, timestamp: UInt64(number + 1) * 1_000_000_000, number: number + 1)
        let outcome = try backend.run(frame)
        #expect(backend.trap == nil, "\(backend.trap.map { backend.describe($0).reason } ?? "")")
        answer.verdicts.append(outcome.returnValue)
      }
      let hash = backend.output.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      answer.frames.append(String(hash, radix: 16))
    }
    for map in backend.maps where ![.progArray, .arena].contains(map.spec.type) {
      answer.maps[map.spec.name] = try map.entries().map { hex($0.values.first ?? []) }
    }
    return answer
  }

  /// The words of maps that differ, by index.
  private static func differences(_ found: Answer, _ expected: Answer) -> [String] {
    var lines: [String] = []
    func word(_ text: Substring) -> String { String(text.prefix(16)) }
    for (name, values) in expected.maps {
      for (value, other) in zip(values, found.maps[name] ?? []) where value != other {
        for start in stride(from: 0, to: max(value.count, other.count), by: 16)
        where word(value.dropFirst(start)) != word(other.dropFirst(start)) {
          lines.append("\(name)[\(start / 16)] \(word(other.dropFirst(start))), not \(word(value.dropFirst(start)))")
        }
      }
    }
    return lines
  }

  private static func simulator(_ test: Case, engine: EngineKind) throws -> SimulatorBackend {
    let object = try object(test.object)
    let program = try #require(object.program(named: test.program))
    return try SimulatorBackend(object: object, program: program, hook: test.hook, engine: engine)
  }

  private static func kernel(_ test: Case) throws -> KernelBackend {
    let object = try object(test.object)
    let program = try #require(object.program(named: test.program))
    return try KernelBackend(object: object, program: program, hook: test.hook)
  }

  @Test("give what the kernel gave", arguments: cases, EngineKind.allCases)
  func simulated(test: Case, engine: EngineKind) throws {
    let expected = try #require(try Self.recorded()[test.testDescription])
    let found = try Self.run(test, on: Self.simulator(test, engine: engine))
    #expect(found == expected, "\(Self.differences(found, expected))")
  }

  @Test(
    "give in the running kernel what was recorded",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"), arguments: cases)
  func again(test: Case) throws {
    guard ProcessInfo.processInfo.environment["VERDICT_RECORD"] == nil else { return }
    let expected = try #require(try Self.recorded()[test.testDescription])
    let found = try Self.run(test, on: Self.kernel(test))
    #expect(found == expected, "\(Self.differences(found, expected))")
  }

  @Test(
    "are recorded from the running kernel",
    .enabled(if: ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil, "VERDICT_RECORD is not set"))
  func record() throws {
    var answers: [String: Answer] = [:]
    for test in Self.cases { answers[test.testDescription] = try Self.run(test, on: Self.kernel(test)) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (encoder.encode(answers) + [10]).write(to: Self.recording)
  }

  @Test(
    "leave no object behind, however many packets there are", arguments: ["lists", "trees", "references", "workers"])
  func leavesNothing(program: String) throws {
    let backend = try Self.simulator(Case(object: "objects", program: program), engine: .threaded)
    for _ in 0..<2000 { _ = try Self.run(Case(object: "", program: ""), on: backend) }
    #expect(backend.machine.objectCount == 0)
  }
}
