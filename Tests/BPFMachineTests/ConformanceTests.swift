import BPFInstructions
import BPFMachine
import Foundation
import Subprocess
import Testing

@testable import VerdictConformance

/// The public suite's files, which lie beside the project where they are at hand: in `shared/conformance` of a folder above.
private enum VectorFiles {
  static let folder: URL? = {
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    while folder.path() != "/" {
      let candidate = folder.appending(path: "shared/conformance/tests")
      if FileManager.default.fileExists(atPath: candidate.path()) { return candidate.deletingLastPathComponent() }
      folder = folder.deletingLastPathComponent().standardizedFileURL
    }
    return nil
  }()

  static func files(_ name: String) -> [URL] {
    guard let folder else { return [] }
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder.appending(path: name), includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "data" }.sorted { $0.path() < $1.path() }
  }

  static func vector(_ file: URL) throws -> ConformanceVector {
    try ConformanceVector(parsing: String(contentsOf: file, encoding: .utf8))
  }
}

@Suite(
  "Vectors of the public bpf_conformance suite", .enabled(if: VectorFiles.folder != nil, "shared/conformance is absent")
)
struct ConformanceVectorTests {
  @Test("All 313 vectors give their result", arguments: EngineKind.allCases)
  func vectors(engine: EngineKind) throws {
    let files = VectorFiles.files("tests")
    #expect(files.count == 313)
    let run = ConformanceRun(engine: engine)
    for file in files {
      let vector = try VectorFiles.vector(file)
      do {
        let result = try run.result(of: vector.instructions, memory: vector.memory)
        #expect(vector.expectation == .result(result), "\(file.lastPathComponent)")
      } catch {
        Issue.record("\(file.lastPathComponent): \(error)")
      }
    }
  }

  @Test("None of the 60 negative files passes", arguments: EngineKind.allCases)
  func negative(engine: EngineKind) throws {
    let files = VectorFiles.files("negative")
    #expect(files.count == 60)
    let run = ConformanceRun(engine: engine)
    for file in files {
      guard let vector = try? VectorFiles.vector(file) else { continue }
      let result = try? run.result(of: vector.instructions, memory: vector.memory)
      if file.lastPathComponent.hasPrefix("unused-") {
        #expect(result == nil, "\(file.lastPathComponent)")
      } else {
        // What is left is wrong about what the program does: another result, or an error that does not come.
        #expect(result != nil && result.map { .result($0) } != vector.expectation, "\(file.lastPathComponent)")
      }
    }
  }
}

@Suite("Runs as the suite asks for them")
struct ConformanceRunTests {
  static func result(_ text: String, memory: [UInt8] = [], engine: EngineKind) throws -> UInt64 {
    try ConformanceRun(engine: engine).result(of: ConformanceAssembler().assemble(text), memory: memory)
  }

  @Test("r1 and r2 are memory and length, both 0 without memory; it may be written", arguments: EngineKind.allCases)
  func memory(engine: EngineKind) throws {
    #expect(try Self.result("mov %r0, %r2\nexit", memory: [1, 2, 3], engine: engine) == 3)
    #expect(try Self.result("mov %r0, %r1\nor %r0, %r2\nexit", engine: engine) == 0)
    #expect(try Self.result("stb [%r1+2], 9\nldxb %r0, [%r1+2]\nexit", memory: [1, 2, 3], engine: engine) == 9)
  }

  @Test("Helper 5 gives its first argument back", arguments: EngineKind.allCases)
  func helper(engine: EngineKind) throws {
    #expect(try Self.result("lddw %r1, 0x123456789abcdef0\ncall 5\nexit", engine: engine) == 0x1234_5678_9abc_def0)
  }

  @Test(
    "A program that is refused or stopped fails with its instruction and the reason", arguments: EngineKind.allCases)
  func failures(engine: EngineKind) throws {
    func failure(_ text: String, memory: [UInt8] = []) -> String? {
      do {
        _ = try Self.result(text, memory: memory, engine: engine)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(
      failure("mov %r0, 0\nldxb %r0, [%r1+3]\nexit", memory: [1, 2, 3])?.hasPrefix("instruction 1: read of 1 byte")
        == true)
    #expect(
      failure("mov %r0, 0") == "instruction 0 (b7 00 00 00 00 00 00 00, mov): the function ends without exit or jump")
  }

  @Test(
    "The plug-in reads bytes split by spaces, or refuses them",
    arguments: [
      ("", []), ("aa 0b\ncc", [0xaa, 0x0b, 0xcc]), ("AA0b", [0xaa, 0x0b]), ("1 2", [1, 2]), ("xy", nil), ("abc", nil),
      ("é", nil),
    ] as [(String, [UInt8]?)])
  func bytes(text: String, bytes: [UInt8]?) {
    #expect((try? VerdictConformance.bytes(text, "here")) == bytes)
  }
}

/// The built plug-in, beside the test bundle.
private let plugin: URL? = {
  var folder = Bundle.main.bundleURL
  for _ in 0..<4 {
    let candidate = folder.appending(path: "verdict-conformance")
    if FileManager.default.isExecutableFile(atPath: candidate.path()) { return candidate }
    folder = folder.deletingLastPathComponent()
  }
  return nil
}()

@Suite("The plug-in as a process", .enabled(if: plugin != nil, "verdict-conformance is not built"))
struct ConformancePluginTests {
  func run(_ arguments: [String], _ input: String) async throws -> (status: TerminationStatus, out: String, err: String)
  {
    let plugin = try #require(plugin)
    let record = try await Subprocess.run(
      .path(.init(plugin.path())), arguments: Arguments(arguments), input: .string(input),
      output: .string(limit: 4096), error: .string(limit: 4096))
    return (record.terminationStatus, record.standardOutput, record.standardError)
  }

  @Test("r0 is on standard output in hexadecimal, with options before the memory", arguments: EngineKind.allCases)
  func result(engine: EngineKind) async throws {
    let ended = try await run(
      ["--engine", engine.rawValue, "aa bb cc dd"], "61 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00")
    #expect(ended.status == .exited(0))
    #expect(ended.out == "ddccbbaa\n")
    #expect(ended.err.isEmpty)
  }

  @Test(
    "A bad program is one line on standard error and a failing exit code",
    arguments: [
      (
        "07 00 01 00 01 00 00 00 95 00 00 00 00 00 00 00",
        "instruction 0 (07 00 01 00 01 00 00 00, add): offset is 1, must be 0"
      ),
      ("95 00", "standard input holds 2 bytes; a program is a multiple of 8, one slot or more"),
      ("", "standard input holds 0 bytes; a program is a multiple of 8, one slot or more"),
      ("zz", "standard input: 'zz' is not bytes in hexadecimal"),
    ])
  func failure(input: String, message: String) async throws {
    let ended = try await run([], input)
    #expect(ended.status == .exited(65))
    #expect(ended.out.isEmpty)
    #expect(ended.err == "verdict-conformance: \(message)\n")
  }
}
