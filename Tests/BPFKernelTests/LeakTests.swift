import BPFObject
import Capture
import Foundation
import Testing

@testable import BPFKernel

@Suite("Nothing is left open", .needsKernel, .serialized)
struct LeakTests {
  /// Rounds of three loads each: over 1,000 loads, over 10,000 when VERDICT_LONG is set.
  static let rounds = ProcessInfo.processInfo.environment["VERDICT_LONG"] == nil ? 350 : 3_500

  /// Open descriptors of this process that bpf(2) made.
  static func openDescriptors(_ name: String) -> Int {
    let directory = "/proc/self/fd"
    return ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)"))?.contains(name) ?? false
    }.count
  }

  /// Resident memory in bytes.
  static func residentMemory() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
  }

  /// A name that no other test's maps and programs have, since tests run side by side.
  static let table = MapSpec.test("leaktable", .progArray, value: 4, entries: 1)
  static let counts = MapSpec.test("leakcounts", .percpuArray, value: 8, entries: 4)
  static let programs: [ProgramSpec] = {
    var table = ProgramSpec.test(
      name: "leakmain", references: [0: .map("leaktable")],
      Slots.wide(2) + [Slots.mov(3, 0), Slots.call(12), Slots.mov(0, 0), Slots.exit])
    table.section = "xdp"
    return [table, .test(name: "leakcallee", [Slots.mov(0, 2), Slots.exit])]
  }()

  static var object: ObjectFile {
    var table = table
    table.initialSlots = [0: "leakcallee"]
    return ObjectFile(
      name: "leak", programs: programs, maps: [table, counts], license: "GPL", btf: KernelProbe.integerTypes)
  }

  @Test("Descriptors and memory stay level over many loads, runs and rejections")
  func loads() throws {
    let refused = ProgramSpec.test(
      name: "leakrefused", [Slots.load(.u32, 2, 1, 0), Slots.load(.u8, 0, 2, 0), Slots.exit])
    func round() throws {
      let backend = try KernelBackend(object: Self.object, program: Self.programs[0], hook: .xdp)
      try BackendTests.withFrame(BackendTests.udp) { (frame: Frame) throws in
        let outcome = try backend.run(frame)
        #expect(outcome.returnValue == 2)
      }
      _ = try backend.maps[1].entries()
      #expect(throws: KernelError.self) { try KernelProgram(refused) }
    }
    for _ in 0..<50 { try round() }
    let descriptors = Self.openDescriptors("bpf")
    let memory = Self.residentMemory()
    for _ in 0..<Self.rounds { try round() }
    // Other tests hold some of their own while this one runs, but not one a round.
    #expect(Self.openDescriptors("bpf") < descriptors + 50)
    #expect(Self.residentMemory() < memory + 32 << 20)
  }
}
