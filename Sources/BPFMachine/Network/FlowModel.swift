/// The flows that a flow table (nf_flow_table) forwards past the stack, for `bpf_xdp_flow_lookup`.
public struct FlowModel: Sendable {
  public var flows: [Flow] = []

  public init() {}

  /// One direction of a flow.
  public struct Flow: Hashable, Sendable {
    /// What its packets are like.
    public var direction: ConnectionModel.Direction
    /// 6 for TCP, 17 for UDP.
    public var protocolNumber: UInt8
    /// The device that they arrive at.
    public var ingress: UInt32
    /// True for packets of who answers.
    public var isReply = false
    /// `enum flow_offload_xmit_type`: 1 by neighbour, 2 through IPsec, 3 directly, 4 through TC.
    public var transmission: UInt8 = 3
    /// The device that they leave by, and their addresses there, in the low 48 bits.
    public var egress: UInt32 = 0
    public var source: UInt64 = 0
    public var destination: UInt64 = 0
    public var mtu: UInt16 = 1500

    public init(direction: ConnectionModel.Direction, protocolNumber: UInt8, ingress: UInt32) {
      self.direction = direction
      self.protocolNumber = protocolNumber
      self.ingress = ingress
    }
  }
}
