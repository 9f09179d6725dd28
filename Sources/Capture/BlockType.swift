/// pcapng block types (draft-ietf-opsawg-pcapng, section 4).
enum BlockType {
  static let section: UInt32 = 0x0a0d_0d0a
  static let interface: UInt32 = 1
  /// The obsolete Packet Block.
  static let packet: UInt32 = 2
  static let simplePacket: UInt32 = 3
  static let enhancedPacket: UInt32 = 6

  /// The section header's byte-order magic, as a host of the section's byte order reads it.
  static let byteOrderMagic: UInt32 = 0x1a2b_3c4d
}
