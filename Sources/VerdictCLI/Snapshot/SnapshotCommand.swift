import ArgumentParser
import VerdictReport

/// `verdict snapshot`.
struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Writes the network of this system as an options file: devices, routes, rules, neighbours.",
    discussion: """
      What it writes is for --options of the other subcommands: programs that ask for routes and neighbours then get the \
      answers that they would get here. It needs ip(8).
      """)

  @Option(help: "A network namespace by its name of 'ip netns'; this process's own when not given.")
  var netns: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where the result goes; standard output when not given, or for -.", valueName: "file"))
  var output = "-"

  func run() async throws {
    do {
      try OutputFile(path: output).write(Array(try await NetworkSnapshot(namespace: netns).text.utf8))
    } catch {
      throw Failure(any: error)
    }
  }
}
