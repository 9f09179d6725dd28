import CPcap

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The least that reading a capture with libpcap takes: a loop that does nothing with the packets but count them.
@main
struct BareReadLoop {
  static func main() {
    guard CommandLine.arguments.count == 2 else { return fail("usage: BareReadLoop CAPTURE") }
    var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let capture = pcap_open_offline(CommandLine.arguments[1], &message) else {
      return fail(String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    defer { pcap_close(capture) }
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    var packets = 0
    var bytes = 0
    while pcap_next_ex(capture, &header, &data) == 1, let header {
      packets &+= 1
      bytes &+= Int(header.pointee.caplen)
    }
    print("\(packets) packets, \(bytes) bytes")
  }

  private static func fail(_ message: String) {
    print(message)
    exit(66)
  }
}
