import Foundation

/// The captures that lie beside the project, when they do.
enum SharedCaptures {
  static let folder: URL? = {
    var folder = URL(filePath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let shared = folder.appending(path: "../shared/pcaps").standardized
      if FileManager.default.fileExists(atPath: shared.appending(path: "INDEX.tsv").path) { return shared }
    }
    return nil
  }()

  /// Link layers, tunnels, fragments, extension headers, broken headers, a frame above 64 KiB, and much plain traffic.
  static let varied: [String] = [
    "attack--dhcp_flood.pcap", "eth--arp-leak.pcap", "fileformat--ipv6-gtp6.pcap", "frag--afs.pcap",
    "geneve--geneve.pcap", "gre--various_gre.pcap", "http--206_example_c.pcap", "ip6ext--ipv6-srh-insert-cksum.pcap",
    "jumbo--bigtcp-ipv6-hbh.pcap", "l4--sctp-www.pcap", "l4--IGMP_V1.pcap", "large--cwd-navigation.pcap",
    "linktype--linux_dlt_sll2.pcap", "malformed--decode-too-small-test.pcap",
    "malformed--ipv4_invalid_hdr_length.pcap", "malformed--mpls-6in6-broken.pcap",
    "mix--wireshark_samples-test.pcapng", "mpls--mixed-vlan-mpls.pcap", "vlan--802.1ad_QinQ.pcap",
    "vlan--vlan-qinqinq.pcap", "vxlan--vxlan.pcap",
  ]

  static func path(_ name: String) -> String { folder?.appending(path: name).path ?? name }
}
