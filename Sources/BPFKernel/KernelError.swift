import Datapath

/// Something that the kernel would not do: what was tried, the errno by name, and what helps.
public struct KernelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One line.
  public var message: String
  /// errno of the system call that failed; nil when it was none.
  public var errno: ErrorNumber?
  /// Set when the verifier said no.
  public var rejection: Rejection?

  /// An error that is no failed command.
  public init(message: String, errno: ErrorNumber? = nil, rejection: Rejection? = nil) {
    self.message = message
    self.errno = errno
    self.rejection = rejection
  }

  /// The message.
  public var description: String { message }

  /// A failed command: `attempt` says what it was for, `advice` what to do.
  init(_ attempt: String, _ command: BPFCommand, _ errno: ErrorNumber, advice: String? = nil) {
    let hint = advice ?? KernelError.advice(for: errno)
    self.init(
      message: "\(attempt): \(command.name): \(errno.name)" + (hint.map { "; \($0)" } ?? ""), errno: errno)
  }

  /// What usually helps.
  static func advice(for errno: ErrorNumber) -> String? {
    switch errno {
    case .operationNotPermitted: "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
    case .noSystemCall: "this kernel has no bpf(2)"
    default: nil
    }
  }

  /// The same for ``Backend``.
  var backendError: BackendError { BackendError(message: message, errno: errno?.rawValue ?? 0) }
}
