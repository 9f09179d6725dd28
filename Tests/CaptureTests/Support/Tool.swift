import Foundation

/// A program that may be installed on this machine.
struct Tool: Sendable {
  let path: String

  /// nil when it is not on PATH.
  init?(_ name: String) {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    guard let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }) else {
      return nil
    }
    path = "\(folder)/\(name)"
  }

  /// Runs it to its end.
  func run(_ arguments: [String], input: [UInt8] = []) throws -> (status: Int32, output: [UInt8], errors: String) {
    let inputFile = try TemporaryFile(input)
    let outputFile = try TemporaryFile()
    let errorFile = try TemporaryFile()
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = FileHandle(forReadingAtPath: inputFile.path)
    process.standardOutput = FileHandle(forWritingAtPath: outputFile.path)
    process.standardError = FileHandle(forWritingAtPath: errorFile.path)
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, try outputFile.bytes, String(decoding: try errorFile.bytes, as: UTF8.self))
  }
}
