import BPFMachine
import BPFObject

/// What Verdict has of the kernel's: helpers, kfuncs or map types, a row each, from the tables that the machine itself reads.
public struct SupportListing: Sendable {
  /// One thing of the kernel's.
  public struct Row: Sendable {
    /// Number in the kernel's ABI; nil for what goes by its name.
    public var number: Int?
    public var name: String
    /// The release that brought it.
    public var since: String
    /// Program types that may use it; nil where every type may.
    public var programs: HelperRow.Programs?
    public var isGPLOnly: Bool
    /// What it is for: the operations that programs may do with a map.
    public var uses: [String]
    public var simulation: Simulation
    public var note: String
  }

  /// `helpers`, `kfuncs`, `maps`.
  public let subject: String
  public private(set) var rows: [Row]

  /// All helpers that XDP or TC programs may call.
  public static var helpers: SupportListing {
    SupportListing(
      subject: "helpers",
      rows: HelperTable.rows.filter { !$0.programs.isEmpty }.map {
        Row(
          number: Int($0.id), name: "bpf_\($0.name)", since: $0.since, programs: $0.programs, isGPLOnly: $0.isGPLOnly,
          uses: [], simulation: $0.simulation, note: $0.note)
      })
  }

  /// All kfuncs that XDP and TC programs can name.
  public static var kernelFunctions: SupportListing {
    SupportListing(
      subject: "kfuncs",
      rows: KernelFunctionTable.rows.map {
        Row(
          number: nil, name: $0.name, since: $0.since, programs: $0.programs, isGPLOnly: $0.isGPLOnly,
          uses: $0.flags.names, simulation: $0.simulation, note: $0.note)
      })
  }

  /// All map types.
  public static var maps: SupportListing {
    SupportListing(
      subject: "maps",
      rows: MapTable.rows.map {
        Row(
          number: Int($0.type.rawValue), name: $0.type.name, since: $0.since, programs: nil, isGPLOnly: false,
          uses: $0.type.uses, simulation: $0.simulation, note: $0.note)
      })
  }

  /// Only what a program of that type may use.
  public mutating func keep(_ programs: HelperRow.Programs) {
    rows.removeAll { !($0.programs?.contains(programs) ?? true) }
  }

  /// Only what a kernel of that release has.
  public mutating func keep(upTo release: ReleaseNumber) {
    rows.removeAll { row in ReleaseNumber(row.since).map { release < $0 } ?? false }
  }

  /// Only what is not simulated.
  public mutating func keepUnsupported() {
    rows.removeAll { $0.simulation != .none && $0.simulation != .loadOnly }
  }

  // MARK: Rendering

  /// `{subject: [{number, name, since, programs, gpl_only, uses, simulation, note}]}`.
  public var json: String {
    JSON.object([(subject, .array(rows.map(json)))]).prettyText + "\n"
  }

  private func json(_ row: Row) -> JSON {
    var members: [(String, JSON)] = []
    if let number = row.number { members.append(("number", .integer(Int64(number)))) }
    members += [("name", .string(row.name)), ("since", .string(row.since))]
    if let programs = row.programs {
      members += [("programs", .array(programs.names.map(JSON.string))), ("gpl_only", .bool(row.isGPLOnly))]
    }
    if !row.uses.isEmpty { members.append(("uses", .array(row.uses.map(JSON.string)))) }
    members += [("simulation", .string(row.simulation.rawValue)), ("note", .string(row.note))]
    return .onOneLine(members)
  }

  /// A table, and below it how many there are of each kind.
  public var text: String {
    guard !rows.isEmpty else { return "none\n" }
    let hasNumbers = rows.contains { $0.number != nil }
    let hasPrograms = rows.contains { $0.programs != nil }
    let hasUses = rows.contains { !$0.uses.isEmpty }
    var table = TextTable([.right, .left, .left, .left, .left, .left, .left])
    func line(
      _ number: String, _ name: String, _ since: String, _ middle: [String], _ simulation: String, _ note: String
    )
      -> [String]
    { (hasNumbers ? [number] : []) + [name, since] + middle + [simulation, note] }
    table.alignments =
      (hasNumbers ? [.right] : []) + [.left, .left]
      + [TextTable.Alignment](repeating: .left, count: (hasPrograms ? 2 : 0) + (hasUses ? 1 : 0)) + [.left, .left]
    let middle =
      (hasPrograms ? ["PROGRAMS", "LICENSE"] : []) + (hasUses ? [hasPrograms ? "FLAGS" : "FOR PROGRAMS"] : [])
    table.rows.append(line("NO", "NAME", "SINCE", middle, "SIMULATED", "NOTE"))
    for row in rows {
      let programs = hasPrograms ? [row.programs.map(\.text) ?? "", row.isGPLOnly ? "GPL" : ""] : []
      let uses = hasUses ? [row.uses.joined(separator: " ")] : []
      table.rows.append(
        line(
          row.number.map(String.init) ?? "", row.name, row.since, programs + uses, row.simulation.rawValue, row.note))
    }
    return table.text + "\n" + summary
  }

  private var summary: String {
    let counts = Simulation.allCases.compactMap { kind -> String? in
      let count = rows.count { $0.simulation == kind }
      return count == 0 ? nil : "\(count) \(kind.meaning)"
    }
    return "\(rows.count) \(subject): \(counts.joined(separator: ", "))\n"
  }
}

extension KernelFunctionRow.Flags {
  /// `KF_*` without the prefix, in lower case.
  fileprivate var names: [String] {
    let all: [(KernelFunctionRow.Flags, String)] = [
      (.acquire, "acquire"), (.release, "release"), (.mayReturnNull, "ret_null"), (.sleepable, "sleepable"),
    ]
    return all.filter { contains($0.0) }.map(\.1)
  }
}

extension HelperRow.Programs {
  /// As bpftool names them.
  fileprivate var names: [String] {
    (contains(.xdp) ? ["xdp"] : []) + (contains(.classifier) ? ["sched_cls", "sched_act"] : [])
  }

  fileprivate var text: String {
    switch (contains(.xdp), contains(.classifier)) {
    case (true, true): "xdp tc"
    case (true, false): "xdp"
    case (false, true): "tc"
    case (false, false): "none"
    }
  }

  /// The programs of a type that Verdict runs, by its name: `xdp`, `sched_cls`, `sched_act`, `tc`.
  public init?(named name: String) {
    switch name {
    case "xdp": self = .xdp
    case "sched_cls", "sched_act", "tc": self = .classifier
    default: return nil
    }
  }
}

extension Simulation {
  fileprivate var meaning: String {
    switch self {
    case .full: "as in the kernel"
    case .model: "with a model of what is not there without one"
    case .loadOnly: "loaded only"
    case .none: "not simulated"
    }
  }
}

/// `5.15`, of a kernel.
public struct ReleaseNumber: Comparable, Sendable {
  private let major: Int
  private let minor: Int

  /// Reads `5.15`, `6.18.3`, `v6.1`; nil for anything else.
  public init?(_ text: String) {
    let parts = text.drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let major = Int(parts[0]),
      let minor = Int(parts[1].prefix { $0.isASCII && $0.isNumber })
    else { return nil }
    self.major = major
    self.minor = minor
  }

  public static func < (left: ReleaseNumber, right: ReleaseNumber) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }
}
