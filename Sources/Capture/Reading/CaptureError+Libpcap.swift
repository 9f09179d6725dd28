import SystemPackage

extension CaptureError {
  /// libpcap takes `source` for no capture, having read up to `position`.
  init(openingFailedIn source: ByteSource, at position: UInt64, message: String) {
    if source.failure == nil, source.decompressionFault == nil {
      if source.length < 4 || message.hasPrefix("unknown file format") {
        self.init(
          kind: .notACapture, path: source.path,
          reason: source.length == 0 ? "is empty" : "is neither a pcap nor a pcapng file")
        return
      }
    }
    self.init(readingFailedIn: source, at: position, packet: nil, message: message)
  }

  /// libpcap gives up on `source`, having read up to `position`.
  init(readingFailedIn source: ByteSource, at position: UInt64, packet: Int?, message: String) {
    let record = source.record(before: position)
    let kind: Kind
    let reason: String
    if let failure = source.failure {
      (kind, reason) = (.unreadable, "cannot be read: \(failure)")
    } else if let complaint = source.decompressionFault {
      (kind, reason) = (.decompressorFailed, complaint)
    } else if source.isAtEnd {
      (kind, reason) = (.truncated, "the file ends inside a record: \(message)")
    } else if record.type == BlockType.interface, message.hasPrefix("an interface has a") {
      kind = .differingInterfaces
      reason = "\(message), and libpcap reads no such file: write each interface's packets to a file of its own"
    } else {
      (kind, reason) = (.corrupt, message)
    }
    self.init(kind: kind, path: source.path, packet: packet, offset: record.offset, reason: reason)
  }

  /// `linkType` has no Ethernet frames, nor what could be made one.
  init(unsupported linkType: LinkType, path: String) {
    self.init(
      kind: .unsupportedLinkType, path: path,
      reason: "link type \(linkType.name) (\(linkType.summary)) carries no Ethernet frames; "
        + "Ethernet, raw IP, Linux cooked, null/loopback and PPP captures can be read")
  }
}
