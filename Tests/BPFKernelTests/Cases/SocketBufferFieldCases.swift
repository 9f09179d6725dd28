import KernelRecordings

/// Every access to `struct __sk_buff`: which the verifier lets through, and what the kernel makes of it.
enum SocketBufferFieldCases {
  static var all: [RecordedCase] { reads + writes + queues + widths + timestamps }

  private static let sizes: [(Slots.Size, Int)] = [(.u8, 1), (.u16, 2), (.u32, 4), (.u64, 8)]

  /// ctx_in with something in every field that it may set.
  private static let given: String = {
    var context = HexText.bytes(
      ClassifierCases.context([
        (8, 0x0102_0304), (32, 0x0506_0708), (36, 7), (48, 0x1111_2222), (52, 0x3333_4444), (56, 0x5555_6666),
        (60, 0x7777_8888), (64, 0x9999_aaaa), (160, 3000), (164, 3), (176, 1400),
      ]))
    context.replaceSubrange(152..<160, with: bytes(0x0123_4567_89ab_cdef as UInt64))
    context.replaceSubrange(184..<192, with: bytes(0x1122_3344_5566_7788 as UInt64))
    return HexText.text(context)
  }()

  /// One case an offset with the reads of each size that the verifier allows; where it allows none, a case that it refuses.
  static var reads: [RecordedCase] {
    (0...192).flatMap { offset in
      sizes.filter { offset.isMultiple(of: $0.1) || offset % 4 == 1 && $0.1 == 4 }.map { size, count in
        var code = Code()
        code.add(
          Slots.mov(1, 0x7abc), Slots.store(.u32, 6, 12, 1), Slots.store(.u32, 6, 44, 1), Slots.store(.u32, 6, 72, 1))
        code.add(Slots.movReg(1, 6), Slots.mov(2, 0xa888), Slots.mov(3, 0x2fed), Slots.call(ClassifierCases.vlanPush))
        code.add(Slots.load(size, 7, 6, Int16(offset)))
        // Addresses differ from one kernel to another.
        if !(76..<84).contains(offset), offset != 140, offset != 168 { code.report(7) }
        code.exit(0)
        return RecordedCase(
          name: "a read of \(count) at offset \(offset) of __sk_buff", type: "sched_cls", slots: code.text,
          maps: [code.resultMap], packet: ClassifierCases.packet(), context: given)
      }
    }
  }

  static var writes: [RecordedCase] {
    (0...192).flatMap { offset in
      sizes.filter { offset.isMultiple(of: $0.1) }.map { size, count in
        var code = Code()
        code.constant(1, 0xfedc_ba98_7654_3210)
        code.add(Slots.store(size, 6, Int16(offset), 1))
        for field in [8, 12, 32, 44, 48, 52, 56, 60, 64, 72] as [Int16] {
          code.add(Slots.load(.u32, 7, 6, field))
          code.report(7)
        }
        code.add(Slots.load(.u64, 7, 6, 152))
        code.report(7)
        code.exit(0)
        return RecordedCase(
          name: "a write of \(count) at offset \(offset) of __sk_buff", type: "sched_cls", slots: code.text,
          maps: [code.resultMap], packet: ClassifierCases.packet(), context: given)
      }
    }
  }

  /// queue_mapping from a register and from an immediate: too large a number is no queue.
  static var queues: [RecordedCase] {
    let numbers: [Int64] = [0, 5, 0xfffe, 0xffff, 0x1_0000, 0x1_0005, 0x7fff_ffff, -1, -5, 0x1_0000_0005]
    return numbers.flatMap { number in
      [true, false].compactMap { isImmediate in
        guard !isImmediate || Int32(exactly: number) != nil else { return nil }
        var code = Code()
        if isImmediate {
          code.add(Slots.storeImmediate(.u32, 6, 12, Int32(number)))
        } else {
          code.constant(1, UInt64(bitPattern: number))
          code.add(Slots.store(.u32, 6, 12, 1))
        }
        code.add(Slots.load(.u32, 7, 6, 12))
        code.report(7)
        code.exit(0)
        return RecordedCase(
          name: "queue_mapping = \(number)\(isImmediate ? " as an immediate" : "")", type: "sched_cls",
          slots: code.text, maps: [code.resultMap], packet: ClassifierCases.packet(), context: given)
      }
    }
  }

  /// Reads that extend the sign.
  static var widths: [RecordedCase] {
    [(8, 0x91, 1), (8, 0x89, 2), (64, 0x81, 4), (64, 0x89, 2), (66, 0x91, 1), (180, 0x91, 1), (160, 0x89, 2)].map {
      offset, opcode, count in
      var code = Code()
      var slot = Slots.load(.u32, 7, 6, Int16(offset))
      slot.opcode = UInt8(opcode)
      code.add(slot)
      code.report(7)
      code.exit(0)
      return RecordedCase(
        name: "a read of \(count) at offset \(offset) of __sk_buff with its sign", type: "sched_cls",
        slots: code.text, maps: [code.resultMap], packet: ClassifierCases.packet(), context: given)
    }
  }

  /// bpf_skb_set_tstamp, and tstamp written and read; results: return value, tstamp, tstamp_type.
  static var timestamps: [RecordedCase] {
    let protocols: [(String, [UInt8])] = [("IPv4", [8, 0]), ("IPv6", [0x86, 0xdd]), ("ARP", [8, 6])]
    return protocols.flatMap { name, type in
      [(0, 0), (5, 0), (0, 1), (5, 1), (0, 2), (5, 2), (5, 3), (5, 0x1_0000_0001)].map { time, kind in
        var code = SocketBufferCode()
        code.call(192, .value(Int64(time)), .value(Int64(kind)))
        code.field(152, .u64)
        code.field(180, .u8)
        code.add { code in
          code.add(Slots.mov(1, 99), Slots.store(.u64, 6, 152, 1))
        }
        code.field(152, .u64)
        code.field(180, .u8)
        return code.case(
          "skb_set_tstamp(\(time), \(kind)) on \(name)", packet: ClassifierCases.packet(etherType: type),
          context: given)
      }
    }
  }
}
