import BPFKernel
import BPFMachine
import Foundation
import KernelRecordings
import Testing

@testable import VerdictReport

/// Sockets of the kernel in a namespace of their own, looked up there and here.
@Suite("Sockets of the kernel")
struct SocketTests {
  private typealias Question = NetworkRecording.Question

  private static let addresses4 = [
    "192.0.2.1", "198.51.100.1", "198.51.100.9", "203.0.113.5", "127.0.0.1", "0.0.0.0",
  ]
  private static let addresses6 = ["2001:db8::1", "2001:db8::9", "::1", "::", "::ffff:192.0.2.1", "2001:db8:ff::1"]
  private static let near: [UInt16] = [
    80, 81, 82, 83, 40000, 40001, 40002, 40003, 53, 54, 55, 56, 57, 58, 5000, 5001, 9,
  ]
  private static let far: [UInt16] = [40000, 40001, 40002, 40003, 80, 81, 53, 1234]

  /// Every address and port, then arguments that are out of order.
  private static var questions: [Question] {
    var questions: [Question] = []
    var number = 0
    func ask(
      _ kind: NetworkRecording.Kind, _ source: String, _ sourcePort: UInt16, _ destination: String, _ port: UInt16,
      device: UInt32, size: UInt32? = nil, namespace: UInt64 = .max, flags: UInt64 = 0, assign: UInt64 = 0
    ) {
      number += 1
      let addresses = (NetworkAddress.bytes(source) ?? []) + (NetworkAddress.bytes(destination) ?? [])
      let ports = [sourcePort, port].flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
      var input = addresses + ports
      input += [UInt8](repeating: 0, count: 512 - input.count)
      func put(_ value: some FixedWidthInteger, _ offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { input.replaceSubrange(offset..<offset + $0.count, with: $0) }
      }
      put(size ?? UInt32(addresses.count + 4), 36)
      put(namespace, 40)
      put(flags, 48)
      put(assign, 88)
      questions.append(
        Question(
          kind: kind, isClassifier: number % 2 == 0, length: 60, device: device, input: HexText.text(input), answer: "")
      )
    }
    let kinds: [NetworkRecording.Kind] = [.tcp, .common, .udp]
    for (index, port) in near.enumerated() {
      for (offset, address) in ((index % 2 == 0 ? addresses4 : addresses4.reversed())).prefix(3).enumerated() {
        let device: UInt32 = [10, 20, 1][(index + offset) % 3]
        ask(kinds[(index + offset) % 3], address, far[(index + offset) % far.count], "192.0.2.1", port, device: device)
        ask(port < 59 && port > 52 ? .udp : .tcp, address, 1234, addresses4[(index + offset) % 4], port, device: device)
      }
      for (offset, address) in addresses6.enumerated() {
        let device: UInt32 = [10, 20, 1][(index + offset) % 3]
        ask(
          kinds[(index + offset) % 3], address, far[(index + offset) % far.count], "2001:db8::1", port, device: device)
        ask(port < 59 && port > 52 ? .udp : .common, "2001:db8::9", 53, address, port, device: device)
      }
    }
    for device in [10, 20, 1] as [UInt32] {
      for kind in [NetworkRecording.Kind.tcp, .common] {
        for port in [40000, 40003, 7] as [UInt16] {
          ask(kind, "192.0.2.1", port, "192.0.2.1", 80, device: device)
          ask(kind, "192.0.2.1", 80, "192.0.2.1", port, device: device)
        }
        ask(kind, "2001:db8::1", 40001, "2001:db8::1", 80, device: device)
        ask(kind, "2001:db8::1", 80, "2001:db8::1", 40001, device: device)
        ask(kind, "192.0.2.1", 40002, "192.0.2.1", 81, device: device)
        ask(kind, "192.0.2.1", 81, "192.0.2.1", 40002, device: device)
        ask(kind, "::ffff:192.0.2.1", 40002, "::ffff:192.0.2.1", 81, device: device)
        ask(kind, "8.8.8.8", 999, "10.1.1.1", 83, device: device)
      }
      ask(.udp, "198.51.100.9", 53, "192.0.2.1", 5000, device: device)
      ask(.udp, "198.51.100.8", 53, "192.0.2.1", 5000, device: device)
      ask(.udp, "2001:db8::9", 53, "2001:db8::1", 5001, device: device)
      ask(.udp, "2001:db8::9", 54, "2001:db8::1", 5001, device: device)
      for namespace in [0xffff_ffff, 0, 7, 1 << 40, 0x8000_0000, 0xffff_ffff_0000_0000] as [UInt64] {
        ask(.tcp, "192.0.2.1", 1, "192.0.2.1", 80, device: device, namespace: namespace)
        ask(.tcp, "192.0.2.1", 1, "192.0.2.1", 80, device: device, namespace: namespace)
        ask(.udp, "192.0.2.1", 1, "192.0.2.1", 53, device: device, namespace: namespace)
      }
      for size in [20, 0, 35] as [UInt32] { ask(.tcp, "192.0.2.1", 1, "192.0.2.1", 80, device: device, size: size) }
      for flags in [1, 1 << 33] as [UInt64] {
        ask(.tcp, "192.0.2.1", 1, "192.0.2.1", 80, device: device, flags: flags)
        ask(.udp, "192.0.2.1", 1, "192.0.2.1", 53, device: device, flags: flags)
        ask(.tcp, "192.0.2.1", 1, "192.0.2.1", 80, device: device, assign: flags)
        ask(.common, "192.0.2.1", 1, "192.0.2.1", 80, device: device, assign: flags)
        ask(.common, "192.0.2.1", 1, "192.0.2.1", 80, device: device, assign: flags)
      }
    }
    return questions
  }

