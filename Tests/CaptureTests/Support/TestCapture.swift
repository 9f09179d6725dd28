/// A capture file built by hand, record by record, that knows where each record begins.
struct TestCapture {
  /// What a packet in it is.
  struct Packet {
    var bytes: [UInt8]
    var wireLength: Int
    var seconds: UInt32
    var nanoseconds: UInt32

    init(_ bytes: [UInt8], wireLength: Int? = nil, seconds: UInt32 = 1_700_000_000, nanoseconds: UInt32 = 0) {
      self.bytes = bytes
      self.wireLength = wireLength ?? bytes.count
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }
  }

  var bytes: [UInt8] = []
  /// Where each record or block begins; the file header is the first.
  private(set) var records: [Int] = []
  /// Where each packet's record or block begins.
  private(set) var packets: [Int] = []
  private let isBigEndian: Bool
  private var nanosecondResolution = false
  private var isModified = false

  /// A pcap file: `magic` as a host of the file's byte order has it.
  static func pcap(
    magic: UInt32 = 0xa1b2_c3d4, isBigEndian: Bool = false, linkType: UInt32 = 1, snapLength: UInt32 = 262_144,
    _ packets: [Packet]
  ) -> TestCapture {
    var file = TestCapture(isBigEndian: isBigEndian)
    file.nanosecondResolution = magic == 0xa1b2_3c4d
    file.isModified = magic == 0xa1b2_cd34
    file.records.append(0)
    file.append(magic)
    file.append(UInt16(2))
    file.append(UInt16(4))
    file.append(UInt64(0))
    file.append(snapLength)
    file.append(linkType)
    for packet in packets { file.append(pcap: packet) }
    return file
  }

  /// A pcapng file of one section with `interfaces` Ethernet interfaces; packets go round them.
  static func pcapng(
    isBigEndian: Bool = false, interfaces: Int = 1, resolution: UInt8 = 9, _ packets: [Packet]
  ) -> TestCapture {
    var file = TestCapture(isBigEndian: isBigEndian)
    file.appendSection()
    for _ in 0..<interfaces { file.appendInterface(resolution: resolution) }
    for (index, packet) in packets.enumerated() { file.append(pcapng: packet, interface: UInt32(index % interfaces)) }
    return file
  }

  init(isBigEndian: Bool = false) {
    self.isBigEndian = isBigEndian
  }

  mutating func append(pcap packet: Packet) {
    records.append(bytes.count)
    packets.append(bytes.count)
    append(packet.seconds)
    append(nanosecondResolution ? packet.nanoseconds : packet.nanoseconds / 1000)
    append(UInt32(packet.bytes.count))
    append(UInt32(packet.wireLength))
    // Kuznetzov's format: interface index, protocol, packet type, padding.
    if isModified { append(UInt64(0)) }
    bytes += packet.bytes
  }

  mutating func appendSection() {
    appendBlock(0x0a0d_0d0a) { file in
      file.append(UInt32(0x1a2b_3c4d))
      file.append(UInt16(1))
      file.append(UInt16(0))
      file.append(UInt64.max)
    }
  }

  mutating func appendInterface(linkType: UInt16 = 1, snapLength: UInt32 = 262_144, resolution: UInt8 = 9) {
    appendBlock(1) { file in
      file.append(linkType)
      file.append(UInt16(0))
      file.append(snapLength)
      // if_tsresol, end of options.
      file.append(UInt16(9))
      file.append(UInt16(1))
      file.bytes += [resolution, 0, 0, 0]
      file.append(UInt32(0))
    }
  }

  mutating func append(pcapng packet: Packet, interface: UInt32, unitsPerSecond: UInt64 = 1_000_000_000) {
    packets.append(bytes.count)
    appendBlock(6) { file in
      let units =
        UInt64(packet.seconds) * unitsPerSecond + UInt64(packet.nanoseconds) * unitsPerSecond / 1_000_000_000
      file.append(interface)
      file.append(UInt32(units >> 32))
      file.append(UInt32(truncatingIfNeeded: units))
      file.append(UInt32(packet.bytes.count))
      file.append(UInt32(packet.wireLength))
      file.bytes += packet.bytes
      file.bytes += [UInt8](repeating: 0, count: (4 - packet.bytes.count % 4) % 4)
    }
  }

  /// Simple Packet Block.
  mutating func append(simple packet: [UInt8]) {
    packets.append(bytes.count)
    appendBlock(3) { file in
      file.append(UInt32(packet.count))
      file.bytes += packet
      file.bytes += [UInt8](repeating: 0, count: (4 - packet.count % 4) % 4)
    }
  }

  /// A block, with the length that `body` has, or one that it does not have.
  mutating func appendBlock(_ type: UInt32, trailer: UInt32? = nil, _ body: (inout TestCapture) -> Void) {
    records.append(bytes.count)
    var content = TestCapture(isBigEndian: isBigEndian)
    body(&content)
    let length = UInt32(content.bytes.count + 12)
    append(type)
    append(length)
    bytes += content.bytes
    append(trailer ?? length)
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: isBigEndian ? number.bigEndian : number.littleEndian) { bytes += $0 }
  }
}

extension TestCapture.Packet {
  /// Three Ethernet frames of different lengths, the last one cut by the snap length.
  static let three = [
    Self(ethernet(payload: 46), nanoseconds: 1_000),
    Self(ethernet(payload: 47), seconds: 1_700_000_001, nanoseconds: 999_999_000),
    Self(ethernet(payload: 100), wireLength: 1514, seconds: 1_700_000_002, nanoseconds: 5_000),
  ]

  /// An IPv4 EtherType and counting bytes.
  static func ethernet(payload: Int) -> [UInt8] {
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0] + (0..<payload).map { UInt8(truncatingIfNeeded: $0 * 7 + payload) }
  }
}
