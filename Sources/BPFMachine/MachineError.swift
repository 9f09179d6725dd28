/// A machine or a program that cannot be set up.
public struct MachineError: Error, Hashable, Sendable {
  public var kind: Kind
  /// What, where, and what to do, in one line.
  public var message: String

  public init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  /// What failed.
  public enum Kind: Hashable, Sendable {
    case memory
    case map
    case instruction
  }
}
