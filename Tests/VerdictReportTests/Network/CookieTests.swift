import BPFKernel
import BPFMachine
import Foundation
import KernelRecordings
import Testing

@testable import VerdictReport

/// SYN cookies of listening sockets. The cookies themselves hold a secret; what the helpers give besides is the same everywhere.
@Suite("SYN cookies of the kernel")
struct CookieTests {
  private typealias Question = NetworkRecording.Question

  static let settings = [0, 1, 2]

  private static func setup(_ setting: Int) -> [String] {
    SocketScenario.setup + ["echo \(setting) > /proc/sys/net/ipv4/tcp_syncookies"]
  }

  private static func name(_ setting: Int) -> String { "cookies \(setting)" }

  private static var questions: [Question] {
    var questions: [Question] = []
    func ask(
      _ destination: String, _ port: UInt16, version: UInt8 = 4, flags: UInt8 = 2, network: UInt32 = 20,
      segment: UInt32 = 20, words: UInt8? = nil, size: UInt16? = nil
    ) {
      let source = destination.contains(":") ? "2001:db8::77" : "203.0.113.5"
      let addresses = (NetworkAddress.bytes(source) ?? []) + (NetworkAddress.bytes(destination) ?? [])
      var input = addresses + [0x12, 0x34, UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
      input += [UInt8](repeating: 0, count: 512 - input.count)
      func put(_ bytes: [UInt8], _ offset: Int) { input.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
      func put(_ value: some FixedWidthInteger, _ offset: Int) {
        put(withUnsafeBytes(of: value.littleEndian) { Array($0) }, offset)
      }
      put(UInt32(addresses.count + 4), 36)
      put(UInt64.max, 40)
      put(network, 112)
      put(segment, 116)
      put([version << 4 | 5], 128)
      put([10, 0, 0, 1, 192, 0, 2, 1], 140)
      put([0x12, 0x34, 0, 80, 1, 2, 3, 4], 168)
      put([(words ?? UInt8(segment / 4)) << 4, flags], 180)
      if let size { put([2, 4, UInt8(size >> 8), UInt8(truncatingIfNeeded: size)], 188) }
      questions.append(
        Question(kind: .cookies, isClassifier: true, length: 60, device: 10, input: HexText.text(input), answer: ""))
    }
    for (destination, port) in [("192.0.2.1", 80), ("192.0.2.1", 81), ("2001:db8::1", 80), ("2001:db8::1", 82)]
      as [(String, UInt16)]
    {
      // An ACK first: no socket has sent a cookie yet.
      ask(destination, port, flags: 16)
      for version in [4, 6, 5] as [UInt8] {
        for network in [20, 40, 19] as [UInt32] { ask(destination, port, version: version, network: network) }
      }
      for flags in [16, 18, 3, 6, 0, 20] as [UInt8] {
        ask(destination, port, version: destination.contains(":") ? 6 : 4, flags: flags, network: 40)
      }
      for size in [1, 535, 536, 1299, 1300, 1439, 1440, 1460, 9000, 0] as [UInt16] {
        ask(destination, port, network: 40, segment: 24, size: size)
        ask(destination, port, version: 6, network: 40, segment: 24, size: size)
      }
      ask(destination, port, segment: 19)
      ask(destination, port, segment: 24, words: 5)
    }
    // What does not listen.
    ask("192.0.2.1", 40000)
    ask("8.8.8.8", 40000)
    return questions
  }

  /// With 2, every connection of the scenario began with a cookie.
  private static func marked(_ socket: String, _ setting: Int) -> String {
    let isConnected = ["192.0.2.1:80", "[::]:81", "[2001:db8::1]:80"].contains {
      socket.contains("local: '\($0)', tcp")
    }
    return setting == 2 && isConnected ? String(socket.dropLast()) + ", syncookies: true}" : socket
  }

  private static func ask(_ questions: [Question], _ setting: Int) throws -> [String] {
    let namespace = try NetworkNamespace(setup(setting))
    return try namespace.inside {
      let scenario = try SocketScenario()
      let kernel = KernelRespondent()
      return try withExtendedLifetime(scenario) { try questions.map { try kernel.answer($0) } }
    }
  }

  @Test(
    "the running kernel makes cookies and takes them back, and what it says is written down",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"),
    .enabled(if: ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil, "VERDICT_RECORD is not set"),
    arguments: settings)
  func record(setting: Int) async throws {
    var questions = Self.questions
    let answers = try Self.ask(questions, setting)
    for index in questions.indices { questions[index].answer = answers[index] }
    let namespace = try NetworkNamespace(Self.setup(setting))
    let network = try await NetworkSnapshot(namespace: namespace.name).text.split(separator: "\n").map(String.init)
    try NetworkRecording(
      kernel: KernelRelease.running.text, setup: Self.setup(setting),
      options: network + ["sockets:"] + SocketScenario.options.map { "  - " + Self.marked($0, setting) },
      questions: questions
    ).save(Self.name(setting))
  }

  @Test(
    "the kernel says what it said",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"),
    arguments: settings)
  func askAgain(setting: Int) throws {
    let recording = try NetworkRecording.load(Self.name(setting))
    for (question, answer) in zip(recording.questions, try Self.ask(recording.questions, setting)) {
      #expect(answer == question.answer, "\(question)")
    }
  }

  @Test("the simulator says what the kernel said", arguments: settings)
  func simulate(setting: Int) throws {
    let recording = try NetworkRecording.load(Self.name(setting))
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(recording.options.joined(separator: "\n").utf8), file: "cookies")
      .apply(to: &configuration)
    let simulator = SimulatorRespondent(configuration)
    for (index, question) in recording.questions.enumerated() {
      #expect(try simulator.answer(question) == question.answer, "\(index)")
    }
    let cookies = recording.questions.filter { HexText.bytes($0.answer)[80] == 1 }
    #expect(cookies.isEmpty == (setting != 2))
  }
}
