import BPFInstructions
import BPFMachine
import BPFObject
import Capture
import Testing

@testable import Datapath

/// Actions that few kernels are built with: what net/sched says of them. What all actions share (controls, jumps, chains) the
/// kernel was asked about with act_mirred, in ``ChainAgainstKernelTests``.
@Suite struct ActionTests {
  private static let frame = HexBytes.bytes(ChainCases.frame())

  /// A classic filter that always matches, `actions`, and a tcx link on another device that the frame is sent to by act_mirred.
  private static func path(
    _ actions: [FilterAction], programs: [ChainProgram] = [], seed: UInt64 = 1
  ) throws -> PacketPath {
    let all =
      [
        ChainProgram("match", number: 1, answer: ChainProgram.constant(-1)),
        ChainProgram("see", number: 2, answer: ChainProgram.constant(0)),
      ] + programs
    var object = ObjectFile(name: "actions")
    object.maps = [
      MapSpec(name: "log", rawType: 2, keySize: 4, valueSize: 64, maxEntries: 64),
      MapSpec(name: "position", rawType: 2, keySize: 4, valueSize: 4, maxEntries: 1),
    ]
    object.programs = all.map(\.spec)
    var eth0 = DeviceSpec(name: "eth0", index: 1)
    var filter = Filter(program: ProgramReference(object: "actions", program: "match"), priority: 1)
    filter.isDirectAction = false
    filter.classIdentifier = 0x1_0005
    filter.actions = actions + [.mirred(Mirred(device: "eth1", direction: .egress, redirects: true))]
    try eth0.ingress.add(filter)
    var eth1 = DeviceSpec(name: "eth1", index: 2)
    eth1.tcxEgress = [ProgramReference(object: "actions", program: "see")]
    var configuration = MachineConfiguration()
    configuration.seed = seed
    return try PacketPath(
      PathSpec(
        objects: [.init(name: "actions", file: object)], devices: [eth0, eth1], entry: "eth0", direction: .ingress),
      configuration: configuration)
  }

  private static func run(_ path: PacketPath, _ bytes: [UInt8] = frame, at time: UInt64 = 1) throws -> Fate {
    let outcome = try bytes.withUnsafeBytes {
      try path.run(Frame(bytes: $0, wireLength: $0.count, timestamp: time, number: 1))
    }
    return try #require(Fate(rawValue: Int32(bitPattern: outcome.returnValue)))
  }

