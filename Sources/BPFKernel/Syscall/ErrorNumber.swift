/// An errno of Linux, by number and name (asm-generic/errno-base.h and errno.h: x86, ARM and RISC-V share them).
public struct ErrorNumber: Error, Hashable, Sendable, CustomStringConvertible {
  /// Positive.
  public var rawValue: Int32

  /// The errno of that positive number.
  public init(_ rawValue: Int32) { self.rawValue = rawValue }

  /// `EINVAL`, or `errno 999` for one without a name here.
  public var name: String { ErrorNumber.names[rawValue] ?? "errno \(rawValue)" }

  /// Its name.
  public var description: String { name }

  /// Names of the numbers that bpf(2) and file access give.
  static let names: [Int32: String] = [
    1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 6: "ENXIO", 7: "E2BIG", 8: "ENOEXEC", 9: "EBADF",
    10: "ECHILD", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES", 14: "EFAULT", 15: "ENOTBLK", 16: "EBUSY", 17: "EEXIST",
    18: "EXDEV", 19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 25: "ENOTTY",
    26: "ETXTBSY", 27: "EFBIG", 28: "ENOSPC", 29: "ESPIPE", 30: "EROFS", 31: "EMLINK", 32: "EPIPE", 33: "EDOM",
    34: "ERANGE", 35: "EDEADLK", 36: "ENAMETOOLONG", 38: "ENOSYS", 40: "ELOOP", 61: "ENODATA", 62: "ETIME",
    71: "EPROTO", 74: "EBADMSG", 75: "EOVERFLOW", 77: "EBADFD", 90: "EMSGSIZE", 92: "ENOPROTOOPT",
    93: "EPROTONOSUPPORT", 95: "EOPNOTSUPP", 98: "EADDRINUSE", 99: "EADDRNOTAVAIL", 100: "ENETDOWN",
    101: "ENETUNREACH", 105: "ENOBUFS", 110: "ETIMEDOUT", 112: "EHOSTDOWN", 113: "EHOSTUNREACH", 114: "EALREADY",
    115: "EINPROGRESS", 117: "EUCLEAN", 122: "EDQUOT", 125: "ECANCELED", 524: "ENOTSUPP",
  ]

  package static let operationNotPermitted = ErrorNumber(1)
  package static let noEntry = ErrorNumber(2)
  package static let interrupted = ErrorNumber(4)
  package static let tooBig = ErrorNumber(7)
  package static let tryAgain = ErrorNumber(11)
  package static let accessDenied = ErrorNumber(13)
  package static let invalidArgument = ErrorNumber(22)
  package static let noSpace = ErrorNumber(28)
  package static let noSystemCall = ErrorNumber(38)
  package static let notSupported = ErrorNumber(95)
  /// The kernel's own ENOTSUPP, which leaks out of some map operations.
  package static let internalNotSupported = ErrorNumber(524)
}
