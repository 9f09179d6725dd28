import Dispatch
import Foundation
import VerdictReport

/// Ctrl-C: the run ends, and the report of what was done so far is still given. A second one ends the process.
struct InterruptSignal {
  private let source: any DispatchSourceSignal

  /// Calls `end` for the first SIGINT, on a thread of its own.
  init(end: @escaping @Sendable () -> Void) {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "verdict.interrupt"))
    source.setEventHandler {
      end()
      signal(SIGINT, SIG_DFL)
    }
    source.resume()
  }
}
