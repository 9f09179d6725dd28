/// What pcapng's epb_verdict option says of a packet (draft-ietf-opsawg-pcapng, section 4.3).
public enum PacketVerdict: Hashable, Sendable {
  /// What a TC program returned, TC_ACT_… with its sign.
  case tc(Int64)
  /// What an XDP program returned, enum xdp_action.
  case xdp(UInt64)

  /// The option's first octet: Linux_eBPF_TC or Linux_eBPF_XDP.
  var type: UInt8 {
    switch self {
    case .tc: 1
    case .xdp: 2
    }
  }

  /// The option's other eight octets, as a number.
  var value: UInt64 {
    switch self {
    case .tc(let action): UInt64(bitPattern: action)
    case .xdp(let action): action
    }
  }
}
