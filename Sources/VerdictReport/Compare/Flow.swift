/// The conversation that a frame belongs to: addresses, protocol and ports of the outermost IP packet in it, or what the
/// Ethernet header says where there is none.
public struct Flow: Hashable, Sendable {
  /// `tcp`, `icmpv6`, `proto 89`, `arp`, `0x88cc`.
  public var networkProtocol: String
  /// Sender's address.
  public var source: String
  /// Receiver's address.
  public var destination: String
  /// Sender's and receiver's port of TCP, UDP and SCTP; nil for others and for fragments other than the first.
  public var ports: Ports?

  /// A pair of ports.
  public struct Ports: Hashable, Sendable {
    /// Sender's port.
    public var source: UInt16
    /// Receiver's port.
    public var destination: UInt16
  }

  /// Reads the flow off an Ethernet frame.
  public init(_ frame: [UInt8]) {
    let headers = Dissection(frame)
    if let source = headers.text("ip.src"), let destination = headers.text("ip.dst") {
      self = Flow(headers, source, destination, protocol: headers["ip.proto"] ?? 0)
    } else if let source = headers.text("ipv6.src"), let destination = headers.text("ipv6.dst") {
      self = Flow(headers, source, destination, protocol: headers.lastHeader)
    } else {
      source = headers.text("eth.src") ?? "?"
      destination = headers.text("eth.dst") ?? "?"
      let type = headers.fields.last { field in
        ["eth.type", "vlan.etype", "ieee8021ad.etype"].contains { field.name.hasPrefix($0) }
      }
      networkProtocol = type.map { $0.number(in: frame) == 0x0806 ? "arp" : $0.text(in: frame) } ?? "?"
      if networkProtocol == "arp", let sender = headers.text("arp.src.proto_ipv4"),
        let target = headers.text("arp.dst.proto_ipv4")
      {
        source = sender
        destination = target
      }
    }
  }

  private init(_ headers: Dissection, _ source: String, _ destination: String, protocol number: UInt64) {
    self.source = source
    self.destination = destination
    let names: [UInt64: String] = [
      1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6",
      132: "sctp",
    ]
    networkProtocol = names[number] ?? "proto \(number)"
    let layer = number == 6 ? "tcp" : "udp"
    if number == 6 || number == 17, let from = headers["\(layer).srcport"], let to = headers["\(layer).dstport"] {
      ports = Ports(source: UInt16(truncatingIfNeeded: from), destination: UInt16(truncatingIfNeeded: to))
    } else if number == 132, headers["ip.frag_offset"] ?? 0 == 0, headers["ipv6.fraghdr.offset"] ?? 0 == 0,
      headers.frame.count >= headers.payload + 4
    {
      let bytes = headers.frame[headers.payload...].prefix(4).map(UInt16.init)
      ports = Ports(source: bytes[0] << 8 | bytes[1], destination: bytes[2] << 8 | bytes[3])
    }
  }

  /// `tcp 192.0.2.1:40000 > 198.51.100.1:80`, `icmpv6 fe80::1 > ff02::2`.
  public var text: String {
    guard let ports else { return "\(networkProtocol) \(source) > \(destination)" }
    func side(_ address: String, _ port: UInt16) -> String {
      address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
    return "\(networkProtocol) \(side(source, ports.source)) > \(side(destination, ports.destination))"
  }
}

extension Dissection {
  /// What the last header of the first IPv6 packet's chain names.
  fileprivate var lastHeader: UInt64 {
    var number = self["ipv6.nxt"] ?? 0
    for layer in fields where layer.name.hasSuffix(".nxt") && layer.name != "ipv6.nxt" {
      number = layer.number(in: frame)
    }
    return number
  }
}
