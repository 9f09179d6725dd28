import Capture
import Testing

/// A frame of some link type, and the Ethernet frame it must become.
struct LinkLayerCase: Sendable, CustomTestStringConvertible {
  var name: String
  /// LINKTYPE_ value in the file.
  var linkType: UInt32
  var frame: [UInt8]
  var header: [UInt8]
  /// How many bytes of `frame` the header replaces.
  var replaced: Int

  init(_ name: String, _ linkType: UInt32, _ frame: [UInt8], header: [UInt8], replaced: Int) {
    self.name = name
    self.linkType = linkType
    self.frame = frame
    self.header = header
    self.replaced = replaced
  }

  var testDescription: String { name }

  static let ipv4: [UInt8] = [0x45] + .init(repeating: 1, count: 27)
  static let ipv6: [UInt8] = [0x60] + .init(repeating: 2, count: 47)
  /// This host and the other one, as made up.
  static let addresses: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
  static let peer: [UInt8] = [0x00, 0x1b, 0x21, 0x3c, 0x4d, 0x5e]

  /// LINKTYPE_LINUX_SLL: packet type, ARPHRD_ type, address length, address, protocol.
  static func cooked(_ packetType: UInt8, _ addressLength: UInt8, _ address: [UInt8], _ number: [UInt8]) -> [UInt8] {
    [0, packetType, 0, 1, 0, addressLength] + address + .init(repeating: 0, count: 8 - address.count) + number
  }

  /// LINKTYPE_LINUX_SLL2: protocol, reserved, interface, ARPHRD_ type, packet type, address length, address.
  static func cookedV2(_ packetType: UInt8, _ addressLength: UInt8, _ address: [UInt8], _ number: [UInt8]) -> [UInt8] {
    number + [0, 0, 0, 0, 0, 7, 0, 1, packetType, addressLength] + address
      + .init(repeating: 0, count: 8 - address.count)
  }

  static let all =
    [
      Self("raw IPv4", 101, ipv4, header: addresses + [8, 0], replaced: 0),
      Self("raw IPv6", 101, ipv6, header: addresses + [0x86, 0xdd], replaced: 0),
      Self("raw IP of no known version", 101, [0x75, 1, 2], header: addresses + [0xff, 0xff], replaced: 0),
      Self("raw IP without a byte", 101, [], header: addresses + [0xff, 0xff], replaced: 0),
      Self("LINKTYPE_IPV4", 228, ipv4, header: addresses + [8, 0], replaced: 0),
      Self("LINKTYPE_IPV4 that holds IPv6", 228, ipv6, header: addresses + [0x86, 0xdd], replaced: 0),
      Self("LINKTYPE_IPV4 of no known version", 228, [0x05, 0], header: addresses + [8, 0], replaced: 0),
      Self("LINKTYPE_IPV6", 229, ipv6, header: addresses + [0x86, 0xdd], replaced: 0),
      Self("LINKTYPE_IPV6 that holds IPv4", 229, ipv4, header: addresses + [8, 0], replaced: 0),
      Self("LINKTYPE_IPV6 of no known version", 229, [0xf5, 0], header: addresses + [0x86, 0xdd], replaced: 0),

      Self(
        "cooked, to this host", 113, cooked(0, 6, peer, [8, 0]) + ipv4, header: [2, 0, 0, 0, 0, 1] + peer + [8, 0],
        replaced: 16),
      Self(
        "cooked, broadcast ARP", 113, cooked(1, 6, peer, [8, 6]) + .init(repeating: 0, count: 28),
        header: .init(repeating: 0xff, count: 6) + peer + [8, 6], replaced: 16),
      Self(
        "cooked, multicast IPv4", 113, cooked(2, 6, peer, [8, 0]) + ipv4,
        header: [1, 0, 0x5e, 0, 0, 1] + peer + [8, 0],
        replaced: 16),
      Self(
        "cooked, multicast IPv6", 113, cooked(2, 6, peer, [0x86, 0xdd]) + ipv6,
        header: [0x33, 0x33, 0, 0, 0, 1] + peer + [0x86, 0xdd], replaced: 16),
      Self(
        "cooked, without an address", 113, cooked(4, 0, [], [8, 0]) + ipv4, header: addresses + [8, 0], replaced: 16),
      Self(
        "cooked, with an address of eight bytes", 113, cooked(0, 8, .init(repeating: 9, count: 8), [8, 0]) + ipv4,
        header: addresses + [8, 0], replaced: 16),
      Self(
        "cooked, 802.2", 113, cooked(0, 6, peer, [0, 4]) + .init(repeating: 0x42, count: 38),
        header: [2, 0, 0, 0, 0, 1] + peer + [0, 38], replaced: 16),
      Self(
        "cooked, CAN, which has no EtherType", 113, cooked(0, 0, [], [0, 0x0c]) + [1, 2, 3, 4],
        header: addresses + [0xff, 0xff], replaced: 16),
      Self(
        "cooked, shorter than its header", 113, .init(repeating: 8, count: 15), header: addresses + [0xff, 0xff],
        replaced: 0),
      Self(
        "cooked v2, from this host", 276, cookedV2(4, 6, peer, [0x86, 0xdd]) + ipv6,
        header: [2, 0, 0, 0, 0, 1] + peer + [0x86, 0xdd], replaced: 20),
      Self(
        "cooked v2, broadcast", 276, cookedV2(1, 6, peer, [8, 0]) + ipv4,
        header: .init(repeating: 0xff, count: 6) + peer + [8, 0], replaced: 20),
      Self(
        "cooked v2, shorter than its header", 276, .init(repeating: 8, count: 19), header: addresses + [0xff, 0xff],
        replaced: 0),

      Self("loopback of OpenBSD, IPv4", 108, [0, 0, 0, 2] + ipv4, header: addresses + [8, 0], replaced: 4),
      Self("loopback of OpenBSD, IPv6", 108, [0, 0, 0, 24] + ipv6, header: addresses + [0x86, 0xdd], replaced: 4),
      Self("null, unknown family", 0, [99, 0, 0, 0] + ipv4, header: addresses + [0xff, 0xff], replaced: 4),
      Self("null, shorter than its header", 0, [2, 0, 0], header: addresses + [0xff, 0xff], replaced: 0),

      Self("PPP with framing, IPv4", 9, [0xff, 3, 0, 0x21] + ipv4, header: addresses + [8, 0], replaced: 4),
      Self("PPP without framing, IPv6", 9, [0, 0x57] + ipv6, header: addresses + [0x86, 0xdd], replaced: 2),
      Self("PPP with a compressed protocol field", 9, [0x21] + ipv4, header: addresses + [8, 0], replaced: 1),
      Self("PPP with both", 9, [0xff, 3, 0x57] + ipv6, header: addresses + [0x86, 0xdd], replaced: 3),
      Self("PPP, MPLS", 9, [0x02, 0x81, 0, 1, 1, 64] + ipv4, header: addresses + [0x88, 0x47], replaced: 2),
      Self(
        "PPP, LCP, which stays PPP", 9, [0xff, 3, 0xc0, 0x21, 1, 1], header: addresses + [0x88, 0x0b], replaced: 2),
      Self("PPP in HDLC-like framing", 50, [0xff, 3, 0, 0x21] + ipv4, header: addresses + [8, 0], replaced: 4),
      Self("PPP cut in its header", 9, [0xff, 3, 0], header: addresses + [0xff, 0xff], replaced: 0),
    ]
    + [2, 10, 24, 28, 30].flatMap { (family: UInt8) in
      let type: [UInt8] = family == 2 ? [8, 0] : [0x86, 0xdd]
      return [
        Self("null, family \(family)", 0, [family, 0, 0, 0] + ipv4, header: addresses + type, replaced: 4),
        Self(
          "null, family \(family), other byte order", 0, [0, 0, 0, family] + ipv4, header: addresses + type, replaced: 4
        ),
      ]
    }
}

