/// EtherTypes (IANA, IEEE 802 Numbers), and what other link layers have in their place.
enum EtherType {
  static let ipv4: UInt16 = 0x0800
  static let ipv6: UInt16 = 0x86dd
  static let mpls: UInt16 = 0x8847
  static let mplsUpstream: UInt16 = 0x8848
  /// Point-to-Point Protocol: the payload begins with the PPP protocol field.
  static let ppp: UInt16 = 0x880b
  /// Reserved by RFC 1701, so no protocol: for frames that have no EtherType.
  static let reserved: UInt16 = 0xffff

  /// The EtherType by the version nibble of an IP header.
  static func ofIP(_ packet: UnsafeRawBufferPointer, at offset: Int) -> UInt16? {
    guard offset < packet.count else { return nil }
    switch packet[offset] >> 4 {
    case 4: return ipv4
    case 6: return ipv6
    default: return nil
    }
  }

  /// The EtherType of an address family in a null or loopback header: AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24 on
  /// NetBSD and OpenBSD, 28 on FreeBSD, 30 on Darwin.
  static func ofAddressFamily(_ family: UInt32) -> UInt16 {
    switch family {
    case 2: ipv4
    case 10, 24, 28, 30: ipv6
    default: reserved
    }
  }

  /// The EtherType of a PPP frame, and the length of the PPP header in front of the payload (RFC 1661, 1662, 5332).
  static func ofPPP(_ frame: UnsafeRawBufferPointer) -> (type: UInt16, headerLength: Int) {
    var start = 0
    if frame.count >= 2, frame[0] == 0xff, frame[1] == 0x03 { start = 2 }
    guard start < frame.count else { return (reserved, 0) }
    let isCompressed = frame[start] & 1 == 1
    guard isCompressed || start + 1 < frame.count else { return (reserved, 0) }
    let end = start + (isCompressed ? 1 : 2)
    switch isCompressed ? UInt16(frame[start]) : frame.bigEndian16(at: start) {
    case 0x0021: return (ipv4, end)
    case 0x0057: return (ipv6, end)
    case 0x0281: return (mpls, end)
    case 0x0283: return (mplsUpstream, end)
    default: return (ppp, start)
    }
  }
}
