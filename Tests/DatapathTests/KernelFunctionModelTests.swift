import BPFMachine
import BPFObject
import Capture
import Testing

@testable import Datapath

/// What kfuncs ask a device or a connection table, which a capture does not have and options give.
@Suite("Kfuncs that ask what is around a program")
struct KernelFunctionModelTests {
  /// The words that a program of Objects/kfuncs left after one frame.
  private static func words(
    _ object: String, _ program: String, frame: [UInt8], engine: EngineKind,
    _ set: (inout MachineConfiguration) -> Void
  ) throws -> [UInt64] {
    let object = try KernelFunctionTests.object(object)
    var configuration = MachineConfiguration()
    set(&configuration)
    let backend = try SimulatorBackend(
      object: object, program: try #require(object.program(named: program)), hook: .xdp, engine: engine,
      configuration: configuration)
    try frame.withUnsafeBytes {
      _ = try backend.run(Frame(bytes: $0, wireLength: $0.count, timestamp: 1_700_000_000_000_000_123, number: 1))
    }
    #expect(backend.trap == nil)
    let map = try #require(backend.maps.first { $0.spec.name == ".data.results" })
    let value = try #require(try map.entries().first?.values.first)
    return stride(from: 0, to: value.count, by: 8).map { start in
      value[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private static let plain: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0] + [UInt8](repeating: 0x45, count: 50)
  private static let tagged: [UInt8] =
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xa8, 0x60, 0x05, 8, 0] + [UInt8](repeating: 0x45, count: 46)
  private static let noData = UInt64(bitPattern: -61)
  private static let notSupported = UInt64(bitPattern: -95)

  @Test("the device's word comes from the capture unless it is given", arguments: EngineKind.allCases)
  func metadata(engine: EngineKind) throws {
    let fromCapture = try Self.words("metadata", "metadata", frame: Self.plain, engine: engine) { _ in }
    #expect(fromCapture.prefix(8) == [0, 1_700_000_000_000_000_123, Self.noData, 0, 0, Self.noData, 0, 0])
    let withTag = try Self.words("metadata", "metadata", frame: Self.tagged, engine: engine) { _ in }
    #expect(withTag[5..<8] == [0, 0xa888, 0x6005])
    let given = try Self.words("metadata", "metadata", frame: Self.tagged, engine: engine) {
      $0.receiveMetadata.timestamp = .fixed(42)
      $0.receiveMetadata.hash = ReceiveMetadata.Hash(value: 0xdead_beef, type: 0x16)
      $0.receiveMetadata.tag = .fixed(protocolNumber: 0x8100, control: 7)
    }
    #expect(given.prefix(8) == [0, 42, 0, 0xdead_beef, 0x16, 0, 0x81, 7])
    let silent = try Self.words("metadata", "metadata", frame: Self.tagged, engine: engine) {
      $0.receiveMetadata.timestamp = .none
      $0.receiveMetadata.tag = .none
    }
    #expect(silent.prefix(8) == [Self.noData, 0, Self.noData, 0, 0, Self.noData, 0, 0])
    let without = try Self.words("metadata", "metadata", frame: Self.tagged, engine: engine) {
      $0.receiveMetadata.isSupported = false
    }
    #expect(without.prefix(8) == [Self.notSupported, 0, Self.notSupported, 0, 0, Self.notSupported, 0, 0])
  }

  @Test(
    "a connection that is given is found by both of its directions, as long as it lasts", arguments: EngineKind.allCases
  )
  func connections(engine: EngineKind) throws {
    // The program asks for 192.0.2.1:13330 to 198.51.100.2:80, TCP, in the zones 0 and, with UDP, 5.
    let direction = ConnectionModel.Direction(
      source: [192, 0, 2, 1], sourcePort: 0x3412, destination: [198, 51, 100, 2], destinationPort: 80)
    func words(_ connection: ConnectionModel.Connection) throws -> [UInt64] {
      try Self.words("connections", "refusals", frame: Self.plain, engine: engine) {
        $0.connections.connections = [connection]
      }
    }
    let found = try words(.init(original: direction, protocolNumber: 6, mark: 9))
    #expect(found[0..<7] == [1, 0, 0, 0xe, 9, 0x0102_00c0, 0x0264_33c6])
    let reply = try words(.init(original: direction.turned, protocolNumber: 6, status: 0))
    #expect(reply[0..<4] == [1, 0, 1, 8])
    let zoned = try words(.init(original: direction, protocolNumber: 17, zone: 5))
    #expect(zoned[0] == 0)
    #expect(zoned[72] == 1)
    let over = try words(.init(original: direction, protocolNumber: 6, timeout: 0))
    #expect(over[0] == 0)
  }

  @Test(
    "an object that was freed, and what is behind one, cannot be read", arguments: EngineKind.allCases,
    [
      ("freed", "read of 4 bytes at 0x", "byte 8 of an object that is smaller or was freed"),
      ("behind", "read of 8 bytes at 0x", "byte 16 of an object that is smaller or was freed"),
    ])
  func misuse(engine: EngineKind, program: (name: String, start: String, end: String)) throws {
    let object = try KernelFunctionTests.object("misuse")
    let backend = try SimulatorBackend(
      object: object, program: try #require(object.program(named: program.name)), hook: .xdp, engine: engine)
    try Self.plain.withUnsafeBytes {
      _ = try backend.run(Frame(bytes: $0, wireLength: $0.count, timestamp: 1, number: 1))
    }
    let reason = try #require(backend.trap.map { backend.describe($0).reason })
    #expect(reason.hasPrefix(program.start) && reason.hasSuffix(program.end), "\(reason)")
    // What the program held when it was stopped is freed.
    #expect(backend.machine.objectCount == 0)
  }

  @Test("a flow that is given is found with what the program reads of it", arguments: EngineKind.allCases)
  func flows(engine: EngineKind) throws {
    var flow = FlowModel.Flow(
      direction: ConnectionModel.Direction(
        source: [192, 0, 2, 1], sourcePort: 1000, destination: [198, 51, 100, 2], destinationPort: 80),
      protocolNumber: 6, ingress: 3)
    flow.isReply = true
    flow.egress = 9
    flow.destination = 0x0200_0000_0042
    flow.mtu = 1400
    let words = try Self.words("flows", "flows", frame: Self.plain, engine: engine) { $0.flows.flows = [flow] }
    #expect(words[0..<9] == [1, 0, 1, 3, 1400, 9, 0x42, 0xe803, 0x0264_33c6])
    // ENOENT, EAFNOSUPPORT, EINVAL
    #expect(words[16..<20] == [0, UInt64(bitPattern: -2), UInt64(bitPattern: -97), UInt64(bitPattern: -22)])
  }
}