@Suite("Link layers")
struct LinkLayerTests {
  @Test("A frame without an Ethernet header gets one made", arguments: LinkLayerCase.all)
  func header(example: LinkLayerCase) throws {
    let packet = TestCapture.Packet(example.frame, wireLength: example.frame.count + 1000)
    let capture = TestCapture.pcap(linkType: example.linkType, [packet, packet])
    let reading = try Reading(file: capture.bytes)
    #expect(reading.error == nil)
    try #require(reading.frames.count == 2)
    for frame in reading.frames {
      #expect(frame.bytes == example.header + example.frame[example.replaced...])
      #expect(frame.wireLength == example.frame.count + 1000 + 14 - example.replaced)
    }
  }

  @Test(
    "Link types have tcpdump's names, and say whether headers are made up",
    arguments: [
      (1, "EN10MB", false), (0, "NULL", true), (9, "PPP", true), (101, "RAW", true), (108, "LOOP", true),
      (113, "LINUX_SLL", true), (228, "IPV4", true), (229, "IPV6", true), (276, "LINUX_SLL2", true),
    ] as [(UInt32, String, Bool)])
  func names(linkType: UInt32, name: String, isMadeUp: Bool) throws {
    let file = try TemporaryFile(TestCapture.pcap(linkType: linkType, []).bytes)
    let reader = try CaptureReader(path: file.path)
    #expect(reader.linkType.name == name)
    #expect(reader.isEthernetHeaderMadeUp == isMadeUp)
  }

  @Test(
    "Other link types are refused by name",
    arguments: [
      (104, "C_HDLC"), (105, "IEEE802_11"), (107, "FRELAY"), (127, "IEEE802_11_RADIO"), (239, "NFLOG"),
      (51, "PPP_ETHER"), (60_000, "DLT 60000"),
    ] as [(UInt32, String)])
  func refused(linkType: UInt32, name: String) throws {
    let reading = try Reading(file: TestCapture.pcap(linkType: linkType, .three).bytes)
    #expect(reading.frames.isEmpty)
    #expect(reading.error?.kind == .unsupportedLinkType)
    #expect(reading.error?.packet == nil)
    #expect(reading.error?.reason.contains(name) == true)
    #expect(reading.error?.description.contains("\n") == false)
  }
}
