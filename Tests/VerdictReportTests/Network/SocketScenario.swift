import Foundation
import Testing

@testable import VerdictReport

/// Real sockets in a network namespace, and how an options file says the same.
final class SocketScenario {
  static let setup = NetworkSetup.basic.lines

  /// In the order in which they are opened.
  static let options: [String] = {
    let listening =
      "tcp: {snd_cwnd: 10, snd_ssthresh: 2147483647, mss_cache: 536, rtt_min: 4294967295}"
    return [
      "{protocol: tcp, local: '192.0.2.1:80', \(listening)}",
      "{protocol: tcp, local: '0.0.0.0:80', \(listening)}",
      "{protocol: tcp, local: '[::]:81', \(listening)}",
      "{protocol: tcp, local: '[::]:82', v6only: true, \(listening)}",
      "{protocol: tcp, local: '0.0.0.0:82', \(listening)}",
      "{protocol: tcp, local: '[2001:db8::1]:80', \(listening)}",
      "{protocol: tcp, local: '0.0.0.0:83', dev: v0, \(listening)}",
      "{protocol: tcp, local: '0.0.0.0:83', dev: v2, \(listening)}",
      "{protocol: tcp, local: '192.0.2.1:40000', remote: '192.0.2.1:80', mark: 0x22, priority: 3}",
      "{protocol: tcp, local: '192.0.2.1:80', remote: '192.0.2.1:40000'}",
      "{protocol: tcp, local: '[2001:db8::1]:40001', remote: '[2001:db8::1]:80'}",
      "{protocol: tcp, local: '[2001:db8::1]:80', remote: '[2001:db8::1]:40001'}",
      "{protocol: tcp, local: '[::ffff:192.0.2.1]:40002', remote: '[::ffff:192.0.2.1]:81'}",
      "{protocol: tcp, local: '[::ffff:192.0.2.1]:81', remote: '[::ffff:192.0.2.1]:40002'}",
      "{protocol: tcp, local: '192.0.2.1:40003', remote: '192.0.2.1:80', state: time-wait}",
      "{protocol: udp, local: '192.0.2.1:53'}",
      "{protocol: udp, local: '0.0.0.0:54'}",
      "{protocol: udp, local: '[::]:55'}",
      "{protocol: udp, local: '[::]:56', v6only: true}",
      "{protocol: udp, local: '0.0.0.0:57', dev: v0}",
      "{protocol: udp, local: '192.0.2.1:5000', remote: '198.51.100.9:53'}",
      "{protocol: udp, local: '[2001:db8::1]:5001', remote: '[2001:db8::9]:53'}",
      "{protocol: udp, local: '[2001:db8::1]:58'}",
    ]
  }()

  private var descriptors: [Int32] = []

  /// Opens the sockets in the thread's namespace.
  init() throws {
    try listen("192.0.2.1", 80)
    try listen("0.0.0.0", 80)
    let dual = try listen("::", 81)
    try listen("::", 82, isIPv6Only: true)
    try listen("0.0.0.0", 82)
    let six = try listen("2001:db8::1", 80)
    try listen("0.0.0.0", 83, device: "v0")
    try listen("0.0.0.0", 83, device: "v2")
    let four = descriptors[0]
    let client = try connect("192.0.2.1", 40000, to: "192.0.2.1", 80)
    try set(client, SOL_SOCKET, SO_MARK, 0x22)
    try set(client, SOL_SOCKET, SO_PRIORITY, 3)
    try keep(accept(four, nil, nil))
    try connect("2001:db8::1", 40001, to: "2001:db8::1", 80)
    try keep(accept(six, nil, nil))
    try connect("::ffff:192.0.2.1", 40002, to: "::ffff:192.0.2.1", 81)
    try keep(accept(dual, nil, nil))
    let gone = try connect("192.0.2.1", 40003, to: "192.0.2.1", 80)
    let peer = accept(four, nil, nil)
    descriptors.removeAll { $0 == gone }
    close(gone)
    // The client, which closes first, is left in TIME_WAIT.
    usleep(20_000)
    close(peer)
    usleep(20_000)
    try bound("192.0.2.1", 53)
    try bound("0.0.0.0", 54)
    try bound("::", 55)
    try bound("::", 56, isIPv6Only: true)
    try bound("0.0.0.0", 57, device: "v0")
    try connect("192.0.2.1", 5000, to: "198.51.100.9", 53, SOCK_DGRAM)
    try connect("2001:db8::1", 5001, to: "2001:db8::9", 53, SOCK_DGRAM)
    try bound("2001:db8::1", 58)
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  @discardableResult
  private func keep(_ descriptor: Int32) throws -> Int32 {
    try #require(descriptor >= 0, "errno \(errno)")
    descriptors.append(descriptor)
    return descriptor
  }

  private func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws {
    var value = value
    try #require(setsockopt(socket, level, option, &value, 4) == 0, "errno \(errno)")
  }

  private func open(
    _ host: String, _ type: __socket_type, isIPv6Only: Bool = false, device: String? = nil
  ) throws -> Int32 {
    let isIPv6 = host.contains(":")
    let descriptor = try keep(socket(isIPv6 ? AF_INET6 : AF_INET, Int32(type.rawValue), 0))
    try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    // Listeners on one port, of which one takes every address.
    if type == SOCK_STREAM { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
    if isIPv6Only { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    if let device {
      try #require(setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, socklen_t(device.utf8.count)) == 0)
    }
    return descriptor
  }

  private func address<Result>(
    _ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    if host.contains(":") {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      inet_pton(AF_INET6, host, &address.sin6_addr)
      return withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
      }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  @discardableResult
  private func bound(
    _ host: String, _ port: UInt16, isIPv6Only: Bool = false, device: String? = nil, _ type: __socket_type = SOCK_DGRAM
  ) throws -> Int32 {
    let descriptor = try open(host, type, isIPv6Only: isIPv6Only, device: device)
    try #require(address(host, port) { bind(descriptor, $0, $1) } == 0, "bind \(host) \(port): errno \(errno)")
    return descriptor
  }

  @discardableResult
  private func listen(_ host: String, _ port: UInt16, isIPv6Only: Bool = false, device: String? = nil) throws -> Int32 {
    let descriptor = try bound(host, port, isIPv6Only: isIPv6Only, device: device, SOCK_STREAM)
    try #require(Foundation.listen(descriptor, 8) == 0, "listen \(host) \(port): errno \(errno)")
    return descriptor
  }

  @discardableResult
  private func connect(
    _ host: String, _ port: UInt16, to peer: String, _ peerPort: UInt16, _ type: __socket_type = SOCK_STREAM
  ) throws -> Int32 {
    let descriptor = try bound(host, port, type)
    try #require(
      address(peer, peerPort) { Foundation.connect(descriptor, $0, $1) } == 0,
      "connect \(peer) \(peerPort): errno \(errno)")
    return descriptor
  }
}
