import CPcap
import Capture
import Foundation
import Testing

/// Damages small captures at random and reads them. `VERDICT_FUZZ_SECONDS` sets for how long; without it, a fixed number of
/// rounds from a fixed seed.
@Suite("Fuzzing the reader")
struct FuzzTests {
  static let seeds: [TestCapture] =
    Form.all.map(\.capture)
    + [
      .pcapng(interfaces: 3, .three + .three), .pcap(snapLength: 64, .three + .three),
      .pcap(linkType: 0, .three), .pcap(linkType: 9, .three), .pcap(linkType: 101, .three),
      .pcap(linkType: 113, .three),
      .pcap(linkType: 276, .three),
    ]

  @Test("Whatever is damaged, packets are libpcap's own, a pipe agrees with a file, and the place is in the file")
  func mutations() throws {
    let seconds = ProcessInfo.processInfo.environment["VERDICT_FUZZ_SECONDS"].flatMap(Double.init)
    let deadline = seconds.map { Date(timeIntervalSinceNow: $0) }
    let seed: UInt64 = seconds == nil ? 2026 : .random(in: 0 ... .max)
    var generator = SplitMix64(seed: seed)
    var round = 0
    while deadline.map({ Date() < $0 }) ?? (round < 600) {
      round += 1
      let bytes = Self.mutate(Self.seeds[round % Self.seeds.count].bytes, with: &generator)
      let reading = try Reading(file: bytes)
      let bare = try Self.countByLibpcap(bytes)
      let comment: Comment = "seed \(seed), round \(round): \(bytes)"
      if let error = reading.error {
        #expect(error.offset.map { $0 <= bytes.count } != false, comment)
        #expect(error.packet.map { $0 == reading.frames.count + 1 } != false, comment)
        #expect(!error.description.contains("\n"), comment)
      }
      if reading.error?.kind != .unsupportedLinkType {
        #expect(reading.frames.count == bare.packets, comment)
        #expect((reading.error == nil) == bare.isWhole, comment)
      }
      if round % 8 == 0 {
        let pipe = Reading(pipe: bytes, piece: 1 + Int(generator.next() % 200))
        #expect(pipe.frames == reading.frames, comment)
        #expect(pipe.error?.kind == reading.error?.kind, comment)
        #expect(pipe.error?.offset == reading.error?.offset, comment)
      }
    }
  }

  private static func mutate(_ seed: [UInt8], with generator: inout SplitMix64) -> [UInt8] {
    var bytes = seed
    for _ in 0..<(1 + generator.next() % 4) where !bytes.isEmpty {
      let index = Int(generator.next() % UInt64(bytes.count))
      switch generator.next() % 6 {
      case 0: bytes[index] ^= 1 << UInt8(generator.next() % 8)
      case 1: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
      case 2: bytes.removeSubrange(index...)
      case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int(generator.next() % 40)))
      case 4: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + Int(generator.next() % 200))], at: index)
      default:
        // Lengths are what breaks readers.
        let values: [[UInt8]] = [
          [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0x80], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0x7f], [12, 0, 0, 0],
          [0, 0, 1, 0],
        ]
        let start = index & ~3
        if start + 4 <= bytes.count {
          bytes.replaceSubrange(start..<(start + 4), with: values[Int(generator.next() % UInt64(values.count))])
        }
      }
    }
    return bytes
  }

  /// What a plain loop over libpcap makes of the same bytes.
  private static func countByLibpcap(_ bytes: [UInt8]) throws -> (packets: Int, isWhole: Bool) {
    let file = try TemporaryFile(bytes)
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    let precision = UInt32(PCAP_TSTAMP_PRECISION_NANO)
    guard let handle = pcap_open_offline_with_tstamp_precision(file.path, precision, &message) else {
      return (0, false)
    }
    defer { pcap_close(handle) }
    var packets = 0
    while true {
      var header: UnsafeMutablePointer<pcap_pkthdr>?
      var data: UnsafePointer<UInt8>?
      let result = pcap_next_ex(handle, &header, &data)
      if result != 1 { return (packets, result == PCAP_ERROR_BREAK) }
      packets += 1
    }
  }
}
