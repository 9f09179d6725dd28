/// An IPv4 or IPv6 address.
public struct IPAddress: Hashable, Sendable {
  public let isIPv6: Bool
  /// The first 64 bits in host order; IPv4's 32 bits are on top.
  let high: UInt64
  let low: UInt64

  init(isIPv6: Bool, high: UInt64, low: UInt64) {
    self.isIPv6 = isIPv6
    self.high = high
    self.low = low
  }

  /// An address of 4 or 16 bytes in network order; nil for any other number.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    isIPv6 = bytes.count == 16
    let words = (bytes.prefix(8), bytes.dropFirst(8))
    let first = words.0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    high = isIPv6 ? first : first << 32
    low = words.1.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// `0.0.0.0` or `::`.
  public static func unspecified(isIPv6: Bool) -> IPAddress { IPAddress(isIPv6: isIPv6, high: 0, low: 0) }

  /// 4 or 16 bytes in network order.
  public var bytes: [UInt8] {
    let all = [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
    return Array(all.prefix(isIPv6 ? 16 : 4))
  }

  /// 32 or 128.
  public var bitCount: Int { isIPv6 ? 128 : 32 }

  /// True for `0.0.0.0` and `::`.
  public var isUnspecified: Bool { high == 0 && low == 0 }

  /// Reads 4 or 16 bytes in network order.
  init(loading source: UnsafeRawPointer, isIPv6: Bool) {
    self.isIPv6 = isIPv6
    if isIPv6 {
      high = source.loadUnaligned(as: UInt64.self).bigEndian
      low = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian
    } else {
      high = UInt64(source.loadUnaligned(as: UInt32.self).bigEndian) << 32
      low = 0
    }
  }

  /// Writes 4 or 16 bytes in network order.
  func store(to target: UnsafeMutableRawPointer) {
    if isIPv6 {
      target.storeBytes(of: high.bigEndian, as: UInt64.self)
      target.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    } else {
      target.storeBytes(of: UInt32(truncatingIfNeeded: high >> 32).bigEndian, as: UInt32.self)
    }
  }

  /// The first `length` bits, and zeros behind them.
  func masked(_ length: Int) -> IPAddress {
    IPAddress(isIPv6: isIPv6, high: high & IPAddress.mask(length), low: low & IPAddress.mask(length - 64))
  }

  private static func mask(_ length: Int) -> UInt64 {
    length <= 0 ? 0 : length >= 64 ? .max : ~(.max >> UInt64(length))
  }

  /// How many of the first bits are the other address's, at most ``bitCount``.
  func commonPrefix(with other: IPAddress) -> Int {
    let bits = high == other.high ? 64 + (low ^ other.low).leadingZeroBitCount : (high ^ other.high).leadingZeroBitCount
    return min(bits, bitCount)
  }

  /// IPv4's 32 bits as a number.
  var number: UInt32 { UInt32(truncatingIfNeeded: high >> 32) }

  // MARK: Kinds (RFC 4291)

  /// fe80::/10.
  public var isLinkLocal: Bool { isIPv6 && high >> 54 == 0x3fa }
  /// 224.0.0.0/4 or ff00::/8.
  public var isMulticast: Bool { isIPv6 ? high >> 56 == 0xff : high >> 60 == 0xe }
  /// 127.0.0.0/8 or `::1`.
  public var isLoopback: Bool { isIPv6 ? isLoopback6 : high >> 56 == 127 }
  /// `::1`.
  var isLoopback6: Bool { isIPv6 && high == 0 && low == 1 }
  /// `rt6_need_strict`: what is never forwarded.
  var staysOnLink: Bool { isMulticast || isLinkLocal || isLoopback6 }
  /// An IPv4 address as one of ::ffff:0:0/96.
  var mapping: IPAddress { IPAddress(isIPv6: true, high: 0, low: 0xffff << 32 | high >> 32) }
  /// The IPv4 address in ::ffff:0:0/96; nil for others.
  var mapped: IPAddress? {
    guard isIPv6, high == 0, low >> 32 == 0xffff else { return nil }
    return IPAddress(isIPv6: false, high: low << 32, low: 0)
  }
}

/// The first bits of an address, and how many of them count.
public struct IPPrefix: Hashable, Sendable {
  public let address: IPAddress
  public let length: Int

  /// The bits of `address` behind `length` are made 0.
  public init(_ address: IPAddress, length: Int) {
    self.length = min(max(length, 0), address.bitCount)
    self.address = address.masked(self.length)
  }

  /// True for an address of the same family that begins so.
  public func contains(_ other: IPAddress) -> Bool {
    other.isIPv6 == address.isIPv6 && other.masked(length) == address
  }
}
