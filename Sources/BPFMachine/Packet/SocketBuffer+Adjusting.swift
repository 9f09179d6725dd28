#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the skb helpers do to the bytes (net/core/filter.c, net/core/skbuff.c). Each returns 0 or `-errno`.
extension SocketBuffer {
  /// errno 524, which only the kernel has: the operation is not supported.
  static let notSupported: Int32 = 524
  static let ipv4: UInt16 = 0x0800
  static let ipv6: UInt16 = 0x86dd

  /// Bytes from the start of the frame to the network header: `skb_mac_header_len`.
  var networkOffset: Int { beside.networkHeader - beside.data }

  /// `skb_ensure_writable`: makes the first `count` bytes linear.
  func pull(_ count: Int) -> Int32 {
    guard count <= beside.length else { return -ENOMEM }
    beside.linear = max(beside.linear, count)
    return 0
  }

  /// `skb_cow`: room for `count` bytes in front of the data. Where the data has to move, metadata is lost
  /// (`pskb_expand_head`).
  func makeRoom(_ count: Int) -> Bool {
    guard beside.data < count else { return true }
    let shift = 256 + count - beside.data
    let length = beside.length
    guard (try? reserve(beside.data + shift + length)) != nil else { return false }
    memmove(bytes + shift, bytes, length)
    beside.data += shift
    beside.networkHeader += shift
    if beside.transportHeader >= 0 { beside.transportHeader += shift }
    beside.checksum.start += shift
    beside.metadata = 0
    return true
  }

  /// `skb_push` and what `bpf_skb_generic_push` does: `count` zero bytes after the first `offset`.
  func insert(_ count: Int, at offset: Int) -> Int32 {
    guard makeRoom(count) else { return -ENOMEM }
    let result = pull(offset)
    guard result == 0 else { return result }
    let old = bytes
    beside.data -= count
    beside.length += count
    beside.linear += count
    memmove(bytes, old, offset)
    memset(bytes + offset, 0, count)
    return 0
  }

  /// `bpf_skb_net_hdr_push`: headers move with the bytes in front of them.
  func insertHeader(_ count: Int, at offset: Int) -> Int32 {
    let isSame = beside.transportHeader == beside.networkHeader
    let result = insert(count, at: offset)
    guard result == 0 else { return result }
    beside.networkHeader -= count
    if isSame { beside.transportHeader = beside.networkHeader }
    return 0
  }

  /// `bpf_skb_net_hdr_pop`: takes `count` bytes out after the first `offset`.
  func removeHeader(_ count: Int, at offset: Int) -> Int32 {
    let isSame = beside.transportHeader == beside.networkHeader
    guard pull(offset + count) == 0 else { return -ENOMEM }
    checksumWithout(bytes + offset, count)
    take(count, at: offset)
    beside.networkHeader += count
    if isSame { beside.transportHeader = beside.networkHeader }
    return 0
  }

  private func take(_ count: Int, at offset: Int) {
    memmove(bytes + count, bytes, offset)
    beside.data += count
    beside.length -= count
    beside.linear -= count
  }

  /// `__bpf_skb_change_head`.
  func changeHead(_ room: Int, flags: UInt64) -> Int32 {
    guard flags == 0, isLarge || beside.length + room <= SocketBuffer.maximumLength, beside.length + room <= UInt32.max
    else { return -EINVAL }
    let result = insert(room, at: 0)
    guard result == 0 else { return result }
    // The MAC header is reset to the new start; the network header stays where it is.
    beside.macLength = networkOffset
    return 0
  }

  /// `__bpf_skb_change_tail`: grows with zeroes, or trims.
  func changeTail(_ length: Int, flags: UInt64) -> Int32 {
    guard flags == 0, length <= SocketBuffer.maximumLength, length >= minimumLength else { return -EINVAL }
    guard !beside.isEncapsulated else { return -SocketBuffer.notSupported }
    let old = beside.length
    if length > old {
      guard (try? reserve(beside.data + length)) != nil else { return -ENOMEM }
      memset(bytes + old, 0, length - old)
    }
    if length != old, beside.checksum.state == .complete { beside.checksum.state = .none }
    beside.length = length
    beside.linear = length
    resetSegments()
    return 0
  }

  /// `__bpf_skb_min_len`.
  private var minimumLength: Int {
    resolveTransportHeader()
    var minimum = max(0, networkOffset)
    if beside.transportHeader >= 0, beside.transportHeader > beside.data {
      minimum = beside.transportHeader - beside.data
    }
    if beside.checksum.state == .partial {
      let end = beside.checksum.start - beside.data + beside.checksum.offset + 2
      if end > 0 { minimum = end }
    }
    return minimum
  }

  /// Finds the transport header of a frame that this machine sends, as its sender has set it.
  func resolveTransportHeader() {
    guard beside.transportHeader == SocketBuffer.transportUnknown else { return }
    let flow = FlowKeys(self)
    beside.transportHeader = flow.hasTransport ? beside.data + flow.transportOffset : -1
  }

