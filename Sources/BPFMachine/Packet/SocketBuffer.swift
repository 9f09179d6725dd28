/// The skb that TC programs see: `struct __sk_buff` in front of it, data with its Ethernet header, a linear part that can be
/// accessed directly, and what the kernel keeps beside the bytes: protocol, VLAN tag, header offsets, checksum state.
///
/// Laid out as BPF_PROG_TEST_RUN builds it (net/bpf/test_run.c, bpf_prog_test_run_skb). Offsets of headers are from the
/// start of the data.
package struct SocketBuffer {
  /// Room kept in front of the data; a program may ask for more, and then the data moves.
  private static let headroom = 256
  /// `sizeof(struct __sk_buff)`.
  package static let contextSize = 192
  /// `BPF_SKB_MAX_LEN`: four pages less `skb_shared_info`.
  package static let maximumLength = 16384 - 320

  private unowned(unsafe) let memory: GuestMemory
  private let context: UnsafeMutableRawPointer
  private let layout: UnsafeMutablePointer<Layout>

  /// What changes with a packet.
  struct Layout {
    var host: UnsafeMutableRawPointer
    var capacity: Int
    var data = 0
    var length = 0
    var linear = 0
    /// Bytes in front of the data that an XDP program left for TC.
    var metadata = 0
    /// Ethernet protocol, host order.
    var protocolNumber: UInt16 = 0
    /// The tag that hardware took out of the frame, or that `bpf_skb_vlan_push` put beside it.
    var tag: VLANTag?
    var networkOffset = 14
    /// -1 when it was never set.
    var transportOffset = -1
    var isEncapsulated = false
    var checksum = ChecksumState.none
    var packetType: UInt32 = 0
    var hash: UInt32 = 0
    var tunnelKey: [UInt8]?
  }

  package init(memory: GuestMemory) throws(MemoryError) {
    self.memory = memory
    context = try memory.hostBlock(byteCount: 256)
    layout = .allocate(capacity: 1)
    let capacity = 1 << 13
    layout.initialize(to: Layout(host: try memory.hostBlock(byteCount: capacity), capacity: capacity))
  }

  /// Frees what ``init(memory:)`` allocated; the machine that owns this calls it at its end.
  func deallocate() {
    layout.deinitialize(count: 1)
    layout.deallocate()
  }

  /// The fields, for the helpers.
  var fields: UnsafeMutablePointer<Layout> { layout }

  /// Takes a frame in.
  /// - Parameters:
  ///   - frame: Metadata, then the frame.
  ///   - metadataCount: How many of the first bytes are metadata.
  ///   - linearCount: Bytes of the frame that can be accessed directly; the rest is in fragments.
  ///   - address: The device's MAC address in its low 48 bits; nil for the loopback.
  ///   - takesTag: Moves an outer VLAN tag from the frame to the skb, as hardware offload does.
  package func receive(
    _ frame: UnsafeRawBufferPointer, metadataCount: Int = 0, linearCount: Int = .max, takesTag: Bool = false,
    ingress: UInt32, device: UInt32 = 1, address: UInt64? = nil
  ) throws(MemoryError) {
    try reserve(SocketBuffer.headroom + frame.count)
    let count = frame.count - metadataCount
    layout.pointee.data = SocketBuffer.headroom
    layout.pointee.metadata = metadataCount
    layout.pointee.length = count
    layout.pointee.linear = min(count, max(14, linearCount))
    if let base = frame.baseAddress { (bytes - metadataCount).copyMemory(from: base, byteCount: frame.count) }
    layout.pointee.tag = nil
    layout.pointee.networkOffset = 14
    layout.pointee.transportOffset = -1
    layout.pointee.isEncapsulated = false
    layout.pointee.checksum = .none
    layout.pointee.hash = 0
    layout.pointee.tunnelKey = nil
    layout.pointee.protocolNumber = ethernetProtocol(at: 12)
    layout.pointee.packetType = count >= 6 ? packetType(address) : 0
    if takesTag { takeTag() }
    context.initializeMemory(as: UInt8.self, repeating: 0, count: SocketBuffer.contextSize)
    store(Field.ingressInterface, ingress)
    store(Field.interface, device)
    // qdisc_pkt_len_init counts what arrived; what a program does to the frame changes nothing of that.
    store(Field.wireLength, UInt32(truncatingIfNeeded: count))
    memory.setRegion(
      GuestMemory.contextRegion, base: context, lower: PacketBuffer.contextAddress,
      count: SocketBuffer.contextSize, writable: false)
    publish()
  }

  /// First byte of the data.
  var bytes: UnsafeMutableRawPointer { layout.pointee.host + layout.pointee.data }
  /// The frame as it is now.
  package var output: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: layout.pointee.length) }
  /// Length of the frame.
  package var count: Int { layout.pointee.length }
  /// Guest address of the data and of the end of the linear part.
  package var dataAddress: UInt64 { PacketBuffer.guestStart + UInt64(layout.pointee.data) }
  package var endAddress: UInt64 { dataAddress + UInt64(layout.pointee.linear) }

  /// Makes the buffer at least `count` bytes long, keeping what it holds.
  func reserve(_ count: Int) throws(MemoryError) {
    guard count > layout.pointee.capacity else { return }
    let host = try memory.hostBlock(byteCount: count * 2)
    host.copyMemory(from: layout.pointee.host, byteCount: layout.pointee.capacity)
    layout.pointee.host = host
    layout.pointee.capacity = count * 2
  }

  /// Writes what programs read into the context, and sets the bounds of what may be accessed (`bpf_compute_data_pointers`).
  func publish() {
    let fields = layout.pointee
    store(Field.length, UInt32(truncatingIfNeeded: fields.length))
    store(Field.packetType, fields.packetType)
    store(Field.protocolNumber, UInt32(fields.protocolNumber.byteSwapped))
    store(Field.tagPresent, fields.tag == nil ? 0 : 1)
    store(Field.tagControl, UInt32(fields.tag?.control ?? 0))
    store(Field.tagProtocol, UInt32((fields.tag?.protocolNumber ?? 0).byteSwapped))
    store(Field.hash, fields.hash)
    store(Field.data, UInt32(truncatingIfNeeded: dataAddress))
    store(Field.dataEnd, UInt32(truncatingIfNeeded: endAddress))
    store(Field.dataMeta, UInt32(truncatingIfNeeded: dataAddress) &- UInt32(truncatingIfNeeded: fields.metadata))
    memory.regions[GuestMemory.packetRegion] = Region(
      base: bytes - fields.metadata, lower: dataAddress &- UInt64(truncatingIfNeeded: fields.metadata),
      bounds: Region.bounds(count: fields.linear &+ fields.metadata, writable: true))
  }

  private func store(_ field: Int, _ value: UInt32) {
    context.storeBytes(of: value, toByteOffset: field, as: UInt32.self)
  }

  /// A 32-bit field of the context as the program left it.
  package func contextField(_ offset: Int) -> UInt32 { context.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }

  /// Sets a 32-bit field of the context.
  package func setContextField(_ offset: Int, _ value: UInt32) { store(offset, value) }

  /// The whole context.
  package var contextBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: context, count: SocketBuffer.contextSize)
  }

  // MARK: Reading the frame

  /// What `eth_type_trans` makes of the type or length field at `offset` (net/ethernet/eth.c).
  func ethernetProtocol(at offset: Int) -> UInt16 {
    guard layout.pointee.length >= offset + 2 else { return 0 }
    let value = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    if value >= 0x600 { return value }
    let isRaw =
      layout.pointee.length >= offset + 4
      && bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self) == 0xffff
    // ETH_P_802_3 and ETH_P_802_2
    return isRaw ? 1 : 4
  }

  /// `eth_skb_pkt_type`: PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3. `address` is the device's, in its low 48 bits;
  /// nil is the loopback's, as in BPF_PROG_TEST_RUN: all zeroes, as its broadcast address is.
  private func packetType(_ address: UInt64?) -> UInt32 {
    let destination = (0..<6).reduce(UInt64(0)) { $0 << 8 | UInt64(bytes.load(fromByteOffset: $1, as: UInt8.self)) }
    if destination == address ?? 0 { return 0 }
    if address != nil, destination == 0xffff_ffff_ffff { return 1 }
    return destination >> 40 & 1 == 1 ? 2 : 3
  }

  /// Offsets in `struct __sk_buff` (linux/bpf.h).
  package enum Field {
    package static let length = 0
    package static let packetType = 4
    package static let mark = 8
    package static let queueMapping = 12
    package static let protocolNumber = 16
    package static let tagPresent = 20
    package static let tagControl = 24
    package static let tagProtocol = 28
    package static let priority = 32
    package static let ingressInterface = 36
    package static let interface = 40
    package static let index = 44
    package static let control = 48
    package static let hash = 68
    package static let classIdentifier = 72
    package static let data = 76
    package static let dataEnd = 80
    package static let dataMeta = 140
    package static let timestamp = 152
    package static let wireLength = 160

    /// True for bytes that a TC program may write (net/core/filter.c, tc_cls_act_is_valid_access).
    package static func isWritable(_ offset: Int, _ size: Int) -> Bool {
      switch offset {
      case mark, queueMapping, priority, index, classIdentifier: size == 4
      case control..<hash: offset + size <= hash && offset % size == 0
      case timestamp: size == 8
      default: false
      }
    }
  }
}

/// An 802.1Q or 802.1ad tag beside the frame.
package struct VLANTag: Hashable, Sendable {
  /// 0x8100 or 0x88a8.
  package var protocolNumber: UInt16
  /// Priority, DEI and VLAN id.
  package var control: UInt16
}

/// `skb->ip_summed`.
package enum ChecksumState: Sendable {
  case none
  case unnecessary
  /// With the sum over the frame.
  case complete(UInt32)
  case partial
}
