import BPFInstructions
import BPFMachine
import BPFObject
import Testing

@testable import VerdictReport

/// What helpers say of the socket that an skb comes with.
@Suite("Sockets of frames")
struct OwnerTests {
  /// Runs `text` on a segment from 192.0.2.1:80 to 198.51.100.7:4000.
  private static func run(
    _ text: String, path: SocketBufferSetup.Path, options: String, maps: [MapSpec] = [],
    seed: (Machine) throws -> Void = { _ in }
  ) throws -> (UInt64, String?) {
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(options.utf8), file: "net.yaml").apply(to: &configuration)
    configuration.socketBuffer.path = path
    let code = try Assembler().assemble(text)
    let references = code.references.compactMapValues { reference in
      if case .map(let name) = reference { Reference.map(name) } else { nil }
    }
    let machine = try Machine(maps: maps, configuration: configuration)
    try seed(machine)
    let program = try machine.load(
      ProgramSpec(
        name: "test", section: "tc", type: .schedCLS, instructions: code.instructions, references: references))
    var frame = [UInt8](repeating: 0, count: 60)
    frame.replaceSubrange(12..<15, with: [0x08, 0x00, 0x45])
    frame[23] = 6
    frame.replaceSubrange(26..<38, with: [192, 0, 2, 1, 198, 51, 100, 7, 0, 80, 0x0f, 0xa0])
    _ = try frame.withUnsafeBytes {
      try machine.runSocketBuffer(program, on: $0, timestamp: 1, engine: .threaded)
    }
    return (machine.result, machine.trap.map { machine.describe($0).reason })
  }

  private static let options = """
    sockets:
      - {protocol: tcp, local: '192.0.2.1:80', remote: '198.51.100.7:4000', cookie: 77, uid: 33, mark: 5, cgroup: /web}
    cgroups: [{path: /web, id: 4711, classid: 0x10002}]
    """

  @Test(
    "a frame that leaves is of the socket that has its addresses, and a frame that comes in is of none",
    arguments: [
      ("call 46\nexit", 77, 0), ("call 47\nexit", 33, 65534), ("call 79\nexit", 4711, 0),
      ("call 151\nexit", 0x10002, 0),
      ("r2 = 0\ncall 83\nexit", 1, 0), ("r2 = 1\ncall 83\nexit", 4711, 0), ("r2 = 2\ncall 83\nexit", 0, 0),
      ("r6 = *(u64 *)(r1 +168)\nr0 = 0\nif r6 == 0 goto out\nr0 = *(u32 *)(r6 +16)\nout:\nexit", 5, 0),
    ] as [(String, UInt64, UInt64)])
  func owner(_ text: String, _ leaving: UInt64, _ coming: UInt64) throws {
    #expect(try Self.run(text, path: .egress, options: Self.options) == (leaving, nil))
    #expect(try Self.run(text, path: .ingress, options: Self.options) == (coming, nil))
  }

  /// `bpf_skb_under_cgroup` (net/core/filter.c): 1 within, 0 without, EAGAIN for an empty slot, E2BIG beyond the last.
  @Test(
    "a seed puts cgroups into a map, which a frame's socket is under or not",
    arguments: [(0, -11), (1, 1), (2, 0), (3, -7)] as [(UInt32, Int64)])
  func underCgroup(_ slot: UInt32, _ answer: Int64) throws {
    let map = MapSpec(
      name: "groups", rawType: MapType.cgroupArray.rawValue, keySize: 4, valueSize: 4, maxEntries: 3)
    let options = Self.options.replacing("cgroups: [", with: "cgroups: [{path: /mail, id: 4712}, ")
    let (result, trap) = try Self.run(
      "r2 = map[groups]\nr3 = \(slot)\ncall 33\nexit", path: .egress, options: options, maps: [map]
    ) { machine in
      let groups = try #require(machine.map(named: "groups"))
      try groups.update([1, 0, 0, 0], [[0x67, 0x12, 0, 0]], flags: 0)
      try groups.update([2, 0, 0, 0], [[0x68, 0x12, 0, 0]], flags: 0)
    }
    #expect(trap == nil)
    #expect(Int64(bitPattern: result) == answer)
  }

  @Test("a system has as many sockets as it has")
  func manySockets() throws {
    let more = (1...20_000).map { "  - {protocol: udp, local: '10.0.\($0 / 250).\($0 % 250):\($0)'}" }
    let options =
      "sockets:\n" + more.joined(separator: "\n") + "\n"
      + Self.options.split(separator: "\n").dropFirst().joined(separator: "\n")
    #expect(try Self.run("call 46\nexit", path: .egress, options: options) == (77, nil))
  }

  /// Offsets are those of `struct sock_common` in the kernel's BTF.
  @Test(
    "a socket that is cast has the first members of the kernel's structure, and what follows is named as not simulated",
    arguments: [("u16", 16, 2), ("u8", 18, 1), ("u16", 14, 80), ("u32", 4, 0x0102_00c0), ("u64", 88, 77)]
      as [(String, Int, UInt64)])
  func cast(_ size: String, _ offset: Int, _ value: UInt64) throws {
    let text = "r1 = *(u64 *)(r1 +168)\ncall 137\nr0 = *(\(size) *)(r0 +\(offset))\nexit"
    #expect(try Self.run(text, path: .egress, options: Self.options) == (value, nil))
    let far = "r1 = *(u64 *)(r1 +168)\ncall 137\nr0 = *(\(size) *)(r0 +532)\nexit"
    let (_, trap) = try Self.run(far, path: .egress, options: Self.options)
    #expect(trap?.contains("offset 532") == true && trap?.contains("sock_common") == true, "\(trap ?? "no trap")")
  }

  /// bpf_sk_release of what was not looked up, and of what was given back, is what the verifier refuses.
  @Test("a reference is given back once")
  func release() throws {
    let lookup = """
      r6 = r1
      r1 = 0
      *(u64 *)(r10 -8) = r1
      *(u64 *)(r10 -16) = r1
      r1 = 0xc63364070b00007f ll
      *(u32 *)(r10 -16) = r1
      r1 = 0x010200c0
      *(u32 *)(r10 -12) = r1
      r1 = 0x5000a00f
      *(u32 *)(r10 -8) = r1
      r1 = 0x076433c6
      *(u32 *)(r10 -16) = r1
      r1 = r6
      r2 = r10
      r2 += -16
      r3 = 12
      r4 = -1
      r5 = 0
      call 84
      r7 = r0
      r1 = r7
      call 86
      """
    #expect(try Self.run(lookup + "\nexit", path: .ingress, options: Self.options) == (0, nil))
    let (_, trap) = try Self.run(lookup + "\nr1 = r7\ncall 86\nexit", path: .ingress, options: Self.options)
    #expect(trap?.contains("bpf_sk_release: argument 1") == true, "\(trap ?? "no trap")")
  }
}
