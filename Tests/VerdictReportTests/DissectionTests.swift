import Capture
import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import VerdictReport

@Suite("Header fields by name")
struct DissectionTests {
  /// VLAN 7 with priority 5, IPv4 with a TTL of 64, TCP SYN with one option (RFC 9293 section 3.1).
  static let frame: [UInt8] =
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0xa0, 7, 8, 0]
    + [0x45, 0, 0, 44, 0x12, 0x34, 0x40, 0, 64, 6, 0xab, 0xcd, 192, 0, 2, 1, 198, 51, 100, 1]
    + [0x9c, 0x40, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0x60, 2, 0xff, 0xff, 0x11, 0x22, 0, 0, 2, 4, 5, 0xb4]
    + [0xde, 0xad]

  @Test(
    "fields have the values that their bytes say",
    arguments: [
      ("eth.dst", "02:00:00:00:00:01"), ("eth.type", "0x8100"), ("vlan.priority", "5"), ("vlan.dei", "0"),
      ("vlan.id", "7"), ("vlan.etype", "0x0800"), ("ip.version", "4"), ("ip.hdr_len", "5"), ("ip.len", "44"),
      ("ip.flags", "0x2"), ("ip.frag_offset", "0"), ("ip.ttl", "64"), ("ip.checksum", "0xabcd"),
      ("ip.src", "192.0.2.1"), ("tcp.srcport", "40000"), ("tcp.dstport", "80"), ("tcp.seq_raw", "9"),
      ("tcp.hdr_len", "6"), ("tcp.flags", "0x002"), ("tcp.checksum", "0x1122"), ("tcp.options", "0x020405b4"),
    ])
  func value(name: String, text: String) {
    #expect(Dissection(Self.frame).text(name) == text)
  }

  @Test("what follows the headers is payload, and no byte belongs to two fields")
  func payload() {
    let headers = Dissection(Self.frame)
    #expect(headers.payload == Self.frame.count - 2)
    var bit = 0
    for field in headers.fields {
      #expect(field.bitOffset == bit, "\(field.name)")
      bit += field.bitCount
    }
    #expect(bit == headers.payload * 8)
  }

  @Test("a frame of any length is taken apart without a trap, and fields lie within it")
  func cut() {
    for length in 0...Self.frame.count {
      let headers = Dissection(Array(Self.frame.prefix(length)))
      #expect(headers.payload <= length)
      #expect(headers.fields.allSatisfy { $0.byteRange.upperBound <= length && !$0.text(in: headers.frame).isEmpty })
    }
  }

  @Test("random bytes behind any EtherType do no harm")
  func noise() {
    var state: UInt64 = 1
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    let types: [[UInt8]] = [[8, 0], [0x86, 0xdd], [8, 6], [0x81, 0], [0x88, 0x47], [0x65, 0x58]]
    for round in 0..<3000 {
      var frame = (0..<Int(next())).map { _ in next() }
      if frame.count > 15 {
        frame.replaceSubrange(12..<14, with: types[round % types.count])
        if round % 6 == 0 { frame[14] = 0x45 }
        if round % 6 == 1 { frame[14] = 0x60 }
        if frame.count > 23 { frame[23] = [1, 4, 6, 17, 41, 47, 58][round % 7] }
      }
      let headers = Dissection(frame)
      #expect(headers.fields.allSatisfy { $0.byteRange.upperBound <= frame.count })
      #expect(!Flow(frame).text.isEmpty)
    }
  }

  @Test("a field that differs is named, with both values and its byte")
  func difference() {
    var other = Self.frame
    other[18 + 8] = 63
    other[18 + 10] = 0xac
    other[other.count - 1] = 0
    let items = FrameDifference(
      FrameImage(metadata: [], frame: Self.frame), FrameImage(metadata: [1, 2, 3, 4], frame: other)
    ).items
    #expect(
      items == [
        .init(name: "metadata", offset: nil, left: nil, right: "0x01020304"),
        .init(name: "ip.ttl", offset: 26, left: "64", right: "63"),
        .init(name: "ip.checksum", offset: 28, left: "0xabcd", right: "0xaccd"),
        .init(name: "data[1..<2]", offset: 63, left: "0xad", right: "0x00"),
      ])
  }

  @Test("a tag that one frame has not shows as fields of one side, and what moved with it as nothing")
  func tag() {
    let untagged = Array(Self.frame[..<12] + Self.frame[16...])
    let names = FrameDifference(
      FrameImage(metadata: [], frame: Self.frame), FrameImage(metadata: [], frame: untagged)
    ).items.map(\.name)
    #expect(names == ["length", "eth.type", "vlan.priority", "vlan.dei", "vlan.id", "vlan.etype"])
  }

  static let flows: [(Range<Int>, UInt8?, String)] = [
    (0..<64, nil, "tcp 192.0.2.1:40000 > 198.51.100.1:80"),
    (0..<64, 17, "udp 192.0.2.1:40000 > 198.51.100.1:80"),
    (0..<64, 89, "proto 89 192.0.2.1 > 198.51.100.1"),
    (0..<20, nil, "0x0800 02:00:00:00:00:02 > 02:00:00:00:00:01"),
    (0..<3, nil, "? ? > ?"),
  ]

  @Test("a frame belongs to the flow of its addresses, protocol and ports", arguments: flows)
  func flow(range: Range<Int>, number: UInt8?, text: String) {
    var frame = Array(Self.frame[range])
    if let number { frame[18 + 9] = number }
    #expect(Flow(frame).text == text)
  }

  // MARK: tshark

  private static let tshark = "/usr/bin/tshark"

  /// Fields that tshark shows in the same form, when it shows them at all.
  private static let compared = [
    "eth.dst", "eth.src", "eth.type", "vlan.id", "arp.opcode", "arp.src.proto_ipv4", "ip.ttl", "ip.proto", "ip.src",
    "ip.dst", "ip.len", "ip.frag_offset", "ip.checksum", "ipv6.hlim", "ipv6.plen", "ipv6.src", "ipv6.dst", "ipv6.nxt",
    "tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.checksum", "tcp.window_size_value", "udp.srcport", "udp.dstport",
    "udp.length", "icmp.type", "icmp.code", "icmpv6.type", "mpls.label", "vxlan.vni",
  ]

  @Test(
    "first fields are those that tshark shows",
    .enabled(if: SharedCaptures.folder != nil, "../shared is not here"),
    .enabled(if: FileManager.default.isExecutableFile(atPath: tshark), "tshark is not installed"),
    arguments: [
      "vlan--802.1ad_QinQ.pcap", "vlan--vlan-qinqinq.pcap", "mpls--mixed-vlan-mpls.pcap", "vxlan--vxlan.pcap",
      "eth--arp-leak.pcap", "ip6ext--ipv6-routing-header.pcap", "ip6ext--frag-15.pcap", "http--206_example_c.pcap",
      "l4--IGMP_V1.pcap", "eth--5-pings.pcap",
    ])
  func asTshark(name: String) async throws {
    // Reassembly and second guesses off: the fields of each packet alone.
    var arguments = ["-n", "-r", SharedCaptures.path(name), "-T", "fields", "-E", "occurrence=f", "-c", "200"]
    for option in ["ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"] {
      arguments += ["-o", "\(option):FALSE"]
    }
    for field in Self.compared { arguments += ["-e", field] }
    let result = try await Subprocess.run(
      .path(FilePath(Self.tshark)), arguments: Arguments(arguments), output: .string(limit: 16 << 20),
      error: .discarded)
    let lines = result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
    let reader = try CaptureReader(path: SharedCaptures.path(name))
    var compared = 0
    while reader.statistics.frames < 200, let frame = try reader.next() {
      let headers = Dissection(Array(frame.bytes))
      let columns = lines[frame.number - 1].split(separator: "\t", omittingEmptySubsequences: false)
      for (field, theirs) in zip(Self.compared, columns) where !theirs.isEmpty {
        // Deeper than the outermost packet tshark goes on where Verdict stops.
        guard let ours = headers.text(field) else { continue }
        compared += 1
        let same = ours == theirs || Self.number(theirs) != nil && Self.number(Substring(ours)) == Self.number(theirs)
        #expect(same, "packet \(frame.number): \(field) is \(theirs), not \(ours)")
      }
    }
    #expect(compared > 0)
  }

  private static func number(_ text: Substring) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }
}
