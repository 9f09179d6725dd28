/// What an skb is like when the first TC program gets it, apart from the frame's bytes.
///
/// By default it is as BPF_PROG_TEST_RUN makes it (net/bpf/test_run.c, bpf_prog_test_run_skb).
public struct SocketBufferSetup: Hashable, Sendable {
  /// How the frame came to the program.
  public enum Path: String, CaseIterable, Sendable {
    /// BPF_PROG_TEST_RUN: the loopback's, from no interface, never seen by a network stack.
    case testRun = "test-run"
    /// Received by the interface: `ingress_ifindex` is it, `wire_len` counts from the network header, and checksums are kept
    /// as sums without the Ethernet header.
    case ingress
    /// Sent by this machine through the interface.
    case egress
  }

  public var path = Path.testRun
  /// Bytes of the frame, 14 at least, that can be accessed directly; the rest is in fragments.
  public var linearCount = Int.max
  /// Moves an outer VLAN tag from the frame to the skb, as hardware offload does.
  public var takesTag = false
  public var mark: UInt32 = 0
  public var priority: UInt32 = 0
  public var queueMapping: UInt16 = 0
  /// `tc_index`.
  public var index: UInt16 = 0
  /// `cb`, five words.
  public var control: [UInt32] = [0, 0, 0, 0, 0]
  /// A hash that the device computed; 0 for none.
  public var hash: UInt32 = 0
  /// `napi_id`.
  public var networkPoll: UInt32 = 0
  /// `tstamp`, in nanoseconds; at ingress the time of arrival, at egress the time to leave.
  public var timestamp: UInt64 = 0
  /// `tstamp_type`: 0 realtime, 1 monotonic (a delivery time), 2 TAI.
  public var timestampType: UInt8 = 0
  /// `wire_len`; nil for what the path gives it.
  public var wireLength: UInt32?
  /// `gso_segs`.
  public var segments: UInt16 = 0
  /// `gso_size`: payload bytes of a segment; 0 for a frame that is to be sent as it is.
  public var segmentSize: UInt16 = 0
  /// What ``segmentSize`` cuts up.
  public var segmentation: Segmentation?
  /// `hwtstamp`, in nanoseconds.
  public var hardwareTimestamp: UInt64 = 0
  /// `pkt_type`; nil for what the destination address says.
  public var packetType: UInt32?
  /// `ifindex`; nil for ``MachineConfiguration/ingressInterface``.
  public var interface: UInt32?
  /// `ingress_ifindex`; nil for what the path gives it.
  public var ingressInterface: UInt32?
  public var checksum = ChecksumState.none
  /// The tunnel that the frame came through, for `bpf_skb_get_tunnel_key`.
  public var tunnel: TunnelKey?

  public init() {}

  /// `SKB_GSO_*`: what a large packet is cut into.
  public enum Segmentation: String, CaseIterable, Sendable {
    case tcp4 = "tcpv4"
    case tcp6 = "tcpv6"
    case udp
  }
}

/// `skb->ip_summed`: what is known of a frame's checksums.
public enum ChecksumState: Hashable, Sendable {
  /// Nothing.
  case none
  /// The device checked one checksum, and as many more inside as `level` says (0 to 3).
  case unnecessary(level: UInt8)
  /// The device summed what follows the Ethernet header; nil for the right sum.
  case complete(sum: UInt32?)
  /// The transport checksum is to be made: it covers what follows `start`, counted from the start of the frame, and goes
  /// `offset` bytes behind that.
  case partial(start: Int, offset: Int)
}

/// `struct bpf_tunnel_key` and options: the outer addresses and the identifier of an encapsulated frame.
public struct TunnelKey: Hashable, Sendable {
  /// VNI, GRE key and their like.
  public var id: UInt32 = 0
  /// 4 or 16 bytes: whom the frame goes to, or came from.
  public var remote: [UInt8] = [0, 0, 0, 0]
  /// As long as ``remote``: this side's address.
  public var local: [UInt8] = [0, 0, 0, 0]
  public var tos: UInt8 = 0
  public var ttl: UInt8 = 0
  /// IPv6 flow label.
  public var label: UInt32 = 0
  /// `TUNNEL_*` of linux/if_tunnel.h, as a number: 1 checksum, 4 key, 8 sequence number, 0x100 don't fragment.
  public var flags: UInt16 = 4
  /// Geneve options, VXLAN GBP or ERSPAN metadata.
  public var options: [UInt8] = []

  public init() {}
}
