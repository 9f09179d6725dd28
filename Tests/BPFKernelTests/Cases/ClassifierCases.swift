import KernelRecordings

/// Classifiers on an skb: what of `struct __sk_buff` goes in and comes back, and the helpers that change a packet.
enum ClassifierCases {
  static let storeBytes: Int32 = 9
  static let vlanPush: Int32 = 18
  static let vlanPop: Int32 = 19
  static let loadBytes: Int32 = 26
  static let changeTail: Int32 = 38
  static let pullData: Int32 = 39
  static let changeHead: Int32 = 43

  static var all: [RecordedCase] { fields + contexts + access + sizes + redirects }

  /// IPv4 and UDP in Ethernet, with an optional VLAN tag, filled up to a length.
  static func packet(_ length: Int = 64, etherType: [UInt8] = [8, 0], destination: UInt8 = 2) -> String {
    var bytes: [UInt8] = [destination, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2] + etherType
    bytes += [0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1, 0x30, 0x39, 0, 53, 0, 26, 0, 0]
    while bytes.count < length { bytes.append(UInt8(truncatingIfNeeded: bytes.count)) }
    return HexText.text(Array(bytes.prefix(length)))
  }

  /// `struct __sk_buff` with 32-bit words set at offsets.
  static func context(_ words: [(offset: Int, value: UInt32)], length: Int = 192) -> String {
    var context = [UInt8](repeating: 0, count: length)
    for word in words { context.replaceSubrange(word.offset..<word.offset + 4, with: bytes(word.value)) }
    return HexText.text(context)
  }

  /// Offsets of the 32-bit fields of `struct __sk_buff` that a classifier may read.
  static let readable: [(String, Int16)] = [
    ("len", 0), ("pkt_type", 4), ("mark", 8), ("queue_mapping", 12), ("protocol", 16), ("vlan_present", 20),
    ("vlan_tci", 24), ("vlan_proto", 28), ("priority", 32), ("ingress_ifindex", 36), ("ifindex", 40), ("tc_index", 44),
    ("cb[0]", 48), ("cb[4]", 64), ("hash", 68), ("tc_classid", 72), ("napi_id", 84), ("wire_len", 160),
    ("gso_segs", 164),
    ("gso_size", 176),
  ]

  static func reading(_ name: String, packet: String, context: String?) -> RecordedCase {
    var code = Code()
    for (_, offset) in readable {
      code.add(Slots.load(.u32, 7, 6, offset))
      code.report(7)
    }
    code.add(Slots.load(.u32, 2, 6, 80), Slots.load(.u32, 3, 6, 76), Slots.alu64(0x1, 2, 3))
    code.report(2)
    code.exit(0)
    return RecordedCase(
      name: name + ": " + readable.map(\.0).joined(separator: ", ") + ", data_end - data", type: "sched_cls",
      slots: code.text, maps: [code.resultMap], packet: packet, context: context)
  }

  static var fields: [RecordedCase] {
    [
      reading("__sk_buff of IPv4", packet: packet(), context: nil),
      reading("__sk_buff of IPv6's EtherType", packet: packet(etherType: [0x86, 0xdd]), context: nil),
      reading("__sk_buff of ARP's EtherType", packet: packet(etherType: [8, 6]), context: nil),
      reading("__sk_buff of an 802.1Q tag", packet: packet(etherType: [0x81, 0, 0x20, 5, 8, 0]), context: nil),
      reading("__sk_buff of an 802.3 length", packet: packet(etherType: [0, 46]), context: nil),
      reading("__sk_buff of a multicast frame", packet: packet(destination: 1), context: nil),
      reading(
        "__sk_buff of a broadcast frame",
        packet: HexText.text([UInt8](repeating: 0xff, count: 6) + HexText.bytes(packet()).dropFirst(6)), context: nil),
      reading(
        "__sk_buff of a frame to the device",
        packet: HexText.text([UInt8](repeating: 0, count: 6) + HexText.bytes(packet()).dropFirst(6)), context: nil),
      reading(
        "__sk_buff with mark, priority and cb", packet: packet(),
        context: context([(8, 7), (32, 9), (48, 11), (64, 13)])),
      reading(
        "__sk_buff with wire_len and gso", packet: packet(), context: context([(160, 9000), (164, 3), (176, 1400)])),
    ]
      + [14, 15, 33, 34, 53, 60, 1514, 3712, 3713, 4096, 9014].map {
        reading("__sk_buff of \($0) bytes", packet: packet($0), context: nil)
      }
      + [14, 33, 34].map {
        reading(
          "__sk_buff of \($0) bytes of an unknown EtherType", packet: packet($0, etherType: [0x88, 0xb5]), context: nil)
      }
      + [13].map { reading("__sk_buff of \($0) bytes", packet: packet($0), context: nil) }
  }

  /// Which fields ctx_in may set: each alone.
  static var contexts: [RecordedCase] {
    stride(from: 0, to: 192, by: 4).map { offset in
      var code = Code(results: false)
      code.exit(0)
      return RecordedCase(
        name: "a context with 1 at offset \(offset) of __sk_buff", type: "sched_cls", slots: code.text,
        packet: packet(),
        context: context([(offset, 1)]))
    }
      + ([8, 32, 48, 52, 72, 44, 12] as [Int16]).map { offset in
        var code = Code(results: false)
        code.add(Slots.mov(1, 5), Slots.store(.u32, 6, offset, 1))
        code.exit(0)
        return RecordedCase(
          name: "a program writes 5 at offset \(offset) of __sk_buff", type: "sched_cls", slots: code.text,
          packet: packet(),
          context: context([]))
      }
  }

