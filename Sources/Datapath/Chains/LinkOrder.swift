#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The order of programs on a tcx hook, as each attachment asks for it (kernel/bpf/mprog.c, bpf_mprog_attach).
public struct LinkOrder: Sendable {
  /// `BPF_MPROG_MAX`.
  public static let maximum = 64

  /// Where an attachment wants to be.
  public enum Position: Hashable, Sendable {
    /// Without a flag: at the end.
    case last
    /// `BPF_F_BEFORE` without a relative: at the beginning.
    case first
    /// `BPF_F_BEFORE` with the program of that number.
    case before(Int)
    /// `BPF_F_AFTER` with the program of that number.
    case after(Int)
    /// `BPF_F_REPLACE`: in the place of the program of that number.
    case replacing(Int)
  }

  /// Why the kernel refuses an attachment.
  public enum Refusal: Error, Hashable, Sendable {
    /// EEXIST: the program is attached there already.
    case exists
    /// ENOENT: the program that the position names is not attached there.
    case noRelative
    /// ERANGE: no more than ``LinkOrder/maximum``.
    case full

    /// What bpf(2) gives.
    public var errno: Int32 {
      switch self {
      case .exists: EEXIST
      case .noRelative: ENOENT
      case .full: ERANGE
      }
    }
  }

  /// Numbers of programs, in the order in which they run.
  public private(set) var programs: [Int] = []

  /// Nothing attached.
  public init() {}

  /// Attaches the program of that number.
  /// - Throws: ``Refusal``; nothing has changed then.
  public mutating func attach(_ program: Int, at position: Position = .last) throws(Refusal) {
    guard !programs.contains(program) else { throw .exists }
    switch position {
    case .replacing(let other): programs[try index(of: other)] = program
    case .last: try insert(program, at: programs.count)
    case .first: try insert(program, at: 0)
    case .before(let other): try insert(program, at: try index(of: other))
    case .after(let other): try insert(program, at: try index(of: other) + 1)
    }
  }

  private func index(of program: Int) throws(Refusal) -> Int {
    guard let index = programs.firstIndex(of: program) else { throw .noRelative }
    return index
  }

  private mutating func insert(_ program: Int, at index: Int) throws(Refusal) {
    guard programs.count < LinkOrder.maximum else { throw .full }
    programs.insert(program, at: index)
  }
}
