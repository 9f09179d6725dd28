import Synchronization

/// A wish to stop, which a signal handler or another thread may express.
public final class Interruption: Sendable {
  private let flag = Atomic<Bool>(false)

  /// No wish yet.
  public init() {}

  /// Stops the run after the packet in hand. Safe in a signal handler.
  public func request() { flag.store(true, ordering: .relaxed) }

  /// True once ``request()`` was called.
  @inline(__always)
  public var isRequested: Bool { flag.load(ordering: .relaxed) }
}
