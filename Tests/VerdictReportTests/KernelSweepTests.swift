import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Datapath
import Foundation
import Testing

@testable import VerdictReport

/// Every XDP and TC program there is, over varied captures, on the simulator and in the kernel. VERDICT_SWEEP_PACKETS sets how many
/// packets of each capture.
@Suite(
  "Simulator and kernel over varied captures",
  .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"),
  .enabled(if: SharedCaptures.folder != nil, "../shared is not here"))
struct KernelSweepTests {
  private static let limit =
    ProcessInfo.processInfo.environment["VERDICT_SWEEP_PACKETS"].flatMap { Int($0) } ?? 300

  @Test("example programs: every packet agrees, or its cause is known", arguments: KernelSession.fixtures)
  func fixtures(path: String) throws { try sweep(path) }

  @Test(
    "installed programs: every packet agrees, or its cause is known",
    .enabled(if: !KernelSession.installed.isEmpty, "xdp-tools' objects are not installed"),
    arguments: KernelSession.installed)
  func installed(path: String) throws { try sweep(path) }

  private func sweep(_ path: String) throws {
    let object = try ObjectFile(path: path)
    let captures = SharedCaptures.varied.map(SharedCaptures.path)
    for program in object.programs where program.type == .xdp || program.type == .schedCLS {
      let session = try KernelSession(path: path, program: program, captures: captures)
      let frames = CaptureChain(captures, limit: Self.limit)
      let result = try session.compare(frames)
      let report = result.report
      #expect(result.faults.isEmpty)
      #expect(!report.hasFault, "\(program.name), frames \(frames.starts): \(report.text)")
      #expect(frames.starts.count == captures.count && frames.starts.count >= 10)
      #expect(report.agreed > 1000)
      var causes = report.causes.map { "\($0.key.rawValue) \($0.value.packets)" }
      for map in report.maps { causes += map.causes.map { "\(map.map) by \($0.key.rawValue) \($0.value)" } }
      print(
        "sweep: \(program.name) of \(URL(filePath: path).lastPathComponent): \(report.agreed) of \(report.packets) "
          + "packets of \(frames.starts.count) captures agree, \(report.skipped) that the kernel does not take, "
          + "\(report.comparedMaps - report.maps.count) of \(report.comparedMaps) maps agree"
          + (causes.isEmpty ? "" : "; known: \(causes.sorted().joined(separator: ", "))"))
    }
  }
}
