import BPFMachine

/// Where in the receive or transmit path a program is attached.
public enum Hook: String, CaseIterable, Sendable {
  case xdp
  case tcIngress = "tc-ingress"
  case tcEgress = "tc-egress"
  /// All hooks of the devices that a packet comes by: the verdict is its ``Fate``.
  case chain

  /// The hooks that one program is attached to.
  public static let single: [Hook] = [.xdp, .tcIngress, .tcEgress]
}

extension Hook {
  /// How frames come to TC programs that are attached here.
  public var socketBufferPath: SocketBufferSetup.Path {
    switch self {
    case .xdp, .chain: .testRun
    case .tcIngress: .ingress
    case .tcEgress: .egress
    }
  }
}
