import BPFInstructions
import BPFKernel
import BPFMachine
import BPFObject
import Foundation
import KernelRecordings

/// Questions about the network and the kernel's answers, in a set-up that ip(8) makes.
struct NetworkRecording: Codable {
  /// `uname -r`.
  var kernel: String
  /// Lines for a shell in a new network namespace.
  var setup: [String]
  /// What `verdict snapshot` says there.
  var options: [String]
  var questions: [Question]

  /// One call of a helper.
  struct Question: Codable {
    var kind: Kind
    /// The program is one of TC, not XDP.
    var isClassifier: Bool
    /// Bytes of the frame.
    var length: Int
    /// ifindex of the device that the frame is on.
    var device: UInt32
    /// What the program takes its arguments from, and on return the same with results.
    var input: String
    var answer: String
  }

  enum Kind: String, Codable, CaseIterable {
    /// bpf_fib_lookup: the parameters, at 64 the flags, at 72 the result.
    case route
    /// bpf_check_mtu: at 0 the length, at 64 the ifindex, at 68 the difference, at 72 the flags, at 80 the result.
    case mtu
    /// bpf_sk_lookup_tcp, bpf_sk_lookup_udp and bpf_skc_lookup_tcp: see ``SocketProgram``.
    case tcp
    case udp
    case common
    /// bpf_tcp_gen_syncookie and bpf_tcp_check_syncookie.
    case cookies

    /// Bytes that the program takes its arguments from, and writes to.
    var byteCount: Int { self == .route || self == .mtu ? 128 : 512 }
  }

  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Recorded")

  static func load(_ name: String) throws -> NetworkRecording {
    try JSONDecoder().decode(
      NetworkRecording.self, from: Data(contentsOf: directory.appendingPathComponent(name + ".json")))
  }

  func save(_ name: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
    try (encoder.encode(self) + [10]).write(to: Self.directory.appendingPathComponent(name + ".json"))
  }
}

extension NetworkRecording.Question {
  static let byteCount = 128

  static func map(_ kind: NetworkRecording.Kind) -> MapSpec {
    MapSpec(
      name: "question", rawType: MapType.array.rawValue, keySize: 4, valueSize: UInt32(kind.byteCount), maxEntries: 1,
      flags: 0)
  }

  /// A frame of IPv4 without much in it.
  var frame: [UInt8] {
    var frame = [UInt8](repeating: 0, count: length)
    frame.replaceSubrange(12..<15, with: [0x08, 0x00, 0x45])
    return frame
  }

  /// `struct xdp_md` or `struct __sk_buff` that puts the frame on ``device``.
  var context: [UInt8] {
    var context = [UInt8](repeating: 0, count: isClassifier ? 192 : 24)
    func put(_ value: UInt32, _ offset: Int) {
      withUnsafeBytes(of: value.littleEndian) { context.replaceSubrange(offset..<offset + 4, with: $0) }
    }
    put(device, isClassifier ? 40 : 12)
    if !isClassifier { put(UInt32(length), 4) }
    return context
  }

  /// The program that asks.
  static func program(_ kind: NetworkRecording.Kind, isClassifier: Bool) throws -> ProgramSpec {
    let call =
      switch kind {
      case .route:
        """
        r2 = r7
        r3 = 64
        r4 = *(u32 *)(r7 +64)
        call 69
        *(u64 *)(r7 +72) = r0
        """
      case .mtu:
        """
        r3 = r7
        r2 = *(u32 *)(r7 +64)
        r4 = *(s32 *)(r7 +68)
        r5 = *(u64 *)(r7 +72)
        call 163
        *(u64 *)(r7 +80) = r0
        """
      case .tcp, .udp, .common: SocketProgram.text(kind, isClassifier: isClassifier)
      case .cookies: SocketProgram.cookies
      }
    var slots = [
      Instruction(opcode: 0x18, destination: 7, source: 2), Instruction(opcode: 0),
    ]
    slots += try Assembler().assemble(call + "\nr0 = 2\nexit").instructions
    let type: ProgramType = isClassifier ? .schedCLS : .xdp
    return ProgramSpec(
      name: "question", section: type.name, type: type, instructions: slots,
      references: [0: .mapValue("question", offset: 0)],
      functions: [FunctionSpec(name: "question", slot: 0, count: slots.count)])
  }
}

/// The kernel, asked in the thread's namespace.
final class KernelRespondent {
  private var programs: [String: (map: KernelMap, program: KernelProgram)] = [:]

  func answer(_ question: NetworkRecording.Question) throws -> String {
    let (map, program) = try loaded(question)
    try map.update([0, 0, 0, 0], [HexText.bytes(question.input)], flags: 0)
    _ = try program.testRun(data: question.frame, context: question.context, contextCapacity: question.context.count)
    return HexText.text(try map.lookup([0, 0, 0, 0])?.first ?? [])
  }

  private func loaded(_ question: NetworkRecording.Question) throws -> (map: KernelMap, program: KernelProgram) {
    let key = "\(question.kind.rawValue) \(question.isClassifier)"
    if let known = programs[key] { return known }
    let map = try KernelMap(NetworkRecording.Question.map(question.kind))
    let program = try KernelProgram(
      NetworkRecording.Question.program(question.kind, isClassifier: question.isClassifier), maps: [map])
    programs[key] = (map, program)
    return (map, program)
  }
}

/// The simulator, with the options of a recording.
final class SimulatorRespondent {
  private let configuration: MachineConfiguration
  private var machines: [String: (machine: Machine, program: Int)] = [:]

  init(_ configuration: MachineConfiguration) { self.configuration = configuration }

  func answer(_ question: NetworkRecording.Question, engine: EngineKind = .threaded) throws -> String {
    let (machine, program) = try loaded(question)
    try machine.maps[0].update([0, 0, 0, 0], [HexText.bytes(question.input)], flags: 0)
    try question.frame.withUnsafeBytes { frame in
      _ =
        question.isClassifier
        ? try machine.runSocketBuffer(program, on: frame, timestamp: 1, engine: engine)
        : try machine.run(program, on: frame, timestamp: 1, engine: engine)
    }
    if let trap = machine.trap { return machine.describe(trap).reason }
    return HexText.text(try machine.maps[0].lookup([0, 0, 0, 0])?.first ?? [])
  }

  private func loaded(_ question: NetworkRecording.Question) throws -> (machine: Machine, program: Int) {
    let key = "\(question.kind.rawValue) \(question.isClassifier) \(question.device)"
    if let known = machines[key] { return known }
    var configuration = configuration
    configuration.ingressInterface = question.device
    let machine = try Machine(
      maps: [NetworkRecording.Question.map(question.kind)], configuration: configuration)
    let program = try machine.load(
      NetworkRecording.Question.program(question.kind, isClassifier: question.isClassifier))
    machines[key] = (machine, program)
    return (machine, program)
  }
}
