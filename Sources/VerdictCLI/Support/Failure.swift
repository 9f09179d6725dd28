import BPFMachine
import BPFObject
import Capture
import Datapath
import Foundation
import VerdictReport

/// What went wrong, in one line, and the exit code that says so to scripts.
struct Failure: Error {
  /// Exit codes; those from 64 are of sysexits(3).
  enum Status: Int32 {
    /// The work was done, and the answer is no.
    case no = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case bug = 70
    case system = 71
    case cannotCreate = 73
    case inputOutput = 74
    case noPermission = 77
    /// 128 and SIGINT, as a shell has it.
    case interrupted = 130
  }

  var status: Status
  /// Without `verdict:`; empty when all was said.
  var message: String

  init(_ status: Status, _ message: String) {
    self.status = status
    self.message = message
  }

  /// Says it and ends the process.
  func exit() -> Never {
    if !message.isEmpty { Terminal.error(message) }
    Foundation.exit(status.rawValue)
  }
}

extension Failure {
  init(_ error: ObjectError) {
    if case .unreadable = error.kind {
      self.init(.noInput, "\(error)")
    } else {
      self.init(.badData, "\(error)")
    }
  }

  init(_ error: CaptureError) {
    let status: Status =
      switch error.kind {
      case .missing, .unreadable: .noInput
      case .invalidFilter: .usage
      case .unwritable: .inputOutput
      case .decompressorMissing: .unavailable
      default: .badData
      }
    self.init(status, "\(error)")
  }

  init(_ error: OutputError) {
    self.init(error.kind == .cannotCreate ? .cannotCreate : .inputOutput, "\(error)")
  }

  init(_ error: BackendError) {
    switch error.errno {
    case EPERM, EACCES: self.init(.noPermission, error.message)
    case 0, EINVAL: self.init(.badData, error.message)
    default: self.init(.system, error.message)
    }
  }

  init(_ error: ProgramChoiceError) {
    switch error.kind {
    case .none: self.init(.badData, "\(error)")
    case .several, .optional, .unknown, .ambiguous: self.init(.usage, "\(error)")
    }
  }

  init(_ fault: ReplayFault) {
    switch fault {
    case .capture(let error), .writing(let error): self.init(error)
    case .backend(let error): self.init(error)
    case .output(let error): self.init(error)
    case .interrupted: self.init(.interrupted, "interrupted; the report is of the packets before")
    }
  }
}

/// Runs `body`; whatever it throws becomes a ``Failure``.
func failing<Result>(_ body: () throws -> Result) throws(Failure) -> Result {
  do {
    return try body()
  } catch {
    throw Failure(any: error)
  }
}

extension Failure {
  init(any error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as ObjectError: self.init(error)
    case let error as CaptureError: self.init(error)
    case let error as OutputError: self.init(error)
    case let error as BackendError: self.init(error)
    case let error as ProgramChoiceError: self.init(error)
    case let error as SeedError: self.init(.badData, "\(error)")
    case let error as SettingsError: self.init(.badData, "\(error)")
    case let error as SnapshotError: self.init(.unavailable, error.message)
    case let error as MapError: self.init(.badData, "map \(error.map): \(error.message)")
    case let error as ReplayFault: self.init(error)
    default: self.init(.bug, "\(error); this is a fault of verdict's own, please report it")
    }
  }
}
