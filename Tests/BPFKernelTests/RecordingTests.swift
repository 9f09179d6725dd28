import Foundation
import KernelRecordings
import Testing

@testable import BPFKernel

/// What the kernel answers is kept in Recorded/*.json, in the form that `Recording` documents, and is asked again here.
/// `VERDICT_RECORD=1` writes the files anew from the cases in Cases/.
@Suite("Recorded kernel answers")
struct RecordingTests {
  static let groups: [(name: String, cases: @Sendable () -> [RecordedCase])] = [
    ("adjust", { AdjustCases.all }), ("fragments", { FragmentCases.all }), ("redirect", { RedirectCases.all }),
    ("maps", { MapCases.all }), ("checksum", { ChecksumCases.all }), ("tailcall", { TailCallCases.all }),
    ("arithmetic", { ArithmeticCases.all }), ("context", { ContextCases.all }),
    ("strings", { StringCases.all }), ("queues", { QueueCases.all }),
    ("creation", { CreationCases.all }), ("mapofmaps", { MapOfMapsCases.all }), ("events", { EventCases.all }),
    ("classifier", { ClassifierCases.all }),
    ("skbfields", { SocketBufferFieldCases.all }), ("skbhelpers", { SocketBufferHelperCases.all }),
    ("formats", { FormatCases.all }), ("helpers", { HelperCases.all }),
  ]

  @Test(
    "The running kernel answers the cases, and the answers are written down",
    .needsKernel,
    .enabled(if: ProcessInfo.processInfo.environment["VERDICT_RECORD"] != nil, "VERDICT_RECORD is not set"),
    arguments: groups.map(\.name))
  func record(group: String) throws {
    let cases = try #require(Self.groups.first { $0.name == group }).cases()
    let release =
      BPFSyscall.contents(of: "/proc/sys/kernel/osrelease").map { String(decoding: $0, as: UTF8.self) } ?? ""
    try Recording(kernel: release.trimmingCharacters(in: .whitespacesAndNewlines), cases: cases.map { $0.asked() })
      .save(group)
  }

  @Test("Every recorded case is answered in the same way again", .needsKernel, arguments: Recording.names)
  func replay(file: String) throws {
    for recorded in try Recording.load(file).cases {
      let again = recorded.asked()
      #expect(again.answer.refusedAt == recorded.answer.refusedAt, "\(recorded.name)")
      #expect(again.answer.errno == recorded.answer.errno, "\(recorded.name)")
      #expect(again.answer.returnValue == recorded.answer.returnValue, "\(recorded.name)")
      #expect(again.answer.output == recorded.answer.output, "\(recorded.name)")
      #expect(again.answer.context == recorded.answer.context, "\(recorded.name)")
      #expect(again.answer.maps == recorded.answer.maps, "\(recorded.name)")
      #expect(again.operations.map(\.errno) == recorded.operations.map(\.errno), "\(recorded.name)")
      #expect(again.operations.map(\.found) == recorded.operations.map(\.found), "\(recorded.name)")
    }
  }

  @Test("Every group is recorded", arguments: groups.map(\.name))
  func complete(group: String) throws {
    let cases = try #require(Self.groups.first { $0.name == group }).cases()
    let recorded = try Recording.load(group).cases
    #expect(recorded.map(\.name) == cases.map(\.name))
    #expect(recorded.map(\.slots) == cases.map(\.slots))
    #expect(Recording.names.contains(group))
  }
}
