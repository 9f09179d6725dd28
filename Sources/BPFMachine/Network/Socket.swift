extension NetworkModel {
  /// A socket of the machine that programs run on.
  public struct Socket: Hashable, Sendable {
    public var transport: Transport
    public var isIPv6: Bool
    /// The address that it is bound to; unspecified for every one.
    public var local: Endpoint
    /// The other end; nil while it is not connected.
    public var remote: Endpoint?
    public var state: State
    /// ifindex of the device that it is bound to; 0 for none.
    public var boundInterface: UInt32 = 0
    /// `IPV6_V6ONLY`.
    public var isIPv6Only = false
    /// `SO_REUSEPORT`: it shares its port with others.
    public var sharesPort = false
    public var mark: UInt32 = 0
    public var priority: UInt32 = 0
    /// `sk_rx_queue_mapping`; -1 for none.
    public var receiveQueue: Int32 = -1
    /// `SO_COOKIE`; nil for a number from its place in the list.
    public var cookie: UInt64?
    public var user: UInt32 = 0
    /// The path of its cgroup.
    public var cgroup = "/"
    /// The id by which this network namespace knows the socket's; nil for this one's own.
    public var namespace: Int32?
    /// A listener that has lately sent SYN cookies.
    public var sentCookies = false
    /// The members of `struct bpf_tcp_sock` that are not 0.
    public var tcp: [TransmissionField: UInt64] = [:]

    public init(
      _ transport: Transport, local: Endpoint, remote: Endpoint? = nil, state: State
    ) {
      self.transport = transport
      isIPv6 = local.address.isIPv6
      self.local = local
      self.remote = remote
      self.state = state
    }

    public struct Endpoint: Hashable, Sendable {
      public var address: IPAddress
      public var port: UInt16

      public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
      }
    }

    public enum Transport: String, Sendable, CaseIterable {
      case tcp, udp

      /// `IPPROTO_*`.
      var number: UInt32 { self == .tcp ? 6 : 17 }
      /// `SOCK_STREAM` or `SOCK_DGRAM`.
      var type: UInt32 { self == .tcp ? 1 : 2 }
    }

    /// `TCP_*` of linux/tcp_states.h.
    public enum State: String, Sendable, CaseIterable {
      case established
      case synSent = "syn-sent"
      case synReceived = "syn-received"
      case finWait1 = "fin-wait-1"
      case finWait2 = "fin-wait-2"
      case timeWait = "time-wait"
      case closed = "close"
      case closeWait = "close-wait"
      case lastAck = "last-ack"
      case listen
      case closing
      case newSynReceived = "syn-recv"

      var number: UInt32 { UInt32((State.allCases.firstIndex(of: self) ?? 0) + 1) }
      /// Neither a request nor what is left of a connection: `sk_fullsock`.
      var isFull: Bool { self != .timeWait && self != .newSynReceived }
    }

    /// The members of `struct bpf_tcp_sock` (linux/bpf.h), in its order.
    public enum TransmissionField: String, Sendable, CaseIterable {
      case congestionWindow = "snd_cwnd"
      case smoothedRoundTrip = "srtt_us"
      case minimumRoundTrip = "rtt_min"
      case slowStartThreshold = "snd_ssthresh"
      case nextReceived = "rcv_nxt"
      case nextSent = "snd_nxt"
      case unacknowledged = "snd_una"
      case segmentSize = "mss_cache"
      case congestionFlags = "ecn_flags"
      case rateDelivered = "rate_delivered"
      case rateInterval = "rate_interval_us"
      case packetsOut = "packets_out"
      case retransmitted = "retrans_out"
      case totalRetransmitted = "total_retrans"
      case segmentsIn = "segs_in"
      case dataSegmentsIn = "data_segs_in"
      case segmentsOut = "segs_out"
      case dataSegmentsOut = "data_segs_out"
      case lost = "lost_out"
      case selectivelyAcknowledged = "sacked_out"
      case bytesReceived = "bytes_received"
      case bytesAcknowledged = "bytes_acked"
      case duplicates = "dsack_dups"
      case delivered
      case deliveredMarked = "delivered_ce"
      case retransmits = "icsk_retransmits"

      /// Its place in the struct: two of the members are of 64 bits.
      var offset: Int {
        let index = TransmissionField.allCases.firstIndex(of: self) ?? 0
        return index * 4 + max(0, min(index - 20, 2)) * 4
      }
      public var is64Bit: Bool { self == .bytesReceived || self == .bytesAcknowledged }
    }

    /// Not so where an address of IPv6 is bound to: that sets `sk_ipv6only` (__inet6_bind).
    var takesIPv4: Bool { !isIPv6 || !isIPv6Only && (local.address.isUnspecified || local.address.mapped != nil) }
    /// Its other end or nothing, in the terms of `skc_daddr`.
    var remoteAddress: IPAddress { remote?.address ?? .unspecified(isIPv6: isIPv6) }
  }
}
