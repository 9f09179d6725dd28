#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// SYN cookies of a listening socket (net/core/filter.c, bpf_tcp_check_syncookie and bpf_tcp_gen_syncookie).
extension Machine {
  private enum Flag {
    static let fin: UInt8 = 1
    static let syn: UInt8 = 2
    static let reset: UInt8 = 4
    static let acknowledgement: UInt8 = 16
  }

  /// Headers that both helpers take.
  private struct CookieHeaders {
    var network: UnsafeMutableRawPointer
    var networkCount: Int
    var segment: UnsafeMutableRawPointer
    var segmentCount: Int

    var flags: UInt8 { segmentCount >= 14 ? segment.load(fromByteOffset: 13, as: UInt8.self) : 0 }
    var segmentHeaderCount: Int { Int(segment.load(fromByteOffset: 12, as: UInt8.self) >> 4) * 4 }
  }

  /// Calls `body` with a socket and headers that begin as they should.
  private func withHeaders(_ helper: Int32, _ body: (Int, CookieHeaders) -> Int64) -> Sequel {
    guard let index = socket(argument: 1) else { return refuse(helper, argument: 1) }
    let counts = (Int(UInt32(truncatingIfNeeded: registers[3])), Int(UInt32(truncatingIfNeeded: registers[5])))
    guard let network = memory.read(registers[2], counts.0) else { return refuse(helper, argument: 2) }
    guard let segment = memory.read(registers[4], counts.1) else { return refuse(helper, argument: 4) }
    let socket = sockets.sockets[index]
    guard counts.1 >= 20, socket.transport == .tcp, socket.state == .listen else { return give(errno: -EINVAL) }
    return give(
      UInt64(
        bitPattern: body(
          index, CookieHeaders(network: network, networkCount: counts.0, segment: segment, segmentCount: counts.1))))
  }

  /// The addresses that a cookie is of, or an errno: the version of the header must be one that the socket takes.
  private func addresses(_ headers: CookieHeaders, _ socket: NetworkModel.Socket) -> Result<Range<Int>, CookieRefusal> {
    switch headers.network.load(as: UInt8.self) >> 4 {
    case 4:
      return socket.takesIPv4 ? .success(12..<20) : .failure(CookieRefusal(errno: EINVAL))
    case 6:
      return headers.networkCount < 40 || !socket.isIPv6 ? .failure(CookieRefusal(errno: EINVAL)) : .success(8..<40)
    default: return .failure(CookieRefusal(errno: EPROTONOSUPPORT))
    }
  }

  private struct CookieRefusal: Error { var errno: Int32 }

  private func flow(_ headers: CookieHeaders, _ range: Range<Int>) -> [UInt64] {
    flow(
      UnsafeRawBufferPointer(start: headers.network + range.lowerBound, count: range.count), headers.segment)
  }

  /// `bpf_tcp_gen_syncookie(sk, iph, iph_len, th, th_len)`: a cookie where the kernel would send one: always with
  /// `net.ipv4.tcp_syncookies` 2, else when the socket's queue overflows, which the options say.
  func makeSocketCookie() -> Sequel {
    withHeaders(110) { index, headers in
      guard headers.segmentCount == headers.segmentHeaderCount else { return -Int64(EINVAL) }
      let setting = configuration.network.settings.synCookies
      guard setting != 0 else { return -Int64(ENOENT) }
      let kind = headers.flags & (Flag.fin | Flag.syn | Flag.reset | Flag.acknowledgement)
      guard kind == Flag.syn, headers.networkCount >= 20 else { return -Int64(EINVAL) }
      switch addresses(headers, sockets.sockets[index]) {
      case .failure(let refusal): return -Int64(refusal.errno)
      case .success(let range):
        guard setting == 2 || sockets.sockets[index].sentCookies else { return -Int64(ENOENT) }
        let isIPv6 = range.count == 32
        let sizes = isIPv6 ? SynCookies.sizes6 : SynCookies.sizes4
        let options = UnsafeRawBufferPointer(start: headers.segment, count: headers.segmentCount)
        let asked = SynCookies.segmentSize(options) ?? (isIPv6 ? SynCookies.default6 : SynCookies.default4)
        let place = sizes.lastIndex { asked >= $0 } ?? 0
        let cookie = cookies.make(flow(headers, range), sequence: word(headers.segment, 4), index: place)
        sockets.noteCookie(index)
        return Int64(cookie) | Int64(sizes[place]) << 32
      }
    }
  }

  /// `bpf_tcp_check_syncookie(sk, iph, iph_len, th, th_len)`: ENOENT unless the socket has lately sent cookies and this is one.
  func checkSocketCookie() -> Sequel {
    withHeaders(100) { index, headers in
      guard configuration.network.settings.synCookies != 0 else { return -Int64(EINVAL) }
      guard headers.flags & (Flag.acknowledgement | Flag.reset | Flag.syn) == Flag.acknowledgement else {
        return -Int64(ENOENT)
      }
      guard headers.networkCount >= 20 else { return -Int64(EINVAL) }
      guard sockets.hasSentCookies(index) else { return -Int64(ENOENT) }
      switch addresses(headers, sockets.sockets[index]) {
      case .failure(let refusal): return -Int64(refusal.errno)
      case .success(let range):
        let sizes = range.count == 32 ? SynCookies.sizes6 : SynCookies.sizes4
        let found = cookies.check(
          flow(headers, range), sequence: word(headers.segment, 4) &- 1, cookie: word(headers.segment, 8) &- 1,
          sizes: sizes)
        return found == nil ? -Int64(ENOENT) : 0
      }
    }
  }
}
