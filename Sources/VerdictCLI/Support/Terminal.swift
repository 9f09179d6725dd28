import Foundation
import VerdictReport

/// Standard output and error.
enum Terminal {
  static let errorIsTerminal = isatty(STDERR_FILENO) == 1

  /// Colour is for a terminal, and not when NO_COLOR is set to anything (no-color.org) or the terminal is dumb.
  static func wantsColour(_ descriptor: Int32) -> Bool {
    guard isatty(descriptor) == 1 else { return false }
    let environment = ProcessInfo.processInfo.environment
    return environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  /// `verdict: message` on standard error.
  static func error(_ message: String) {
    line("verdict: \(message)")
  }

  /// One line on standard error.
  static func line(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// All of `text` to standard output or error.
  static func write(_ text: String, to descriptor: Int32) throws(Failure) {
    try write(
      Array(text.utf8), to: descriptor, named: descriptor == STDOUT_FILENO ? "standard output" : "standard error")
  }

  /// All of `bytes` to a descriptor.
  static func write(_ bytes: [UInt8], to descriptor: Int32, named name: String) throws(Failure) {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress?.advanced(by: start), bytes.count - start)
      }
      if count >= 0 {
        start += count
      } else if errno != EINTR {
        throw Failure(.inputOutput, "\(name): cannot be written: \(String(cString: strerror(errno)))")
      }
    }
  }
}
