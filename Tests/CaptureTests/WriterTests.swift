import Capture
import Foundation
import Testing

@Suite("Writing captures")
struct WriterTests {
  /// Writes the three packets with verdicts.
  static func write(to path: String, verdicts: [PacketVerdict?] = [.xdp(1), .xdp(2), nil]) throws {
    let writer = try CaptureWriter(path: path, interface: "XDP_PASS", application: "verdict")
    for (item, verdict) in zip([TestCapture.Packet].three.items, verdicts) {
      try item.bytes.withUnsafeBytes { bytes in
        try writer.write(bytes, wireLength: item.wireLength, timestamp: item.timestamp, verdict: verdict)
      }
    }
    try writer.close()
    try writer.close()
  }

  @Test("What is written reads back: bytes, lengths on the wire, nanoseconds")
  func roundTrip() throws {
    let file = try TemporaryFile(suffix: "pcapng")
    try Self.write(to: file.path)
    let reading = Reading { () throws(CaptureError) in try CaptureReader(path: file.path) }
    #expect(reading.error == nil)
    #expect(reading.frames == [TestCapture.Packet].three.items)
  }

  @Test("A capture without packets, and packets without bytes, read back")
  func empty() throws {
    let file = try TemporaryFile(suffix: "pcapng")
    try CaptureWriter(path: file.path).close()
    #expect(Reading { () throws(CaptureError) in try CaptureReader(path: file.path) }.error == nil)
    let writer = try CaptureWriter(path: file.path)
    try writer.write(UnsafeRawBufferPointer(start: nil, count: 0), wireLength: 0, timestamp: .max)
    try writer.close()
    let reading = Reading { () throws(CaptureError) in try CaptureReader(path: file.path) }
    #expect(reading.error == nil)
    #expect(reading.frames.map(\.timestamp) == [.max])
    #expect(reading.frames.map(\.bytes) == [[]])
  }

  @Test("Many packets, more than any buffer, read back")
  func many() throws {
    let packets = (0..<3000).map { TestCapture.Packet(.init(repeating: UInt8(truncatingIfNeeded: $0), count: $0)) }
    let file = try TemporaryFile(suffix: "pcapng")
    let writer = try CaptureWriter(path: file.path)
    for item in packets.items {
      try item.bytes.withUnsafeBytes { bytes in
        try writer.write(bytes, wireLength: item.wireLength, timestamp: item.timestamp, verdict: .xdp(3))
      }
    }
    try writer.close()
    #expect(Reading { () throws(CaptureError) in try CaptureReader(path: file.path) }.frames == packets.items)
  }

  @Test("An enhanced packet block has the verdict option of draft-ietf-opsawg-pcapng: type 2 for XDP, 1 for TC")
  func verdictOption() throws {
    let file = try TemporaryFile(suffix: "pcapng")
    try Self.write(to: file.path, verdicts: [.xdp(2), .tc(-1), nil])
    // Code 7, length 9, type, the verdict in the section's byte order, padding, end of options, length of the block.
    let padding: [UInt8] = [0, 0, 0]
    let xdp: [UInt8] = [7, 0, 9, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0] + padding + [0, 0, 0, 0, 112, 0, 0, 0]
    let tc: [UInt8] = [7, 0, 9, 0, 1] + .init(repeating: 0xff, count: 8) + padding + [0, 0, 0, 0, 116, 0, 0, 0]
    let bytes = try file.bytes
    #expect(bytes.firstRange(of: xdp) != nil)
    #expect(bytes.firstRange(of: tc) != nil)
  }

  @Test("tcpdump reads what is written", .enabled(if: Tool("tcpdump") != nil, "tcpdump is not installed"))
  func tcpdump() throws {
    let file = try TemporaryFile(suffix: "pcapng")
    try Self.write(to: file.path)
    let tool = try #require(Tool("tcpdump"))
    let (status, output, errors) = try tool.run(["-r", file.path, "-ttnne", "--nano"])
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
    #expect(status == 0, "\(errors)")
    try #require(lines.count == 3)
    #expect(lines[1].hasPrefix("1700000001.999999000 02:00:00:00:00:02 > 02:00:00:00:00:01"))
    #expect(lines[2].contains("length 1514"))
  }

  @Test("tshark shows the verdicts", .enabled(if: Tool("tshark") != nil, "tshark is not installed"))
  func tshark() throws {
    let file = try TemporaryFile(suffix: "pcapng")
    try Self.write(to: file.path, verdicts: [.xdp(1), .tc(2), nil])
    let tool = try #require(Tool("tshark"))
    let (status, output, errors) = try tool.run(["-r", file.path, "-V"])
    let text = String(decoding: output, as: UTF8.self)
    #expect(status == 0, "\(errors)")
    #expect(text.contains("eBPF XDP: XDP_DROP (1)"))
    #expect(text.contains("eBPF TC: TC_ACT_SHOT (2)"))
  }

  @Test("A full disk is an error, at the latest when the file is closed, and stays one")
  func fullDisk() throws {
    let writer = try CaptureWriter(path: "/dev/full")
    #expect(throws: CaptureError.self) { try writer.close() }
    let other = try CaptureWriter(path: "/dev/full")
    let bytes = [UInt8](repeating: 0, count: 1500)
    var errors: [CaptureError] = []
    for index in 0..<100 {
      do throws(CaptureError) {
        try Self.write(bytes, at: UInt64(index), to: other)
      } catch {
        errors.append(error)
      }
    }
    do throws(CaptureError) { try other.close() } catch { errors.append(error) }
    #expect(errors.count > 40)
    #expect(Set(errors).count == 1)
    #expect(errors.first?.kind == .unwritable)
    #expect(errors.first?.description == "/dev/full: cannot be written: No space left on device")
  }

  private static func write(_ bytes: [UInt8], at timestamp: UInt64, to writer: CaptureWriter) throws(CaptureError) {
    let failure = bytes.withUnsafeBytes { bytes -> CaptureError? in
      do throws(CaptureError) {
        try writer.write(bytes, wireLength: bytes.count, timestamp: timestamp)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  @Test("A file that cannot be created is an error", arguments: ["no/such/folder/file.pcapng", "/"])
  func uncreatable(path: String) {
    #expect { try CaptureWriter(path: path) } throws: { ($0 as? CaptureError)?.kind == .unwritable }
  }
}
