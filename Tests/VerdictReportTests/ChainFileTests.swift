import BPFObject
import Capture
import Datapath
import Foundation
import Testing

@testable import VerdictReport

@Suite struct ChainFileTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func object() throws -> ObjectFile {
    try ObjectFile(path: root.appendingPathComponent("fixtures/chains/zones.bpf.o").path)
  }

  private static func spec(_ text: String) throws -> PathSpec {
    let file = try ChainFile(parsing: [UInt8](text.utf8), file: "c.yaml")
    return try file.spec(of: try file.objects.map { .init(name: $0.name, file: try object()) })
  }

  @Test("A file with everything in it is read as it says")
  func everything() throws {
    let text = """
      objects:
        z: zones.bpf.o
        again: {file: /elsewhere/zones.o, maps: {.bss: seeds/bss.json}, max_entries: {flows: 12}}
      interface: out
      direction: egress
      devices:
        in:
          ifindex: 7
          address: 02:00:00:00:00:07
          mtu: 9000
          up: no
          queues: 4
          peer: out
          xdp: {program: z/zones, mode: generic}
          tcx:
            ingress:
              - z/mark
              - {program: again/mark, before: z/mark}
              - {program: z/watch, first: yes}
              - {program: again/watch, replace: z/mark}
        out:
          egress:
            - {program: z/guard, prio: 9, handle: 0x2, protocol: 802.1Q, classid: "a:10"}
            - program: z/classify
              prio: 3
              chain: 5
              mode: classic
              actions:
                - drop
                - {gact: goto chain 2, random: {kind: determ, action: jump 2, value: 10}}
                - mirred: {mirror: in, direction: ingress}
                  control: continue
                - skbedit: {mark: 0xff, mask: 0xf, priority: "1:a", queue_mapping: 2, ptype: otherhost}
                - police: {rate: 1mbit, burst: 10k, conform: pipe, exceed: drop}
                - vlan: {push: {id: 100, protocol: 802.1ad, priority: 5}}
                - vlan: pop
      """
    let file = try ChainFile(parsing: [UInt8](text.utf8), file: "some/where/c.yaml")
    #expect(file.objects.map(\.path) == ["some/where/zones.bpf.o", "/elsewhere/zones.o"])
    #expect(file.objects[1].maps.map(\.path) == ["some/where/seeds/bss.json"])
    #expect(file.objects[1].maxEntries.map(\.entries) == [12])
    let spec = try file.spec(of: try file.objects.map { .init(name: $0.name, file: try Self.object()) })
    #expect(spec.entry == "out" && spec.direction == .egress)
    let (inside, out) = (spec.devices[0], spec.devices[1])
    #expect(inside.index == 7 && out.index == 2)
    #expect(inside.address == 0x0200_0000_0007)
    #expect(inside.mtu == 9000 && !inside.isUp && inside.queues == 4 && inside.peer == "out")
    #expect(inside.xdp == ProgramReference(object: "z", program: "zones") && inside.isGenericXDP)
    #expect(inside.tcxIngress.map { "\($0.object)/\($0.program)" } == ["z/watch", "again/mark", "again/watch"])
    let guarding = try #require(out.egress.chains[0]?.first)
    #expect(guarding.priority == 9 && guarding.handle == 2)
    #expect(guarding.filter.protocolNumber == 0x8100 && guarding.filter.classIdentifier == 0xa_0010)
    #expect(guarding.filter.isDirectAction)
    let classic = try #require(out.egress.chains[5]?.first?.filter)
    #expect(!classic.isDirectAction)
    var edit = SocketBufferEdit()
    edit.mark = 0xff
    edit.mask = 0xf
    edit.priority = 0x1_000a
    edit.queueMapping = 2
    edit.packetType = 3
    var police = Police()
    police.rate = 125_000
    police.burst = 10240
    police.conform = .pipe
    police.exceed = .shot
    #expect(
      classic.actions == [
        .generic(.shot, nil),
        .generic(.goto(2), GenericVariation(kind: .determ, action: .jump(2), value: 10)),
        .mirred(Mirred(device: "in", direction: .ingress, redirects: false, control: .unspec)), .edit(edit),
        .police(police), .vlan(.push(protocolNumber: 0x88a8, id: 100, priority: 5), .pipe), .vlan(.pop, .pipe),
      ])
  }

  @Test(
    "What cannot be is refused with its place and the reason",
    arguments: [
      ("devices: {eth0: {xdp: z}}", "c.yaml:1:1: 'objects' is missing"),
      ("objects: {z: z.o}", "c.yaml:1:1: 'devices' is missing"),
      (
        "objects: {z: z.o}\ndevices: {e: {xdp: z/nope}}",
        "c.yaml:2:20: devices.e.xdp: 'z/nope': there is no such program"
      ),
      ("objects: {z: z.o}\ndevices: {e: {xdp: y/zones}}", "c.yaml:2:20: devices.e.xdp: there is no object 'y' among z"),
      (
        "objects: {z: z.o}\ndevices: {e: {ingress: z}}", "c.yaml:2:24: devices.e.ingress: 'z': that is several programs"
      ),
      (
        "objects: {z: z.o}\ndevices: {e: {tcx: {ingress: [z/mark, z/mark]}}}",
        "c.yaml:2:39: devices.e.tcx.ingress[1]: the program is attached there already (EEXIST)"
      ),
      (
        "objects: {z: z.o}\ndevices: {e: {xdp: z/mark}}",
        "c.yaml:2:20: devices.e.xdp: mark is in section 'tcx/ingress', not an XDP program"
      ),
      ("objects: {z: z.o}\ndevices: {e: {}}", "c.yaml:1:1: nothing is attached to e, where frames come in"),
      ("objects: {z: z.o}\ninterface: f\ndevices: {e: {xdp: z}}", "c.yaml:2:12: interface: there is no device 'f'"),
      (
        "objects: {z: z.o}\ndevices: {e: {xdp: z, peer: f}}",
        "c.yaml:2:29: devices.e.peer: there is no device 'f' among e"
      ),
      (
        "objects: {z: z.o}\ndevices: {e: {ifindex: 3, xdp: z}, f: {ifindex: 3}}",
        "c.yaml:2:39: devices.f: ifindex 3 is e's already"
      ),
      (
        "objects: {z: z.o}\ndevices: {e: {ingress: [{program: z/guard, mode: classic, actions: [fly]}]}}",
        "c.yaml:2:69: devices.e.ingress[0].actions[0]: 'fly' is no control"
      ),
      (
        "objects: {z: z.o}\ndevices: {e: {ingress: [{program: z/guard, mode: classic, actions: [{bpf: z/mark}]}]}}",
        "c.yaml:2:75: devices.e.ingress[0].actions[0].bpf: mark is in section 'tcx/ingress', not a TC action"
      ),
      (
        "objects: {z: z.o}\ndevices: {e: {ingress: [{program: z/guard, prio: 1, handle: 1}, {program: z/mark, prio: 1, handle: 1}]}}",
        "c.yaml:2:65: devices.e.ingress[1]: that handle is taken at this prio (EEXIST)"
      ),
    ])
  func refuses(text: String, message: String) throws {
    let error = #expect(throws: SettingsError.self) { try Self.spec(text) }
    #expect("\(try #require(error))".hasPrefix(message), "\(error?.description ?? "")")
  }

  // MARK: The example

  private static func example() throws -> PacketPath {
    let path = root.appendingPathComponent("fixtures/chains/zones.yaml").path
    let file = try ChainFile(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))), file: path)
    let spec = try file.spec(of: try file.objects.map { .init(name: $0.name, file: try ObjectFile(path: $0.path)) })
    return try PacketPath(spec)
  }

  @Test("The example sends each packet where its comments say, and the report says who decided")
  func zones() throws {
    // Who is who is libpcap's word; what police passes, a bucket's in plain arithmetic.
    let capture = Self.root.appendingPathComponent("pcaps/firewall.pcap").path
    let (outside, inside, six) = (
      try PacketFilter("ip src net 198.51.100.0/24"), try PacketFilter("ip src net 192.0.2.0/24"),
      try PacketFilter("ip6")
    )
    var (expected, credit, last): ([String], Double, UInt64) = ([], 1500, 0)
    let reader = try CaptureReader(path: capture)
    while let frame = try reader.next() {
      if six.matches(frame) {
        expected.append("redirect")
      } else if isWhole(frame), outside.matches(frame) || inside.matches(frame) {
        expected.append(police(frame, &credit, &last))
      } else {
        expected.append("drop")
      }
    }
    let path = try Self.example()
    let replay = Replay(backend: path)
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("chain-\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: log) }
    replay.packetLog = try PacketLog(path: log.path, hook: .chain)
    path.keepsSteps = true
    let report = replay.run(try CaptureReader(path: capture), named: "firewall").report
    let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.map { $0["verdict"] as? String } == expected)
    for line in lines {
      let journey = try #require(line["journey"] as? [[String: Any]])
      let names = journey.compactMap { ($0["link"] as? String)?.split(separator: " ").last.map(String.init) }
      switch line["verdict"] as? String {
      case "redirect":
        #expect(names == ["zones", "mark", "classify", "guard", "watch"])
        #expect(line["decided"] as? String == "eth1 tcx egress 1: watch")
        #expect(line["end"] as? String == "out of eth1")
      case "pass": #expect(names == ["zones", "mark", "classify", "police"])
      default: #expect(names.last == "guard" || names.last == "police")
      }
    }
    let chain = try #require(report.chain)
    #expect(chain.rows.map(\.link.name) == ["zones", "mark", "classify", "police", "guard", "watch"])
    #expect(chain.rows.reduce(0) { $0 + $1.count.decided } == UInt64(expected.count))
    #expect(chain.ends.map(\.packets) == [UInt64(expected.count { $0 == "redirect" })])
    #expect(Set(report.distribution.counts.map(\.verdict.name)) == Set(expected))
    for format in ReportFormat.allCases {
      let text = format.renderer().render(report)
      #expect(text.contains("guard") && text.contains("police"), "\(format)")
    }
  }

  private func isWhole(_ frame: Frame) -> Bool {
    frame.bytes.count >= 34 && frame.bytes[12] == 8 && frame.bytes[13] == 0
  }

  /// 40 kbit are 5,000 bytes a second; a frame costs what follows its Ethernet header.
  private func police(_ frame: Frame, _ credit: inout Double, _ last: inout UInt64) -> String {
    let now = min(1500, credit + Double(frame.timestamp &- last) * 5e-6)
    let cost = Double(frame.bytes.count - 14)
    guard now >= cost else { return "drop" }
    (credit, last) = (now - cost, frame.timestamp)
    return "pass"
  }
}
