/// A header field of a frame: its name as Wireshark's display filters have it, and where its bits are.
package struct FrameField: Hashable, Sendable {
  /// How a value reads.
  package enum Format: Hashable, Sendable {
    case decimal
    case hex
    /// A MAC, IPv4 or IPv6 address, by its length.
    case address
    /// Options and other bytes with no more meaning than their order.
    case bytes
  }

  /// `ip.ttl`; `ip.ttl#2` in the second IP header.
  package var name: String
  /// From the start of the frame, in bits; the most significant bit of a byte comes first.
  package var bitOffset: Int
  /// Length in bits.
  package var bitCount: Int
  package var format: Format

  /// The byte that the field begins in.
  package var offset: Int { bitOffset / 8 }

  /// The bytes that the field touches.
  package var byteRange: Range<Int> { bitOffset / 8..<(bitOffset + bitCount + 7) / 8 }

  /// The value in `frame`, for fields of at most 64 bits.
  package func number(in frame: [UInt8]) -> UInt64 {
    var value: UInt64 = 0
    for bit in bitOffset..<bitOffset + bitCount {
      value = value << 1 | UInt64(frame[bit / 8] >> UInt8(7 - bit % 8) & 1)
    }
    return value
  }

  /// The value in `frame` as people read it.
  package func text(in frame: [UInt8]) -> String {
    switch format {
    case .decimal: String(number(in: frame))
    case .hex: hex(number(in: frame))
    case .address: NetworkAddress.text(frame[byteRange]) ?? Hex.text(frame[byteRange])
    case .bytes: Hex.text(frame[byteRange])
    }
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, (bitCount + 3) / 4 - digits.count)) + digits
  }
}
