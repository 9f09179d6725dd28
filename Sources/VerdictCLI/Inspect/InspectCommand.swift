import ArgumentParser
import VerdictReport

/// `verdict inspect`.
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what is in an object: programs, maps, helpers, sections, code.")

  @Argument(help: "An eBPF object file, or a C source, which is compiled with clang.")
  var object: String

  @Flag(help: "Shows the code in the kernel's syntax, with source lines and labels.")
  var disassemble = false

  @Option(help: "text or json.")
  var format: SimpleFormat = .text

  @OptionGroup var kernel: TargetKernelOptions

  func run() async throws {
    do {
      var object = try await ObjectArgument.load(object, verbose: false)
      object.notes += try await kernel.target.bind(&object)
      let inspection = Inspection(object, disassembles: disassemble)
      try Terminal.write(format == .json ? inspection.json : inspection.text, to: 1)
    } catch {
      throw Failure(any: error)
    }
  }
}
