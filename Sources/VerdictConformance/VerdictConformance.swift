import ArgumentParser
import BPFInstructions
import BPFMachine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The plug-in that the public bpf_conformance runner drives: a program on standard input, r0 on standard output.
@main
struct VerdictConformance: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdict-conformance",
    abstract: "Runs one program of the public bpf_conformance suite on Verdict's engine.",
    discussion: """
      The runner gives the program on standard input and memory as the argument, both as bytes in hexadecimal, and reads \
      r0 in hexadecimal from standard output. Anything but exit code 0 is a failure, with its reason on standard error.
      """)

  @Option(help: "Engine that runs the program: \(EngineKind.allCases.map(\.rawValue).joined(separator: ", ")).")
  var engine = EngineKind.threaded

  @Argument(help: "The program's memory.")
  var memory = ""

  func run() throws {
    let memory = try Self.bytes(memory, "the memory argument")
    let text = String(decoding: Self.standardInput(), as: UTF8.self)
    let program = try Self.bytes(text, "standard input")
    guard !program.isEmpty, program.count % 8 == 0 else {
      try Self.fail("standard input holds \(program.count) bytes; a program is a multiple of 8, one slot or more")
    }
    do {
      let result = try ConformanceRun(engine: engine).result(of: Instruction.slots(in: program), memory: memory)
      print(String(result, radix: 16))
    } catch {
      try Self.fail(error.message)
    }
  }

  /// Bytes in hexadecimal, split by white space or not.
  static func bytes(_ text: String, _ place: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      var digits: [UInt8] = []
      for character in word {
        guard let digit = character.hexDigitValue, character.isASCII else {
          try fail("\(place): '\(word.prefix(20))' is not bytes in hexadecimal")
        }
        digits.append(UInt8(digit))
      }
      if digits.count == 1 { digits.insert(0, at: 0) }
      guard digits.count % 2 == 0 else { try fail("\(place): '\(word.prefix(20))' ends in the middle of a byte") }
      bytes += stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
    return bytes
  }

  private static func standardInput() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// One line on standard error, and exit code 65: the data is wrong.
  private static func fail(_ message: String) throws -> Never {
    let line = Array("verdict-conformance: \(message)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    throw ExitCode(65)
  }
}

extension EngineKind: ExpressibleByArgument {}