  /// What `see` found in the fields of the skb that it was given.
  private static func seen(_ path: PacketPath, _ field: String) throws -> UInt32 {
    let index = try #require(ChainProgram.fields.firstIndex { $0.name == field })
    let log = try #require(path.maps(of: "actions").first)
    let value = try #require(try log.lookup([1, 0, 0, 0])?.first)
    return value[(index + 1) * 4..<(index + 2) * 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  @Test(
    "act_gact answers what it was told, and the filter with it",
    arguments: [
      (ActionCode.ok, Fate.pass), (.shot, .drop), (.unspec, .pass), (.pipe, .redirect), (.stolen, .stolen),
      (.queued, .stolen), (.trap, .stolen), (.reclassify, .drop), (.repeated, .pass), (.jump(1), .redirect),
      (.jump(3), .pass), (.goto(7), .pass), (.redirect, .drop),
    ])
  func generic(control: ActionCode, fate: Fate) throws {
    // A jump of one passes over the action itself when the list begins anew; one past the end is faulty and passes.
    #expect(try Self.run(Self.path([.generic(control, nil)])) == fate)
  }

  @Test("act_gact answers otherwise every so many packets, or at random as often")
  func varies() throws {
    let every = try Self.path([.generic(.shot, GenericVariation(kind: .determ, action: .ok, value: 4))])
    let fates = try (0..<8).map { _ in try Self.run(every) }
    #expect(fates == [.drop, .drop, .drop, .pass, .drop, .drop, .drop, .pass])
    let random = try Self.path([.generic(.shot, GenericVariation(kind: .netrand, action: .ok, value: 4))])
    let passed = try (0..<4000).count { _ in try Self.run(random) == .pass }
    #expect((850...1150).contains(passed))
  }

  @Test("act_skbedit sets what it names: mark by mask, priority, packet type, and queues that there are")
  func edits() throws {
    var first = SocketBufferEdit()
    first.mark = 0xabcd
    first.packetType = 2
    var edit = SocketBufferEdit()
    edit.mark = 0x12
    edit.mask = 0xff
    edit.priority = 0x1_0002
    edit.queueMapping = 1
    let path = try Self.path([.edit(first), .edit(edit)])
    #expect(try Self.run(path) == .redirect)
    #expect(try Self.seen(path, "mark") == 0xab12)
    #expect(try Self.seen(path, "priority") == 0x1_0002)
    #expect(try Self.seen(path, "pkt_type") == 2)
    // eth0 has one transmit queue, number 0.
    #expect(try Self.seen(path, "queue_mapping") == 0)
  }

  @Test("act_skbedit takes the priority from the DS field of IPv4 and IPv6")
  func inheritsDSField() throws {
    var edit = SocketBufferEdit()
    edit.inheritsDSField = true
    for (type, head) in [("0800", "45b80000"), ("86dd", "6b800000")] {
      let path = try Self.path([.edit(edit)])
      var bytes = HexBytes.bytes(ChainCases.frame(type: type))
      bytes.replaceSubrange(14..<18, with: HexBytes.bytes(head))
      #expect(try Self.run(path, bytes) == .redirect)
      #expect(try Self.seen(path, "priority") == 46)
    }
  }

  @Test("act_vlan puts a tag beside the frame, changes it and takes it away")
  func tags() throws {
    let push = FilterAction.vlan(.push(protocolNumber: 0x88a8, id: 5, priority: 3), .pipe)
    let path = try Self.path([push])
    #expect(try Self.run(path) == .redirect)
    #expect(try Self.seen(path, "vlan_present") == 1)
    #expect(try Self.seen(path, "vlan_tci") == 3 << 13 | 5)
    #expect(try Self.seen(path, "vlan_proto") == 0xa888)
    // On the wire the tag is where it belongs.
    #expect([UInt8](path.output)[12..<16] == [0x88, 0xa8, 0x60, 0x05])
    let changed = try Self.path([push, .vlan(.modify(protocolNumber: nil, id: 7, priority: nil), .pipe)])
    #expect(try Self.run(changed) == .redirect)
    #expect(try Self.seen(changed, "vlan_tci") == 3 << 13 | 7)
    let popped = try Self.path([push, .vlan(.pop, .pipe)])
    #expect(try Self.run(popped) == .redirect)
    #expect(try Self.seen(popped, "vlan_present") == 0)
    #expect([UInt8](popped.output) == Self.frame)
  }

  @Test(
    "act_bpf takes over what its program answers, its own control for -1, and nothing for a number that it does not know",
    arguments: [
      (-2, Fate.pass), (-1, .redirect), (0, .pass), (1, .drop), (2, .drop), (3, .redirect), (4, .pass), (5, .pass),
      (6, .pass), (7, .drop), (8, .pass), (9, .pass),
    ])
  func program(code: Int, fate: Fate) throws {
    let act = ChainProgram("act", type: "sched_act", number: 3, answer: ChainProgram.constant(code))
    let action = FilterAction.program(ProgramReference(object: "actions", program: "act"), default: .pipe)
    #expect(try Self.run(Self.path([action], programs: [act])) == fate)
  }

  @Test("act_police lets a burst through and then its rate, by the capture's clock")
  func polices() throws {
    var police = Police()
    // 1,000 bytes a second; wire_len of a 64-byte frame at ingress is 50.
    police.rate = 1000
    police.burst = 100
    police.exceed = .shot
    police.conform = .pipe
    let path = try Self.path([.police(police)])
    var fates: [Fate] = []
    for time: UInt64 in [1_000_000_000, 1_000_000_000, 1_000_000_000, 1_040_000_000, 1_050_000_000, 1_051_000_000] {
      fates.append(try Self.run(path, at: time))
    }
    #expect(fates == [.redirect, .redirect, .drop, .drop, .redirect, .drop])
    // What is longer than the table of rates reaches (2,040 bytes behind the Ethernet header) exceeds.
    let long = HexBytes.bytes(ChainCases.frame(length: 2100))
    var wide = police
    wide.burst = 100_000
    #expect(try Self.run(Self.path([.police(wide)]), long, at: 5) == .drop)
    wide.mtu = 4000
    #expect(try Self.run(Self.path([.police(wide)]), long, at: 5) == .redirect)
  }

  @Test("act_police rounds as the kernel does: a burst in ticks of 64 ns, a packet's time by multiplication and shift")
  func policeRounds() throws {
    var police = Police()
    // 100 bytes at 3,000 a second are 520,833 ticks, 33,333,312 ns; two packets of 50 bytes cost 16,666,666 ns each.
    police.rate = 3000
    police.burst = 100
    police.exceed = .shot
    police.conform = .pipe
    let path = try Self.path([.police(police)])
    #expect(try [0, 0, 20].map { try Self.run(path, at: 1_000_000_000 + $0) } == [.redirect, .drop, .redirect])
  }

  @Test("act_police counts packets")
  func policesPackets() throws {
    var police = Police()
    police.packetRate = 10
    police.packetBurst = 2
    police.exceed = .shot
    police.conform = .pipe
    let path = try Self.path([.police(police)])
    let times: [UInt64] = [1, 1, 1, 2, 2].enumerated().map { UInt64($1) * 1_000_000_000 + UInt64($0) }
    #expect(try times.map { try Self.run(path, at: $0) } == [.redirect, .redirect, .drop, .redirect, .redirect])
  }

  @Test("Every link's runs, decisions and answers are counted, and they add up to the packets")
  func counts() throws {
    let path = try Self.path([.generic(.shot, GenericVariation(kind: .determ, action: .pipe, value: 4))])
    for _ in 0..<8 { _ = try Self.run(path) }
    let counts = path.links.indices.map { path.count(ofLink: $0) }
    #expect(path.links.map(\.name) == ["match", "gact", "mirred", "see"])
    #expect(counts.map(\.runs) == [8, 8, 2, 2])
    #expect(counts.map(\.decided) == [0, 6, 0, 2])
    #expect(counts[1].codes == [2: 6, 3: 2])
    #expect(path.ends == [.device(2, .egress): 2])
  }
}
