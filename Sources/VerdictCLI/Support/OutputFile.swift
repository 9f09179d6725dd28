import Foundation

/// A whole file, written at once; `-` is standard output.
struct OutputFile {
  let path: String

  /// True when what is written would be shown on a terminal.
  var isTerminal: Bool { path == "-" && isatty(STDOUT_FILENO) == 1 }

  /// Writes `bytes`, replacing what is there.
  ///
  /// - Throws: ``Failure`` with exit code 73 when the file cannot be made, 74 when it cannot be written.
  func write(_ bytes: [UInt8]) throws(Failure) {
    guard path != "-" else { return try Terminal.write(bytes, to: STDOUT_FILENO, named: "standard output") }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "\(path): cannot be created: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    try Terminal.write(bytes, to: descriptor, named: path)
  }
}
