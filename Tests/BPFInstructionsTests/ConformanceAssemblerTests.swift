import Foundation
import Testing

@testable import BPFInstructions

/// The public suite's files, which lie beside the project where they are at hand: in `shared/conformance` of a folder above.
enum ConformanceSuite {
  static let folder: URL? = {
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    while folder.path() != "/" {
      let candidate = folder.appending(path: "shared/conformance")
      if FileManager.default.fileExists(atPath: candidate.appending(path: "assembled.tsv").path()) { return candidate }
      folder = folder.deletingLastPathComponent().standardizedFileURL
    }
    return nil
  }()

  static func files(_ name: String) -> [String] {
    guard let folder else { return [] }
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: name).path())
    return (files ?? []).filter { $0.hasSuffix(".data") }.sorted().map { "\(name)/\($0)" }
  }

  static func vector(_ file: String) throws -> ConformanceVector {
    let folder = try #require(folder)
    return try ConformanceVector(parsing: String(contentsOf: folder.appending(path: file), encoding: .utf8))
  }

  /// What the suite's own assembler made of its files: file, memory, program, result, error.
  static let assembled: [String: [String]] = {
    guard let folder,
      let text = try? String(contentsOf: folder.appending(path: "assembled.tsv"), encoding: .utf8)
    else { return [:] }
    let rows = text.split(separator: "\n").dropFirst().map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    return Dictionary(rows.map { ($0[0], Array($0.dropFirst())) }, uniquingKeysWith: { first, _ in first })
  }()
}

@Suite(
  "Test files of the conformance suite", .enabled(if: ConformanceSuite.folder != nil, "shared/conformance is absent"))
struct ConformanceSuiteTests {
  @Test("Every vector assembles to the bytes of the suite's own assembler")
  func assembled() throws {
    let files = ConformanceSuite.files("tests")
    #expect(files.count == 313)
    for file in files {
      let vector = try ConformanceSuite.vector(file)
      let row = try #require(ConformanceSuite.assembled[file])
      #expect(vector.instructions == slots(row[1]), "\(file)")
      #expect(vector.memory.map { hexadecimal($0) }.joined() == row[0].lowercased(), "\(file)")
      let result = try #require(UInt64(row[2].dropFirst(2), radix: 16))
      #expect(vector.expectation == .result(result), "\(file)")
      _ = try DecodedProgram(vector.instructions)
    }
  }

  @Test(
    "Every negative file is refused when it is read or loaded, but two that are wrong about what a sound program does")
  func negative() throws {
    let files = ConformanceSuite.files("negative")
    #expect(files.count == 60)
    var sound: [String] = []
    for file in files {
      do {
        let vector = try ConformanceSuite.vector(file)
        #expect(ConformanceSuite.assembled[file].map { slots($0[1]) } == vector.instructions, "\(file)")
        _ = try DecodedProgram(vector.instructions)
        sound.append(file)
      } catch is AssemblyError {
        #expect(ConformanceSuite.assembled[file] == nil, "\(file)")
      } catch is InstructionError {
        #expect(file.contains("unused-"), "\(file)")
      }
    }
    #expect(sound == ["negative/error.data", "negative/incorrect_return_value_high_bits.data"])
  }
}

@Suite("Assembler of the conformance suite's syntax")
struct ConformanceAssemblerTests {
  @Test(
    "Each kind of statement",
    arguments: [
      ("mov %r1, -1", "b7 01 00 00 ff ff ff ff"),
      ("mov32 %r1 0xffffffff", "b4 01 00 00 ff ff ff ff"),
      ("sdiv32 %r1, %r2", "3c 21 01 00 00 00 00 00"),
      ("movsx3264 %r1, %r2", "bf 21 20 00 00 00 00 00"),
      ("swap16 %r3", "d7 03 00 00 10 00 00 00"),
      ("lddw %r1, -2", "18 01 00 00 fe ff ff ff 00 00 00 00 ff ff ff ff"),
      ("ldxsh %r1, [%r2-4]", "89 21 fc ff 00 00 00 00"),
      ("stdw [%r10-8], 7", "7a 0a f8 ff 07 00 00 00"),
      ("stxb [%r1], %r2", "73 21 00 00 00 00 00 00"),
      ("lock fetch add32 [%r1+4], %r2", "c3 21 04 00 01 00 00 00"),
      ("lock xor [%r1+4], %r2", "db 21 04 00 a0 00 00 00"),
      ("lock cmpxchg [%r1], %r2", "db 21 00 00 f1 00 00 00"),
      ("jsle32 %r1, %r2, +3", "de 21 03 00 00 00 00 00"),
      ("ja32 -2", "06 00 00 00 fe ff ff ff"),
      ("call runtime 7", "85 20 00 00 07 00 00 00"),
      ("call %r2", "8d 02 00 00 00 00 00 00"),
    ])
  func statements(text: String, bytes: String) throws {
    #expect(try ConformanceAssembler().assemble(text) == slots(bytes))
  }

