/// What the kernel's flow dissector takes of a frame for its hash (net/core/flow_dissector.c, `___skb_get_hash`): the innermost
/// addresses, ports, protocols, flow label, VLAN tag and GRE key.
struct FlowKeys {
  private(set) var hasTransport = false
  /// Where the innermost header begins that was found, from the start of the frame.
  private(set) var transportOffset = 0
  private var networkProtocol: UInt16 = 0
  private var transportProtocol: UInt8 = 0
  private var label: UInt32 = 0
  private var tag: UInt64 = 0
  private var key: UInt32 = 0
  private var source: [UInt8] = []
  private var destination: [UInt8] = []
  private var ports: (source: UInt16, destination: UInt16) = (0, 0)

  private let frame: UnsafeRawBufferPointer
  private var offset: Int

  init(_ buffer: SocketBuffer) {
    frame = buffer.output
    offset = buffer.networkOffset
    var next: Next
    if let beside = buffer.tag { note(beside, before: buffer.protocolNumber) }
    next = .network(buffer.protocolNumber)
    // MAX_FLOW_DISSECT_HDRS
    for _ in 0..<15 {
      switch next {
      case .network(let number): next = network(number)
      case .transport(let number): next = transport(number)
      case .done: return
      }
    }
  }

  /// The first tag, with the protocol behind it.
  private mutating func note(_ outer: VLANTag, before inner: UInt16) {
    tag = UInt64(inner) << 48 | UInt64(outer.protocolNumber) << 32 | 1 << 16 | UInt64(outer.control)
  }

  private enum Next {
    case network(UInt16)
    case transport(UInt8)
    case done
  }

  private func half(_ at: Int) -> UInt16? {
    guard at >= 0, at + 2 <= frame.count else { return nil }
    return UInt16(frame[at]) << 8 | UInt16(frame[at + 1])
  }

  private func word(_ at: Int) -> UInt32? {
    guard let high = half(at), let low = half(at + 2) else { return nil }
    return UInt32(high) << 16 | UInt32(low)
  }

  private mutating func network(_ number: UInt16) -> Next {
    switch number {
    case 0x0800: return internet4()
    case 0x86dd: return internet6()
    case 0x8100, 0x88a8:
      guard let control = half(offset), let inner = half(offset + 2) else { return .done }
      if tag == 0 { note(VLANTag(protocolNumber: number, control: control), before: inner) }
      offset += 4
      return .network(inner)
    default:
      networkProtocol = number
      return .done
    }
  }

  private mutating func internet4() -> Next {
    guard offset >= 0, offset + 20 <= frame.count, frame[offset] & 0xf >= 5, let fragment = half(offset + 6) else {
      return .done
    }
    networkProtocol = 0x0800
    transportProtocol = frame[offset + 9]
    source = Array(frame[offset + 12..<offset + 16])
    destination = Array(frame[offset + 16..<offset + 20])
    offset += Int(frame[offset] & 0xf) * 4
    noteTransport()
    return fragment & 0x3fff != 0 ? .done : .transport(transportProtocol)
  }

  private mutating func internet6() -> Next {
    guard offset >= 0, offset + 40 <= frame.count, let first = word(offset) else { return .done }
    networkProtocol = 0x86dd
    transportProtocol = frame[offset + 6]
    source = Array(frame[offset + 8..<offset + 24])
    destination = Array(frame[offset + 24..<offset + 40])
    label = first & 0xf_ffff
    offset += 40
    noteTransport()
    // FLOW_DISSECTOR_F_STOP_AT_FLOW_LABEL
    return label != 0 ? .done : .transport(transportProtocol)
  }

  private mutating func noteTransport() {
    transportOffset = offset
    hasTransport = true
  }

  private mutating func transport(_ number: UInt8) -> Next {
    transportProtocol = number
    switch number {
    case 4: return .network(0x0800)
    case 41: return .network(0x86dd)
    case 0, 43,
      60 where networkProtocol == 0x86dd:
      guard offset + 2 <= frame.count else { return .done }
      let inner = frame[offset]
      offset += (Int(frame[offset + 1]) + 1) * 8
      noteTransport()
      return .transport(inner)
    case 44 where networkProtocol == 0x86dd:
      guard offset + 8 <= frame.count else { return .done }
      transportProtocol = frame[offset]
      return .done
    case 47: return genericEncapsulation()
    case 6, 17, 33, 50, 132, 136:
      if let from = half(offset), let to = half(offset + 2) { ports = (from, to) }
      return .done
    default: return .done
    }
  }

  /// GRE of version 0 without routing.
  private mutating func genericEncapsulation() -> Next {
    guard let flags = half(offset), let inner = half(offset + 2), flags & 0x4007 == 0 else { return .done }
    offset += 4
    if flags & 0x8000 != 0 { offset += 4 }
    if flags & 0x2000 != 0 {
      guard let value = word(offset) else { return .done }
      key = value
      offset += 4
    }
    if flags & 0x1000 != 0 { offset += 4 }
    guard inner == 0x6558 else { return .network(inner) }
    // ETH_P_TEB: an Ethernet frame.
    guard let number = half(offset + 12) else { return .done }
    offset += 14
    return .network(number)
  }

  /// The hash, which is the same in both directions (`__flow_hash_consistentify`) and never 0. The kernel's is keyed at random;
  /// this one is keyed with `seed`.
  func hash(seed: UInt64) -> UInt32 {
    var (from, to, ports) = (source, destination, self.ports)
    // Each pair by itself, so that some flows between the same hosts have one hash too.
    if to.lexicographicallyPrecedes(from) { (from, to) = (to, from) }
    if ports.destination < ports.source { ports = (ports.destination, ports.source) }
    var hash = UInt32(0x811c_9dc5) ^ UInt32(truncatingIfNeeded: seed &* 0x9e37_79b9)
    func mix(_ value: UInt64, _ count: UInt64) {
      for byte in 0..<count { hash = (hash ^ UInt32(value >> (8 * byte) & 0xff)) &* 0x0100_0193 }
    }
    mix(UInt64(networkProtocol) | UInt64(transportProtocol) << 16 | UInt64(label) << 24, 8)
    mix(tag, 8)
    mix(UInt64(key) | UInt64(ports.source) << 32 | UInt64(ports.destination) << 48, 8)
    for byte in from { mix(UInt64(byte), 1) }
    for byte in to { mix(UInt64(byte), 1) }
    // FNV-1a leaves the low bits of similar flows alike.
    hash ^= hash >> 15
    return hash == 0 ? 1 : hash
  }
}
