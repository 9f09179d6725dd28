/// What is wrong with a capture that is read or written, and where.
///
/// Frames that were read before the error stand. By sysexits(3), ``Kind/missing`` and ``Kind/unreadable`` are EX_NOINPUT (66),
/// ``Kind/invalidFilter`` is EX_USAGE (64), ``Kind/unwritable`` is EX_CANTCREAT (73) or EX_IOERR (74), everything else is
/// EX_DATAERR (65).
public struct CaptureError: Error, Hashable, Sendable {
  /// The kinds of fault.
  public enum Kind: String, Hashable, Sendable {
    /// There is no such file.
    case missing
    /// The file is there and cannot be opened or read.
    case unreadable
    /// The bytes are neither pcap nor pcapng.
    case notACapture
    /// The link type has no Ethernet frames, and no Ethernet header can be made for it.
    case unsupportedLinkType
    /// The interfaces of a pcapng file differ in link type or snap length, which libpcap does not read.
    case differingInterfaces
    /// The file ends inside a record.
    case truncated
    /// A record, or the header of the file, makes no sense.
    case corrupt
    /// The program that decompresses the file is not installed.
    case decompressorMissing
    /// The program that decompresses the file reported a fault, or was killed.
    case decompressorFailed
    /// libpcap's filter language does not know such an expression.
    case invalidFilter
    /// The file cannot be created or written.
    case unwritable
  }

  /// What kind of fault.
  public var kind: Kind
  /// The file, as the user named it; `standard input` for `-`; the expression for a filter.
  public var path: String
  /// Number of the packet that could not be read, from 1; nil when the file could not be opened as a capture at all.
  public var packet: Int?
  /// Where the broken record begins, in bytes from the start of the (decompressed) capture.
  public var offset: UInt64?
  /// What is wrong, and what to do where there is something to do, in one line.
  public var reason: String

  /// Makes an error.
  public init(kind: Kind, path: String, packet: Int? = nil, offset: UInt64? = nil, reason: String) {
    self.kind = kind
    self.path = path
    self.packet = packet
    self.offset = offset
    self.reason = reason
  }
}

extension CaptureError: CustomStringConvertible {
  /// One line: file, packet and byte, reason.
  public var description: String {
    var place: [String] = []
    if let packet { place.append("packet \(packet)") }
    if let offset { place.append("at byte \(offset)") }
    return place.isEmpty ? "\(path): \(reason)" : "\(path): \(place.joined(separator: " ")): \(reason)"
  }
}
