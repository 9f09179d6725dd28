import Capture
import Foundation
import Testing

@Suite("Faults of a capture and their place")
struct FaultTests {
  @Test(
    "A file cut at any byte gives the packets before the cut, and the start of the record that is cut",
    arguments: Form.all)
  func cuts(form: Form) throws {
    let capture = form.capture
    for length in 0...capture.bytes.count {
      let reading = try Reading(file: Array(capture.bytes[..<length]))
      check(reading, of: capture, cutAt: length)
    }
  }

  @Test("A pipe that ends at any byte gives the same packets and place as a file", arguments: Form.all)
  func cutPipes(form: Form) {
    let capture = form.capture
    for length in stride(from: 0, through: capture.bytes.count, by: 3) {
      let reading = Reading(pipe: Array(capture.bytes[..<length]), piece: 11)
      check(reading, of: capture, cutAt: length)
    }
  }

  /// What a cut at `length` must give, by the records' starts.
  private func check(_ reading: Reading, of capture: TestCapture, cutAt length: Int) {
    let ends = capture.records.dropFirst() + [capture.bytes.count]
    // The packets whose records end at or before the cut.
    let whole = zip(capture.records, ends).filter { capture.packets.contains($0.0) && $0.1 <= length }.count
    #expect(reading.frames.count == whole, "cut at \(length)")
    // pcap's header is a record of 24 bytes; pcapng needs a section and an interface.
    let opens = capture.packets[0] <= length
    if opens, length == capture.bytes.count || capture.records.contains(length) {
      #expect(reading.error == nil, "cut at \(length)")
    } else if length < (capture.bytes[0] == 0x0a ? 12 : 4) {
      // Without its byte-order magic, a pcapng file is not known from a text that begins with an empty line.
      #expect(reading.error?.kind == .notACapture, "cut at \(length)")
    } else if !opens, capture.records.contains(length) {
      #expect(reading.error?.kind == .truncated, "cut at \(length)")
    } else {
      #expect(reading.error?.kind == .truncated, "cut at \(length)")
      let start = capture.records.last { $0 < length }
      #expect(reading.error?.offset == start.map(UInt64.init), "cut at \(length)")
      #expect(reading.error?.packet == (opens ? whole + 1 : nil), "cut at \(length)")
    }
  }

  @Test("A record longer than every buffer, cut, is named by its start", arguments: [16, 70_000, 150_000, 262_143])
  func cutLongRecord(kept: Int) throws {
    let packets = [TestCapture.Packet.three[0], .init(.init(repeating: 5, count: 262_144)), .three[1]]
    for capture in [TestCapture.pcap(packets), .pcapng(packets)] {
      let cut = Array(capture.bytes[..<(capture.packets[1] + kept)])
      for reading in [try Reading(file: cut), Reading(pipe: cut)] {
        #expect(reading.frames == [TestCapture.Packet.three[0]].items)
        #expect(reading.error?.kind == .truncated)
        #expect(reading.error?.packet == 2)
        #expect(reading.error?.offset == UInt64(capture.packets[1]))
      }
    }
  }

  @Test("The place is right behind many batches and buffers", arguments: [true, false])
  func cutLongFile(isPcapng: Bool) throws {
    let packets = (0..<30_000).map { TestCapture.Packet(.init(repeating: 1, count: 60 + $0 % 200)) }
    let capture = isPcapng ? TestCapture.pcapng(packets) : .pcap(packets)
    let last = try #require(capture.packets.last)
    let reading = try Reading(file: Array(capture.bytes[..<(last + 9)]))
    #expect(reading.frames.count == 29_999)
    #expect(reading.error?.kind == .truncated)
    #expect(reading.error?.packet == 30_000)
    #expect(reading.error?.offset == UInt64(last))
  }

  @Test("A capture length out of this world is corrupt, not allocated", arguments: [false, true])
  func absurdLength(isBigEndian: Bool) throws {
    var capture = TestCapture.pcap(isBigEndian: isBigEndian, .three + .three)
    let field = capture.packets[3] + 8
    capture.bytes.replaceSubrange(field..<(field + 4), with: [0x7f, 0xff, 0xff, 0x7f])
    let reading = try Reading(file: capture.bytes)
    #expect(reading.frames == TestCapture.Packet.three.items)
    #expect(reading.error?.kind == .corrupt)
    #expect(reading.error?.packet == 4)
    #expect(reading.error?.offset == UInt64(capture.packets[3]))
  }

