import BPFMachine

/// What a TC program left beside the frame's bytes.
public struct SocketBufferState {
  /// Fields of `struct __sk_buff` that it changed, by name.
  public var changes: [(name: String, value: UInt64)]
  /// The VLAN tag beside the frame.
  package var tag: VLANTag?
  /// The tunnel that the frame is to go through.
  public var tunnel: TunnelKey?
  /// What it sent by `bpf_clone_redirect`.
  package var copies: [SocketBufferCopy]

  /// Whether there is nothing to say.
  package var isPlain: Bool { changes.isEmpty && tag == nil && tunnel == nil && copies.isEmpty }
}