  /// skb_load_bytes and skb_store_bytes; results: return value, the eight bytes.
  static var access: [RecordedCase] {
    let places: [(offset: Int32, size: Int32)] = [
      (0, 8), (1, 3), (56, 8), (57, 8), (63, 1), (64, 1), (65535, 1), (65536, 1), (-1, 1), (0, 1),
    ]
    return places.map { place in
      var code = Code()
      code.constant(1, 0x1122_3344_5566_7788)
      code.add(Slots.store(.u64, 10, -8, 1))
      code.add(
        Slots.movReg(1, 6), Slots.mov(2, place.offset), Slots.movReg(3, 10), Slots.add(3, -8), Slots.mov(4, place.size),
        Slots.call(loadBytes))
      code.report(0)
      code.add(Slots.load(.u64, 1, 10, -8))
      code.report(1)
      code.exit(0)
      return RecordedCase(
        name: "skb_load_bytes of \(place.size) at \(place.offset)", type: "sched_cls", slots: code.text,
        maps: [code.resultMap], packet: packet())
    }
      + places.flatMap { place in
        [0, 1, 2, 3, 4].map { flags in
          var code = Code()
          code.constant(1, 0x1122_3344_5566_7788)
          code.add(Slots.store(.u64, 10, -8, 1))
          code.add(
            Slots.movReg(1, 6), Slots.mov(2, place.offset), Slots.movReg(3, 10), Slots.add(3, -8),
            Slots.mov(4, place.size), Slots.mov(5, Int32(flags)), Slots.call(storeBytes))
          code.report(0)
          code.exit(0)
          return RecordedCase(
            name: "skb_store_bytes of \(place.size) at \(place.offset) with flags \(flags)", type: "sched_cls",
            slots: code.text, maps: [code.resultMap], packet: packet())
        }
      }
  }

  /// Helpers of two or three scalar arguments, one call; results: return value, len, data_end - data.
  static func calling(_ name: String, _ helper: Int32, _ arguments: [Int32], packet: String) -> RecordedCase {
    var code = Code()
    code.add(Slots.movReg(1, 6))
    for (index, argument) in arguments.enumerated() { code.add(Slots.mov(UInt8(index + 2), argument)) }
    code.add(Slots.call(helper))
    code.report(0)
    code.add(Slots.load(.u32, 7, 6, 0))
    code.report(7)
    code.add(Slots.load(.u32, 2, 6, 80), Slots.load(.u32, 3, 6, 76), Slots.alu64(0x1, 2, 3))
    code.report(2)
    code.exit(0)
    return RecordedCase(
      name: "\(name)(\(arguments.map(String.init).joined(separator: ", "))) on \(HexText.bytes(packet).count) bytes",
      type: "sched_cls", slots: code.text, maps: [code.resultMap], packet: packet)
  }

  static var sizes: [RecordedCase] {
    [0, 13, 14, 33, 34, 42, 63, 64, 65, 128, 1514, 4000, 9014, 65535, 65536].map {
      calling("skb_change_tail", changeTail, [$0, 0], packet: packet())
    } + [calling("skb_change_tail", changeTail, [64, 1], packet: packet())]
      + [0, 1, 14, 64, 200, 4096, 65536, -1].map { calling("skb_change_head", changeHead, [$0, 0], packet: packet()) }
      + [calling("skb_change_head", changeHead, [4, 1], packet: packet())]
      + [0, 14, 64, 65, -1].map { calling("skb_pull_data", pullData, [$0], packet: packet()) }
      + [calling("skb_vlan_push", vlanPush, [0x0081, 5], packet: packet())]
      + [calling("skb_vlan_push", vlanPush, [0xa888, 0x2005], packet: packet())]
      + [calling("skb_vlan_push", vlanPush, [0x0008, 5], packet: packet())]
      + [calling("skb_vlan_pop", vlanPop, [], packet: packet())]
      + [
        calling("skb_vlan_pop", vlanPop, [], packet: packet(etherType: [0x81, 0, 0x20, 5, 8, 0])),
        calling(
          "skb_vlan_pop", vlanPop, [], packet: packet(etherType: [0x88, 0xa8, 0, 9, 0x81, 0, 0x20, 5, 8, 0])),
        calling("skb_vlan_push", vlanPush, [0x0081, 6], packet: packet(etherType: [0x81, 0, 0x20, 5, 8, 0])),
      ]
  }

  static var redirects: [RecordedCase] {
    let targets: [(Int32, Int32)] = [(1, 0), (1, 1), (1, 2), (0, 0), (999_999, 0)]
    return targets.map { target, flags in
      var code = Code(results: false)
      code.add(Slots.mov(1, target), Slots.mov(2, flags), Slots.call(RedirectCases.redirect), Slots.exit)
      return RecordedCase(
        name: "a classifier's bpf_redirect to \(target) with flags \(flags)", type: "sched_cls", slots: code.text,
        packet: packet())
    }
  }
}
