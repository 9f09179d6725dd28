import BPFMachine
import BPFObject
import Foundation
import KernelRecordings
import Testing

@testable import BPFKernel

/// TC programs on real frames: the answers are the kernel's (`answers.json`, which `VERDICT_RECORD=1` writes anew).
@Suite("An skb as real devices make it", .serialized) struct LiveTests {
  struct Answer: Codable {
    var name: String
    var results: String?
    var failed: String?
  }

  struct Answers: Codable {
    var kernel: String
    var answers: [Answer]
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let file = folder.appendingPathComponent("answers.json")

  private static func words(_ text: String) -> [UInt64] {
    let bytes = HexText.bytes(text)
    return stride(from: 0, to: bytes.count - 7, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private static func check(_ live: LiveCase, _ answer: Answer, engine: EngineKind) throws {
    let expected = words(try #require(answer.results, "\(live.name): \(answer.failed ?? "")"))
    var configuration = MachineConfiguration()
    configuration.socketBuffer = live.setup
    configuration.deviceAddress = live.device == "g0" ? 0x0200_0000_0022 : 0x0200_0000_0002
    if live.sumIsFirst { configuration.socketBuffer.checksum = .complete(sum: UInt32(truncatingIfNeeded: expected[0])) }
    let recorded = RecordedCase(
      name: live.name, type: "sched_cls", slots: live.slots,
      maps: [
        RecordedMap(name: "results", type: "array", keySize: 4, valueSize: UInt32(live.size), maxEntries: 1)
      ])
    let machine = try Machine(maps: recorded.specs, configuration: configuration)
    let index = try machine.load(try #require(recorded.program))
    _ = try HexText.bytes(live.seen).withUnsafeBytes {
      try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: engine)
    }
    let trap = machine.trap.map { machine.describe($0).reason } ?? ""
    let found = try #require(try machine.maps[0].lookup([0, 0, 0, 0])?.first)
    let ours = words(HexText.text(found))
    for (index, (mine, theirs)) in zip(ours, expected).enumerated()
    where mine != theirs && !live.ignored.contains(index) {
      Issue.record(
        "\(live.name): result \(index) is 0x\(String(mine, radix: 16)), the kernel's 0x\(String(theirs, radix: 16)) \(trap)"
      )
    }
    #expect(ours.count == expected.count)
  }

  @Test("The simulator gives what the kernel gave", arguments: EngineKind.allCases)
  func recorded(engine: EngineKind) throws {
    let answers = try JSONDecoder().decode(Answers.self, from: Data(contentsOf: Self.file)).answers
    #expect(answers.map(\.name) == LiveCases.all.map(\.name))
    for (live, answer) in zip(LiveCases.all, answers) { try Self.check(live, answer, engine: engine) }
  }

  private static let reason: String? = {
    if let reason = KernelAvailability.reason { return reason }
    for tool in ["python3", "ip"]
    where !["/usr/bin", "/usr/sbin", "/bin", "/sbin"].contains(where: {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)")
    }) {
      return "there is no \(tool)"
    }
    return nil
  }()

  @Test(
    "The running kernel answers in the same way again", .enabled(if: reason == nil, "\(reason ?? "")"),
    .timeLimit(.minutes(3)))
  func live() throws {
    let input = FileManager.default.temporaryDirectory.appendingPathComponent("skb-\(UUID().uuidString).json")
    try JSONEncoder().encode(LiveCases.all).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", Self.folder.appendingPathComponent("skb.py").path, input.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let answers = try JSONDecoder().decode(Answers.self, from: output)
    if ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil { try output.write(to: Self.file) }
    for (live, answer) in zip(LiveCases.all, answers.answers) { try Self.check(live, answer, engine: .threaded) }
  }
}
