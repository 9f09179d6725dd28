import Glibc
import SystemPackage

/// A flag that poll(2) sees.
final class Cancellation: Sendable {
  private let pipe: Pipe

  init() throws(Errno) {
    pipe = try Pipe()
  }

  /// Readable once ``cancel()`` was called.
  var descriptor: Int32 { pipe.read.raw }

  func cancel() {
    try? pipe.write.write([0])
  }
}
