extension SocketBuffer {
  /// `SKB_GSO_*` bits of `skb_shared_info.gso_type` that helpers ask for or set.
  struct SegmentationKind: OptionSet {
    var rawValue: UInt32

    static let tcp4 = SegmentationKind(rawValue: 1 << 0)
    static let dodgy = SegmentationKind(rawValue: 1 << 1)
    static let tcp6 = SegmentationKind(rawValue: 1 << 4)
    static let gre = SegmentationKind(rawValue: 1 << 6)
    static let ipInIP4 = SegmentationKind(rawValue: 1 << 8)
    static let ipInIP6 = SegmentationKind(rawValue: 1 << 9)
    static let udpTunnel = SegmentationKind(rawValue: 1 << 10)
    static let udp = SegmentationKind(rawValue: 1 << 17)
    static let tcp: SegmentationKind = [.tcp4, .tcp6]

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ setup: SocketBufferSetup) {
      rawValue =
        switch setup.segmentation {
        case .tcp4: SegmentationKind.tcp4.rawValue
        case .tcp6: SegmentationKind.tcp6.rawValue
        case .udp: SegmentationKind.udp.rawValue
        case nil: 0
        }
    }
  }

  /// Whether room may be made or taken: in a large packet of UDP the segment size is what makes datagrams, so that it must stay.
  func allowsRoom(isFixed: Bool) -> Bool {
    guard isLarge, beside.segmentation.isDisjoint(with: .tcp) else { return true }
    return beside.segmentation.contains(.udp) && isFixed
  }

  /// A header of `growth` bytes more (or less) in each segment: the payload of one shrinks by it, unless it is fixed; the
  /// number of segments is to be counted anew.
  func resizeSegments(_ growth: Int, isFixed: Bool, _ kind: SegmentationKind) {
    guard isLarge else { return }
    if !isFixed {
      let size = Int(contextField(Field.segmentSize)) - growth
      store(Field.segmentSize, UInt32(UInt16(truncatingIfNeeded: size)))
    }
    beside.segmentation.formUnion(kind)
    store(Field.segments, 0)
  }

  /// `skb_gso_reset`.
  func resetSegments() {
    guard isLarge else { return }
    store(Field.segmentSize, 0)
    store(Field.segments, 0)
    beside.segmentation = []
  }
}
