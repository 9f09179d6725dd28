/// What one run of a program on one packet came to.
///
/// Two words, so that it travels in registers: what few packets have, a trap or a redirect, is asked of the backend that ran.
public struct Outcome: Hashable, Sendable {
  /// r0 at exit, low 32 bits: the verdict as the kernel reads it. 0 after a trap.
  public var returnValue: UInt32
  /// The run was stopped before `exit`; the backend's `trap` says why.
  public var isTrapped: Bool
  /// A redirect helper noted a target; the backend's `redirect` has it. Meaningful when the verdict is a redirect.
  public var isRedirected: Bool
  /// Instructions executed, tail-called programs and subprograms included; `lddw` counts once.
  public var instructions: Int

  public init(returnValue: UInt32, instructions: Int, isTrapped: Bool = false, isRedirected: Bool = false) {
    self.returnValue = returnValue
    self.isTrapped = isTrapped
    self.isRedirected = isRedirected
    self.instructions = instructions
  }
}

/// The target that a redirect helper noted for the verdict that follows.
public enum Redirect: Hashable, Sendable {
  /// `bpf_redirect`: a device; ingress with `BPF_F_INGRESS`.
  case interface(UInt32, ingress: Bool)
  /// `bpf_redirect_map`: map by its index in the machine, key, and the element's first word
  /// (ifindex of a devmap, queue size of a cpumap, socket of an xskmap).
  case map(index: Int, key: UInt64, value: UInt32)
  /// `bpf_redirect_map` with `BPF_F_BROADCAST`.
  case broadcast(index: Int, excludeIngress: Bool)
  /// `bpf_redirect_neigh`.
  case neighbour(UInt32)
  /// `bpf_redirect_peer`.
  case peer(UInt32)
}
