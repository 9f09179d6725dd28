import Foundation
import VerdictReport

/// Ctrl-C ends the run, and the report of what was done so far is still given. A second one ends the process.
enum InterruptSignal {
  static let interruption = Interruption()

  static func install() {
    // The handler may only touch what is already there.
    _ = interruption.isRequested
    signal(SIGINT) { _ in
      InterruptSignal.interruption.request()
      signal(SIGINT, SIG_DFL)
    }
  }
}