  /// Without what changes with every connection: of sockets that do not listen, the queue of the last packet and the members of
  /// `struct bpf_tcp_sock`.
  private static func steady(_ answer: String) -> String {
    var bytes = HexText.bytes(answer)
    guard bytes.count == 512, bytes[SocketProgram.socket + 72] != 10 else { return answer }
    for offset in 76..<80 { bytes[SocketProgram.socket + offset] = 0 }
    // What is left of an IPv4 connection has no IPv6 addresses, and the kernel does not clear where they would be.
    if bytes[SocketProgram.socket + 72] == 6, bytes[SocketProgram.socket + 4] == 2 {
      for offset in [28, 56] {
        for byte in offset..<offset + 16 { bytes[SocketProgram.socket + byte] = 0 }
      }
    }
    for offset in 0..<112 { bytes[SocketProgram.transmission + offset] = 0 }
    return HexText.text(bytes)
  }

  private static func ask(_ questions: [Question]) throws -> [String] {
    let namespace = try NetworkNamespace(SocketScenario.setup)
    return try namespace.inside {
      let scenario = try SocketScenario()
      let kernel = KernelRespondent()
      return try withExtendedLifetime(scenario) { try questions.map { steady(try kernel.answer($0)) } }
    }
  }

  @Test(
    "the running kernel finds sockets, and what it finds is written down",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"),
    .enabled(if: ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil, "VERDICT_RECORD is not set"))
  func record() async throws {
    var questions = Self.questions
    let answers = try Self.ask(questions)
    for index in questions.indices { questions[index].answer = answers[index] }
    let namespace = try NetworkNamespace(SocketScenario.setup)
    let network = try await NetworkSnapshot(namespace: namespace.name).text.split(separator: "\n").map(String.init)
    try NetworkRecording(
      kernel: KernelRelease.running.text, setup: SocketScenario.setup,
      options: network + ["sockets:"] + SocketScenario.options.map { "  - " + $0 }, questions: questions
    ).save("sockets")
  }

  @Test(
    "the kernel finds what it found",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"))
  func askAgain() throws {
    let recording = try NetworkRecording.load("sockets")
    for (question, answer) in zip(recording.questions, try Self.ask(recording.questions)) {
      #expect(answer == question.answer, "\(question)")
    }
  }

  @Test("the simulator finds the sockets of its options as the kernel finds real ones", arguments: EngineKind.allCases)
  func simulate(engine: EngineKind) throws {
    let recording = try NetworkRecording.load("sockets")
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(recording.options.joined(separator: "\n").utf8), file: "sockets")
      .apply(to: &configuration)
    let simulator = SimulatorRespondent(configuration)
    var found = 0
    for (index, question) in recording.questions.enumerated() {
      let answer = Self.steady(try simulator.answer(question, engine: engine))
      #expect(
        answer == question.answer, "\(index) \(question.kind) tc \(question.isClassifier) device \(question.device)")
      if HexText.bytes(question.answer)[56] == 1 { found += 1 }
    }
    #expect(found > 100)
    #expect(recording.questions.count > 300)
  }
}
