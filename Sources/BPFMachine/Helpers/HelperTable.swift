/// A helper function as Linux has it and as Verdict simulates it.
public struct HelperRow: Sendable {
  /// Its number in `call`, from 1.
  public var id: Int32
  /// Without the `bpf_` prefix.
  public var name: String
  /// The release that brought it: `4.10`.
  public var since: String
  /// Of the program types that Verdict runs, those that may call it.
  public var programs: Programs
  /// True when programs must be under a license compatible with the GPL to call it.
  public var isGPLOnly: Bool
  public var simulation: Simulation
  /// What is done otherwise than in a kernel, or why nothing is; empty when there is nothing to say.
  public var note: String

  /// Program types.
  public struct Programs: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `BPF_PROG_TYPE_XDP`.
    public static let xdp = Programs(rawValue: 1)
    /// `BPF_PROG_TYPE_SCHED_CLS` and `BPF_PROG_TYPE_SCHED_ACT`: TC.
    public static let classifier = Programs(rawValue: 2)
  }
}

/// The helpers of Linux 6.18 (`enum bpf_func_id`): the one table that engine, disassembler and listings read.
///
/// Which program may call what is from the kernel's `xdp_func_proto`, `tc_cls_act_func_proto` and `bpf_base_func_proto`.
public struct HelperTable {
  /// The row of a number; nil for one that Linux does not define.
  public static func row(_ id: Int32) -> HelperRow? {
    guard id >= 1, Int(id) <= rows.count else { return nil }
    return rows[Int(id) - 1]
  }

  /// Name without its `bpf_` prefix; nil for a number that Linux does not define.
  public static func name(_ id: Int32) -> String? { row(id)?.name }

  /// Number of the helper with that name, with or without `bpf_`.
  public static func id(named name: String) -> Int32? {
    let bare = name.hasPrefix("bpf_") ? String(name.dropFirst(4)) : name
    return rows.first { $0.name == bare }?.id
  }

  /// Names in order of their numbers, from 1.
  package static let names = rows.map(\.name)

  /// In the order of their numbers, from 1.
  public static let rows: [HelperRow] = entries.enumerated().map { index, entry in
    let id = Int32(truncatingIfNeeded: index + 1)
    return HelperRow(
      id: id, name: entry.name, since: releases.last { $0.first <= id }?.release ?? "", programs: entry.programs,
      isGPLOnly: entry.isGPLOnly, simulation: entry.simulation, note: entry.note)
  }

  /// The first number of each release; later releases only append.
  private static let releases: [(first: Int32, release: String)] = [
    (1, "3.19"), (4, "4.1"), (12, "4.2"), (17, "4.3"), (23, "4.4"), (26, "4.5"), (27, "4.6"), (31, "4.8"), (37, "4.9"),
    (42, "4.10"), (45, "4.11"), (46, "4.12"), (48, "4.13"), (51, "4.14"), (54, "4.15"), (58, "4.16"), (60, "4.17"),
    (65, "4.18"), (81, "4.19"), (84, "4.20"), (91, "5.0"), (93, "5.1"), (99, "5.2"), (109, "5.3"), (110, "5.4"),
    (111, "5.5"), (116, "5.6"), (119, "5.7"), (125, "5.8"), (136, "5.9"), (142, "5.10"), (156, "5.11"), (163, "5.12"),
    (164, "5.13"), (166, "5.14"), (169, "5.15"), (176, "5.16"), (180, "5.17"), (186, "5.18"), (194, "5.19"),
    (204, "6.0"), (208, "6.1"), (210, "6.2"),
  ]
}
