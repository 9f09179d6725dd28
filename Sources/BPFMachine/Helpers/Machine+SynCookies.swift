#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// SYN cookies (net/ipv4/syncookies.c, net/ipv6/syncookies.c): the sequence number of a SYN-ACK that says what the SYN asked for.
/// The kernel's secret is drawn at boot; here it follows from the seed.
struct SynCookies {
  private let secrets: (SipHash, SipHash)
  /// Minutes since boot: `tcp_cookie_time`.
  private let time: UInt32

  /// `COOKIEBITS` and `MAX_SYNCOOKIE_AGE`.
  private static let bits: UInt32 = 24
  private static let mask: UInt32 = (1 << bits) - 1
  private static let maximumAge: UInt32 = 2

  /// Maximum segment sizes that a cookie can tell.
  static let sizes4: [UInt16] = [536, 1300, 1440, 1460]
  static let sizes6: [UInt16] = [1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60]
  /// `TCP_MSS_DEFAULT`, and IPv6's smallest packet less its headers.
  static let default4: UInt16 = 536
  static let default6: UInt16 = 1280 - 40 - 20

  init(seed: UInt64, time: UInt32) {
    var random = RandomState(seed: seed ^ 0x5359_4e5f_434f_4f4b)
    func key() -> (UInt64, UInt64) {
      (UInt64(random.next()) << 32 | UInt64(random.next()), UInt64(random.next()) << 32 | UInt64(random.next()))
    }
    secrets = (SipHash(key: key()), SipHash(key: key()))
    self.time = time
  }

  private func hash(_ flow: [UInt64], _ count: UInt32, _ secret: SipHash) -> UInt32 {
    UInt32(truncatingIfNeeded: secret(flow + [UInt64(count)]))
  }

  /// `secure_tcp_syn_cookie`.
  func make(_ flow: [UInt64], sequence: UInt32, index: Int) -> UInt32 {
    let low = hash(flow, time, secrets.1) &+ UInt32(index)
    return hash(flow, 0, secrets.0) &+ sequence &+ time << SynCookies.bits &+ low & SynCookies.mask
  }

  /// `check_tcp_syn_cookie`: what the cookie tells; nil when it is none, or too old.
  func check(_ flow: [UInt64], sequence: UInt32, cookie: UInt32, sizes: [UInt16]) -> UInt16? {
    let rest = cookie &- hash(flow, 0, secrets.0) &- sequence
    let age = (time &- rest >> SynCookies.bits) & (.max >> SynCookies.bits)
    guard age < SynCookies.maximumAge else { return nil }
    let index = Int((rest &- hash(flow, time &- age, secrets.1)) & SynCookies.mask)
    return index < sizes.count ? sizes[index] : nil
  }

  /// `tcp_parse_mss_option`: the SYN's maximum segment size; nil when it names none.
  static func segmentSize(_ header: UnsafeRawBufferPointer) -> UInt16? {
    var offset = 20
    var found: UInt16?
    while offset < header.count {
      let kind = header[offset]
      if kind == 0 { break }
      if kind == 1 {
        offset += 1
        continue
      }
      guard offset + 1 < header.count else { break }
      let size = Int(header[offset + 1])
      guard size >= 2, offset + size <= header.count else { break }
      if kind == 2, size == 4 {
        let value = UInt16(header[offset + 2]) << 8 | UInt16(header[offset + 3])
        if value != 0 { found = value }
      }
      offset += size
    }
    return found
  }
}

extension Machine {
  var cookies: SynCookies {
    SynCookies(seed: configuration.seed, time: UInt32(truncatingIfNeeded: clock / 60_000_000_000))
  }

  /// Addresses and ports of a segment.
  func flow(_ addresses: UnsafeRawBufferPointer, _ segment: UnsafeRawPointer) -> [UInt64] {
    stride(from: 0, to: addresses.count, by: 8).map { addresses.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
      + [UInt64(segment.loadUnaligned(as: UInt32.self))]
  }

  func word(_ segment: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    segment.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian
  }

  /// `bpf_tcp_raw_gen_syncookie_ipv4(iph, th, th_len)` and `…_ipv6`: the cookie, and above it the segment size that it tells.
  func makeSynCookie(_ helper: Int32, addresses: Range<Int>, sizes: [UInt16], standard: UInt16) -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[3]))
    guard let header = memory.read(registers[1], addresses.upperBound) else { return refuse(helper, argument: 1) }
    guard let segment = memory.read(registers[2], count) else { return refuse(helper, argument: 2) }
    guard count >= 20, count == Int(segment.load(fromByteOffset: 12, as: UInt8.self) >> 4) * 4 else {
      return give(errno: -EINVAL)
    }
    let asked = SynCookies.segmentSize(UnsafeRawBufferPointer(start: segment, count: count)) ?? standard
    let index = sizes.lastIndex { asked >= $0 } ?? 0
    let flow = flow(UnsafeRawBufferPointer(start: header + addresses.lowerBound, count: addresses.count), segment)
    return give(
      UInt64(cookies.make(flow, sequence: word(segment, 4), index: index)) | UInt64(sizes[index]) << 32)
  }

  /// `bpf_tcp_raw_check_syncookie_ipv4(iph, th)` and `…_ipv6`: 0 for an ACK of a cookie, else EACCES.
  func checkSynCookie(_ helper: Int32, addresses: Range<Int>, sizes: [UInt16]) -> Sequel {
    guard let header = memory.read(registers[1], addresses.upperBound) else { return refuse(helper, argument: 1) }
    guard let segment = memory.read(registers[2], 20) else { return refuse(helper, argument: 2) }
    let flow = flow(UnsafeRawBufferPointer(start: header + addresses.lowerBound, count: addresses.count), segment)
    let found = cookies.check(
      flow, sequence: word(segment, 4) &- 1, cookie: word(segment, 8) &- 1, sizes: sizes)
    return give(errno: found == nil ? -EACCES : 0)
  }
}
