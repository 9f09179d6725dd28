import SystemPackage

/// A file that could not be made or written.
public struct OutputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What failed.
  public enum Kind: Hashable, Sendable {
    /// The file could not be opened for writing.
    case cannotCreate
    /// Writing failed, for example because the disk is full.
    case cannotWrite
  }

  /// What failed.
  public var kind: Kind
  /// The file, or `standard output`.
  public var path: String
  /// errno of the call that failed; 0 when there was none.
  public var errno: Int32
  /// The reason in words.
  public var reason: String

  /// An error with the system's own words for its reason.
  package init(_ kind: Kind, path: String, errno: Errno) {
    self.init(kind, path: path, reason: errno.description, errno: errno.rawValue)
  }

  /// An error with words of its own.
  package init(_ kind: Kind, path: String, reason: String, errno: Int32 = 0) {
    self.kind = kind
    self.path = path
    self.reason = reason
    self.errno = errno
  }

  /// One line: what, where.
  public var description: String {
    switch kind {
    case .cannotCreate: "\(path): cannot be created: \(reason)"
    case .cannotWrite: "\(path): cannot be written: \(reason); what was written before stands"
    }
  }
}