  @Test("A packet longer than the snap length is cut to it, and the places behind it stay right")
  func longerThanSnapLength() throws {
    var capture = TestCapture.pcap(snapLength: 80, .three + .three)
    capture.bytes.removeLast()
    let reading = try Reading(file: capture.bytes)
    #expect(reading.frames.map(\.bytes.count) == [60, 61, 80, 60, 61])
    #expect(reading.error?.offset == UInt64(capture.packets[5]))
    #expect(reading.error?.packet == 6)
  }

  /// Faults of blocks that libpcap finds when it has read them whole.
  static let brokenBlocks: [(String, CaptureError.Kind, @Sendable (inout TestCapture) -> Void)] = [
    (
      "a trailer that differs", .corrupt,
      { $0.appendBlock(6, trailer: 64) { $0.bytes += .init(repeating: 0, count: 32) } }
    ),
    ("an unknown interface", .corrupt, { $0.append(pcapng: .three[0], interface: 7) }),
    ("a packet block without room for a packet", .corrupt, { $0.appendBlock(6) { $0.bytes += [0, 0, 0, 0] } }),
    (
      "a section of another major version", .corrupt,
      { $0.appendBlock(0x0a0d_0d0a) { $0.bytes += [0x4d, 0x3c, 0x2b, 0x1a] + .init(repeating: 9, count: 12) } }
    ),
    (
      "a section of the other byte order", .corrupt, { $0.bytes += TestCapture.pcapng(isBigEndian: true, .three).bytes }
    ),
    ("an interface of another link type", .differingInterfaces, { $0.appendInterface(linkType: 0) }),
    ("an interface of another snap length", .differingInterfaces, { $0.appendInterface(snapLength: 96) }),
  ]

  @Test("Blocks that libpcap refuses are named by their start", arguments: 0..<brokenBlocks.count, [false, true])
  func refusedBlocks(index: Int, isFollowed: Bool) throws {
    let (name, kind, append) = Self.brokenBlocks[index]
    var capture = TestCapture.pcapng(.three)
    // A block that is no packet, so that the place is not where the last packet ended.
    capture.appendBlock(5) { $0.bytes += .init(repeating: 0, count: 12) }
    let start = capture.bytes.count
    append(&capture)
    if isFollowed { capture.append(pcapng: .three[0], interface: 0) }
    for reading in [try Reading(file: capture.bytes), Reading(pipe: capture.bytes, piece: 13)] {
      #expect(reading.frames == TestCapture.Packet.three.items, "\(name)")
      #expect(reading.error?.kind == kind, "\(name)")
      #expect(reading.error?.packet == 4, "\(name)")
      #expect(reading.error?.offset == UInt64(start), "\(name)")
    }
  }

  @Test("A fault comes again when asked again, and is one line")
  func faultStays() throws {
    let capture = TestCapture.pcap(.three)
    let file = try TemporaryFile(Array(capture.bytes.dropLast()))
    let reader = try CaptureReader(path: file.path)
    var errors: [CaptureError] = []
    for _ in 0..<5 {
      do throws(CaptureError) { _ = try reader.next() } catch { errors.append(error) }
    }
    #expect(errors.count == 3)
    #expect(Set(errors).count == 1)
    let place = "\(file.path): packet 3 at byte \(capture.packets[2]): the file ends inside a record"
    #expect(errors.first?.description.hasPrefix(place) == true)
    #expect(errors.first?.description.contains("\n") == false)
    #expect(reader.statistics.frames == 2)
  }

  @Test(
    "What is no capture at all is said so",
    arguments: [[], [0x0a], Array("#!/bin/sh\nexit 0\n".utf8), .init(repeating: 0, count: 4096)])
  func noCapture(bytes: [UInt8]) throws {
    for reading in [try Reading(file: bytes), Reading(pipe: bytes)] {
      #expect(reading.frames.isEmpty)
      #expect(reading.error?.kind == .notACapture)
      #expect(reading.error?.packet == nil)
    }
  }

  @Test("A path that leads nowhere, to a folder or through a file is one clear error")
  func paths() throws {
    let file = try TemporaryFile()
    for (path, kind) in [
      ("no/such/file.pcap", CaptureError.Kind.missing), (file.path + "/x", .missing),
      (FileManager.default.temporaryDirectory.path, .unreadable),
    ] {
      let reading = Reading { () throws(CaptureError) in try CaptureReader(path: path) }
      #expect(reading.error?.kind == kind)
      #expect(reading.error?.path == path)
    }
  }

  @Test("A file without read permission is unreadable", .enabled(if: getuid() != 0, "root may read everything"))
  func permission() throws {
    let file = try TemporaryFile(TestCapture.pcap(.three).bytes)
    #expect(chmod(file.path, 0) == 0)
    let reading = Reading { () throws(CaptureError) in try CaptureReader(path: file.path) }
    #expect(reading.error?.kind == .unreadable)
  }
}
