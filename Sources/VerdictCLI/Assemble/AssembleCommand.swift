import ArgumentParser
import BPFInstructions
import BPFMachine
import VerdictReport

/// `verdict assemble`.
struct AssembleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assemble", abstract: "Assembles the kernel's syntax into an object that run, bpftool and libbpf load."
  )

  @Argument(help: "The text, an instruction a line; - for standard input.")
  var source: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The object to write; - for standard output.", valueName: "file"))
  var output: String

  @Option(help: "The section of the program, which tells its type.")
  var section = "xdp"

  @Option(help: "The license, which the kernel checks helpers against.")
  var license = "GPL"

  func run() async throws {
    do {
      let text = String(decoding: try InputFile.read(source == "-" ? "/dev/stdin" : source), as: UTF8.self)
      let object = try assemble(text)
      try OutputFile(path: output).write(object)
    } catch {
      throw Failure(any: error)
    }
  }

  private func assemble(_ text: String) throws(Failure) -> [UInt8] {
    do {
      let program = try Assembler { HelperTable.id(named: $0) }.assemble(text)
      return try ObjectWriter(section: section, license: license).object(of: program)
    } catch let error as AssemblyError {
      throw Failure(.badData, "\(source):\(error)")
    } catch {
      throw Failure(.badData, "\(source): \(error)")
    }
  }
}
