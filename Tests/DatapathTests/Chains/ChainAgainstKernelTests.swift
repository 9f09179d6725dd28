import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Foundation
import Testing

@testable import Datapath

/// Chains of programs on real hooks: which of them ran, in what order, what each saw of the skb, and where the frame went.
///
/// The answers are the kernel's (`answers.json`, which `VERDICT_RECORD=1` writes anew); `live.py` asks it with veth pairs in
/// network namespaces of its own.
@Suite("Chains as the kernel runs them", .serialized) struct ChainAgainstKernelTests {
  /// What became of one frame.
  struct FrameAnswer: Codable, Equatable {
    /// What the programs wrote down, in order.
    var log: [[UInt32]]
    /// Devices where it came up to the stack, and its bytes.
    var arrived: [[String]]
  }

  struct Answer: Codable {
    var name: String
    var refusals: [[Word]]?
    var frames: [FrameAnswer]?
    /// Why this kernel cannot set the case up.
    var unsupported: String?
    var failed: String?
  }

  /// A program's name, or an errno.
  enum Word: Codable, Equatable {
    case text(String)
    case number(Int32)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int32.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number): try container.encode(number)
      }
    }
  }

  struct Answers: Codable {
    var kernel: String
    var answers: [Answer]
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let file = folder.appendingPathComponent("answers.json")

  private static func recorded() throws -> [String: Answer] {
    let answers = try JSONDecoder().decode(Answers.self, from: Data(contentsOf: file)).answers
    return Dictionary(uniqueKeysWithValues: answers.map { ($0.name, $0) })
  }

  // MARK: The simulator

  private static func simulate(_ chain: ChainCase, engine: EngineKind) throws -> (refusals: [[Word]], [FrameAnswer]) {
    let (spec, refusals) = try chain.path()
    var answers: [FrameAnswer] = []
    var configuration = MachineConfiguration()
    chain.network?(&configuration.network)
    let path = try PacketPath(spec, engine: engine, configuration: configuration)
    path.keepsSteps = true
    let log = try #require(path.maps(of: "case").first)
    let position = try #require(path.maps(of: "case").last)
    for (number, text) in chain.frames.enumerated() {
      try position.update([0, 0, 0, 0], [[0, 0, 0, 0]], flags: 0)
      let bytes = HexBytes.bytes(text)
      _ = try bytes.withUnsafeBytes {
        try path.run(Frame(bytes: $0, wireLength: $0.count, timestamp: UInt64(number + 1), number: number + 1))
      }
      #expect(path.trap == nil, "\(chain.name): \(path.trap.map { path.describe($0).reason } ?? "")")
      let count = try #require(try position.lookup([0, 0, 0, 0])?.first?.first)
      var entries: [[UInt32]] = []
      for slot in 0..<min(count, 64) {
        let value = try #require(try log.lookup([slot, 0, 0, 0])?.first)
        entries.append(
          stride(from: 0, to: 64, by: 4).map { offset in
            value[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
          })
      }
      let journey = try #require(path.journey)
      var arrived = arrivals(journey, path, entry: chain).sorted { $0[0] < $1[0] }
      // A frame that comes up once, without copies, is what the path has as its output; a tag is not part of what a socket reads.
      let isAlone = arrived.count == 1 && journey.copies.isEmpty && path.machine.socketBuffer.tag == nil
      if isAlone, path.isSocketBuffer { arrived[0].append(HexBytes.text([UInt8](path.output))) }
      answers.append(FrameAnswer(log: entries, arrived: arrived))
    }
    return (refusals.map { [.text($0.0), .number($0.1)] }, answers)
  }

  /// Where the frame and its copies came up to a stack; bytes are compared in tests of their own.
  private static func arrivals(_ journey: Journey, _ path: PacketPath, entry: ChainCase) -> [[String]] {
    var found: [[String]] = []
    switch (journey.fate, journey.end) {
    case (.pass, .here): found.append([entry.entry])
    case (_, .device(let index, .ingress)): found.append([path.deviceName(index)])
    default: break
    }
    return found + journey.copies.flatMap { arrivals($0, path, entry: entry) }
  }

  private static func check(_ chain: ChainCase, _ answer: Answer, engine: EngineKind) throws {
    let (refusals, frames) = try simulate(chain, engine: engine)
    #expect(refusals == answer.refusals, "\(chain.name)")
    let expected = try #require(answer.frames)
    #expect(frames.count == expected.count)
    for (number, (ours, theirs)) in zip(frames, expected).enumerated() {
      #expect(ours.log.map(\.[0]) == theirs.log.map(\.[0]), "\(chain.name), frame \(number): which programs ran")
      for (step, (left, right)) in zip(ours.log, theirs.log).enumerated() {
        for (index, (mine, yours)) in zip(left, right).enumerated().dropFirst() {
          let field = ChainProgram.fields[index - 1].name
          // A driver that runs XDP leaves there what it used skb->cb for.
          if chain.name.hasPrefix("native XDP"), ["cb0", "tc_classid"].contains(field) { continue }
          #expect(
            mine == yours, "\(chain.name), frame \(number), step \(step) (program \(right[0])): \(field)")
        }
      }
      #expect(
        ours.arrived.map { $0[0] } == theirs.arrived.map { $0[0] }, "\(chain.name), frame \(number): where it went")
      for (mine, yours) in zip(ours.arrived, theirs.arrived) where mine.count > 1 && yours.count > 1 {
        #expect(mine[1] == yours[1], "\(chain.name), frame \(number): its bytes")
      }
    }
  }

  @Test(
    "What programs on a hook see and do is what the kernel recorded", arguments: ChainCases.all.map(\.name),
    EngineKind.allCases)
  func replays(name: String, engine: EngineKind) throws {
    let chain = try #require(ChainCases.all.first { $0.name == name })
    let answer = try #require(try Self.recorded()[name], "not recorded")
    guard answer.unsupported == nil else { return }
    try Self.check(chain, answer, engine: engine)
  }

  // MARK: The kernel

  private static let reason: String? = {
    if let reason = KernelAvailability.reason { return reason }
    for tool in ["python3", "tc", "ip"]
    where !["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"].contains(where: {
      FileManager.default.isExecutableFile(atPath: $0 + tool)
    }) {
      return "there is no \(tool)"
    }
    return nil
  }()

  private static func ask(_ cases: [ChainCase]) throws -> Data {
    let input = FileManager.default.temporaryDirectory.appendingPathComponent("chains-\(UUID().uuidString).json")
    try JSONEncoder().encode(cases).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", folder.appendingPathComponent("live.py").path, input.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return output
  }

  @Test(
    "The running kernel answers as the simulator does", .enabled(if: reason == nil, "\(reason ?? "")"),
    .timeLimit(.minutes(3)))
  func live() throws {
    let output = try Self.ask(ChainCases.all)
    let answers = try JSONDecoder().decode(Answers.self, from: output)
    if ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try (encoder.encode(answers) + [10]).write(to: Self.file)
    }
    for (chain, answer) in zip(ChainCases.all, answers.answers) {
      #expect(answer.failed == nil, "\(chain.name): \(answer.failed ?? "")")
      guard answer.unsupported == nil, answer.failed == nil else { continue }
      try Self.check(chain, answer, engine: .threaded)
    }
  }
}
