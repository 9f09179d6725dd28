/// The fixed part of a protocol's header: its fields in order, each with its width in bits.
struct HeaderLayout: Sendable {
  /// A field of the header.
  struct Part: Sendable {
    var name: String
    var bits: Int
    var format: FrameField.Format

    init(_ name: String, _ bits: Int, _ format: FrameField.Format = .decimal) {
      self.name = name
      self.bits = bits
      self.format = format
    }
  }

  /// Wireshark's name of the protocol.
  let name: String
  let parts: [Part]
  /// Bytes of the fixed part.
  let size: Int

  init(_ name: String, _ parts: [Part]) {
    self.name = name
    self.parts = parts
    size = parts.reduce(0) { $0 + $1.bits } / 8
  }

  /// IEEE 802.3.
  static let ethernet = HeaderLayout(
    "eth", [Part("dst", 48, .address), Part("src", 48, .address), Part("type", 16, .hex)])
  /// IEEE 802.1Q, from behind its EtherType.
  static let vlan = HeaderLayout("vlan", tag)
  /// The outer tag of IEEE 802.1ad, which Wireshark calls by another name.
  static let serviceTag = HeaderLayout("ieee8021ad", tag)
  private static let tag = [Part("priority", 3), Part("dei", 1), Part("id", 12), Part("etype", 16, .hex)]
  /// RFC 826, for Ethernet and IPv4.
  static let arp = HeaderLayout(
    "arp",
    [
      Part("hw.type", 16), Part("proto.type", 16, .hex), Part("hw.size", 8), Part("proto.size", 8), Part("opcode", 16),
      Part("src.hw_mac", 48, .address), Part("src.proto_ipv4", 32, .address), Part("dst.hw_mac", 48, .address),
      Part("dst.proto_ipv4", 32, .address),
    ])
  /// RFC 3032.
  static let mpls = HeaderLayout("mpls", [Part("label", 20), Part("exp", 3), Part("bottom", 1), Part("ttl", 8)])
  /// RFC 791.
  static let ipv4 = HeaderLayout(
    "ip",
    [
      Part("version", 4), Part("hdr_len", 4), Part("dsfield", 8, .hex), Part("len", 16), Part("id", 16, .hex),
      Part("flags", 3, .hex), Part("frag_offset", 13), Part("ttl", 8), Part("proto", 8), Part("checksum", 16, .hex),
      Part("src", 32, .address), Part("dst", 32, .address),
    ])
  /// RFC 8200.
  static let ipv6 = HeaderLayout(
    "ipv6",
    [
      Part("version", 4), Part("tclass", 8, .hex), Part("flow", 20, .hex), Part("plen", 16), Part("nxt", 8),
      Part("hlim", 8), Part("src", 128, .address), Part("dst", 128, .address),
    ])
  /// RFC 8200 section 4.5.
  static let fragment = HeaderLayout(
    "ipv6.fraghdr",
    [
      Part("nxt", 8), Part("reserved_octet", 8, .hex), Part("offset", 13), Part("reserved_bits", 2), Part("more", 1),
      Part("ident", 32, .hex),
    ])
  /// RFC 9293.
  static let tcp = HeaderLayout(
    "tcp",
    [
      Part("srcport", 16), Part("dstport", 16), Part("seq_raw", 32), Part("ack_raw", 32), Part("hdr_len", 4),
      Part("flags", 12, .hex), Part("window_size_value", 16), Part("checksum", 16, .hex), Part("urgent_pointer", 16),
    ])
  /// RFC 768.
  static let udp = HeaderLayout(
    "udp", [Part("srcport", 16), Part("dstport", 16), Part("length", 16), Part("checksum", 16, .hex)])
  /// RFC 792.
  static let icmp = HeaderLayout(
    "icmp", [Part("type", 8), Part("code", 8), Part("checksum", 16, .hex), Part("rest", 32, .hex)])
  /// RFC 792, echo request and reply.
  static let icmpEcho = HeaderLayout(
    "icmp", [Part("type", 8), Part("code", 8), Part("checksum", 16, .hex), Part("ident", 16), Part("seq", 16)])
  /// RFC 4443.
  static let icmpv6 = HeaderLayout(
    "icmpv6", [Part("type", 8), Part("code", 8), Part("checksum", 16, .hex), Part("rest", 32, .hex)])
  /// RFC 2784 and 2890.
  static let gre = HeaderLayout("gre", [Part("flags_and_version", 16, .hex), Part("proto", 16, .hex)])
  /// RFC 7348.
  static let vxlan = HeaderLayout(
    "vxlan", [Part("flags", 16, .hex), Part("gbp", 16, .hex), Part("vni", 24), Part("reserved8", 8, .hex)])
}
