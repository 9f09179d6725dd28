import KernelRecordings

/// Frames that do not fit one page: what a program with and without BPF_F_XDP_HAS_FRAGS sees of them.
enum FragmentCases {
  static let hasFrags: UInt32 = 32
  static let getBufferLength: Int32 = 188
  static let loadBytes: Int32 = 189
  static let storeBytes: Int32 = 190

  static var all: [RecordedCase] {
    lengths + access + growth
  }

  /// Results: metadata length, linear length and bpf_xdp_get_buff_len.
  static func seen(_ name: String, length: Int, flags: UInt32, context: String?) -> RecordedCase {
    var code = Code()
    code.reportLengths()
    code.add(Slots.movReg(1, 6), Slots.call(getBufferLength))
    code.report(0)
    code.exit(2)
    return RecordedCase(
      name: name, flags: flags, slots: code.text, maps: [code.resultMap], packet: frame(length), context: context)
  }

  static var lengths: [RecordedCase] {
    var cases: [RecordedCase] = []
    for flags in [0, hasFrags] {
      let kind = flags == 0 ? "without frags" : "with frags"
      for length in [
        13, 14, 60, 1514, 3455, 3456, 3457, 3519, 3520, 3521, 4095, 4096, 4097, 7616, 7617, 9014, 65535, 65536,
      ] {
        cases.append(seen("\(length) bytes \(kind), no context", length: length, flags: flags, context: nil))
      }
      for length in [3520, 3521, 4096, 9014] {
        cases.append(
          seen(
            "\(length) bytes \(kind), data_end as long", length: length, flags: flags,
            context: context(linear: length)))
      }
      for linear in [0, 13, 14, 63, 64, 65] {
        cases.append(
          seen("64 bytes \(kind), data_end \(linear)", length: 64, flags: flags, context: context(linear: linear)))
      }
      cases.append(
        seen("9014 bytes \(kind), data_end 128", length: 9014, flags: flags, context: context(linear: 128)))
      cases.append(
        seen(
          "9014 bytes \(kind), data_end 3520 of which 8 are metadata", length: 9014, flags: flags,
          context: context(metadata: 8, linear: 3520)))
      cases.append(
        seen(
          "72 bytes \(kind), data_end 40 of which 8 are metadata", length: 72, flags: flags,
          context: context(metadata: 8, linear: 40)))
      for metadata in [208, 212, 216, 220, 224, 248] {
        cases.append(
          seen(
            "\(metadata) bytes of metadata \(kind)", length: 64 + metadata, flags: flags,
            context: context(metadata: metadata, linear: 64 + metadata)))
      }
    }
    cases.append(
      seen(
        "a context with data_meta set is refused", length: 64, flags: 0,
        context: HexText.text(
          bytes(UInt32(0)) + bytes(UInt32(64)) + bytes(UInt32(4)) + [UInt8](repeating: 0, count: 12))))
    cases.append(
      seen(
        "a context with egress_ifindex set is refused", length: 64, flags: 0,
        context: HexText.text(
          bytes(UInt32(0)) + bytes(UInt32(64)) + [UInt8](repeating: 0, count: 12) + bytes(UInt32(1)))))
    cases.append(
      seen(
        "a context with rx_queue_index but no interface is refused", length: 64, flags: 0,
        context: context(linear: 64, interface: 0, queue: 1)))
    cases.append(
      seen(
        "a context with an interface that does not exist is refused", length: 64, flags: 0,
        context: context(linear: 64, interface: 999_999)))
    cases.append(
      seen(
        "a context shorter than xdp_md is filled up with zeros", length: 64, flags: 0,
        context: HexText.text(bytes(UInt32(0)) + bytes(UInt32(64)))))
    cases.append(
      seen(
        "a context longer than xdp_md with zeros is taken", length: 64, flags: 0,
        context: HexText.text(bytes(UInt32(0)) + bytes(UInt32(64)) + [UInt8](repeating: 0, count: 32))))
    cases.append(
      seen(
        "a context longer than xdp_md with something in it is refused", length: 64, flags: 0,
        context: HexText.text(bytes(UInt32(0)) + bytes(UInt32(64)) + [UInt8](repeating: 0, count: 24) + [1])))
    return cases
  }

