import Capture
import Foundation
import Testing

@Suite("Compressed captures")
struct CompressionTests {
  static let packets = (0..<5000).map { index in
    TestCapture.Packet(.init(repeating: UInt8(truncatingIfNeeded: index), count: 60 + index % 900))
  }
  /// Bytes that do not compress.
  static let incompressible = {
    var generator = SplitMix64(seed: 1)
    return (0..<2000).map { _ in
      TestCapture.Packet((0..<500).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
  }()
  static let installed = Compression.allCases.filter { Tool($0.program) != nil }

  static func compress(_ bytes: [UInt8], with compression: Compression) throws -> [UInt8] {
    let tool = try #require(Tool(compression.program))
    let (status, output, errors) = try tool.run(["-c"], input: bytes)
    #expect(status == 0, "\(errors)")
    return output
  }

  @Test("A compressed file, or pipe, gives what the plain one gives", arguments: installed)
  func whole(compression: Compression) throws {
    let bytes = try Self.compress(TestCapture.pcap(Self.packets).bytes, with: compression)
    let fromFile = try Reading(file: bytes)
    #expect(fromFile.error == nil)
    #expect(fromFile.frames == Self.packets.items)
    let fromPipe = Reading(pipe: bytes)
    #expect(fromPipe.error == nil)
    #expect(fromPipe.frames == Self.packets.items)
    let inPieces = Reading(pipe: try Self.compress(TestCapture.pcapng(.three).bytes, with: compression), piece: 1)
    #expect(inPieces.frames == TestCapture.Packet.three.items)
  }

  @Test(
    "A compressed file that ends in the middle gives its packets, then the decompressor's fault", arguments: installed)
  func cut(compression: Compression) throws {
    // Half of the file is half of the packets.
    let packets = Self.incompressible
    let capture = TestCapture.pcap(packets)
    let bytes = try Self.compress(capture.bytes, with: compression)
    let cut = Array(bytes[..<(bytes.count / 2)])
    for reading in [try Reading(file: cut), Reading(pipe: cut)] {
      let error = try #require(reading.error)
      #expect(error.kind == .decompressorFailed)
      #expect(error.reason.contains(compression.program))
      #expect(reading.frames == Array(packets.items.prefix(reading.frames.count)))
      if compression != .xz { #expect(reading.frames.count > 100) }
      if !reading.frames.isEmpty {
        #expect(error.packet == reading.frames.count + 1)
        #expect(error.offset == UInt64(capture.packets[reading.frames.count]))
      }
    }
  }

  @Test("A compressed file whose capture is cut has the fault in the capture", arguments: installed)
  func cutInside(compression: Compression) throws {
    let capture = TestCapture.pcap(.three)
    let reading = try Reading(file: Self.compress(Array(capture.bytes.dropLast()), with: compression))
    #expect(reading.frames.count == 2)
    #expect(reading.error?.kind == .truncated)
    #expect(reading.error?.offset == UInt64(capture.packets[2]))
  }

  @Test("Damage that only the checksum at the end shows is reported behind the last packet", arguments: installed)
  func damagedChecksum(compression: Compression) throws {
    guard compression == .gzip else { return }
    var bytes = try Self.compress(TestCapture.pcap(.three).bytes, with: compression)
    bytes[bytes.count - 6] ^= 1
    let reading = try Reading(file: bytes)
    #expect(reading.frames == TestCapture.Packet.three.items)
    #expect(reading.error?.kind == .decompressorFailed)
    #expect(reading.error?.packet == 4)
    #expect(reading.error?.offset == UInt64(TestCapture.pcap(.three).bytes.count))
  }

  @Test("What is compressed and is no capture is said so", arguments: installed)
  func noCapture(compression: Compression) throws {
    let reading = try Reading(file: Self.compress(Array("no capture here".utf8), with: compression))
    #expect(reading.error?.kind == .notACapture)
  }

  @Test("A decompressor that is not installed is named")
  func missingProgram() {
    let reading = Reading(pipe: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0], decompressor: "no-such-decompressor")
    #expect(reading.error?.kind == .decompressorMissing)
    #expect(reading.error?.reason.contains("no-such-decompressor") == true)
  }

  @Test(
    "Readers that are let go, anywhere, leave neither descriptors nor processes behind",
    .enabled(if: !installed.isEmpty))
  func leaks() throws {
    let plain = TestCapture.pcap(Self.incompressible).bytes
    let file = try TemporaryFile(Self.compress(plain, with: Self.installed[0]))
    let compressed = try file.bytes
    let before = try Self.descriptors()
    for round in 0..<60 {
      let reader = try CaptureReader(path: file.path)
      for _ in 0..<(round * 30) { _ = try reader.next() }
      // A pipe whose writer never ends: nobody may wait for it.
      let pipe = Pipe()
      pipe.fileHandleForWriting.feed(Array((round % 2 == 0 ? plain : compressed).dropLast(99)), isClosing: false)
      let waiting = try CaptureReader(descriptor: dup(pipe.fileHandleForReading.fileDescriptor), path: "a pipe")
      _ = try waiting.next()
    }
    // Other tests open files meanwhile, but not as many.
    #expect(try Self.descriptors() < before + 60)
    #expect(try Self.children() < 30)
  }

  private static func descriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
  }

  /// Decompressors among the children of this process; other tests start processes of other kinds meanwhile.
  private static func children() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
      .map { (try? String(contentsOfFile: "/proc/self/task/\($0)/children", encoding: .utf8)) ?? "" }
      .flatMap { $0.split(separator: " ") }
      .compactMap { try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8) }
      .filter { ["gzip", "xz", "zstd"].contains($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      .count
  }
}
