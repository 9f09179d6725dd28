import BPFObject
import KernelRecordings
import Testing

@testable import BPFMachine

/// The simulator gives what a kernel answered: return value, packet, metadata, maps, errno.
@Suite struct RecordedAnswersTests {
  /// Cases that the kernel ran. What its verifier refused is the verifier's to refuse.
  static func cases(_ file: String) throws -> [RecordedCase] {
    try Recording.load(file).cases.filter { recorded in
      ["xdp", "sched_cls", "sched_act"].contains(recorded.type) && recorded.answer.refusedAt == nil
        && !(recorded.slots.isEmpty && recorded.operations.isEmpty)
        && !notSimulated.contains { recorded.name.hasPrefix($0) }
    }
  }

  /// What the simulator does otherwise: it has no devices, so it cannot refuse an ifindex; the rest it names as not simulated.
  private static let notSimulated = [
    "devmap (values of 4) from user space", "devmap (values of 8) from user space",
    "devmap_hash (values of 4) from user space",
  ]

  @Test("recorded cases come out as the kernel had them", arguments: Recording.names, EngineKind.allCases)
  func sameAnswers(in file: String, engine: EngineKind) throws {
    for recorded in try Self.cases(file) { try sameAnswer(to: recorded, engine: engine) }
  }

  @Test(
    "an access to __sk_buff that the verifier refuses is a trap that names the field", arguments: EngineKind.allCases)
  func refusedAccess(engine: EngineKind) throws {
    let refused = try Recording.load("skbfields").cases.filter { $0.answer.refusedAt == "load" }
    #expect(refused.count > 400)
    for recorded in refused {
      let machine = try Machine(maps: recorded.specs)
      let index = try machine.load(try #require(recorded.program))
      let outcome = try HexText.bytes(recorded.packet).withUnsafeBytes {
        try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: engine)
      }
      let reason = machine.trap.map { machine.describe($0).reason } ?? ""
      // What lies within the first fields and is read by 4 bytes is read in place, aligned or not.
      let isReadInPlace = recorded.name.hasPrefix("a read of 4 at") && !outcome.isTrapped
      #expect(outcome.isTrapped || isReadInPlace, "\(recorded.name)")
      #expect(
        isReadInPlace || reason.contains("__sk_buff") || reason.contains("context"), "\(recorded.name): \(reason)")
    }
  }

  private func sameAnswer(to recorded: RecordedCase, engine: EngineKind) throws {
    var configuration = MachineConfiguration()
    configuration.eventReader = .absent
    // The loopback device, on which BPF_PROG_TEST_RUN has a frame arrive.
    var loopback = NetworkModel.Interface(index: 1, name: "lo")
    loopback.mtu = 65536
    loopback.forwards4 = false
    loopback.forwards6 = false
    configuration.network.interfaces = [loopback]
    let isSocketBuffer = recorded.type != "xdp"
    if let context = recorded.context.map(HexText.bytes) {
      configuration.socketBuffer = SocketBufferSetup(context: context)
    } else {
      // Only ctx_in makes the kernel say how long the frame is.
      configuration.socketBuffer.wireLength = 0
    }
    let machine = try Machine(maps: recorded.specs, configuration: configuration)
    for callee in recorded.callees {
      let index = try machine.load(recorded.program(callee))
      try machine.maps[callee.map].update(
        littleEndian(callee.key), [littleEndian(Machine.programNumber(index))], flags: 0)
    }
    for operation in recorded.operations { check(operation, on: machine, in: recorded.name) }
    if isSocketBuffer, let program = recorded.program {
      let index = try machine.load(program)
      let outcome = try HexText.bytes(recorded.packet).withUnsafeBytes {
        try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: engine)
      }
      let trap = machine.trap.map { machine.describe($0).reason } ?? ""
      #expect(outcome.returnValue == recorded.answer.returnValue, "\(recorded.name) \(trap)")
      #expect(HexText.text([UInt8](machine.socketBuffer.output)) == recorded.answer.output, "\(recorded.name)")
      if let context = recorded.answer.context {
        #expect(HexText.text(machine.socketBuffer.contextOut) == context, "\(recorded.name): context")
      }
    } else if let program = recorded.program {
      let index = try machine.load(program)
      let context = recorded.context.map(HexText.bytes) ?? []
      let metadataCount = context.count >= 8 ? Int(context[0]) : 0
      let linearCount = context.count >= 8 ? Int(context[4]) | Int(context[5]) << 8 : .max
      let outcome = try HexText.bytes(recorded.packet).withUnsafeBytes {
        try machine.run(
          index, on: $0, metadataCount: metadataCount, linearCount: linearCount, timestamp: 1, engine: engine)
      }
      let trap = machine.trap.map { machine.describe($0).reason } ?? ""
      #expect(outcome.returnValue == recorded.answer.returnValue, "\(recorded.name) \(trap)")
      #expect(HexText.text([UInt8](machine.packet.output)) == recorded.answer.output, "\(recorded.name)")
      if let context = recorded.answer.context.map(HexText.bytes), context.count >= 8 {
        #expect(machine.packet.metadataCount == Int(context[0]), "\(recorded.name): metadata length")
        #expect(
          machine.packet.end - machine.packet.metadata == Int(context[4]) | Int(context[5]) << 8,
          "\(recorded.name): end of the linear part")
      }
    }
    for (map, expected) in zip(machine.maps, recorded.answer.maps ?? []) {
      guard let expected else { continue }
      let entries = try map.entries().map {
        RecordedEntry(key: HexText.text($0.key), value: HexText.text($0.values.first ?? []))
      }
      #expect(
        entries.sorted { $0.key < $1.key } == expected.sorted { $0.key < $1.key },
        "\(recorded.name): map \(map.spec.name)")
    }
  }

  private func littleEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

  private func check(_ operation: RecordedOperation, on machine: Machine, in name: String) {
    let map = machine.maps[operation.map]
    let key = HexText.bytes(operation.key)
    var errno = ""
    do {
      switch operation.operation {
      case "update":
        let value = operation.inner.map { littleEndian(Machine.mapNumber($0)) } ?? HexText.bytes(operation.value)
        try map.update(key, [value], flags: operation.flags)
      case "delete": try map.delete(key)
      default:
        let found = try map.lookup(key)
        if found == nil { errno = "ENOENT" }
        #expect(found?.first.map { HexText.text($0) } == operation.found, "\(name): lookup of \(operation.key)")
      }
    } catch {
      errno = RecordedAnswersTests.names[error.errno] ?? "\(error.errno)"
    }
    #expect(errno == operation.errno, "\(name): \(operation.operation) of \(operation.key), flags \(operation.flags)")
  }

  static let names: [Int32: String] = [
    1: "EPERM", 2: "ENOENT", 7: "E2BIG", 9: "EBADF", 12: "ENOMEM", 13: "EACCES", 17: "EEXIST", 22: "EINVAL",
    28: "ENOSPC",
    75: "EOVERFLOW", 95: "EOPNOTSUPP", 524: "ENOTSUPP",
  ]
}

extension SocketBufferSetup {
  /// What ctx_in says, a `struct __sk_buff`.
  init(context: [UInt8]) {
    self.init()
    let bytes = context + [UInt8](repeating: 0, count: 192 - min(192, context.count))
    func number(_ offset: Int, _ count: Int) -> UInt64 {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func word(_ offset: Int) -> UInt32 { UInt32(number(offset, 4)) }
    (mark, priority) = (word(8), word(32))
    ingressInterface = word(36)
    control = (0..<5).map { word(48 + 4 * $0) }
    timestamp = number(152, 8)
    if word(160) != 0 { wireLength = word(160) }
    (segments, segmentSize) = (UInt16(word(164)), UInt16(word(176)))
    hardwareTimestamp = number(184, 8)
  }
}
