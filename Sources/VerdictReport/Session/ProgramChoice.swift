import BPFObject
import Datapath

extension ObjectFile {
  /// The program to run: the one that `name` names, by function or section, or, without a name, the only one there is.
  ///
  /// Without a name, programs that run behind a redirect (`xdp/devmap`, `xdp/cpumap`) are no candidates beside others.
  ///
  /// - Throws: ``ProgramChoiceError``, which lists the choices.
  public func chooseProgram(_ name: String? = nil) throws(ProgramChoiceError) -> ProgramSpec {
    return try choose(name).standingAlone
  }

  private func choose(_ name: String?) throws(ProgramChoiceError) -> ProgramSpec {
    guard let name else {
      var candidates = programs.filter { $0.hook != nil && $0.loadsByDefault }
      if candidates.count > 1 { candidates = candidates.filter { !$0.runsBehindRedirect } }
      // Those that a section's name declares go before those that only look like programs.
      let declared = candidates.filter { !$0.isTypeInferred }
      if !declared.isEmpty { candidates = declared }
      switch candidates.count {
      case 1: return candidates[0]
      case 0:
        let optional = programs.filter { $0.hook != nil }
        guard optional.isEmpty else { throw ProgramChoiceError(object: self, kind: .optional, choices: optional) }
        throw ProgramChoiceError(object: self, kind: .none, choices: programs)
      default: throw ProgramChoiceError(object: self, kind: .several, choices: candidates)
      }
    }
    if let program = programs.first(where: { $0.name == name }) { return program }
    let inSection = programs.filter { $0.section == name }
    switch inSection.count {
    case 1: return inSection[0]
    case 0: throw ProgramChoiceError(object: self, kind: .unknown(name), choices: programs)
    default: throw ProgramChoiceError(object: self, kind: .ambiguous(name), choices: inSection)
    }
  }
}

extension ProgramSpec {
  /// Where a program of this type is attached, when Verdict runs programs of its type.
  public var hook: Hook? {
    switch type {
    case .xdp: .xdp
    case .schedCLS, .schedACT: section.contains("egress") ? .tcEgress : .tcIngress
    case .ext where contextType != nil: standingAlone.hook
    default: nil
    }
  }

  /// A program that replaces a function of another (`freplace/…`) as one of its own: of the type that its parameter tells.
  fileprivate var standingAlone: ProgramSpec {
    guard type == .ext, let contextType else { return self }
    var program = self
    program.type = contextType
    return program
  }

  /// `BPF_XDP_DEVMAP` and `BPF_XDP_CPUMAP` of linux/bpf.h: programs that an entry of a map names.
  fileprivate var runsBehindRedirect: Bool { type == .xdp && (attachType == 33 || attachType == 35) }
}

/// A program that was not found, or not the only one.
public struct ProgramChoiceError: Error, Sendable, CustomStringConvertible {
  /// What stands in the way of a choice.
  public enum Kind: Hashable, Sendable {
    /// The object has no program that Verdict runs.
    case none
    /// Every program is in a section whose name begins with `?`, which is loaded only when it is asked for.
    case optional
    /// There are several, and none was named.
    case several
    /// There is none of that name.
    case unknown(String)
    /// The name is that of a section with several programs.
    case ambiguous(String)
  }

  /// What stands in the way of a choice.
  public var kind: Kind
  /// One line: what, where, what there is to choose from.
  public var description: String

  init(object: ObjectFile, kind: Kind, choices: [ProgramSpec]) {
    self.kind = kind
    let list = choices.map { "\($0.name) (\($0.section))" }.joined(separator: ", ")
    switch kind {
    case .none:
      description =
        choices.isEmpty
        ? "\(object.name): there is no program in it" : "\(object.name): no XDP or TC program in it; there are \(list)"
    case .optional:
      description = "\(object.name): no program is loaded unless asked for; choose one with --program: \(list)"
    case .several: description = "\(object.name): several programs; choose one with --program: \(list)"
    case .unknown(let name):
      description = "\(object.name): no program '\(name)'" + (list.isEmpty ? "" : "; there are \(list)")
    case .ambiguous(let name):
      description = "\(object.name): section '\(name)' has several programs; choose one with --program: \(list)"
    }
  }
}
