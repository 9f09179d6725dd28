import Capture
import Foundation
import Testing

/// The forms of a capture file that all hold the same three packets.
struct Form: Sendable, CustomTestStringConvertible {
  var name: String
  var capture: TestCapture

  static let all = [
    Form("pcap, little-endian, microseconds", .pcap(.three)),
    Form("pcap, big-endian, microseconds", .pcap(isBigEndian: true, .three)),
    Form("pcap, little-endian, nanoseconds", .pcap(magic: 0xa1b2_3c4d, .three)),
    Form("pcap, big-endian, nanoseconds", .pcap(magic: 0xa1b2_3c4d, isBigEndian: true, .three)),
    Form("pcap as modified by Kuznetzov, little-endian", .pcap(magic: 0xa1b2_cd34, .three)),
    Form("pcap as modified by Kuznetzov, big-endian", .pcap(magic: 0xa1b2_cd34, isBigEndian: true, .three)),
    Form("pcapng, little-endian", .pcapng(.three)),
    Form("pcapng, big-endian", .pcapng(isBigEndian: true, .three)),
  ]

  init(_ name: String, _ capture: TestCapture) {
    self.name = name
    self.capture = capture
  }

  var testDescription: String { name }
}

extension [TestCapture.Packet] {
  static var three: Self { TestCapture.Packet.three }

  /// What reading them must give.
  var items: [Reading.Item] {
    enumerated().map { index, packet in
      Reading.Item(
        bytes: packet.bytes, wireLength: packet.wireLength,
        timestamp: UInt64(packet.seconds) * 1_000_000_000 + UInt64(packet.nanoseconds), number: index + 1, interface: 0)
    }
  }
}

@Suite("File formats")
struct FormatTests {
  @Test("Every form of a capture gives the same frames and stamps", arguments: Form.all)
  func forms(form: Form) throws {
    let reading = try Reading(file: form.capture.bytes)
    #expect(reading.error == nil)
    #expect(reading.frames == TestCapture.Packet.three.items)
  }

  @Test("A pipe gives what the file gives, whatever pieces it comes in", arguments: Form.all, [1, 7, 64, 4096])
  func pipes(form: Form, piece: Int) {
    let reading = Reading(pipe: form.capture.bytes, piece: piece)
    #expect(reading.error == nil)
    #expect(reading.frames == TestCapture.Packet.three.items)
  }

  @Test("What a live pipe has sent is delivered before it sends more", .timeLimit(.minutes(1)))
  func livePipe() throws {
    let pipe = Pipe()
    let bytes = TestCapture.pcap(.three).bytes
    try pipe.fileHandleForWriting.write(contentsOf: bytes.dropLast(20))
    let reader = try CaptureReader(descriptor: dup(pipe.fileHandleForReading.fileDescriptor), path: "a pipe")
    for number in 1...2 { #expect(try reader.next()?.number == number) }
    try pipe.fileHandleForWriting.write(contentsOf: bytes.suffix(20))
    #expect(try reader.next()?.number == 3)
    try pipe.fileHandleForWriting.close()
    #expect(try reader.next() == nil)
  }

  @Test("A reader that is called off ends there, inside a record too, and finds no fault", .timeLimit(.minutes(1)))
  func calledOff() throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: TestCapture.pcap(.three).bytes.dropLast(20))
    let reader = try CaptureReader(descriptor: dup(pipe.fileHandleForReading.fileDescriptor), path: "a pipe")
    for number in 1...2 { #expect(try reader.next()?.number == number) }
    reader.canceller()
    #expect(try reader.next() == nil)
    try pipe.fileHandleForWriting.close()
  }

