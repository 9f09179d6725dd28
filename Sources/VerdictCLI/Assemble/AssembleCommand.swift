import ArgumentParser
import BPFInstructions
import BPFMachine
import VerdictReport

/// How assembler text is written.
enum AssemblySyntax: String, CaseIterable, ExpressibleByArgument {
  /// What the kernel and `verdict inspect --disassemble` print: `r0 = *(u8 *)(r1 +12)`.
  case kernel
  /// The public bpf_conformance suite's: `ldxb %r0, [%r1+12]`.
  case conformance
}

/// `verdict assemble`.
struct AssembleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assemble", abstract: "Assembles text into an object that run, bpftool and libbpf load, or into bytes."
  )

  @Argument(help: "The text, an instruction a line; - for standard input.")
  var source: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where the result goes; standard output when not given, or for -.", valueName: "file"))
  var output = "-"

  @Flag(help: "Writes the instructions only, 8 bytes each, and no ELF object around them.")
  var raw = false

  @Option(help: "The text's syntax: the kernel's, or that of the conformance suite.")
  var syntax: AssemblySyntax = .kernel

  @Option(help: "The section of the program, which tells its type.")
  var section = "xdp"

  @Option(help: "The license, which the kernel checks helpers against.")
  var license = "GPL"

  func run() async throws {
    do {
      let file = OutputFile(path: output)
      if file.isTerminal {
        throw Failure(
          .usage, "what is assembled is no text for a terminal; name a file with -o, or redirect the output")
      }
      let bytes = try InputFile.read(source == "-" ? "/dev/stdin" : source)
      try file.write(try assemble(String(decoding: bytes, as: UTF8.self)))
    } catch {
      throw Failure(any: error)
    }
  }

  private func assemble(_ text: String) throws(Failure) -> [UInt8] {
    let name = source == "-" ? "standard input" : source
    do {
      let program =
        switch syntax {
        case .kernel: try Assembler { HelperTable.id(named: $0) }.assemble(text)
        case .conformance: AssembledProgram(try ConformanceAssembler().assemble(text))
        }
      do {
        let object = try ObjectWriter(section: section, license: license).object(of: program)
        return raw ? program.bytes : object
      } catch {
        let line = program.lines[error.slot].map { ":\($0)" } ?? ""
        throw Failure(.badData, "\(name)\(line): \(error)")
      }
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(.badData, "\(name):\(error)")
    }
  }
}
