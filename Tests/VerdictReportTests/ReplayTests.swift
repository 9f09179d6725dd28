import Capture
import Datapath
import Synchronization
import SystemPackage
import Testing

@testable import VerdictReport

@Suite("Replay")
struct ReplayTests {
  /// verdict, instructions, trap mark, and bytes up to the length.
  private func frame(_ verdict: UInt8, _ instructions: UInt8, trap: Bool = false, length: Int = 60) -> [UInt8] {
    [verdict, instructions, trap ? 0xff : 0] + [UInt8](repeating: 0, count: length - 3)
  }

  @Test("Packets, bytes, instructions and traps are counted")
  func counts() {
    let replay = Replay(backend: FakeBackend())
    let source = FrameList([frame(2, 10), frame(1, 20, length: 100), frame(2, 30), frame(2, 40, trap: true)])
    let result = replay.run(source, named: "some.pcap")
    #expect(result.faults.isEmpty)
    let report = result.report
    #expect(report.distribution.counts.map(\.verdict.name) == ["XDP_ABORTED", "XDP_DROP", "XDP_PASS"])
    #expect(report.distribution.counts.map(\.count.bytes) == [60, 100, 120])
    #expect(
      report.instructions
        == InstructionStatistics(total: 100, minimum: 10, median: 20, percentile99: 40, maximum: 40))
    #expect(report.traps.map(\.packets) == [1])
    #expect(report.traps.first?.trap.source == "fake.c:12")
    #expect(report.partial == nil)
  }

  @Test("Traps at one instruction for one reason are one cause, whatever their addresses")
  func trapCauses() {
    let replay = Replay(backend: FakeBackend())
    let result = replay.run(FrameList([frame(1, 1, trap: true), frame(1, 1, trap: true)]), named: "x")
    #expect(result.report.traps.map(\.packets) == [2])
  }

  @Test("A capture that breaks off leaves the report of what was read, said to be partial")
  func brokenCapture() {
    let source = FrameList([frame(2, 1), frame(2, 1)])
    source.fault = CaptureError(kind: .truncated, path: "x.pcap", packet: 3, offset: 160, reason: "the file ends")
    let result = Replay(backend: FakeBackend()).run(source, named: "x.pcap")
    #expect(result.report.packets == 2)
    #expect(result.report.partial?.contains("packet 3 at byte 160") == true)
    #expect(result.faults.count == 1)
  }

  @Test("A backend that gives up leaves the report of the packets before")
  func brokenBackend() {
    let backend = FakeBackend()
    backend.failsAt = 3
    let result = Replay(backend: backend).run(FrameList((1...5).map { _ in frame(1, 1) }), named: "x")
    #expect(result.report.packets == 2)
    #expect(result.faults.map(\.description) == ["packet 3: the kernel said EINVAL"])
  }

  @Test("A limit ends the run without being partial; an interruption is said")
  func limits() {
    let replay = Replay(backend: FakeBackend())
    replay.limit = 3
    let limited = replay.run(FrameList((1...5).map { _ in frame(1, 1) }), named: "x")
    #expect(limited.report.packets == 3)
    #expect(limited.report.partial == nil)

    let interruption = Interruption()
    interruption.request()
    let stopped = Replay(backend: FakeBackend(), interruption: interruption).run(FrameList([frame(1, 1)]), named: "x")
    #expect(stopped.report.packets == 0)
    #expect(stopped.report.partial == "after 0 packets: interrupted")
  }

  @Test("Frames cut by the snap length are counted and said")
  func cutFrames() {
    let source = FrameList([frame(2, 1)])
    source.wireLength = 1500
    let report = Replay(backend: FakeBackend()).run(source, named: "x").report
    #expect(report.notes == ["1 frame cut by the snap length; the program saw what was captured"])
  }

  @Test("A line a packet has the fields that it should, with the FNV-1a hash of all that the program left")
  func packetLog() throws {
    let path = FilePath("\(temporaryDirectory)/verdict-log-\(UInt64.random(in: 0...UInt64.max)).jsonl")
    defer { remove(path) }
    let backend = FakeBackend()
    let replay = Replay(backend: backend)
    replay.packetLog = try PacketLog(path: path.string, hook: .xdp)
    _ = replay.run(FrameList([frame(4, 9), frame(200, 9), frame(1, 9, trap: true)]), named: "x")
    let lines = try text(path).split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
    #expect(lines.count == 3)
    #expect(
      lines[0].text.hasPrefix(
        #"{"packet":1,"time":"1700000001.000000001","length":60,"verdict":"XDP_REDIRECT","code":4,"instructions":9,"#
          + #""output_length":64,"output_hash":""#))
    #expect(lines[0]["redirect"] == .string("ifindex 3"))
    #expect(lines[0]["trap"] == nil)
    #expect(lines[1]["verdict"] == .string("INVALID"))
    #expect(lines[1]["code"] == .integer(200))
    #expect(lines[1]["redirect"] == nil)
    #expect(lines[2]["verdict"] == .string("XDP_ABORTED"))
    #expect(lines[2]["trap"]?["source"] == .string("fake.c:12"))
    let last = backend.left.withUnsafeBytes { FNV1a.hash($0) }
    #expect(lines[2]["output_hash"] == .string(Self.hex(last)))
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test("A full disk ends the lines, not the run", .enabled(if: canOpen("/dev/full"), "there is no /dev/full"))
  func fullDisk() throws {
    let replay = Replay(backend: FakeBackend())
    replay.packetLog = try PacketLog(path: "/dev/full", hook: .xdp)
    let result = replay.run(FrameList((1...2000).map { _ in frame(1, 1) }), named: "x")
    #expect(result.report.packets == 2000)
    #expect(result.report.partial == nil)
    #expect(result.report.notes.count == 1)
    guard case .output(let error)? = result.faults.first, result.faults.count == 1 else {
      Issue.record("no output error")
      return
    }
    #expect(error.kind == .cannotWrite)
    #expect(error.errno == Errno.noSpace.rawValue)
  }
}

@Suite("FNV-1a")
struct FNV1aTests {
  @Test(
    "The published test vectors",
    arguments: [("", 0xcbf2_9ce4_8422_2325 as UInt64), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)])
  func vectors(text: String, hash: UInt64) {
    #expect(Array(text.utf8).withUnsafeBytes { FNV1a.hash($0) } == hash)
  }
}
