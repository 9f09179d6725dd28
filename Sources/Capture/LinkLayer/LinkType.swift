import CPcap

/// A link-layer header type of a capture: libpcap's `DLT_` value.
public struct LinkType: Hashable, Sendable {
  /// The `DLT_` value, which for some types is not the LINKTYPE_ value in the file.
  public let value: Int32

  /// A link type by its `DLT_` value.
  public init(value: Int32) {
    self.value = value
  }

  /// IEEE 802.3 Ethernet.
  public static let ethernet = LinkType(value: DLT_EN10MB)

  /// tcpdump's name: `EN10MB`, `LINUX_SLL2`; `DLT 300` for a value that libpcap has no name for.
  public var name: String {
    pcap_datalink_val_to_name(value).map { String(cString: $0) } ?? "DLT \(value)"
  }

  /// libpcap's words for it: `Ethernet`, `Linux cooked v2`.
  public var summary: String {
    pcap_datalink_val_to_description(value).map { String(cString: $0) } ?? "unknown to libpcap"
  }

  /// How its frames become Ethernet frames; nil when they do not.
  var encapsulation: Encapsulation? {
    switch value {
    case DLT_EN10MB: .ethernet
    case DLT_RAW: .rawIP(declared: nil)
    case DLT_IPV4: .rawIP(declared: EtherType.ipv4)
    case DLT_IPV6: .rawIP(declared: EtherType.ipv6)
    case DLT_LINUX_SLL: .cooked
    case DLT_LINUX_SLL2: .cookedV2
    case DLT_NULL: .loopback(hostOrder: true)
    case DLT_LOOP: .loopback(hostOrder: false)
    case DLT_PPP, DLT_PPP_SERIAL: .ppp
    default: nil
    }
  }

  /// Whether frames of this type can be read.
  public var isSupported: Bool { encapsulation != nil }

  /// Whether frames of this type get an Ethernet header that was not on the wire.
  public var isEthernetHeaderMadeUp: Bool { isSupported && self != .ethernet }
}
