import ArgumentParser

/// The command `verdict`.
@main
struct VerdictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdict",
    abstract: "Runs XDP and TC eBPF programs over packet captures and says what happened to every packet.")
}
