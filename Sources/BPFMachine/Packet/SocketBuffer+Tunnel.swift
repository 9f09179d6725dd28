extension SocketBuffer {
  /// `struct ip_tunnel_info`, less the options. A word of an IPv4 address is the address in host order, as in `struct
  /// bpf_tunnel_key`; IPv6 addresses are their bytes.
  struct TunnelInformation {
    var isPresent = false
    /// A program set it (`IP_TUNNEL_INFO_TX`); else the frame came with it.
    var isOwn = false
    var isIPv6 = false
    var tos: UInt8 = 0
    var ttl: UInt8 = 0
    var flags: UInt16 = 0
    var id: UInt32 = 0
    var label: UInt32 = 0
    var source = SIMD4<UInt32>()
    var destination = SIMD4<UInt32>()
    var optionsCount = 0

    init() {}

    /// What a frame came with: the other side is the source.
    init(received key: TunnelKey) {
      isPresent = true
      isIPv6 = key.remote.count == 16
      (tos, ttl, flags, id, label) = (key.tos, key.ttl, key.flags, key.id, key.label)
      source = TunnelInformation.words(key.remote)
      destination = TunnelInformation.words(key.local)
      optionsCount = min(key.options.count, 255)
      if optionsCount > 0 { flags |= Flag.options }
    }

    private static func words(_ address: [UInt8]) -> SIMD4<UInt32> {
      var words = SIMD4<UInt32>()
      if address.count == 4 {
        words[0] = address.reduce(0) { $0 << 8 | UInt32($1) }
      } else {
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: address.prefix(16)) }
      }
      return words
    }

    fileprivate func address(_ words: SIMD4<UInt32>) -> [UInt8] {
      isIPv6
        ? withUnsafeBytes(of: words) { Array($0) } : withUnsafeBytes(of: words[0].bigEndian) { Array($0) }
    }
  }

  /// `TUNNEL_*` bits of `tun_flags` in host order (linux/if_tunnel.h).
  enum Flag {
    static let checksum: UInt16 = 0x1
    static let key: UInt16 = 0x4
    static let sequence: UInt16 = 0x8
    static let keepWhole: UInt16 = 0x100
    static let noCache: UInt16 = 0x2000
    /// `IP_TUNNEL_OPTIONS_PRESENT`: geneve, VXLAN, ERSPAN and GTP.
    static let options: UInt16 = 0xd800
  }

  /// Sizes of `struct bpf_tunnel_key` that Linux has had, and has.
  private static let keySizes: Set<Int> = [8, 22, 24, 28, 44]

  /// The key that goes with the frame into a tunnel device, when a program set one.
  package var tunnelKey: TunnelKey? {
    let tunnel = beside.tunnel
    guard tunnel.isPresent, tunnel.isOwn else { return nil }
    var key = TunnelKey()
    (key.id, key.tos, key.ttl, key.label, key.flags) = (
      tunnel.id, tunnel.tos, tunnel.ttl, tunnel.label, tunnel.flags
    )
    key.remote = tunnel.address(tunnel.destination)
    key.local = tunnel.address(tunnel.source)
    key.options = Array(UnsafeRawBufferPointer(start: fields.pointee.options, count: tunnel.optionsCount))
    return key
  }

  /// Puts the options that frames come with where programs may change them.
  func giveOptions() {
    let options = fields.pointee.initialOptions.prefix(255)
    options.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      fields.pointee.options.copyMemory(from: base, byteCount: bytes.count)
    }
  }

  /// `bpf_skb_set_tunnel_key` of `count` bytes; false for EINVAL.
  func setTunnelKey(_ bytes: UnsafeRawPointer, _ count: Int, flags: UInt64) -> Bool {
    guard flags & ~0x1f == 0, SocketBuffer.keySizes.contains(count) else { return false }
    var key = (SIMD8<UInt32>(), SIMD4<UInt32>())
    withUnsafeMutableBytes(of: &key) { $0.copyMemory(from: .init(start: bytes, count: count)) }
    return withUnsafeBytes(of: key) { key in
      let isIPv6 = flags & 1 != 0
      let label = key.load(fromByteOffset: 24, as: UInt32.self)
      guard isIPv6 || label == 0, key.load(fromByteOffset: 22, as: UInt16.self) == 0 else { return false }
      var tunnel = TunnelInformation()
      (tunnel.isPresent, tunnel.isOwn, tunnel.isIPv6) = (true, true, isIPv6)
      tunnel.flags = Flag.noCache
      if flags & 2 == 0 { tunnel.flags |= Flag.checksum }
      if flags & 4 != 0 { tunnel.flags |= Flag.keepWhole }
      if flags & 8 != 0 { tunnel.flags |= Flag.sequence }
      if flags & 16 == 0 { tunnel.flags |= Flag.key }
      tunnel.id = key.load(as: UInt32.self)
      tunnel.tos = key[20]
      tunnel.ttl = key[21]
      tunnel.destination = key.loadUnaligned(fromByteOffset: 4, as: SIMD4<UInt32>.self)
      tunnel.source = key.loadUnaligned(fromByteOffset: 28, as: SIMD4<UInt32>.self)
      if isIPv6 {
        // The upper twelve bits of the word are not the label's.
        tunnel.label = label & 0xf_ffff
      } else {
        tunnel.destination = SIMD4(tunnel.destination[0], 0, 0, 0)
        tunnel.source = SIMD4(tunnel.source[0], 0, 0, 0)
      }
      beside.tunnel = tunnel
      return true
    }
  }

  /// How `bpf_skb_get_tunnel_key` ends.
  enum TunnelAnswer { case given, invalid, wrongFamily }

  /// `bpf_skb_get_tunnel_key` into `count` bytes, which are all written.
  func tunnelKey(into target: UnsafeMutableRawPointer, _ count: Int, flags: UInt64) -> TunnelAnswer {
    target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    let tunnel = beside.tunnel
    guard tunnel.isPresent, flags & ~0x11 == 0 else { return .invalid }
    guard tunnel.isIPv6 == (flags & 1 != 0) else { return .wrongFamily }
    guard SocketBuffer.keySizes.contains(count), count != 8 || !tunnel.isIPv6 else { return .invalid }
    var key = (SIMD8<UInt32>(), SIMD4<UInt32>())
    withUnsafeMutableBytes(of: &key) { key in
      key.storeBytes(of: tunnel.id, as: UInt32.self)
      key[20] = tunnel.tos
      key[21] = tunnel.ttl
      if flags & 16 != 0 { key.storeBytes(of: tunnel.flags.bigEndian, toByteOffset: 22, as: UInt16.self) }
      key.storeBytes(of: tunnel.label, toByteOffset: 24, as: UInt32.self)
      key.storeBytes(of: tunnel.source, toByteOffset: 4, as: SIMD4<UInt32>.self)
      key.storeBytes(of: tunnel.destination, toByteOffset: 28, as: SIMD4<UInt32>.self)
      UnsafeMutableRawBufferPointer(start: target, count: count).copyBytes(from: key[..<count])
    }
    return .given
  }
}
