import ArgumentParser
import Foundation

/// The command `verdict`.
@main
struct VerdictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdict",
    abstract: "Runs XDP and TC eBPF programs over packet captures and says what happened to every packet.",
    subcommands: [
      RunCommand.self, InspectCommand.self, BenchCommand.self, CompareCommand.self, AssembleCommand.self,
      DoctorCommand.self, HelpersCommand.self, KernelFunctionsCommand.self, MapsCommand.self, SnapshotCommand.self,
    ])

  /// Every failure is one line on standard error and an exit code of sysexits(3).
  static func main() async {
    do {
      var command = try parseAsRoot(completed(Array(CommandLine.arguments.dropFirst())))
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      failure.exit()
    } catch {
      exit(with: error)
    }
  }

  /// `--events` may come without a file: at the end, or before another option.
  private static func completed(_ arguments: [String]) -> [String] {
    var completed: [String] = []
    for (index, argument) in arguments.enumerated() {
      let next = index + 1 < arguments.count ? arguments[index + 1] : "--"
      let isBare = argument == "--events" && next.hasPrefix("-") && next != "-"
      completed.append(isBare ? "--events=\(RunCommand.eventsForPeople)" : argument)
    }
    return completed
  }

  /// Help goes the parser's way; what it has to say of wrong arguments is said in one line like everything else.
  private static func exit(with error: any Error) -> Never {
    guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
    var message = message(for: error).split(separator: "\n").joined(separator: " ")
    if message.hasSuffix(".") { message.removeLast() }
    // The parser's last line names the subcommand whose help there is.
    if let start = fullMessage(for: error).range(of: "See '"), let end = fullMessage(for: error).range(of: "--help'") {
      message += "; see '" + fullMessage(for: error)[start.upperBound..<end.upperBound]
    }
    Failure(.usage, message).exit()
  }
}