  @Test("Labels, the implicit exit label and comments")
  func labels() throws {
    let program = try ConformanceAssembler().assemble("ja exit # out\nmid:\ncall local mid\nexit\nexit\n")
    #expect(
      program
        == slots("05 00 01 00 00 00 00 00 85 10 00 00 ff ff ff ff 95 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00"))
  }

  @Test(
    "A malformed file is refused with line, column and reason",
    arguments: [
      ("", "1:1: there are no instructions"),
      ("mov %r0, 1", "1:1: expected a section, such as -- asm, found 'mov %r0, 1'"),
      ("-- asm\n-- result\n0x0", "1:1: there are no instructions"),
      ("-- asm\nexit", "2:1: expected a result or error section, but the line ends"),
      (
        "-- asm\nexit\n-- Unknown directive",
        "3:1: expected asm, result, mem, raw or error, found '-- Unknown directive'"
      ),
      ("-- asm\nmov32 %r0, 2147483648", "2:12: 2147483648 is out of range: -2147483648 to 2147483647"),
      ("-- asm\nmov32 %r0, 0x100000000", "2:12: 0x100000000 is out of range: -2147483648 to 2147483647"),
      ("-- asm\nja NOT_A_LABEL", "2:4: label 'NOT_A_LABEL' is not defined"),
      ("-- asm\nlock or [%r10-8]", "2:17: expected a register, %r0 to %r10, but the line ends"),
      ("-- asm\nlock", "2:5: expected an atomic operation, but the line ends"),
      ("-- asm\nldxq %r0, %r1", "2:1: unknown instruction 'ldxq'"),
      ("-- asm\nldxb %r0, %r1", "2:11: expected '[', found '%'"),
      ("-- asm\nldxb %r0, [%r1+0x10000]", "2:15: 0x10000 is out of range: -32768 to 32767"),
      ("-- asm\nlddw %r0", "2:9: expected a number, but the line ends"),
      ("-- asm\nor %r0, %r50", "2:10: expected a register, r0 to r10 or w0 to w10, found 'r50'"),
      ("-- asm\nexit\n-- mem\naa xy\n-- result\n0", "4:1: expected bytes in hexadecimal, found 'aa xy'"),
      (
        "-- asm\nexit\n-- result\n0x10000000000000000", "4:1: expected a number of 64 bits, found '0x10000000000000000'"
      ),
      ("-- raw\n95 00", "2:1: expected one 64-bit number or eight bytes, found '95 00'"),
    ])
  func malformed(text: String, message: String) {
    let error = #expect(throws: AssemblyError.self) { try ConformanceVector(parsing: text) }
    #expect(error?.description == message)
  }

  @Test("Sections: the last result wins, memory adds up, raw stands in place of asm, an error may be empty")
  func sections() throws {
    let text =
      "-- asm\r\nexit\r\n-- c\nint x;\n-- mem\naa bb\ncc\n-- raw\n0x00000000000000b7\n95 00 00 00 00 00 00 00\n-- result\n1\n0x2\n"
    let vector = try ConformanceVector(parsing: text)
    #expect(vector.instructions == slots("b7 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00"))
    #expect(vector.memory == [0xaa, 0xbb, 0xcc])
    #expect(vector.expectation == .result(2))
    #expect(try ConformanceVector(parsing: text + "-- error\n").expectation == .error(""))
  }

  @Test("Files that are nearly right are read or refused, never worse")
  func fuzz() throws {
    var generator = SeededGenerator(seed: 6)
    let source = Array(
      "-- asm\nmov32 %r0, 0x7\nl:\nldxdw %r1, [%r2-8]\nlock fetch add [%r1+4], %r2\njeq %r1, %r2, l\nlddw %r3, 0xffffffffffffffff\ncall local l\nexit\n-- mem\naa bb\n-- raw\n0x95\n-- result\n0x7\n-- error\nx\n"
        .utf8)
    var read = 0
    for _ in 0..<fuzzRounds(3000) {
      var text = source
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<text.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: text.removeSubrange(place..<min(place + Int.random(in: 1...9, using: &generator), text.count - 1))
        default:
          text.insert(contentsOf: source[place % source.count..<min(place % source.count + 7, source.count)], at: place)
        }
      }
      do throws(AssemblyError) {
        _ = try ConformanceVector(parsing: String(decoding: text, as: UTF8.self))
        read += 1
      } catch {
        #expect(error.line >= 1 && error.column >= 1 && !error.reason.isEmpty)
      }
    }
    #expect(read > 0)
  }
}
