/// The Ethernet header made for a frame that had none on the wire.
struct EthernetHeader {
  /// Length in bytes.
  static let length = 14

  /// The address that stands for this host: locally administered.
  static let receiver: UInt64 = 0x02_00_00_00_00_01
  /// The address that stands for the other host: locally administered.
  static let sender: UInt64 = 0x02_00_00_00_00_02
  static let broadcast: UInt64 = 0xff_ff_ff_ff_ff_ff
  /// The group of all hosts: RFC 1112 and RFC 2464 addresses of 224.0.0.1 and ff02::1.
  static let allHosts: UInt64 = 0x01_00_5e_00_00_01
  static let allNodes: UInt64 = 0x33_33_00_00_00_01

  var destination = receiver
  var source = sender
  var type: UInt16

  init(type: UInt16) {
    self.type = type
  }

  /// From the fields of a Linux cooked header, version 1 or 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2).
  init(
    cookedType: UInt16, addressLength: Int, address: UnsafeRawBufferPointer, protocol number: UInt16, payloadLength: Int
  ) {
    switch number {
    case 0x0600...: type = number
    // LINUX_SLL_P_802_3 and LINUX_SLL_P_802_2: an 802.3 frame, whose type field is its length.
    case 0x0001, 0x0004: type = UInt16(clamping: min(payloadLength, 1500))
    default: type = EtherType.reserved
    }
    if addressLength == 6 {
      source = address.prefix(6).reduce(0) { $0 << 8 | UInt64($1) }
    }
    switch cookedType {
    case 1: destination = Self.broadcast
    case 2: destination = type == EtherType.ipv6 ? Self.allNodes : Self.allHosts
    default: break
    }
  }

  /// Writes the 14 bytes.
  func write(to header: UnsafeMutableRawPointer) {
    // Two overlapping stores: the six source bytes overwrite the two that the first one leaves behind the destination.
    header.storeBytes(of: (destination << 16).bigEndian, as: UInt64.self)
    header.storeBytes(of: (source << 16 | UInt64(type)).bigEndian, toByteOffset: 6, as: UInt64.self)
  }
}
