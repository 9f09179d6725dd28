/// What the device says of a frame beside its bytes, for the kfuncs `bpf_xdp_metadata_rx_…`.
public struct ReceiveMetadata: Hashable, Sendable {
  /// False for a device whose driver says nothing: every kfunc gives EOPNOTSUPP.
  public var isSupported = true
  public var timestamp = Timestamp.capture
  /// The hash of the flow and its type (`enum xdp_rss_hash_type`); nil for ENODATA.
  public var hash: Hash?
  public var tag = Tag.frame

  public init() {}

  /// When the frame arrived.
  public enum Timestamp: Hashable, Sendable {
    /// When the capture says.
    case capture
    /// That is not known: ENODATA.
    case none
    /// Nanoseconds.
    case fixed(UInt64)
  }

  /// A hash of the flow that the device made.
  public struct Hash: Hashable, Sendable {
    public var value: UInt32
    /// `XDP_RSS_TYPE_*`.
    public var type: UInt32

    public init(value: UInt32, type: UInt32) {
      self.value = value
      self.type = type
    }
  }

  /// A VLAN tag that the device has read.
  public enum Tag: Hashable, Sendable {
    /// The outer tag of the frame, which stays in its bytes; ENODATA when it has none.
    case frame
    /// ENODATA.
    case none
    /// The protocol, 0x8100 or 0x88a8, and priority, DEI and number of the VLAN.
    case fixed(protocolNumber: UInt16, control: UInt16)
  }
}
