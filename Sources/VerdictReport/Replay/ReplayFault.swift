import Capture
import Datapath

/// Why a replay, or a part of what it writes, ended before the capture did.
public enum ReplayFault: Error, Sendable, CustomStringConvertible {
  /// The capture breaks off.
  case capture(CaptureError)
  /// The backend cannot go on.
  case backend(BackendError)
  /// A file cannot be written: the run went on without it.
  case output(OutputError)
  /// A capture of the frames that were written cannot be written: the run went on without it.
  case writing(CaptureError)
  /// ``Interruption/request()`` was called.
  case interrupted

  /// One line.
  public var description: String {
    switch self {
    case .capture(let error): "\(error)"
    case .backend(let error): error.message
    case .output(let error): "\(error)"
    case .writing(let error): "\(error)"
    case .interrupted: "interrupted"
    }
  }

  /// True when packets of the capture were not run.
  var endsRun: Bool {
    switch self {
    case .capture, .backend, .interrupted: true
    case .output, .writing: false
    }
  }
}

/// What a replay came to.
public struct ReplayResult: Sendable {
  /// What became of the packets, of those before a fault when there is one.
  public var report: Report
  /// What went wrong, in order; empty when nothing did.
  public var faults: [ReplayFault]
}

/// How far a replay is.
public struct ReplayProgress: Hashable, Sendable {
  /// Packets run so far.
  public var packets: Int
  /// How much of the capture was read, from 0 to 1; nil when nobody knows.
  public var fraction: Double?
  /// Time since the first.
  public var elapsed: Duration
}
