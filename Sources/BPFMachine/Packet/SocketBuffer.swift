/// The skb that TC programs see: `struct __sk_buff` in front of it, data with its Ethernet header, a linear part that can be
/// accessed directly, and what the kernel keeps beside the bytes.
///
/// What `struct __sk_buff` shows is kept in the context itself, where programs read it; ``Beside`` has the rest.
package struct SocketBuffer {
  /// Room kept in front of the data; a program may ask for more, and then the data moves.
  private static let headroom = 256
  /// `sizeof(struct __sk_buff)`.
  package static let contextSize = 192
  /// `BPF_SKB_MAX_LEN`: four pages less `skb_shared_info`.
  package static let maximumLength = 16384 - 320
  /// `ETH_HLEN`.
  static let ethernetLength = 14

  private unowned(unsafe) let memory: GuestMemory
  let context: UnsafeMutableRawPointer
  private let region: UnsafeMutablePointer<Region>
  private let layout: UnsafeMutablePointer<Layout>
  private let besidePointer: UnsafeMutablePointer<Beside>
  /// What ``beside`` is when a frame comes in, ``initialOffset`` bytes behind it.
  private let initial: UnsafeMutablePointer<Beside>
  private static let initialOffset = 192

  /// Where the frame is, and what is beside it.
  struct Layout {
    var host: UnsafeMutableRawPointer
    var capacity: Int
    /// The device's MAC address in the low 48 bits; nil for the loopback, whose address is zeroes.
    var deviceAddress: UInt64?
    var hasPacketType = false
    var linearLimit = Int.max
    var takesTag = false
    /// Less than the frame's length by this much: `qdisc_skb_cb.pkt_len` when nothing else was asked for.
    var wireLengthShortfall: UInt32?
    /// The geneve, VXLAN or ERSPAN options of ``Beside/tunnel``, at most 255 bytes.
    let options: UnsafeMutableRawPointer
    /// The options that a frame comes with.
    var initialOptions: [UInt8] = []
    /// Frames come with options or a sum.
    var needsSettling = false
    /// Something is otherwise than when the last frame came in, beside what every frame sets.
    var isTouched = true
  }

  /// What an skb has that its context does not show. Positions count from the start of the buffer, as `skb->head` has it.
  struct Beside {
    var data = 0
    var length = 0
    var linear = 0
    /// Bytes in front of the data that an XDP program left for TC (`skb_shared_info.meta_len`).
    var metadata = 0
    var networkHeader = 0
    /// Negative when it was never set; ``transportUnknown`` when it is to be looked for.
    var transportHeader = -1
    /// `skb->mac_len`.
    var macLength = 0
    /// `skb->tc_at_ingress`.
    var isAtIngress = false
    var isEncapsulated = false
    /// `skb->l4_hash` or `skb->sw_hash`: the hash is known, even when it is 0.
    var hasHash = false
    var checksum = Checksum()
    /// `skb_shared_info.gso_type`.
    var segmentation = SegmentationKind()
    var tunnel = TunnelInformation()
    /// Guest address of the socket that programs find in `__sk_buff.sk`; 0 for none.
    var socket: UInt64 = 0
  }

  /// A transport header that is behind the network header, as for frames that this machine sends.
  static let transportUnknown = -2

  package init(memory: GuestMemory) throws(MemoryError) {
    self.memory = memory
    region = memory.regions + GuestMemory.packetRegion
    let capacity = 1 << 13
    // Context, its template, options, what is beside it, twice, layout.
    let block = try memory.hostBlock(byteCount: 768 + 2 * 192 + MemoryLayout<Layout>.stride)
    context = block
    besidePointer = (block + 768).bindMemory(to: Beside.self, capacity: 1)
    initial = (block + 768 + SocketBuffer.initialOffset).bindMemory(to: Beside.self, capacity: 1)
    layout = (block + 768 + 2 * 192).bindMemory(to: Layout.self, capacity: 1)
    besidePointer.initialize(to: Beside())
    initial.initialize(to: Beside())
    layout.initialize(
      to: Layout(host: try memory.hostBlock(byteCount: capacity), capacity: capacity, options: block + 512))
    prepare(SocketBufferSetup(), interface: 1, address: nil)
  }

  /// Frees what ``init(memory:)`` allocated; the machine that owns this calls it at its end.
  func deallocate() { layout.deinitialize(count: 1) }

  /// The layout, for the helpers.
  var fields: UnsafeMutablePointer<Layout> { layout }
  var beside: Beside {
    @inline(__always) get { besidePointer.pointee }
    nonmutating _modify {
      layout.pointee.isTouched = true
      yield &besidePointer.pointee
    }
  }
  /// `struct __sk_buff` as it is when a frame comes in.
  var template: UnsafeMutableRawPointer { context + 256 }

  // MARK: Frames

  /// Says what frames are like that come in from now on.
  /// - Parameters:
  ///   - interface: ifindex of the device that programs are attached to.
  ///   - address: Its MAC address in the low 48 bits; nil for the loopback.
  func prepare(_ setup: SocketBufferSetup, interface: UInt32, address: UInt64?) {
    template.initializeMemory(as: UInt8.self, repeating: 0, count: 256)
    func set(_ field: Int, _ value: UInt32) { template.storeBytes(of: value, toByteOffset: field, as: UInt32.self) }
    set(Field.mark, setup.mark)
    set(Field.queueMapping, UInt32(setup.queueMapping))
    set(Field.priority, setup.priority)
    set(Field.interface, setup.interface ?? interface)
    set(Field.ingressInterface, setup.ingressInterface ?? (setup.path == .ingress ? interface : 0))
    set(Field.index, UInt32(setup.index))
    for (word, value) in setup.control.prefix(5).enumerated() { set(Field.control + 4 * word, value) }
    set(Field.hash, setup.hash)
    set(Field.networkPoll, setup.networkPoll)
    set(Field.segments, UInt32(setup.segments))
    set(Field.segmentSize, UInt32(setup.segmentSize))
    set(Field.wireLength, setup.wireLength ?? 0)
    set(Field.packetType, setup.packetType ?? 0)
    template.storeBytes(of: setup.timestamp, toByteOffset: Field.timestamp, as: UInt64.self)
    template.storeBytes(of: setup.hardwareTimestamp, toByteOffset: Field.hardwareTimestamp, as: UInt64.self)
    template.storeBytes(of: setup.timestampType, toByteOffset: Field.timestampType, as: UInt8.self)
    var beside = Beside()
    beside.isAtIngress = setup.path == .ingress
    beside.macLength = setup.path == .testRun ? 0 : SocketBuffer.ethernetLength
    beside.hasHash = setup.hash != 0
    beside.checksum = Checksum(setup.checksum)
    beside.segmentation = SegmentationKind(setup)
    if let key = setup.tunnel { beside.tunnel = TunnelInformation(received: key) }
    switch setup.path {
    case .testRun: beside.transportHeader = -1
    case .ingress: beside.transportHeader = SocketBuffer.headroom + SocketBuffer.ethernetLength
    case .egress: beside.transportHeader = SocketBuffer.transportUnknown
    }
    beside.data = SocketBuffer.headroom
    beside.networkHeader = SocketBuffer.headroom + SocketBuffer.ethernetLength
    initial.pointee = beside
    layout.pointee.isTouched = true
    layout.pointee.deviceAddress = address
    layout.pointee.hasPacketType = setup.packetType != nil || setup.path == .egress
    layout.pointee.linearLimit = max(SocketBuffer.ethernetLength, setup.linearCount)
    layout.pointee.takesTag = setup.takesTag
    layout.pointee.wireLengthShortfall =
      setup.wireLength != nil ? nil : setup.path == .ingress ? UInt32(SocketBuffer.ethernetLength) : 0
    layout.pointee.initialOptions = setup.tunnel?.options ?? []
    layout.pointee.needsSettling =
      setup.tunnel != nil || beside.checksum.state.rawValue > Checksum.State.unnecessary.rawValue
  }

  /// Takes a frame in.
  /// - Parameters:
  ///   - frame: Metadata, then the frame.
  ///   - metadataCount: How many of the first bytes are metadata.
  ///   - linearCount: Bytes of the frame that can be accessed directly, besides what ``SocketBufferSetup`` allows; the rest is
  ///     in fragments.
  @inline(__always)
  package func receive(
    _ frame: UnsafeRawBufferPointer, metadataCount: Int = 0, linearCount: Int = .max
  ) throws(MemoryError) {
    let layout = layout
    if _slowPath(SocketBuffer.headroom &+ frame.count > layout.pointee.capacity) {
      try reserve(SocketBuffer.headroom + frame.count)
    }
    let count = frame.count &- metadataCount
    if let base = frame.baseAddress {
      (layout.pointee.host + (SocketBuffer.headroom &- metadataCount)).copyMemory(from: base, byteCount: frame.count)
    }
    if layout.pointee.isTouched || count < SocketBuffer.ethernetLength {
      layout.pointee.isTouched = count < SocketBuffer.ethernetLength
      copyLines(to: besidePointer, from: initial)
      copyLines(to: context, from: template)
    }
    besidePointer.pointee.length = count
    besidePointer.pointee.metadata = metadataCount
    besidePointer.pointee.linear = min(
      count, layout.pointee.linearLimit, max(SocketBuffer.ethernetLength, linearCount))
    if _fastPath(count >= SocketBuffer.ethernetLength) {
      put(Field.protocolNumber, UInt32(ethernetProtocol(at: 12).bigEndian))
      if !layout.pointee.hasPacketType { setPacketType(layout.pointee.deviceAddress) }
    }
    if _slowPath(layout.pointee.needsSettling || (layout.pointee.takesTag && isTag(protocolNumber))) { settle() }
    if let shortfall = layout.pointee.wireLengthShortfall {
      // The queue counts what arrived; what a program does to the frame changes nothing of that.
      put(Field.wireLength, UInt32(truncatingIfNeeded: besidePointer.pointee.length) &- shortfall)
    }
    publish()
  }

  /// Copies 192 bytes; a call of memcpy would cost more than they do.
  @inline(__always)
  private func copyLines(to target: UnsafeMutableRawPointer, from source: UnsafeMutableRawPointer) {
    typealias Line = SIMD64<UInt8>
    target.storeBytes(of: source.load(as: Line.self), as: Line.self)
    target.storeBytes(of: source.load(fromByteOffset: 64, as: Line.self), toByteOffset: 64, as: Line.self)
    target.storeBytes(of: source.load(fromByteOffset: 128, as: Line.self), toByteOffset: 128, as: Line.self)
  }

  @inline(never)
  private func settle() {
    if layout.pointee.takesTag { takeTag() }
    giveOptions()
    settleChecksum()
  }

  /// Makes `struct __sk_buff` what the context's address means, in the place of `struct xdp_md`.
  func claimContext() {
    memory.regions[GuestMemory.contextRegion] = Region(
      base: context, lower: PacketBuffer.contextAddress, bounds: Field.plainBounds)
  }

  /// First byte of the data.
  var bytes: UnsafeMutableRawPointer { layout.pointee.host + besidePointer.pointee.data }
  /// The frame as it is now.
  package var output: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: beside.length) }
  /// Metadata and frame as they are now.
  package var outputWithMetadata: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: bytes - beside.metadata, count: beside.length + beside.metadata)
  }
  /// Length of the frame.
  package var count: Int { beside.length }
  /// Bytes that an XDP program left in front of the frame.
  package var metadataCount: Int { beside.metadata }
  /// Guest address of the data and of the end of the linear part.
  var dataAddress: UInt64 { PacketBuffer.guestStart &+ UInt64(truncatingIfNeeded: beside.data) }
  var endAddress: UInt64 { dataAddress &+ UInt64(truncatingIfNeeded: beside.linear) }

  /// Makes the buffer at least `count` bytes long, keeping what it holds.
  func reserve(_ count: Int) throws(MemoryError) {
    guard count > layout.pointee.capacity else { return }
    let host = try memory.hostBlock(byteCount: count * 2)
    host.copyMemory(from: layout.pointee.host, byteCount: layout.pointee.capacity)
    layout.pointee.host = host
    layout.pointee.capacity = count * 2
  }

  /// Writes length and pointers into the context, and sets the bounds of what may be accessed (`bpf_compute_data_pointers`).
  @inline(__always)
  func publish() {
    let data = besidePointer.pointee.data
    let metadata = besidePointer.pointee.metadata
    let linear = besidePointer.pointee.linear
    let start = UInt32(truncatingIfNeeded: PacketBuffer.guestStart) &+ UInt32(truncatingIfNeeded: data)
    put(Field.length, UInt32(truncatingIfNeeded: besidePointer.pointee.length))
    put(Field.data, start)
    put(Field.dataEnd, start &+ UInt32(truncatingIfNeeded: linear))
    put(Field.dataMeta, start &- UInt32(truncatingIfNeeded: metadata))
    region.pointee = Region(
      base: layout.pointee.host + (data &- metadata),
      lower: PacketBuffer.guestStart &+ UInt64(truncatingIfNeeded: data &- metadata),
      bounds: Region.bounds(count: linear &+ metadata, writable: true))
  }

  // MARK: Reading the frame

  /// What `eth_type_trans` makes of the type or length field at `offset` (net/ethernet/eth.c).
  @inline(__always)
  func ethernetProtocol(at offset: Int) -> UInt16 {
    guard beside.length >= offset + 2 else { return 0 }
    let value = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    return _fastPath(value >= 0x600) ? value : protocolOfLength(at: offset)
  }

  @inline(never)
  private func protocolOfLength(at offset: Int) -> UInt16 {
    let isRaw =
      beside.length >= offset + 4 && bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self) == 0xffff
    // ETH_P_802_3 and ETH_P_802_2
    return isRaw ? 1 : 4
  }

  /// `eth_skb_pkt_type`: PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3. The loopback's address is all zeroes, as its
  /// broadcast address is.
  @inline(__always)
  func setPacketType(_ address: UInt64?) {
    let destination = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) >> 16
    let type: UInt32 =
      if destination == address ?? 0 { 0 } else if address != nil, destination == 0xffff_ffff_ffff { 1 } else {
        destination >> 40 & 1 == 1 ? 2 : 3
      }
    put(Field.packetType, type)
  }
}
