/// Follows the records of a capture by their lengths, in the bytes on their way to libpcap.
///
/// libpcap names neither the place of a fault nor the interface of a packet. The walker sees every byte once, chunk by chunk,
/// and keeps no more than the starts of the records in the last chunk: libpcap cannot have asked for that chunk before it had
/// used up the one before, so that the record in hand begins in the last chunk, or is the one that reaches into it.
struct RecordWalker {
  private enum Format {
    case unknown
    /// The record header has 16 bytes, or 24 in the format modified by Kuznetzov.
    case pcap(headerLength: UInt64, isBigEndian: Bool)
    case pcapng(isBigEndian: Bool)
    /// Not a capture, or lengths that lead nowhere: nothing to follow.
    case lost
  }

  /// Where a record begins, and what it is.
  struct Record: Hashable {
    var offset: UInt64
    /// pcapng block type; 0 in pcap.
    var type: UInt32
  }

  /// The header bytes that tell a record's type and length, and a packet's interface.
  private static let headLength = 12

  private var format = Format.unknown
  /// Where the next record begins.
  private var next: UInt64 = 0
  /// The first bytes of the next record, when the chunk ends inside them.
  private var head: [UInt8] = []
  /// The last record that begins before the last chunk.
  private var carried = Record(offset: 0, type: 0)
  /// The records that begin in the last chunk.
  private var records: [Record] = []
  /// How many packets' records have begun.
  private(set) var packets = 0
  /// pcapng: interfaces of the packets that libpcap has not delivered yet.
  private var interfaces: [Int32] = []
  private var delivered = 0

  init() {
    head.reserveCapacity(Self.headLength)
  }

  /// Whether the time stamps are the 32-bit seconds of pcap.
  var isPcap: Bool {
    if case .pcap = format { true } else { false }
  }

  /// The record that a reader at `position` is in: the last one that begins before it.
  func record(before position: UInt64) -> Record {
    if next < position { return Record(offset: next, type: 0) }
    return records.last { $0.offset < position } ?? carried
  }

  /// Where the last record ends that is whole in the first `length` bytes.
  func boundary(upTo length: UInt64) -> UInt64 {
    next <= length ? next : (records.last ?? carried).offset
  }

  /// The interface of the next packet that libpcap delivers: its number in its section, 0 in pcap.
  mutating func takeInterface() -> Int {
    guard delivered < interfaces.count else { return 0 }
    defer { delivered += 1 }
    return Int(interfaces[delivered])
  }

  /// Follows the records through `chunk`, which begins at byte `start` of the capture.
  mutating func follow(_ chunk: UnsafeRawBufferPointer, at start: UInt64) {
    if case .lost = format { return }
    if let last = records.last { carried = last }
    records.removeAll(keepingCapacity: true)
    interfaces.removeFirst(delivered)
    delivered = 0

    let end = start + UInt64(chunk.count)
    while next < end {
      let begin = next
      if begin >= start, end - begin >= UInt64(Self.headLength) {
        let offset = Int(begin - start)
        step(over: UnsafeRawBufferPointer(rebasing: chunk[offset..<(offset + Self.headLength)]))
      } else {
        // The header lies across chunks: what was seen of it, and what is here.
        let from = begin + UInt64(head.count) - start
        let missing = Self.headLength - head.count
        guard from < UInt64(chunk.count) else { return }
        let slice = chunk[Int(from)..<min(Int(from) + missing, chunk.count)]
        head.append(contentsOf: slice)
        guard head.count == Self.headLength else { return }
        let whole = head
        head.removeAll(keepingCapacity: true)
        whole.withUnsafeBytes { step(over: $0) }
      }
      if case .lost = format { return }
    }
  }

  /// Takes in the first bytes of the record at ``next`` and moves on to the record after it.
  private mutating func step(over head: UnsafeRawBufferPointer) {
    if case .unknown = format { return begin(with: head) }
    switch format {
    case .pcap(let headerLength, let isBigEndian):
      let capturedLength = Self.word(head, at: 8, isBigEndian)
      records.append(Record(offset: next, type: 0))
      packets += 1
      next += headerLength + UInt64(capturedLength)
    case .pcapng(var isBigEndian):
      let type = Self.word(head, at: 0, isBigEndian)
      if type == BlockType.section {
        isBigEndian = Self.word(head, at: 8, true) == BlockType.byteOrderMagic
        format = .pcapng(isBigEndian: isBigEndian)
      }
      let length = Self.word(head, at: 4, isBigEndian)
      records.append(Record(offset: next, type: type))
      if let interface = Self.interface(of: type, head, isBigEndian) {
        interfaces.append(interface)
        packets += 1
      }
      // libpcap stops at a block that is shorter than its own lengths; so does the walk.
      guard length >= 12 else { return format = .lost }
      next += UInt64(length)
    case .unknown, .lost:
      break
    }
  }

  /// The interface that a packet's block names; nil for a block without a packet.
  private static func interface(of type: UInt32, _ head: UnsafeRawBufferPointer, _ isBigEndian: Bool) -> Int32? {
    switch type {
    case BlockType.enhancedPacket: Int32(truncatingIfNeeded: word(head, at: 8, isBigEndian))
    case BlockType.packet: Int32(half(head, at: 8, isBigEndian))
    case BlockType.simplePacket: 0
    default: nil
    }
  }

  /// Tells the format by the first bytes of the file.
  private mutating func begin(with head: UnsafeRawBufferPointer) {
    switch Self.word(head, at: 0, false) {
    case 0xa1b2_c3d4, 0xa1b2_3c4d: format = .pcap(headerLength: 16, isBigEndian: false)
    case 0xd4c3_b2a1, 0x4d3c_b2a1: format = .pcap(headerLength: 16, isBigEndian: true)
    case 0xa1b2_cd34: format = .pcap(headerLength: 24, isBigEndian: false)
    case 0x34cd_b2a1: format = .pcap(headerLength: 24, isBigEndian: true)
    case BlockType.section:
      format = .pcapng(isBigEndian: false)
      return step(over: head)
    default: return format = .lost
    }
    records.append(Record(offset: 0, type: 0))
    next = 24
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ isBigEndian: Bool) -> UInt32 {
    let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
  }

  private static func half(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ isBigEndian: Bool) -> UInt16 {
    let half = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return isBigEndian ? UInt16(bigEndian: half) : UInt16(littleEndian: half)
  }
}
