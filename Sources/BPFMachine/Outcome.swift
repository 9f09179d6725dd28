/// What one run of a program on one packet came to.
///
/// Trivial to copy: text for a trap or a redirect is made on demand by the machine that produced it.
public struct Outcome: Sendable {
  /// r0 at exit, low 32 bits: the verdict as the kernel reads it. 0 after a trap.
  public var returnValue: UInt32
  /// Instructions executed, tail-called programs and subprograms included; `lddw` counts once.
  public var instructions: Int
  /// Why the run was stopped before `exit`; nil when it ended by itself.
  public var trap: Trap?
  /// Where a redirect helper pointed; meaningful when the verdict is a redirect.
  public var redirect: Redirect?

  public init(returnValue: UInt32, instructions: Int, trap: Trap? = nil, redirect: Redirect? = nil) {
    self.returnValue = returnValue
    self.instructions = instructions
    self.trap = trap
    self.redirect = redirect
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
