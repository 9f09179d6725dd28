/// One frame of a capture, lent by ``CaptureReader``: the bytes are valid until the next frame is read.
public struct Frame {
  /// The captured bytes, beginning with an Ethernet header (made up for link types that have none).
  public let bytes: UnsafeRawBufferPointer
  /// Length on the wire, in bytes; more than `bytes.count` when the snap length cut the frame.
  public let wireLength: Int
  /// Time stamp, nanoseconds since 1970.
  public let timestamp: UInt64
  /// Number in the capture, from 1.
  public let number: Int
  /// pcapng interface, 0 in pcap.
  public let interface: Int

  /// Lends `bytes`.
  public init(bytes: UnsafeRawBufferPointer, wireLength: Int, timestamp: UInt64, number: Int, interface: Int = 0) {
    self.bytes = bytes
    self.wireLength = wireLength
    self.timestamp = timestamp
    self.number = number
    self.interface = interface
  }
}
