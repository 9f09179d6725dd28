import Capture
import Testing

@Suite("Packet filters")
struct FilterTests {
  /// An Ethernet frame with IPv4 and TCP to port 443, checksums left at zero.
  static let tcp: [UInt8] =
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
    + [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]
    + [0x30, 0x39, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]

  @Test(
    "Expressions match as tcpdump has them",
    arguments: [
      ("", true), ("tcp", true), ("udp", false), ("tcp dst port 443", true), ("tcp src port 443", false),
      ("src net 192.0.2.0/24 and tcp[tcpflags] & tcp-syn != 0", true), ("ip6", false), ("vlan", false),
      ("ether src 02:00:00:00:00:02", true), ("greater 1000", true), ("less 100", false),
    ])
  func matching(expression: String, matches: Bool) throws {
    let filter = try PacketFilter(expression)
    // The length on the wire is what `greater` and `less` compare.
    #expect(Self.tcp.withUnsafeBytes { filter.matches($0, wireLength: 1514) } == matches)
  }

  @Test("A frame too short for what the filter looks at does not match")
  func shortFrames() throws {
    let filter = try PacketFilter("tcp dst port 443")
    for length in 0..<38 {
      #expect(!Self.tcp.prefix(length).withUnsafeBytes { filter.matches($0, wireLength: length) })
    }
  }

  @Test("A filter works on frames as the reader lends them")
  func frames() throws {
    let file = try TemporaryFile(
      TestCapture.pcap([.init(Self.tcp), .init(TestCapture.Packet.ethernet(payload: 46))]).bytes)
    let filter = try PacketFilter("tcp")
    let reader = try CaptureReader(path: file.path)
    var matches: [Bool] = []
    while let frame = try reader.next() { matches.append(filter.matches(frame)) }
    #expect(matches == [true, false])
  }

  @Test("A bad expression is refused in libpcap's words", arguments: ["tcp prot 80", "(", "frob", "port 70000"])
  func syntax(expression: String) throws {
    let error = try #require(throws: CaptureError.self) { try PacketFilter(expression) }
    #expect(error.kind == .invalidFilter)
    #expect(error.description.hasPrefix("filter '\(expression)': "))
    #expect(!error.reason.isEmpty)
    #expect(!error.description.contains("\n"))
  }
}
