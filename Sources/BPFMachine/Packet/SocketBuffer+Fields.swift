extension SocketBuffer {
  /// Offsets in `struct __sk_buff` (linux/bpf.h), and who may do what with them (net/core/filter.c, tc_cls_act_is_valid_access
  /// and bpf_skb_is_valid_access).
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
    package static let networkPoll = 84
    package static let family = 88
    package static let dataMeta = 140
    package static let flowKeys = 144
    package static let timestamp = 152
    package static let wireLength = 160
    package static let segments = 164
    package static let socket = 168
    package static let segmentSize = 176
    package static let timestampType = 180
    package static let hardwareTimestamp = 184

    /// Reads that are nothing but reads: of 4 bytes up to napi_id. Any other access asks
    /// ``SocketBuffer/read(_:_:seesTimestampType:)``.
    static let plainBounds = SIMD8<UInt32>(0, 0, 85, 0, 0, 0, 0, 0)

    /// Bytes of the field of `struct sk_buff` that stands for one of 4.
    fileprivate static func kernelSize(_ field: Int) -> Int {
      switch field {
      case packetType: 1
      case queueMapping, protocolNumber, tagControl, tagProtocol, index, classIdentifier, segments, segmentSize: 2
      default: 4
      }
    }

    static func isReadable(_ offset: Int, _ size: Int) -> Bool {
      guard offset >= 0, offset % size == 0, offset + size <= SocketBuffer.contextSize else { return false }
      switch offset {
      case control..<hash: return offset + size <= hash
      case data..<networkPoll, dataMeta..<flowKeys: return size == 4
      case ..<family, wireLength..<socket, segmentSize..<timestampType: return size <= 4
      case timestamp, socket, hardwareTimestamp: return size == 8
      case timestampType: return size == 1
      default: return false
      }
    }

    static func isWritable(_ offset: Int, _ size: Int) -> Bool {
      guard offset >= 0, offset % size == 0 else { return false }
      switch offset {
      case mark, queueMapping, priority, index, classIdentifier: return size == 4
      case control..<hash: return offset + size <= hash
      case timestamp: return size == 8
      default: return false
      }
    }

    private static let names: [(range: Range<Int>, name: String)] = {
      let words = [
        "len", "pkt_type", "mark", "queue_mapping", "protocol", "vlan_present", "vlan_tci", "vlan_proto", "priority",
        "ingress_ifindex", "ifindex", "tc_index", "cb[0]", "cb[1]", "cb[2]", "cb[3]", "cb[4]", "hash", "tc_classid",
        "data", "data_end", "napi_id", "family", "remote_ip4", "local_ip4", "remote_ip6[0]", "remote_ip6[1]",
        "remote_ip6[2]", "remote_ip6[3]", "local_ip6[0]", "local_ip6[1]", "local_ip6[2]", "local_ip6[3]",
        "remote_port", "local_port", "data_meta",
      ]
      return words.enumerated().map { ($0.offset * 4..<$0.offset * 4 + 4, $0.element) } + [
        (144..<152, "flow_keys"), (152..<160, "tstamp"), (160..<164, "wire_len"), (164..<168, "gso_segs"),
        (168..<176, "sk"), (176..<180, "gso_size"), (180..<181, "tstamp_type"), (184..<192, "hwtstamp"),
      ]
    }()

    /// Why the verifier refuses an access.
    static func refusal(_ offset: Int, _ size: Int, isWrite: Bool) -> String {
      guard let (range, name) = names.first(where: { $0.range.contains(offset) }) else {
        return "offset \(offset) of __sk_buff, where it has no field"
      }
      let field = "__sk_buff.\(name)" + (offset == range.lowerBound ? "" : "+\(offset - range.lowerBound)")
      if isWrite {
        if let right = [8, 4].first(where: { isWritable(offset, $0) }) {
          return "\(field), which is written as \(right) bytes"
        }
        return "\(field), which TC programs may not write"
      }
      switch offset {
      case family..<dataMeta, flowKeys..<timestamp: return "\(field), which TC programs may not read"
      default:
        let sizes = [1, 2, 4, 8].filter { isReadable(offset, $0) }
        return sizes.isEmpty
          ? "\(field), which is not aligned"
          : "\(field), which is read as \(sizes.map(String.init).joined(separator: ", ")) bytes"
      }
    }
  }

  /// `NO_QUEUE_MAPPING`.
  private static let noQueue: UInt64 = 0xffff

  /// A field as bpf_convert_ctx_access reads it; nil where the verifier refuses the access.
  ///
  /// - Parameter seesTimestampType: the program reads `tstamp_type` somewhere, so that it knows a delivery time when it sees
  ///   one.
  func read(_ offset: Int, _ size: Int, seesTimestampType: Bool) -> UInt64? {
    guard Field.isReadable(offset, size) else { return nil }
    switch offset {
    case Field.timestamp where beside.isAtIngress && !seesTimestampType && timestampType != 0: return 0
    case Field.socket: return beside.socket
    case Field.control..<Field.hash, Field.timestamp, Field.timestampType, Field.hardwareTimestamp:
      return (0..<size).reduce(0) { $0 | UInt64(contextBytes[offset + $1]) << (8 * UInt64($1)) }
    default:
      let field = offset & ~3
      let value = UInt64(contextField(field))
      // A read that takes in the kernel's whole field is not moved to the bytes that it names (convert_ctx_access).
      guard size < Field.kernelSize(field) else { return value }
      return value >> (8 * UInt64(offset - field)) & (1 << (8 * UInt64(size)) - 1)
    }
  }

  /// Writes a field as bpf_convert_ctx_access does; false where the verifier refuses the access.
  ///
  /// - Parameter isImmediate: the instruction holds the value (BPF_ST).
  func write(_ offset: Int, _ size: Int, _ value: UInt64, isImmediate: Bool, seesTimestampType: Bool) -> Bool {
    guard Field.isWritable(offset, size) else { return false }
    switch offset {
    case Field.queueMapping:
      let isKept = isImmediate ? Int64(bitPattern: value) < Int64(SocketBuffer.noQueue) : value < SocketBuffer.noQueue
      if isKept { store(offset, UInt32(value & 0xffff)) }
    case Field.index, Field.classIdentifier: store(offset, UInt32(value & 0xffff))
    case Field.timestamp:
      if beside.isAtIngress, !seesTimestampType { timestampType = 0 }
      timestamp = value
    default:
      for byte in 0..<size { contextBytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte))) }
    }
    return true
  }

  // MARK: What the context holds

  /// Writes a field that every frame sets when it comes in.
  @inline(__always)
  func put(_ field: Int, _ value: UInt32) { context.storeBytes(of: value, toByteOffset: field, as: UInt32.self) }

  /// Writes a field that is to be as it was for the next frame.
  @inline(__always)
  func store(_ field: Int, _ value: UInt32) {
    fields.pointee.isTouched = true
    put(field, value)
  }

  /// A 32-bit field of the context as it is now.
  @inline(__always)
  package func contextField(_ offset: Int) -> UInt32 { context.load(fromByteOffset: offset, as: UInt32.self) }

  /// Sets a 32-bit field of the context.
  package func setContextField(_ offset: Int, _ value: UInt32) { store(offset, value) }

  /// The whole context.
  package var contextBytes: UnsafeMutableRawBufferPointer {
    fields.pointee.isTouched = true
    return UnsafeMutableRawBufferPointer(start: context, count: SocketBuffer.contextSize)
  }

  /// Ethernet protocol, host order.
  package var protocolNumber: UInt16 {
    get { UInt16(bigEndian: context.load(fromByteOffset: Field.protocolNumber, as: UInt16.self)) }
    nonmutating set { store(Field.protocolNumber, UInt32(newValue.bigEndian)) }
  }

  /// The tag that hardware took out of the frame, or that `bpf_skb_vlan_push` put beside it.
  package var tag: VLANTag? {
    get {
      guard contextField(Field.tagPresent) != 0 else { return nil }
      return VLANTag(
        protocolNumber: UInt16(truncatingIfNeeded: contextField(Field.tagProtocol)).byteSwapped,
        control: UInt16(truncatingIfNeeded: contextField(Field.tagControl)))
    }
    nonmutating set {
      store(Field.tagPresent, newValue == nil ? 0 : 1)
      store(Field.tagControl, UInt32(newValue?.control ?? 0))
      store(Field.tagProtocol, UInt32((newValue?.protocolNumber ?? 0).byteSwapped))
    }
  }

  /// `skb->tstamp`.
  package var timestamp: UInt64 {
    get { context.load(fromByteOffset: Field.timestamp, as: UInt64.self) }
    nonmutating set {
      fields.pointee.isTouched = true
      context.storeBytes(of: newValue, toByteOffset: Field.timestamp, as: UInt64.self)
    }
  }

  /// `skb->tstamp_type`.
  package var timestampType: UInt8 {
    get { context.load(fromByteOffset: Field.timestampType, as: UInt8.self) }
    nonmutating set {
      fields.pointee.isTouched = true
      context.storeBytes(of: newValue, toByteOffset: Field.timestampType, as: UInt8.self)
    }
  }

  /// `skb_clear_hash`.
  func clearHash() {
    store(Field.hash, 0)
    beside.hasHash = false
  }

  /// Where an offset below 0 is: `SKF_NET_OFF` and `SKF_LL_OFF` stand for the headers' starts
  /// (bpf_skb_load_helper_convert_offset); below 0 when it is nowhere.
  func offset(ofNegative offset: Int64) -> Int64 {
    let network: Int64 = -0x10_0000
    let link: Int64 = -0x20_0000
    if offset >= network { return offset - network + Int64(networkOffset) }
    return offset >= link ? offset - link : -1
  }

  /// `skb_is_gso`.
  var isLarge: Bool { contextField(Field.segmentSize) != 0 }
}

/// An 802.1Q or 802.1ad tag beside the frame.
package struct VLANTag: Hashable, Sendable {
  /// 0x8100 or 0x88a8.
  package var protocolNumber: UInt16
  /// Priority, DEI and VLAN id.
  package var control: UInt16

  package init(protocolNumber: UInt16, control: UInt16) {
    self.protocolNumber = protocolNumber
    self.control = control
  }
}
