/// The header fields of an Ethernet frame, as deep as Verdict knows the protocols: VLAN tags, MPLS, ARP, IPv4, IPv6 and its
/// extension headers, TCP, UDP, ICMP, and what GRE, VXLAN and IP carry.
///
/// A frame that ends within a header has the fields that are whole; the rest is ``payload``, like everything unknown.
package struct Dissection: Sendable {
  /// The frame, without metadata.
  package let frame: [UInt8]
  /// In the order of the frame.
  package private(set) var fields: [FrameField] = []
  /// The first byte that belongs to no field; from there on there is none.
  package private(set) var payload = 0

  /// How often a protocol was met.
  private var layers: [String: Int] = [:]
  private var offset = 0
  /// The offset of the last header that began, and its suffix such as `#2`.
  private var header = (start: 0, suffix: "")

  /// Reads the headers of `frame`, which begins with an Ethernet header.
  package init(_ frame: [UInt8]) {
    self.frame = frame
    ethernet()
    payload = offset
  }

  /// The value of a field of at most 64 bits; nil when the frame does not have it.
  package subscript(name: String) -> UInt64? {
    fields.first { $0.name == name }?.number(in: frame)
  }

  /// The value of a field in words.
  package func text(_ name: String) -> String? { fields.first { $0.name == name }?.text(in: frame) }

  // MARK: Building

  /// Bytes left.
  private var remaining: Int { frame.count - offset }

  private func byte(_ at: Int) -> Int { Int(frame[at]) }

  private func short(_ at: Int) -> Int { byte(at) << 8 | byte(at + 1) }

  /// Takes the fixed part of a header; false when the frame ends within it, or is nested too deep.
  private mutating func take(_ layout: HeaderLayout) -> Bool {
    guard layers.values.reduce(0, +) < 32 else { return false }
    let number = layers[layout.name, default: 0] + 1
    layers[layout.name] = number
    header = (offset, number > 1 ? "#\(number)" : "")
    var bit = offset * 8
    for part in layout.parts {
      guard bit + part.bits <= frame.count * 8 else {
        offset = (bit + 7) / 8
        return false
      }
      fields.append(
        FrameField(
          name: "\(layout.name).\(part.name)\(header.suffix)", bitOffset: bit, bitCount: part.bits, format: part.format)
      )
      bit += part.bits
    }
    offset = bit / 8
    return true
  }

  /// Takes bytes up to `end` as one field; false when the frame has not so many.
  private mutating func take(_ name: String, upTo end: Int) -> Bool {
    guard end <= frame.count else { return false }
    if end > offset {
      fields.append(
        FrameField(
          name: name + header.suffix, bitOffset: offset * 8, bitCount: (end - offset) * 8, format: .bytes))
      offset = end
    }
    return true
  }

  // MARK: Protocols

  private mutating func ethernet() {
    guard take(.ethernet) else { return }
    network(short(offset - 2))
  }

  /// What an EtherType names.
  private mutating func network(_ type: Int) {
    switch type {
    case 0x8100, 0x9100:
      if take(.vlan) { network(short(offset - 2)) }
    case 0x88a8:
      if take(.serviceTag) { network(short(offset - 2)) }
    case 0x0806:
      // Other hardware and protocol addresses have other lengths.
      if remaining >= 6, short(offset) == 1, byte(offset + 4) == 6, byte(offset + 5) == 4 { _ = take(.arp) }
    case 0x8847, 0x8848: mpls()
    case 0x0800: ipv4()
    case 0x86dd: ipv6()
    case 0x6558: ethernet()
    default: return
    }
  }

  private mutating func mpls() {
    while take(.mpls) {
      guard byte(offset - 2) & 1 == 1 else { continue }
      guard remaining > 0 else { return }
      switch byte(offset) >> 4 {
      case 4: ipv4()
      case 6: ipv6()
      default: break
      }
      return
    }
  }

  private mutating func ipv4() {
    guard remaining > 0, byte(offset) >> 4 == 4, take(.ipv4) else { return }
    let start = header.start
    guard take("ip.options", upTo: start + byte(start) % 16 * 4) else { return }
    // Only the first fragment has the next header.
    if short(start + 6) & 0x1fff == 0 { transport(byte(start + 9)) }
  }

  private mutating func ipv6() {
    guard remaining > 0, byte(offset) >> 4 == 6, take(.ipv6) else { return }
    var next = byte(header.start + 6)
    while true {
      switch next {
      case 0, 43, 60, 135:
        guard remaining >= 2, layers.values.reduce(0, +) < 32 else { return }
        let name = next == 0 ? "ipv6.hopopts" : next == 43 ? "ipv6.routing" : next == 60 ? "ipv6.dstopts" : "mip6"
        next = byte(offset)
        let layout = HeaderLayout(name, [.init("nxt", 8), .init("len", 8)])
        guard take(layout), take("\(name).data", upTo: header.start + (byte(header.start + 1) + 1) * 8) else { return }
      case 44:
        guard take(.fragment) else { return }
        next = byte(header.start)
        guard short(header.start + 2) & 0xfff8 == 0 else { return }
      default:
        return transport(next)
      }
    }
  }

  /// What a protocol number names.
  private mutating func transport(_ number: Int) {
    switch number {
    case 1: _ = take(remaining > 0 && (byte(offset) == 0 || byte(offset) == 8) ? .icmpEcho : .icmp)
    case 58: _ = take(.icmpv6)
    case 4: ipv4()
    case 41: ipv6()
    case 6:
      if take(.tcp) {
        let end = header.start + (byte(header.start + 12) >> 4) * 4
        _ = take("tcp.options", upTo: end)
      }
    case 17:
      if take(.udp), short(header.start + 2) == 4789, take(.vxlan) { ethernet() }
    case 47: gre()
    default: return
    }
  }

  private mutating func gre() {
    guard take(.gre) else { return }
    let flags = short(header.start)
    let type = short(header.start + 2)
    // Checksum, key and sequence number take four bytes each where their flag is set; other versions are not GRE as it is here.
    guard flags & 7 == 0 else { return }
    for (flag, name) in [(0x8000, "gre.checksum"), (0x2000, "gre.key"), (0x1000, "gre.sequence_number")]
    where flags & flag != 0 {
      guard take(name, upTo: offset + 4) else { return }
    }
    network(type)
  }
}
