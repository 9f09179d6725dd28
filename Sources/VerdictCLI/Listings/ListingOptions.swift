import ArgumentParser
import BPFMachine
import VerdictReport

/// What part of a table is listed, and how.
struct ListingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only what programs of that type may use: xdp, sched_cls, sched_act or tc.", valueName: "type"))
  var type: String?

  @Option(help: ArgumentHelp("Only what a kernel of that release has: 5.15.", valueName: "release"))
  var kernel: String?

  @Flag(help: "Only what is not simulated, and why.")
  var unsupported = false

  @Option(help: "text or json.")
  var format: SimpleFormat = .text

  func validate() throws {
    if let type, HelperRow.Programs(named: type) == nil {
      throw ValidationError("--type \(type): xdp, sched_cls, sched_act or tc expected")
    }
    if let kernel, ReleaseNumber(kernel) == nil {
      throw ValidationError("--kernel \(kernel): a release such as 5.15 expected")
    }
  }

  func show(_ listing: SupportListing) throws {
    var listing = listing
    if let programs = type.flatMap(HelperRow.Programs.init(named:)) { listing.keep(programs) }
    if let release = kernel.flatMap(ReleaseNumber.init) { listing.keep(upTo: release) }
    if unsupported { listing.keepUnsupported() }
    do {
      try Terminal.write(format == .json ? listing.json : listing.text, to: 1)
    } catch {
      throw Failure(any: error)
    }
  }
}
