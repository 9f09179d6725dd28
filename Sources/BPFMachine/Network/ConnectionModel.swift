/// The connections that conntrack has before the first packet (`bpf_xdp_ct_lookup` and its like), and the flows of a flow table.
public struct ConnectionModel: Sendable {
  /// Connections, each known by both of its directions.
  public var connections: [Connection] = []
  /// `net.netfilter.nf_conntrack_max`.
  public var capacity = 262_144

  public init() {}

  /// A connection.
  public struct Connection: Hashable, Sendable {
    /// Of the packets from who began it.
    public var original: Direction
    /// Of the answers; differs from the original turned round when addresses are translated.
    public var reply: Direction
    /// 6 for TCP, 17 for UDP.
    public var protocolNumber: UInt8
    /// `IPS_*` of linux/netfilter/nf_conntrack_common.h.
    public var status: UInt32
    public var mark: UInt32
    /// Zone of both directions.
    public var zone: UInt16
    /// Nanoseconds until it is forgotten.
    public var timeout: UInt64

    /// A connection that both sides have spoken in, and that is not forgotten for five days.
    public init(
      original: Direction, reply: Direction? = nil, protocolNumber: UInt8, status: UInt32 = 0xe, mark: UInt32 = 0,
      zone: UInt16 = 0, timeout: UInt64 = 432_000 * 1_000_000_000
    ) {
      self.original = original
      self.reply = reply ?? original.turned
      self.protocolNumber = protocolNumber
      self.status = status
      self.mark = mark
      self.zone = zone
      self.timeout = timeout
    }
  }

  /// Where packets come from and go to.
  public struct Direction: Hashable, Sendable {
    /// 4 or 16 bytes each.
    public var source: [UInt8]
    public var destination: [UInt8]
    public var sourcePort: UInt16
    public var destinationPort: UInt16

    public init(source: [UInt8], sourcePort: UInt16, destination: [UInt8], destinationPort: UInt16) {
      self.source = source
      self.sourcePort = sourcePort
      self.destination = destination
      self.destinationPort = destinationPort
    }

    /// The other way round.
    public var turned: Direction {
      Direction(
        source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort)
    }
  }
}
