#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Addresses between their text and their bytes, which are in network order.
package enum NetworkAddress {
  /// `192.0.2.1` of 4 bytes, `2001:db8::1` (RFC 5952) of 16, `02:00:00:00:00:01` of 6; nil for any other number.
  package static func text(_ bytes: some Collection<UInt8>) -> String? {
    switch bytes.count {
    case 4: bytes.map(String.init).joined(separator: ".")
    case 6:
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    case 16: ipv6Text(Array(bytes))
    default: nil
    }
  }

  private static func ipv6Text(_ bytes: [UInt8]) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The 4, 6 or 16 bytes of an IPv4, MAC or IPv6 address; nil when `text` is none.
  package static func bytes(_ text: String) -> [UInt8]? {
    var address = [UInt8](repeating: 0, count: 16)
    if text.utf8.contains(0) { return nil }
    if inet_pton(AF_INET, text, &address) == 1 { return Array(address.prefix(4)) }
    let groups = text.split(separator: ":", omittingEmptySubsequences: false)
    if groups.count == 6, groups.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isHexDigit) }) {
      return groups.compactMap { UInt8($0, radix: 16) }
    }
    if inet_pton(AF_INET6, text, &address) == 1 { return address }
    return nil
  }

  /// `192.0.2.0/24` as length and 4 or 16 bytes; nil when `text` is no prefix.
  package static func prefix(_ text: String) -> (length: UInt32, bytes: [UInt8])? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let bytes = bytes(String(parts[0])), bytes.count != 6, let length = UInt32(parts[1]),
      length <= bytes.count * 8
    else { return nil }
    return (length, bytes)
  }
}
