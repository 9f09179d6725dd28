/// pcapng blocks in the making (draft-ietf-opsawg-pcapng, section 4), all little-endian.
struct BlockBuffer {
  /// What is not written yet: whole blocks.
  var bytes: [UInt8] = []

  private enum Option {
    static let end: UInt16 = 0
    static let applicationName: UInt16 = 4
    static let interfaceName: UInt16 = 2
    static let timestampResolution: UInt16 = 9
    static let verdict: UInt16 = 7
    /// The length of an option has 16 bits.
    static let longest = Int(UInt16.max)
  }

  /// Section Header Block, of unknown length.
  mutating func appendSection(application: String?) {
    append(type: BlockType.section) { block in
      block.append(BlockType.byteOrderMagic)
      block.append(UInt16(1))
      block.append(UInt16(0))
      block.append(UInt64.max)
      if let application {
        block.append(option: Option.applicationName, application.utf8.prefix(Option.longest))
        block.append(option: Option.end, EmptyCollection())
      }
    }
  }

  /// Interface Description Block: Ethernet (LINKTYPE 1), no snap length, nanoseconds.
  mutating func appendInterface(name: String?) {
    append(type: BlockType.interface) { block in
      block.append(UInt16(1))
      block.append(UInt16(0))
      block.append(UInt32(0))
      if let name { block.append(option: Option.interfaceName, name.utf8.prefix(Option.longest)) }
      block.append(option: Option.timestampResolution, CollectionOfOne(9))
      block.append(option: Option.end, EmptyCollection())
    }
  }

  /// Enhanced Packet Block of the first interface.
  mutating func appendPacket(
    _ frame: UnsafeRawBufferPointer, wireLength: Int, timestamp: UInt64, verdict: PacketVerdict?
  ) {
    append(type: BlockType.enhancedPacket) { block in
      block.append(UInt32(0))
      block.append(UInt32(truncatingIfNeeded: timestamp >> 32))
      block.append(UInt32(truncatingIfNeeded: timestamp))
      block.append(UInt32(frame.count))
      block.append(UInt32(clamping: max(wireLength, frame.count)))
      block.bytes.append(contentsOf: frame)
      block.pad()
      if let verdict {
        block.append(Option.verdict)
        block.append(UInt16(9))
        block.bytes.append(verdict.type)
        block.append(verdict.value)
        block.pad()
        block.append(option: Option.end, EmptyCollection())
      }
    }
  }

  /// A block around what `body` appends: type and length in front, the length once more behind.
  private mutating func append(type: UInt32, _ body: (inout BlockBuffer) -> Void) {
    let start = bytes.count
    append(type)
    append(UInt32(0))
    body(&self)
    let length = UInt32(bytes.count - start + 4)
    append(length)
    withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange((start + 4)..<(start + 8), with: $0) }
  }

  private mutating func append(option code: UInt16, _ value: some Collection<UInt8>) {
    append(code)
    append(UInt16(value.count))
    bytes.append(contentsOf: value)
    pad()
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Zeros up to a multiple of 32 bits: every block before this one has such a length.
  private mutating func pad() {
    while bytes.count % 4 != 0 { bytes.append(0) }
  }
}