  /// `bpf_skb_change_proto`: IPv4 to IPv6 or back, by making room or taking it; headers are the program's to write.
  func changeProtocol(_ number: UInt16, flags: UInt64) -> Int32 {
    guard flags == 0 else { return -EINVAL }
    let isGrowing = number == SocketBuffer.ipv6
    let result: Int32
    switch (protocolNumber, number) {
    case (SocketBuffer.ipv4, SocketBuffer.ipv6): result = insertHeader(20, at: networkOffset)
    case (SocketBuffer.ipv6, SocketBuffer.ipv4): result = removeHeader(20, at: networkOffset)
    default: return -SocketBuffer.notSupported
    }
    guard result == 0 else { return result }
    if isLarge, beside.segmentation.contains(isGrowing ? .tcp4 : .tcp6) {
      beside.segmentation.subtract(.tcp)
      beside.segmentation.insert(isGrowing ? .tcp6 : .tcp4)
    }
    protocolNumber = number
    clearHash()
    return 0
  }

  // MARK: VLAN

  /// `bpf_push_mac_rcsum`: at ingress, a sum over the frame does not hold the Ethernet header.
  private func sumEthernetHeader() {
    if beside.isAtIngress { checksumWith(bytes, beside.macLength) }
  }

  /// `bpf_pull_mac_rcsum`.
  private func dropEthernetHeader() {
    if beside.isAtIngress { checksumWithout(bytes, beside.macLength) }
  }

  /// `bpf_skb_vlan_push`: the tag goes beside the frame; one that was there goes into it.
  func pushTag(_ new: VLANTag) -> Int32 {
    sumEthernetHeader()
    defer { dropEthernetHeader() }
    if let old = tag {
      let result = insert(4, at: 12)
      guard result == 0 else { return result }
      bytes.storeBytes(of: old.protocolNumber.bigEndian, toByteOffset: 12, as: UInt16.self)
      bytes.storeBytes(of: old.control.bigEndian, toByteOffset: 14, as: UInt16.self)
      protocolNumber = old.protocolNumber
      beside.networkHeader -= 4
      checksumWith(bytes + 12, 4)
    }
    tag = new
    return 0
  }

  /// `bpf_skb_vlan_pop`: drops the tag beside the frame, or the frame's first; the next one comes beside the frame.
  func popTag() -> Int32 {
    sumEthernetHeader()
    defer { dropEthernetHeader() }
    if tag != nil {
      tag = nil
    } else {
      guard isTag(protocolNumber) else { return 0 }
      guard takeInnerTag() != nil else { return -ENOMEM }
    }
    guard isTag(protocolNumber) else { return 0 }
    let number = protocolNumber
    guard let control = takeInnerTag() else { return -ENOMEM }
    tag = VLANTag(protocolNumber: number, control: control)
    return 0
  }

  /// Moves the frame's outer tag beside it, as a device with VLAN offload does, or the receive path without one
  /// (`skb_vlan_untag`).
  func takeTag() {
    guard isTag(protocolNumber) else { return }
    let number = protocolNumber
    guard let control = takeInnerTag() else { return }
    tag = VLANTag(protocolNumber: number, control: control)
    beside.networkHeader = beside.data + SocketBuffer.ethernetLength
    if beside.transportHeader >= 0 { beside.transportHeader = beside.networkHeader }
    // Metadata ends where the frame begins (skb_reorder_vlan_header).
    if beside.metadata > 0 { memmove(bytes - beside.metadata, bytes - beside.metadata - 4, beside.metadata) }
  }

  /// `skb_protocol(skb, true)`: what follows the VLAN tags in the frame.
  var protocolBehindTags: UInt16 {
    var number = protocolNumber
    var offset = networkOffset
    // VLAN_MAX_DEPTH
    for _ in 0..<8 where isTag(number) {
      guard offset >= 0, offset + 4 <= beside.length else { return 0 }
      number = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
      offset += 4
    }
    return number
  }

  /// `eth_type_vlan`.
  func isTag(_ number: UInt16) -> Bool { number == 0x8100 || number == 0x88a8 }

  /// `__skb_vlan_pop`: takes the first tag out of the frame; nil when the frame is too short.
  private func takeInnerTag() -> UInt16? {
    guard beside.length >= 18 else { return nil }
    beside.linear = max(beside.linear, 18)
    let control = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
    let inner = ethernetProtocol(at: 16)
    checksumWithout(bytes + 12, 4)
    take(4, at: 12)
    if networkOffset < SocketBuffer.ethernetLength {
      beside.networkHeader = beside.data + SocketBuffer.ethernetLength
    }
    beside.macLength = networkOffset
    protocolNumber = inner
    return control
  }
}
