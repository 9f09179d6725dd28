import BPFKernel
import Foundation

extension Failure {
  /// A program that the kernel's verifier refuses is an answer: no. Everything else is the machine's or the object's fault.
  ///
  /// - Parameter logFile: where the whole log goes; its tail is shown anyway.
  init(_ error: KernelError, logFile: String?) {
    guard let rejection = error.rejection else {
      self.init(Failure.status(of: error), error.message)
      return
    }
    for line in rejection.logTail() { Terminal.line(line) }
    var message = "the kernel refuses program \(rejection.program): \(rejection.reason)"
    if let source = rejection.source { message += " at \(source)" }
    if let text = rejection.sourceText { message += ": \(text.trimmingCharacters(in: .whitespaces))" }
    if let logFile {
      do {
        try Data(rejection.log.utf8).write(to: URL(fileURLWithPath: logFile))
      } catch {
        message += " (the log cannot be written to \(logFile))"
      }
    }
    self.init(.no, message)
  }

  private static func status(of error: KernelError) -> Status {
    switch error.errno?.rawValue {
    case EPERM?, EACCES?, ENOSYS?: .noPermission
    case nil, EINVAL?: .badData
    default: .system
    }
  }
}
