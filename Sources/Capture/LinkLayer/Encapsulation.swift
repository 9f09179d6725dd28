/// How the frames of a link type carry what an Ethernet frame would carry.
///
/// Headers are made with locally administered addresses: ``EthernetHeader/receiver`` for this host and
/// ``EthernetHeader/sender`` for the other one, where the link layer does not name them. A frame too short for its own link
/// header, or of a protocol that has no EtherType, gets ``EtherType/reserved`` and keeps all its bytes as payload.
enum Encapsulation: Hashable, Sendable {
  case ethernet
  /// LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6. The version nibble decides, whatever is declared, as tcpdump does it and as
  /// the kernel's tun device does for frames without packet information; a version that is neither 4 nor 6 keeps the
  /// declared EtherType.
  case rawIP(declared: UInt16?)
  /// LINKTYPE_LINUX_SLL: 16 bytes.
  case cooked
  /// LINKTYPE_LINUX_SLL2: 20 bytes.
  case cookedV2
  /// LINKTYPE_NULL and LINKTYPE_LOOP: 4 bytes of address family, in the byte order of the host that wrote the file or in
  /// network byte order.
  case loopback(hostOrder: Bool)
  /// LINKTYPE_PPP, with or without the HDLC-like framing of RFC 1662 (`ff 03`), with or without protocol field compression.
  case ppp

  /// Writes the Ethernet header for `frame` to `header` (14 bytes) and returns how many bytes of `frame` it replaces.
  func writeHeader(for frame: UnsafeRawBufferPointer, to header: UnsafeMutableRawPointer) -> Int {
    switch self {
    case .ethernet:
      return 0
    case .rawIP(let declared):
      EthernetHeader(type: EtherType.ofIP(frame, at: 0) ?? declared ?? EtherType.reserved).write(to: header)
      return 0
    case .cooked:
      guard frame.count >= 16 else { break }
      EthernetHeader(
        cookedType: frame.bigEndian16(at: 0), addressLength: Int(frame.bigEndian16(at: 4)),
        address: UnsafeRawBufferPointer(rebasing: frame[6..<14]),
        protocol: frame.bigEndian16(at: 14), payloadLength: frame.count - 16
      ).write(to: header)
      return 16
    case .cookedV2:
      guard frame.count >= 20 else { break }
      EthernetHeader(
        cookedType: UInt16(frame[10]), addressLength: Int(frame[11]),
        address: UnsafeRawBufferPointer(rebasing: frame[12..<20]),
        protocol: frame.bigEndian16(at: 0), payloadLength: frame.count - 20
      ).write(to: header)
      return 20
    case .loopback(let hostOrder):
      guard frame.count >= 4 else { break }
      var family = UInt32(frame.bigEndian16(at: 0)) << 16 | UInt32(frame.bigEndian16(at: 2))
      // A family is a small number, so the byte order shows; libpcap leaves the field as it is in the file.
      if hostOrder, family > 0xffff { family = family.byteSwapped }
      EthernetHeader(type: EtherType.ofAddressFamily(family)).write(to: header)
      return family <= 0xffff ? 4 : 0
    case .ppp:
      let (type, length) = EtherType.ofPPP(frame)
      EthernetHeader(type: type).write(to: header)
      return length
    }
    EthernetHeader(type: EtherType.reserved).write(to: header)
    return 0
  }
}

extension UnsafeRawBufferPointer {
  /// Two bytes in network byte order; the caller has checked the length.
  func bigEndian16(at offset: Int) -> UInt16 {
    UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }
}
