import Foundation
import Subprocess
import SystemPackage

/// The built command and the project's own examples.
enum Command {
  /// The root of the package.
  static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The executable, beside the test bundle.
  static let executable: String? = {
    var folder = Bundle.main.bundleURL
    for _ in 0..<4 {
      let candidate = folder.appending(path: "verdict")
      if FileManager.default.isExecutableFile(atPath: candidate.path()) { return candidate.path() }
      folder = folder.deletingLastPathComponent()
    }
    return nil
  }()

  static func fixture(_ name: String) -> String { package.appending(path: "fixtures/\(name)").path() }
  static func capture(_ name: String) -> String { package.appending(path: "pcaps/\(name)").path() }

  /// The firewall, its capture and its rules.
  static let firewall =
    [fixture("firewall.bpf.o"), "--pcap", capture("firewall.pcap")]
    + ["blocklist_v4", "blocklist_v6", "port_rules"].flatMap {
      ["--map", "\($0)=\(fixture("seeds/firewall.\($0).json"))"]
    }

  struct Ending {
    var code: Int32
    var output: String
    var error: String
    /// Lines on standard error.
    var lines: [Substring] { error.split(separator: "\n") }

    func json() throws -> [String: Any] {
      try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
    }
  }

  struct Missing: Error {}

  static func run(
    _ arguments: [String], input: String? = nil, path: String? = nil, executable: String? = executable
  ) async throws -> Ending {
    guard let executable else { throw Missing() }
    var environment = Environment.inherit
    if let path { environment = environment.updating(["PATH": path]) }
    let file = try FileDescriptor.open(FilePath(input ?? "/dev/null"), .readOnly)
    let result = try await Subprocess.run(
      .path(FilePath(executable)), arguments: Arguments(arguments), environment: environment,
      input: .fileDescriptor(file, closeAfterSpawningProcess: true), output: .string(limit: 64 << 20),
      error: .string(limit: 1 << 20))
    let code: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return Ending(code: code, output: result.standardOutput, error: result.standardError)
  }
}

/// A folder of a test's own, gone with it.
final class Scratch {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "verdict-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path() }

  /// Writes a file and gives its path.
  func file(_ name: String, _ contents: some Sequence<UInt8>) throws -> String {
    try Data(contents).write(to: folder.appending(path: name))
    return path(name)
  }
}

/// The command in a user namespace of its own, where it is root and yet may not use bpf(2).
enum UnprivilegedCommand {
  private static let unshare = "/usr/bin/unshare"

  static let works: Bool = {
    guard FileManager.default.isExecutableFile(atPath: unshare) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: unshare)
    process.arguments = ["--user", "--map-root-user", "true"]
    process.standardError = nil
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  static func run(_ arguments: [String]) async throws -> Command.Ending {
    guard let executable = Command.executable else { throw Command.Missing() }
    return try await Command.run(["--user", "--map-root-user", executable] + arguments, executable: unshare)
  }
}
