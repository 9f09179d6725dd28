/// A test file of the public bpf_conformance suite: a program, the memory that it gets, and what it must come to.
public struct ConformanceVector: Hashable, Sendable {
  /// The program, from the `raw` section, else from `asm`.
  public var instructions: [Instruction]
  /// The memory at r1, whose length is in r2.
  public var memory: [UInt8]
  /// What must come of it.
  public var expectation: Expectation

  /// What must come of a program.
  public enum Expectation: Hashable, Sendable {
    /// r0 at exit.
    case result(UInt64)
    /// It is refused or fails, with this text where it is not empty.
    case error(String)
  }

  /// A vector of these parts.
  public init(instructions: [Instruction], memory: [UInt8], expectation: Expectation) {
    self.instructions = instructions
    self.memory = memory
    self.expectation = expectation
  }

  /// Reads a test file.
  /// - Throws: ``AssemblyError`` for the first fault, placed in the file.
  public init(parsing text: String) throws(AssemblyError) {
    var sections = Sections()
    var section: Section?
    var number = 0
    for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "#") }.filter { $0 != 0x0d }, as: UTF8.self)
      if line.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      if line.contains("--") {
        let opened = try Section(directive: line, line: number)
        sections.seen.insert(opened)
        section = opened
      } else if let section {
        try sections.add(line, number, to: section)
      } else {
        throw AssemblyError(.expected("a section, such as -- asm", found: line), line: number, column: 1)
      }
    }

    let hasError = sections.seen.contains(.error)
    if !sections.raw.isEmpty {
      instructions = sections.raw
    } else if sections.seen.contains(.asm) {
      instructions = try ConformanceAssembler().assemble(sections.asm)
    } else {
      throw AssemblyError(.noInstructions, line: number, column: 1)
    }
    memory = sections.memory
    if hasError {
      expectation = .error(sections.error)
    } else if let result = sections.result {
      expectation = .result(result)
    } else {
      throw AssemblyError(.expected("a result or error section", found: nil), line: number, column: 1)
    }
  }

  private enum Section: Hashable {
    case asm, result, memory, raw, error, ignored

    /// The section that a line with `--` opens, matched as the suite does: by what the line contains, in this order.
    init(directive: String, line: Int) throws(AssemblyError) {
      let known: [(String, Section)] = [
        ("asm", .asm), ("result", .result), ("mem", .memory), ("raw", .raw), ("error", .error), (" c", .ignored),
        ("no register offset", .ignored),
      ]
      guard let section = known.first(where: { directive.contains($0.0) })?.1 else {
        throw AssemblyError(.expected("asm, result, mem, raw or error", found: directive), line: line, column: 1)
      }
      self = section
    }
  }

  private struct Sections {
    var seen: Set<Section> = []
    var asm: [AssemblyLine] = []
    var raw: [Instruction] = []
    var memory: [UInt8] = []
    var result: UInt64?
    var error = ""

    mutating func add(_ line: String, _ number: Int, to section: Section) throws(AssemblyError) {
      let words = line.split { $0 == " " || $0 == "\t" }
      func expected(_ what: String) -> AssemblyError {
        AssemblyError(.expected(what, found: line), line: number, column: 1)
      }
      switch section {
      case .asm: asm.append(try AssemblyLine(line.utf8, number: number))
      case .raw:
        if words.count == 1, let value = UInt64(words[0].withoutHexadecimalPrefix, radix: 16) {
          raw.append(Instruction(rawValue: value))
        } else {
          let bytes = words.compactMap { UInt8($0.withoutHexadecimalPrefix, radix: 16) }
          guard bytes.count == 8, words.count == 8 else { throw expected("one 64-bit number or eight bytes") }
          raw += Instruction.slots(in: bytes)
        }
      case .memory:
        for word in words {
          guard let byte = UInt8(word, radix: 16) else { throw expected("bytes in hexadecimal") }
          memory.append(byte)
        }
      case .result:
        let word = words.count == 1 ? words[0] : ""
        let value = word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : ConformanceVector.decimal(word)
        guard let value else { throw expected("a number of 64 bits") }
        result = value
      case .error: error = line
      case .ignored: break
      }
    }
  }

  private static func decimal(_ word: Substring) -> UInt64? {
    UInt64(word) ?? Int64(word).map { UInt64(bitPattern: $0) }
  }
}

extension Substring {
  fileprivate var withoutHexadecimalPrefix: Substring { hasPrefix("0x") ? dropFirst(2) : self }
}
