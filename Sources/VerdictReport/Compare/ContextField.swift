import Datapath

/// The members of `struct xdp_md` and `struct __sk_buff` that `BPF_PROG_TEST_RUN` writes back (linux/bpf.h).
struct ContextField: Sendable {
  let name: String
  let offset: Int
  let size: Int

  static func all(_ hook: Hook) -> [ContextField] { hook == .xdp ? xdp : socketBuffer }

  private static let xdp = [
    ("data", 0), ("data_end", 4), ("data_meta", 8), ("ingress_ifindex", 12), ("rx_queue_index", 16),
    ("egress_ifindex", 20),
  ].map { ContextField(name: $0.0, offset: $0.1, size: 4) }

  private static let socketBuffer =
    [
      ("len", 0), ("pkt_type", 4), ("mark", 8), ("queue_mapping", 12), ("protocol", 16), ("vlan_present", 20),
      ("vlan_tci", 24), ("vlan_proto", 28), ("priority", 32), ("ingress_ifindex", 36), ("ifindex", 40),
      ("tc_index", 44), ("cb[0]", 48), ("cb[1]", 52), ("cb[2]", 56), ("cb[3]", 60), ("cb[4]", 64), ("hash", 68),
      ("tc_classid", 72), ("data", 76), ("data_end", 80), ("napi_id", 84), ("wire_len", 160), ("gso_segs", 164),
      ("gso_size", 176),
    ].map { ContextField(name: $0.0, offset: $0.1, size: 4) }
    + [ContextField(name: "tstamp", offset: 152, size: 8), ContextField(name: "hwtstamp", offset: 184, size: 8)]

  /// The member in a context that may be shorter; nil when it ends before it.
  func value(in context: [UInt8]) -> UInt64? {
    offset + size <= context.count ? Bits.load(context, at: offset * 8, count: size * 8) : nil
  }
}
