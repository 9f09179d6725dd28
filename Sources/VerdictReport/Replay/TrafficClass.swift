import Capture
import Datapath

/// A part of the traffic that is counted on its own: the packets that a libpcap filter matches.
public final class TrafficClass {
  /// The name it is shown by.
  public let name: String
  /// The filter's text.
  public let expression: String
  private let filter: PacketFilter
  private var counter = VerdictCounter()

  /// Compiles `expression`, for Ethernet frames (pcap-filter(7)).
  ///
  /// - Throws: ``CaptureError`` of kind `invalidFilter` with libpcap's words.
  public init(name: String, filter expression: String) throws(CaptureError) {
    self.name = name
    self.expression = expression
    filter = try PacketFilter(expression)
  }

  /// Counts the packet when it is of this class.
  @inline(__always)
  func record(_ frame: Frame, code: Int32) -> Bool {
    guard filter.matches(frame) else { return false }
    counter.record(code: code, bytes: frame.bytes.count)
    return true
  }

  func distribution(hook: Hook) -> ClassDistribution {
    ClassDistribution(name: name, filter: expression, distribution: counter.distribution(hook: hook))
  }
}
