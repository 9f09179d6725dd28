import CPcap

/// An expression of libpcap's filter language (pcap-filter(7)), compiled for Ethernet frames.
///
/// Matching changes nothing in it, so that several threads may share one.
public final class PacketFilter: @unchecked Sendable {
  /// The expression as it was given.
  public let expression: String
  private var program = bpf_program()

  /// Compiles `expression`; the empty one matches every frame.
  ///
  /// - Throws: ``CaptureError/Kind/invalidFilter`` with libpcap's own words.
  public init(_ expression: String) throws(CaptureError) {
    self.expression = expression
    guard let handle = pcap_open_dead(DLT_EN10MB, 262_144) else {
      throw CaptureError(kind: .invalidFilter, path: "filter '\(expression)'", reason: "out of memory")
    }
    defer { pcap_close(handle) }
    guard pcap_compile(handle, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0 else {
      throw CaptureError(
        kind: .invalidFilter, path: "filter '\(expression)'", reason: String(cString: pcap_geterr(handle)))
    }
  }

  deinit {
    pcap_freecode(&program)
  }

  /// Whether the filter matches an Ethernet frame of `wireLength` bytes, of which `bytes` were captured.
  public func matches(_ bytes: UnsafeRawBufferPointer, wireLength: Int) -> Bool {
    var header = pcap_pkthdr()
    header.caplen = UInt32(clamping: bytes.count)
    header.len = UInt32(clamping: wireLength)
    return withUnsafePointer(to: program) {
      pcap_offline_filter($0, &header, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)) != 0
    }
  }

  /// Whether the filter matches `frame`.
  public func matches(_ frame: Frame) -> Bool {
    matches(frame.bytes, wireLength: frame.wireLength)
  }
}
