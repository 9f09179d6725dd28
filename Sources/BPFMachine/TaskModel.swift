/// The task that a program interrupts: packets are handled between two instructions of whatever runs.
public struct TaskModel: Hashable, Sendable {
  /// The thread's number, `pid` of the kernel.
  public var thread: UInt32 = 0
  /// The process's number, `tgid` of the kernel.
  public var process: UInt32 = 0
  public var user: UInt32 = 0
  public var group: UInt32 = 0
  /// `comm`; nil for the idle task of the CPU.
  public var command: String?

  /// The idle task, process 0 of user 0.
  public init() {}
}
