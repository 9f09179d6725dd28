import BPFObject
import KernelRecordings
import Testing

@testable import BPFMachine

/// A map that the kernel makes is made, and one that it refuses is refused with the same errno.
@Suite struct MapCreationTests {
  /// What a kernel answers by its own configuration: `NR_CPUS`.
  private static func isCertain(_ map: RecordedMap) -> Bool { map.type != "cpumap" || map.maxEntries < 256 }

  @Test("definitions are taken and refused as in the kernel", arguments: ["creation", "maps", "mapofmaps"])
  func sameErrno(file: String) throws {
    let memory = GuestMemory()
    let cases = try Recording.load(file).cases.filter { $0.slots.isEmpty && $0.operations.isEmpty }
    #expect(!cases.isEmpty)
    for recorded in cases where recorded.maps.allSatisfy(MapCreationTests.isCertain) {
      var errno: Int32 = 0
      do {
        for spec in recorded.specs { _ = try BPFMap.make(spec, index: 0, memory: memory, cpus: 2) }
      } catch {
        errno = error.errno
      }
      let expected = recorded.answer.errno.map { name in
        RecordedAnswersTests.names.first { $0.value == name }?.key ?? -1
      }
      #expect(errno == expected ?? 0, "\(recorded.name)")
    }
  }
}
