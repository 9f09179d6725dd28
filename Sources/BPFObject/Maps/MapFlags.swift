/// `BPF_F_*` flags of maps (linux/bpf.h).
public enum MapFlags {
  /// `BPF_F_NO_PREALLOC`.
  public static let noPreallocation: UInt32 = 1 << 0
  /// `BPF_F_NO_COMMON_LRU`.
  public static let noCommonLRU: UInt32 = 1 << 1
  /// `BPF_F_NUMA_NODE`.
  public static let numaNode: UInt32 = 1 << 2
  /// `BPF_F_RDONLY`, for user space.
  public static let readOnly: UInt32 = 1 << 3
  /// `BPF_F_WRONLY`, for user space.
  public static let writeOnly: UInt32 = 1 << 4
  /// `BPF_F_STACK_BUILD_ID`.
  public static let stackBuildID: UInt32 = 1 << 5
  /// `BPF_F_ZERO_SEED`.
  public static let zeroSeed: UInt32 = 1 << 6
  /// `BPF_F_RDONLY_PROG`.
  public static let readOnlyForPrograms: UInt32 = 1 << 7
  /// `BPF_F_WRONLY_PROG`.
  public static let writeOnlyForPrograms: UInt32 = 1 << 8
  /// `BPF_F_CLONE`.
  public static let clone: UInt32 = 1 << 9
  /// `BPF_F_MMAPABLE`.
  public static let mappable: UInt32 = 1 << 10
  /// `BPF_F_PRESERVE_ELEMS`.
  public static let preserveElements: UInt32 = 1 << 11
  /// `BPF_F_INNER_MAP`.
  public static let innerMap: UInt32 = 1 << 12

  /// Each flag of this list by the name that linux/bpf.h gives it, in the order of their bits.
  public static let names: [(flag: UInt32, name: String)] = [
    (noPreallocation, "BPF_F_NO_PREALLOC"), (noCommonLRU, "BPF_F_NO_COMMON_LRU"), (numaNode, "BPF_F_NUMA_NODE"),
    (readOnly, "BPF_F_RDONLY"), (writeOnly, "BPF_F_WRONLY"), (stackBuildID, "BPF_F_STACK_BUILD_ID"),
    (zeroSeed, "BPF_F_ZERO_SEED"), (readOnlyForPrograms, "BPF_F_RDONLY_PROG"),
    (writeOnlyForPrograms, "BPF_F_WRONLY_PROG"), (clone, "BPF_F_CLONE"), (mappable, "BPF_F_MMAPABLE"),
    (preserveElements, "BPF_F_PRESERVE_ELEMS"), (innerMap, "BPF_F_INNER_MAP"),
  ]

  /// The flags that are set, by name; bits without a name as one number.
  public static func text(_ flags: UInt32) -> String {
    let known = names.reduce(0) { $0 | $1.flag }
    var parts = names.filter { flags & $0.flag != 0 }.map(\.name)
    if flags & ~known != 0 { parts.append("0x" + String(flags & ~known, radix: 16)) }
    return parts.isEmpty ? "none" : parts.joined(separator: " | ")
  }
}
