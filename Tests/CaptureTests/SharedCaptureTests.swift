import Capture
import Foundation
import Testing

/// The captures that lie beside the project, when they do.
enum SharedCaptures {
  static let folder: URL? = {
    var folder = URL(filePath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let shared = folder.appending(path: "../shared/pcaps").standardized
      if FileManager.default.fileExists(atPath: shared.appending(path: "INDEX.tsv").path) { return shared }
    }
    return nil
  }()

  /// Name, and number of packets by the index, which was made without libpcap.
  static let index: [(name: String, packets: Int)] = {
    guard let folder, let text = try? String(contentsOf: folder.appending(path: "INDEX.tsv"), encoding: .utf8) else {
      return []
    }
    let rows = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    guard let name = rows[0].firstIndex(of: "file"), let packets = rows[0].firstIndex(of: "packets") else { return [] }
    return rows.dropFirst().compactMap { row in Int(row[packets]).map { (String(row[name]), $0) } }
  }()
}

@Suite("The shared captures", .enabled(if: SharedCaptures.folder != nil, "../shared is not here"))
struct SharedCaptureTests {
  @Test(
    "Every capture gives the packets that the index has, or that tcpdump has, or one line",
    arguments: SharedCaptures.index)
  func counts(name: String, packets: Int) throws {
    let path = try #require(SharedCaptures.folder).appending(path: name).path
    let reading = Reading { () throws(CaptureError) in try CaptureReader(path: path) }
    let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    if let error = reading.error {
      #expect(!error.description.contains("\n"))
      #expect(error.offset.map { $0 < size } != false)
      #expect(error.packet.map { $0 == reading.frames.count + 1 } != false)
    }
    switch reading.error?.kind {
    case nil:
      #expect(reading.frames.count == packets)
    case .unsupportedLinkType:
      #expect(reading.frames.isEmpty)
      #expect(["80211http", "HDLC", "icmp-frame-relay", "nflog-http"].contains { name.contains($0) })
    default:
      #expect(name.hasPrefix("badfile--") || name.hasPrefix("fileformat--"))
    }
    // tcpdump reads what is of no use here too, so it has nothing to say of refused link types.
    if reading.error?.kind != .unsupportedLinkType, let tcpdump = Tool("tcpdump") {
      let (status, output, errors) = try tcpdump.run(["-nr", path, "--count"])
      // No count is printed when the file does not open.
      let count = String(decoding: output, as: UTF8.self).split(separator: " ").first.flatMap { Int($0) } ?? 0
      #expect(reading.frames.count == count)
      #expect((reading.error == nil) == (status == 0), "\(errors)")
    }
  }

  @Test(
    "Faults are where they are in the file",
    arguments: [
      ("badfile--http-mime-truncated-input.pcap", .truncated, 2697, 2_715_459),
      ("badfile--tls_DER-incomplete-header.pcap", .corrupt, 7, 5035),
      ("badfile--shb-option-too-long.pcapng", .corrupt, nil, 52),
      ("fileformat--modify-request.pcapng", .differingInterfaces, 1, 3796),
      ("fileformat--test100.pcapng", .differingInterfaces, 2, 704),
      ("fileformat--test201.pcapng", .differingInterfaces, 1, 136),
    ] as [(String, CaptureError.Kind, Int?, UInt64)])
  func places(name: String, kind: CaptureError.Kind, packet: Int?, offset: UInt64) throws {
    let path = try #require(SharedCaptures.folder).appending(path: name).path
    let reading = Reading { () throws(CaptureError) in try CaptureReader(path: path) }
    #expect(reading.error?.kind == kind)
    #expect(reading.error?.packet == packet)
    #expect(reading.error?.offset == offset)
  }
}
