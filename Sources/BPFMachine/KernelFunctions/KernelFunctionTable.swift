import BPFObject

/// A kernel function (kfunc) as Linux has it and as Verdict simulates it.
public struct KernelFunctionRow: Sendable {
  /// As programs declare it: `bpf_dynptr_from_xdp`.
  public var name: String
  /// The release that first let XDP or TC programs call it: `6.4`.
  public var since: String
  /// Of the program types that Verdict runs, those that may call it; empty for one that only sleepable programs may.
  public var programs: HelperRow.Programs
  /// What the verifier knows about it.
  public var flags: Flags
  public var simulation: Simulation
  /// What is done otherwise than in a kernel, or why nothing is; empty when there is nothing to say.
  public var note: String
  /// What runs it; nil when nothing does.
  package var function: KernelFunction?

  /// `KF_*` of include/linux/btf.h, where they matter to a caller.
  public struct Flags: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `KF_ACQUIRE`: the caller must give back what it returns.
    public static let acquire = Flags(rawValue: 1)
    /// `KF_RELEASE`: it takes an object from the caller.
    public static let release = Flags(rawValue: 2)
    /// `KF_RET_NULL`: the result may be NULL.
    public static let mayReturnNull = Flags(rawValue: 4)
    /// `KF_SLEEPABLE`: XDP and TC programs cannot call it, since they cannot sleep.
    public static let sleepable = Flags(rawValue: 8)
  }

  /// True when programs must be under a license compatible with the GPL to call it: the verifier asks it for every kfunc.
  public var isGPLOnly: Bool { true }
}

/// The kfuncs of Linux 6.18 that XDP and TC programs can name: the one table that machine, listings and messages read.
///
/// Which program may call what is from the sets that kernel/bpf/helpers.c, net/core/filter.c, net/core/xdp.c and others
/// register with `register_btf_kfunc_id_set`, as the verifier of a running 6.18 confirms.
public struct KernelFunctionTable {
  /// In the order of their names.
  public static let rows: [KernelFunctionRow] = entries.sorted { $0.name < $1.name }

  private static let indices = Dictionary(
    rows.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })

  /// The row of a name; libbpf takes `name___flavour` for `name`.
  public static func row(_ name: String) -> KernelFunctionRow? {
    let bare = essentialName(name)
    return indices[bare].map { rows[$0] }
  }

  /// What runs a kfunc that programs of that type call; nil when the type may not, or when it is not simulated.
  package static func function(_ name: String, for type: ProgramType?) -> KernelFunction? {
    guard let row = row(name), !row.programs.isEmpty else { return nil }
    return switch type {
    case .xdp: row.programs.contains(.xdp) ? row.function : nil
    case .schedCLS, .schedACT: row.programs.contains(.classifier) ? row.function : nil
    // Where it is attached decides: a section that tells no type, a replacement for a function.
    default: row.function
    }
  }

  /// The number of a call to what a slot refers to; that of no function when it refers to none.
  static func call(_ reference: Reference?, from program: Int) -> Int32 {
    guard case .kernelFunction(let name, _) = reference, let function = row(name)?.function else { return -1 }
    return function.call(from: program)
  }

  /// An address for a kfunc that Linux lets programs call, which is in no region; nil for another name.
  static func address(_ name: String) -> UInt64? {
    guard let index = indices[essentialName(name)], !rows[index].programs.isEmpty else { return nil }
    return 0xffff_ffff_8400_0000 + UInt64(index) << 8
  }

  /// True for a kfunc that Linux lets programs call, whose address they may ask for.
  package static func hasAddress(_ name: String) -> Bool { address(name) != nil }

  /// A name without its flavour, as libbpf looks it up (`bpf_core_essential_name_len`).
  package static func essentialName(_ name: String) -> String {
    let bytes = Array(name.utf8)
    var index = bytes.count - 5
    while index >= 0 {
      if bytes[index] != 0x5f, bytes[index + 1..<index + 4].allSatisfy({ $0 == 0x5f }), bytes[index + 4] != 0x5f {
        return String(decoding: bytes[...index], as: UTF8.self)
      }
      index -= 1
    }
    return name
  }
}
