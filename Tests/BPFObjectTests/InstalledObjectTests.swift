import BPFObject
import Foundation
import Testing

/// Objects that distributions install: xdp-tools and libxdp.
@Suite("Installed objects")
struct InstalledObjectTests {
  static let directory = "/usr/lib/x86_64-linux-gnu/bpf"
  static let objects = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [])
    .filter { $0.hasSuffix(".o") }.sorted()

  @Test("every installed object loads, with typed programs and nothing unresolved", arguments: objects)
  func loads(object: String) throws {
    let object = try ObjectFile(path: "\(InstalledObjectTests.directory)/\(object)")
    #expect(!object.programs.isEmpty)
    for program in object.programs {
      #expect(program.type != nil)
      #expect(!program.sourceLines.isEmpty)
      #expect(
        !program.references.values.contains { if case .unresolved = $0 { true } else { false } })
    }
  }
}
