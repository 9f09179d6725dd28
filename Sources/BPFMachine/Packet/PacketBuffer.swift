/// The frame that programs see: headroom, metadata, frame, tailroom, in one buffer laid out as `struct xdp_buff` of a native
/// driver and of BPF_PROG_TEST_RUN is (net/bpf/test_run.c): a page, 256 bytes of headroom, `skb_shared_info` at its end.
///
/// What does not fit the page follows the linear part as fragments: not directly readable, and counted by
/// ``fragmentCount``. Guest addresses are 32-bit numbers, as `xdp_md.data` is.
package struct PacketBuffer {
  /// `XDP_PACKET_HEADROOM`.
  package static let headroom = 256
  /// `sizeof(struct xdp_frame)`: what adjust_head cannot take of the headroom.
  package static let frameHeader = 40
  /// The page that holds headroom, frame and tailroom.
  package static let pageSize = 4096
  /// `SKB_DATA_ALIGN(sizeof(struct skb_shared_info))`.
  package static let tailroom = 320
  /// The largest frame without fragments.
  package static let linearMaximum = pageSize - headroom - tailroom
  /// Guest address of the start of the headroom.
  package static let guestStart: UInt64 = 0x1_0000

  private unowned(unsafe) let memory: GuestMemory
  private let context: UnsafeMutablePointer<UInt32>
  private let region: UnsafeMutablePointer<Region>
  /// In memory of its own, so that no access to it is a tracked access to a class field.
  private let layout: UnsafeMutablePointer<Layout>

  /// Where the parts are: offsets from the start of the headroom.
  private struct Layout {
    var host: UnsafeMutableRawPointer
    var capacity: Int
    var metadata = 0
    /// The lowest byte of the headroom that a program could write to since it was cleared.
    var opened = PacketBuffer.headroom
    var data = 0
    var end = 0
    var fragmentCount = 0
    var fragmentSkip = 0
  }

  package init(memory: GuestMemory) throws(MemoryError) {
    self.memory = memory
    let capacity = PacketBuffer.pageSize * 2
    let contextBytes = 256
    let block = try memory.hostBlock(byteCount: contextBytes + MemoryLayout<Layout>.size)
    context = block.bindMemory(to: UInt32.self, capacity: contextBytes / 4)
    layout = (block + contextBytes).bindMemory(to: Layout.self, capacity: 1)
    layout.initialize(to: Layout(host: try memory.hostBlock(byteCount: capacity), capacity: capacity))
    region = memory.regions + GuestMemory.packetRegion
    claimContext()
  }

  /// Makes `struct xdp_md` what the context's address means, after an skb's has had it.
  func claimContext() {
    memory.setRegion(
      GuestMemory.contextRegion, base: UnsafeMutableRawPointer(context), lower: PacketBuffer.contextAddress, count: 24,
      writable: false)
  }

  /// Offsets from the start of the headroom.
  package private(set) var metadata: Int {
    get { layout.pointee.metadata }
    nonmutating set { layout.pointee.metadata = newValue }
  }
  package private(set) var data: Int {
    get { layout.pointee.data }
    nonmutating set { layout.pointee.data = newValue }
  }
  package private(set) var end: Int {
    get { layout.pointee.end }
    nonmutating set { layout.pointee.end = newValue }
  }
  /// Bytes beyond ``end``.
  package private(set) var fragmentCount: Int {
    get { layout.pointee.fragmentCount }
    nonmutating set { layout.pointee.fragmentCount = newValue }
  }
  /// Bytes that were pulled out of the page that the first fragment is in.
  package private(set) var fragmentSkip: Int {
    get { layout.pointee.fragmentSkip }
    nonmutating set { layout.pointee.fragmentSkip = newValue }
  }
  private var host: UnsafeMutableRawPointer { layout.pointee.host }

  /// Guest address of the context, r1 at entry.
  package static var contextAddress: UInt64 { GuestMemory.address(region: GuestMemory.contextRegion) }

  /// Takes a frame in, as a driver does before it runs a program.
  /// - Parameters:
  ///   - frame: Metadata, then the frame. The frame begins after the headroom; metadata reaches into it from there.
  ///   - metadataCount: How many of the first bytes are metadata.
  ///   - linearCount: How many bytes are directly readable, metadata included; at most what fits the page.
  @inline(__always)
  package func receive(
    _ frame: UnsafeRawBufferPointer, metadataCount: Int = 0, linearCount: Int = .max, ingress: UInt32, queue: UInt32
  ) throws(MemoryError) {
    let needed = PacketBuffer.headroom &+ frame.count &+ PacketBuffer.pageSize
    if _slowPath(needed > layout.pointee.capacity) { try grow(needed) }
    let start = PacketBuffer.headroom &- metadataCount
    if _slowPath(layout.pointee.opened < PacketBuffer.headroom) { clearHeadroom() }
    if metadataCount > 0 { layout.pointee.opened = start }
    if let base = frame.baseAddress { (host + start).copyMemory(from: base, byteCount: frame.count) }
    let linear = min(frame.count, PacketBuffer.linearMaximum &+ metadataCount, linearCount)
    metadata = start
    data = PacketBuffer.headroom
    end = start &+ linear
    fragmentCount = frame.count &- linear
    if _slowPath(fragmentCount > 0) { fragmentSkip = 0 }
    context[3] = ingress
    context[4] = queue
    publish()
  }

  /// `BPF_PROG_TEST_RUN` gives every packet a page of zeros.
  private func clearHeadroom() {
    let opened = layout.pointee.opened
    (host + opened).initializeMemory(as: UInt8.self, repeating: 0, count: PacketBuffer.headroom - opened)
    layout.pointee.opened = PacketBuffer.headroom
  }

  private func grow(_ needed: Int) throws(MemoryError) {
    layout.pointee.host = try memory.hostBlock(byteCount: needed * 2)
    layout.pointee.capacity = needed * 2
  }

  /// Writes the pointers into the context and sets the bounds of what may be accessed.
  @inline(__always)
  private func publish() {
    let start = UInt32(truncatingIfNeeded: PacketBuffer.guestStart)
    context[0] = start &+ UInt32(truncatingIfNeeded: data)
    context[1] = start &+ UInt32(truncatingIfNeeded: end)
    context[2] = start &+ UInt32(truncatingIfNeeded: metadata)
    region.pointee = Region(
      base: host + metadata, lower: PacketBuffer.guestStart &+ UInt64(truncatingIfNeeded: metadata),
      bounds: Region.bounds(count: end &- metadata, writable: true))
  }

  /// Metadata, frame and fragments as the program left them.
  package var output: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: host + metadata, count: end - metadata + fragmentCount)
  }

  /// Bytes of metadata in front of the frame.
  package var metadataCount: Int { data - metadata }
  /// Bytes of the frame, fragments included.
  package var count: Int { end - data + fragmentCount }
  /// Frame bytes, fragments included; for helpers that copy across fragments.
  package var frame: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: host + data, count: count)
  }

  /// Guest addresses for messages.
  package var dataAddress: UInt64 { PacketBuffer.guestStart + UInt64(data) }
  package var endAddress: UInt64 { PacketBuffer.guestStart + UInt64(end) }
  package var metadataAddress: UInt64 { PacketBuffer.guestStart + UInt64(metadata) }

  // MARK: Adjusting (net/core/filter.c)

  /// `bpf_xdp_adjust_head`: false when the kernel answers EINVAL.
  package func adjustHead(_ offset: Int) -> Bool {
    let start = PacketBuffer.frameHeader + metadataCount
    let moved = data + offset
    guard moved >= start, moved <= end - 14 else { return false }
    let length = metadataCount
    if length > 0 { memmoveWithin(from: metadata, to: metadata + offset, count: length) }
    metadata += offset
    data = moved
    layout.pointee.opened = min(layout.pointee.opened, metadata)
    publish()
    return true
  }

  /// `bpf_xdp_adjust_meta`: 0, EINVAL or EACCES, as the kernel answers.
  package func adjustMetadata(_ offset: Int) -> PacketAdjustment {
    let moved = metadata + offset
    guard moved >= PacketBuffer.frameHeader, moved <= data else { return .invalid }
    let length = data - moved
    guard length % 4 == 0, length <= 255 else { return .notPermitted }
    metadata = moved
    layout.pointee.opened = min(layout.pointee.opened, metadata)
    publish()
    return .done
  }

  /// `bpf_xdp_adjust_tail`: grows with zeroes into the tailroom, or shrinks.
  package func adjustTail(_ offset: Int) -> PacketAdjustment {
    if fragmentCount > 0 { return adjustFragments(offset) }
    let moved = end + offset
    guard moved <= PacketBuffer.pageSize - PacketBuffer.tailroom, moved >= data + 14 else { return .invalid }
    if offset > 0 { (host + end).initializeMemory(as: UInt8.self, repeating: 0, count: offset) }
    end = moved
    publish()
    return .done
  }

  /// `bpf_xdp_frags_shrink_tail` and `bpf_xdp_frags_increase_tail`: fragments are pages, and the last one grows to its end.
  private func adjustFragments(_ offset: Int) -> PacketAdjustment {
    if offset >= 0 {
      let used = (fragmentCount + fragmentSkip) % PacketBuffer.pageSize
      guard offset <= (used == 0 ? 0 : PacketBuffer.pageSize - used) else { return .invalid }
      let needed = end + fragmentCount + offset
      guard needed <= layout.pointee.capacity else { return .invalid }
      (host + end + fragmentCount).initializeMemory(as: UInt8.self, repeating: 0, count: offset)
      fragmentCount += offset
      return .done
    }
    guard -offset <= count - 14 else { return .invalid }
    let taken = min(-offset, fragmentCount)
    fragmentCount -= taken
    end -= -offset - taken
    publish()
    return .done
  }

  /// `bpf_xdp_pull_data`: moves the first bytes of the fragments to the linear part, so that it is at least `count` bytes; where
  /// the tailroom is too small, the linear part moves into the headroom. False when the kernel answers EINVAL.
  package func pull(_ count: Int) -> Bool {
    let delta = count - (end - data)
    guard delta > 0 else { return true }
    guard count <= self.count else { return false }
    let headroom = metadata - PacketBuffer.frameHeader
    let tailroom = PacketBuffer.pageSize - PacketBuffer.tailroom - end
    guard delta <= headroom + tailroom else { return false }
    let shift = max(0, delta - tailroom)
    if shift > 0 {
      memmoveWithin(from: metadata, to: metadata - shift, count: end - metadata + fragmentCount)
      metadata -= shift
      data -= shift
      end -= shift
      layout.pointee.opened = min(layout.pointee.opened, metadata)
    }
    end += delta
    fragmentCount -= delta
    fragmentSkip = (fragmentSkip + delta) % PacketBuffer.pageSize
    publish()
    return true
  }

  private func memmoveWithin(from: Int, to: Int, count: Int) {
    (host + to).copyMemory(from: host + from, byteCount: count)
  }
}

/// How the kernel answers an adjustment.
package enum PacketAdjustment {
  case done
  /// EINVAL
  case invalid
  /// EACCES
  case notPermitted
}
