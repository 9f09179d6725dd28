import BPFMachine
import BPFObject
import Capture
import Testing

@testable import Datapath

/// Several objects in one machine.
@Suite struct PathTests {
  private static func object(_ name: String, _ program: ChainProgram, pinned: Bool, entries: UInt32 = 1) -> ObjectFile {
    var object = ObjectFile(name: name)
    object.maps = [
      MapSpec(name: "log", rawType: 2, keySize: 4, valueSize: 64, maxEntries: 64),
      MapSpec(
        name: "position", rawType: 2, keySize: 4, valueSize: 4, maxEntries: entries, pinning: pinned ? 1 : 0),
    ]
    object.programs = [program.spec]
    return object
  }

  private static func spec(pinned: [Bool], entries: [UInt32] = [1, 1]) throws -> PathSpec {
    let programs = [1, 2].map { ChainProgram("p", number: $0, answer: ChainProgram.constant(-1)) }
    var device = DeviceSpec(name: "eth0", index: 1)
    device.tcxIngress = ["a", "b"].map { ProgramReference(object: $0, program: "p") }
    return PathSpec(
      objects: zip(["a", "b"], [0, 1]).map { name, index in
        .init(name: name, file: object(name, programs[index], pinned: pinned[index], entries: entries[index]))
      }, devices: [device], entry: "eth0", direction: .ingress)
  }

  /// How many times each object's programs wrote into its map `position`.
  private static func counts(_ spec: PathSpec) throws -> [UInt8?] {
    let path = try PacketPath(spec)
    let frame = HexBytes.bytes(ChainCases.frame())
    for number in 1...3 {
      _ = try frame.withUnsafeBytes {
        try path.run(Frame(bytes: $0, wireLength: $0.count, timestamp: 1, number: number))
      }
    }
    return try ["a", "b"].map { try path.maps(of: $0).last?.lookup([0, 0, 0, 0])?.first?.first }
  }

  @Test("Objects have maps of their own, also of the same name")
  func ownMaps() throws { #expect(try Self.counts(Self.spec(pinned: [false, false])) == [3, 3]) }

  @Test("Maps that two objects pin by one name are one map (LIBBPF_PIN_BY_NAME)")
  func pinnedMaps() throws {
    #expect(try Self.counts(Self.spec(pinned: [true, true])) == [6, 6])
    // libbpf looks for a pin only for a map that asks for one.
    #expect(try Self.counts(Self.spec(pinned: [true, false])) == [3, 3])
  }

  @Test("A pinned map that is not alike is refused, as libbpf refuses it")
  func pinnedMismatch() throws {
    let error = #expect(throws: BackendError.self) {
      try PacketPath(Self.spec(pinned: [true, true], entries: [1, 2]))
    }
    #expect(error?.message == "b: map position is pinned by another object with other sizes, type or flags")
  }

  @Test("What is attached must be there, and be of the right kind")
  func refuses() throws {
    var spec = try Self.spec(pinned: [false, false])
    spec.devices[0].xdp = ProgramReference(object: "a", program: "p")
    let error = #expect(throws: BackendError.self) { try PacketPath(spec) }
    #expect(error?.message == "eth0 xdp: p is in section 'sched_cls', not an XDP program")
    spec.devices[0].xdp = ProgramReference(object: "c", program: "p")
    #expect(throws: BackendError.self) { try PacketPath(spec) }
    spec.devices[0].xdp = nil
    spec.devices[0].peer = "eth9"
    #expect(throws: BackendError.self) { try PacketPath(spec) }
  }

  @Test("A program that redirects to ever other devices does not grow what is counted without bound")
  func boundsEnds() throws {
    var spec = try Self.spec(pinned: [false, false])
    // The frame's length is the ifindex.
    let program = ChainProgram("p", number: 1, answer: "r1 = *(u32 *)(r6 +0)\nr2 = 0\ncall 23")
    spec.objects[0].file.programs = [program.spec]
    let path = try PacketPath(spec)
    let frame = HexBytes.bytes(ChainCases.frame(length: 1300))
    for number in 0..<1200 {
      let outcome = try frame.withUnsafeBytes { bytes in
        try path.run(
          Frame(
            bytes: UnsafeRawBufferPointer(rebasing: bytes[..<(100 + number)]), wireLength: 1300, timestamp: 1,
            number: number))
      }
      #expect(outcome.returnValue == UInt32(Fate.redirect.rawValue))
    }
    #expect(path.ends.count == 1001)
    #expect(path.ends[.elsewhere] == 200)
    #expect(path.ends.values.reduce(0, +) == 1200)
  }

  @Test("A program that is stopped ends the packet's way, and says where")
  func trapped() throws {
    var program = ChainProgram("p", number: 1, answer: "r1 = 0\nr0 = *(u64 *)(r1 +0)")
    program.type = "sched_cls"
    var spec = try Self.spec(pinned: [false, false])
    spec.objects[0].file.programs = [program.spec]
    let path = try PacketPath(spec)
    let frame = HexBytes.bytes(ChainCases.frame())
    let outcome = try frame.withUnsafeBytes {
      try path.run(Frame(bytes: $0, wireLength: $0.count, timestamp: 1, number: 1))
    }
    #expect(outcome.isTrapped && Fate(rawValue: Int32(bitPattern: outcome.returnValue)) == .aborted)
    #expect(path.journey?.end == .lost(.stopped))
    #expect(path.trap.map { path.describe($0).function } == "p")
    #expect(path.count(ofLink: 1).runs == 0)
  }
}
