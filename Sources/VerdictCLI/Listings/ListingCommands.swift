import ArgumentParser
import VerdictReport

/// `verdict helpers`.
struct HelpersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "helpers", abstract: "Lists the helpers of XDP and TC programs, and how far each is simulated.",
    discussion: "SINCE is the release that brought the helper; a type of program may have been given it later.")

  @OptionGroup var options: ListingOptions

  func run() async throws { try options.show(.helpers) }
}

/// `verdict maps`.
struct MapsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maps",
    abstract: "Lists the types of maps, what programs may do with each, and how far it is simulated.")

  @OptionGroup var options: ListingOptions

  func run() async throws { try options.show(.maps) }
}

/// `verdict kfuncs`.
struct KernelFunctionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kfuncs", abstract: "Lists the kfuncs of XDP and TC programs, and how far each is simulated.")

  @OptionGroup var options: ListingOptions

  func run() async throws { try options.show(.kernelFunctions) }
}