  /// bpf_xdp_load_bytes and bpf_xdp_store_bytes; results: return value, the eight bytes loaded.
  static var access: [RecordedCase] {
    func access(_ name: String, _ helper: Int32, offset: Int32, size: Int32, length: Int, flags: UInt32, linear: Int)
      -> RecordedCase
    {
      var code = Code()
      code.constant(1, 0x1122_3344_5566_7788)
      code.add(Slots.store(.u64, 10, -8, 1))
      code.add(Slots.movReg(1, 6), Slots.mov(2, offset), Slots.movReg(3, 10), Slots.add(3, -8), Slots.mov(4, size))
      code.add(Slots.call(helper))
      code.report(0)
      code.add(Slots.load(.u64, 1, 10, -8))
      code.report(1)
      code.exit(2)
      return RecordedCase(
        name: name, flags: flags, slots: code.text, maps: [code.resultMap], packet: frame(length),
        context: context(linear: linear))
    }
    var cases: [RecordedCase] = []
    for (helper, verb) in [(loadBytes, "load_bytes"), (storeBytes, "store_bytes")] {
      for (offset, size) in [(0, 8), (1, 3), (56, 8), (57, 8), (63, 1), (64, 1), (65535, 8), (65536, 8), (-1, 8)]
        as [(Int32, Int32)]
      {
        cases.append(
          access(
            "xdp_\(verb) of \(size) at \(offset) in 64 bytes", helper, offset: offset, size: size, length: 64, flags: 0,
            linear: 64))
      }
      for offset in [3512, 3516, 3519, 3520, 9006, 9007, 7612] as [Int32] {
        cases.append(
          access(
            "xdp_\(verb) of 8 at \(offset) in 9014 bytes with frags", helper, offset: offset, size: 8, length: 9014,
            flags: hasFrags, linear: 3520))
      }
      cases.append(
        access(
          "xdp_\(verb) of 8 across linear part and fragment", helper, offset: 28, size: 8, length: 64, flags: hasFrags,
          linear: 32))
    }
    return cases
  }

  /// bpf_xdp_adjust_tail and _head where fragments follow; results: return value, linear length, whole length.
  static var growth: [RecordedCase] {
    func adjusted(
      _ helper: Int32, _ verb: String, _ delta: Int32, length: Int, linear: Int, flags: UInt32 = hasFrags
    ) -> RecordedCase {
      var code = Code()
      code.add(Slots.movReg(1, 6), Slots.mov(2, delta), Slots.call(helper))
      code.report(0)
      code.reportLengths()
      code.add(Slots.movReg(1, 6), Slots.call(getBufferLength))
      code.report(0)
      code.exit(2)
      return RecordedCase(
        name: "\(verb) by \(delta) on \(length) bytes, \(linear) of them linear"
          + (flags == 0 ? ", without frags" : ""), flags: flags, slots: code.text,
        maps: [code.resultMap], packet: frame(length), context: context(linear: linear))
    }
    return [
      -9014, -9001, -9000, -8999, -5495, -5494, -5493, -1400, -1399, -1398, -1397, -1, 0, 1, 100, 2697, 2698, 2699,
      2700, 4096,
    ]
    .map { adjusted(AdjustCases.adjustTail, "adjust_tail", $0, length: 9014, linear: 3520) }
      + [-32, -33, -48, -50, -51, 1, 4064, 4065].map {
        adjusted(AdjustCases.adjustTail, "adjust_tail", $0, length: 64, linear: 32)
      }
      + [-216, 0, 10, 18, 19, 32, 50].map {
        adjusted(AdjustCases.adjustHead, "adjust_head", $0, length: 64, linear: 32)
      }
      + [-6000, -5494, -1, 1, 100].map {
        adjusted(AdjustCases.adjustTail, "adjust_tail", $0, length: 9014, linear: 3520, flags: 0)
      }
      + [-1, 10].map { adjusted(AdjustCases.adjustHead, "adjust_head", $0, length: 9014, linear: 3520, flags: 0) }
  }
}
