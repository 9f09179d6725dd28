import ArgumentParser
import BPFKernel
import Foundation

/// `verdict doctor`.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says what this machine's kernel offers: bpf(2), BTF, program and map types, helpers, test runs.",
    discussion: "Exit code 77 says that the kernel cannot be asked, and why.")

  @Option(help: "text or json.")
  var format: SimpleFormat = .text

  func run() async throws {
    do {
      let probe = KernelProbe()
      try Terminal.write(format == .json ? try json(probe) : DoctorText(probe: probe).text, to: 1)
      if let reason = probe.unavailable { throw Failure(.noPermission, reason) }
    } catch {
      throw Failure(any: error)
    }
  }

  private func json(_ probe: KernelProbe) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(probe), as: UTF8.self) + "\n"
  }
}
