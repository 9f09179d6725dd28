import BPFKernel
import BPFMachine
import Foundation
import KernelRecordings
import Testing

@testable import VerdictReport

/// What the kernel answers about routes in networks of our own is kept in Recorded/*.json, and the simulator must answer the same
/// from the snapshot that was taken there. `VERDICT_RECORD=1` writes the files anew.
@Suite("Networks of the kernel")
struct NetworkTests {
  static let names = NetworkSetup.all.map(\.name)

  static func setup(_ name: String) throws -> NetworkSetup { try #require(NetworkSetup.all.first { $0.name == name }) }

  @Test(
    "the running kernel answers the questions, and the answers are written down",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"),
    .enabled(if: ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil, "VERDICT_RECORD is not set"),
    arguments: names)
  func record(name: String) async throws {
    let setup = try Self.setup(name)
    let namespace = try NetworkNamespace(setup.lines)
    let options = try await NetworkSnapshot(namespace: namespace.name).text
    var questions = NetworkQuestions.of(setup)
    let answers = try namespace.inside {
      let kernel = KernelRespondent()
      return try questions.map { try kernel.answer($0) }
    }
    for index in questions.indices { questions[index].answer = answers[index] }
    try NetworkRecording(
      kernel: KernelRelease.running.text, setup: setup.lines, options: options.split(separator: "\n").map(String.init),
      questions: questions
    ).save(name)
  }

  @Test(
    "the kernel answers as it did",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"), arguments: names)
  func askAgain(name: String) throws {
    let recording = try NetworkRecording.load(name)
    let namespace = try NetworkNamespace(recording.setup)
    let answers = try namespace.inside {
      let kernel = KernelRespondent()
      return try recording.questions.map { try kernel.answer($0) }
    }
    for (question, answer) in zip(recording.questions, answers) {
      #expect(answer == question.answer, "\(question)")
    }
  }

  @Test("the simulator answers as the kernel, from a snapshot of its network", arguments: names, EngineKind.allCases)
  func simulate(name: String, engine: EngineKind) throws {
    let recording = try NetworkRecording.load(name)
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(recording.options.joined(separator: "\n").utf8), file: name)
      .apply(to: &configuration)
    let simulator = SimulatorRespondent(configuration)
    var differing = 0
    for (index, question) in recording.questions.enumerated() {
      let answer = try simulator.answer(question, engine: engine)
      if answer != question.answer { differing += 1 }
      if differing < 30 {
        #expect(answer == question.answer, "\(index) \(question.kind) tc \(question.isClassifier) \(question.input)")
      }
    }
    #expect(differing == 0)
    #expect(recording.questions.count > 200)
  }
}
