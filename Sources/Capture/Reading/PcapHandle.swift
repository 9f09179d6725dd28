import CPcap
import Glibc

/// libpcap's open savefile, which it closes and frees with the last reference. One thread at a time may use it.
final class PcapHandle {
  /// A record as libpcap gives it: valid until the next one is read.
  struct Record {
    var bytes: UnsafeRawBufferPointer
    var wireLength: Int
    var timestamp: UInt64
    var interface: Int
  }

  let source: ByteSource
  let linkType: LinkType
  /// How the frames of ``linkType`` become Ethernet frames.
  let encapsulation: Encapsulation
  private let pcap: OpaquePointer
  private let stream: UnsafeMutablePointer<FILE>
  private let isPcap: Bool
  private var packets = 0
  private var waiting: Record?

  init(_ source: ByteSource) throws(CaptureError) {
    self.source = source
    guard let stream = source.openStream() else {
      throw CaptureError(kind: .unreadable, path: source.path, reason: "cannot be read: out of memory")
    }
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard
      let pcap = pcap_fopen_offline_with_tstamp_precision(stream, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
    else {
      let fault = CaptureError(openingFailedIn: source, at: UInt64(ftello(stream)), message: Self.text(message))
      fclose(stream)
      throw fault
    }
    self.pcap = pcap
    self.stream = stream
    isPcap = source.isPcap
    linkType = LinkType(value: pcap_datalink(pcap))
    guard let encapsulation = linkType.encapsulation else {
      throw CaptureError(unsupported: linkType, path: source.path)
    }
    self.encapsulation = encapsulation
  }

  deinit {
    // Closes the stream too.
    pcap_close(pcap)
  }

  /// The next record; nil at the end. After an error there is nothing more to read.
  func next() throws(CaptureError) -> Record? {
    if let waiting {
      self.waiting = nil
      return waiting
    }
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    let result = pcap_next_ex(pcap, &header, &data)
    guard result == 1, let header else {
      if let fault = fault(isAtEnd: result == PCAP_ERROR_BREAK) { throw fault }
      return nil
    }
    packets += 1
    let captured = Int(header.pointee.caplen)
    return Record(
      bytes: UnsafeRawBufferPointer(start: data, count: captured),
      wireLength: max(captured, Int(header.pointee.len)),
      timestamp: nanoseconds(header.pointee.ts),
      interface: isPcap ? 0 : source.takeInterface())
  }

  /// Whether ``next()`` would wait for the other end of a pipe.
  var isWaiting: Bool {
    source.isWaiting(after: packets, at: { UInt64(max(0, ftello(stream))) })
  }

  /// Makes ``next()`` return `record` once more.
  func putBack(_ record: Record) {
    waiting = record
  }

  /// pcap's seconds are unsigned (draft-ietf-opsawg-pcap, section 5), which libpcap 1.10 sign-extends; a hostile pcapng stamp
  /// that no 64 bits of nanoseconds hold stops at the ends of the range.
  private func nanoseconds(_ time: timeval) -> UInt64 {
    let seconds = isPcap ? Int(UInt32(truncatingIfNeeded: time.tv_sec)) : time.tv_sec
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? 0 : UInt64.max }
    return UInt64(max(0, product.addingReportingOverflow(time.tv_usec).partialValue))
  }

  /// The text of a C buffer up to its null.
  private static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func fault(isAtEnd: Bool) -> CaptureError? {
    // Called off inside a record: the rest of it is nobody's fault.
    if source.isCancelled { return nil }
    let position = UInt64(max(0, ftello(stream)))
    if isAtEnd {
      guard let complaint = source.decompressionFault else { return nil }
      return CaptureError(
        kind: .decompressorFailed, path: source.path, packet: packets + 1, offset: position, reason: complaint)
    }
    return CaptureError(
      readingFailedIn: source, at: position, packet: packets + 1, message: String(cString: pcap_geterr(pcap)))
  }
}
