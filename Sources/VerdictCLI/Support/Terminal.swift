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

  /// All of `text` to a descriptor.
  static func write(_ text: String, to descriptor: Int32) throws(Failure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno != EINTR {
        throw Failure(.inputOutput, "standard output cannot be written: \(String(cString: strerror(errno)))")
      }
    }
  }
}