  @Test("Statistics count frames, bytes and frames that the snap length cut")
  func statistics() throws {
    let file = try TemporaryFile(TestCapture.pcap(.three).bytes)
    let reader = try CaptureReader(path: file.path)
    #expect(reader.statistics == CaptureReader.Statistics())
    _ = try reader.next()
    #expect(reader.statistics.frames == 1)
    while try reader.next() != nil {}
    #expect(reader.statistics.frames == 3)
    #expect(reader.statistics.bytes == 60 + 61 + 114)
    #expect(reader.statistics.cutFrames == 1)
    #expect(reader.linkType.name == "EN10MB")
    #expect(!reader.isEthernetHeaderMadeUp)
    #expect(reader.progress == 1)
  }

  @Test("pcap's seconds are unsigned: stamps after 2038 stay in order")
  func secondsAfter2038() throws {
    let packet = TestCapture.Packet(.init(repeating: 0, count: 60), seconds: 4_000_000_000, nanoseconds: 1_000)
    let reading = try Reading(file: TestCapture.pcap([packet]).bytes)
    #expect(reading.frames.map(\.timestamp) == [4_000_000_000_000_001_000])
  }

  @Test(
    "pcapng stamps of any resolution become nanoseconds",
    arguments: [(3, 1000), (6, 1_000_000), (9, 1_000_000_000), (0x80 | 10, 1024)] as [(UInt8, UInt64)])
  func resolutions(resolution: UInt8, unitsPerSecond: UInt64) throws {
    var capture = TestCapture()
    capture.appendSection()
    capture.appendInterface(resolution: resolution)
    let packet = TestCapture.Packet(.init(repeating: 0, count: 60), nanoseconds: 500_000_000)
    capture.append(pcapng: packet, interface: 0, unitsPerSecond: unitsPerSecond)
    let reading = try Reading(file: capture.bytes)
    #expect(reading.frames.map(\.timestamp) == [1_700_000_000_500_000_000])
  }

  @Test("A pcapng stamp too far away for 64 bits of nanoseconds does no harm")
  func hugeStamp() throws {
    var capture = TestCapture()
    capture.appendSection()
    capture.appendInterface(resolution: 0)
    let packet = TestCapture.Packet(.init(repeating: 0, count: 60), seconds: .max)
    capture.append(pcapng: packet, interface: 0, unitsPerSecond: 1 << 31)
    let reading = try Reading(file: capture.bytes)
    #expect(reading.frames.map(\.timestamp) == [.max])
  }

  @Test("Frames say which interface of a pcapng file they came in on, section by section")
  func interfaces() throws {
    var capture = TestCapture.pcapng(interfaces: 3, .three + .three)
    capture.appendBlock(5) { file in file.bytes += [UInt8](repeating: 0, count: 12) }
    capture.append(simple: .init(repeating: 1, count: 60))
    capture.appendSection()
    capture.appendInterface()
    capture.appendInterface()
    capture.append(pcapng: TestCapture.Packet.three[0], interface: 1)
    let reading = try Reading(file: capture.bytes)
    #expect(reading.error == nil)
    #expect(reading.frames.map(\.interface) == [0, 1, 2, 0, 1, 2, 0, 1])
    #expect(Reading(pipe: capture.bytes, piece: 5) == reading)
  }

  @Test("Records longer than every buffer on the way come whole, and in order")
  func longRecords() throws {
    let lengths = [200_000, 60, 262_144, 0, 14, 262_144, 1]
    let packets = lengths.map { length in
      TestCapture.Packet((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ length) })
    }
    for capture in [TestCapture.pcap(packets), .pcapng(packets)] {
      let reading = try Reading(file: capture.bytes)
      #expect(reading.error == nil)
      #expect(reading.frames == packets.items)
    }
  }

  @Test("A long capture comes whole through all the batches")
  func manyRecords() throws {
    let packets = (0..<20_000).map { index in
      TestCapture.Packet(
        .init(repeating: UInt8(truncatingIfNeeded: index), count: 14 + index % 300), nanoseconds: UInt32(index) * 1000)
    }
    for capture in [TestCapture.pcap(packets), .pcapng(packets)] {
      #expect(try Reading(file: capture.bytes).frames == packets.items)
    }
  }
}
