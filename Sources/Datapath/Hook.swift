/// Where in the receive or transmit path a program is attached.
public enum Hook: String, CaseIterable, Sendable {
  case xdp
  case tcIngress = "tc-ingress"
  case tcEgress = "tc-egress"
}
