/// `BPF_F_*` flags of maps (linux/bpf.h).
public enum MapFlags {
  /// `BPF_F_NO_PREALLOC`.
  public static let noPreallocation: UInt32 = 1 << 0
  /// `BPF_F_NUMA_NODE`.
  public static let numaNode: UInt32 = 1 << 2
  /// `BPF_F_RDONLY_PROG`.
  public static let readOnlyForPrograms: UInt32 = 1 << 7
  /// `BPF_F_WRONLY_PROG`.
  public static let writeOnlyForPrograms: UInt32 = 1 << 8
  /// `BPF_F_MMAPABLE`.
  public static let mappable: UInt32 = 1 << 10
}
