import BPFInstructions
import KernelRecordings

/// Ring buffers and perf rings, which have no reader here.
enum EventCases {
  static let output: Int32 = 130
  static let reserve: Int32 = 131
  static let submit: Int32 = 132
  static let discard: Int32 = 133
  static let query: Int32 = 134

  static var all: [RecordedCase] { [sizes, filling, outputs, outOfOrder] + perf }

  static let ring = RecordedMap(name: "ring", type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 4096)

  static func reportState(_ code: inout Code) {
    for what in 0..<6 as Range<Int32> {
      code.map(1, 1)
      code.add(Slots.mov(2, what), Slots.call(query))
      code.report(0)
    }
  }

  private static func make(_ name: String, _ code: Code) -> RecordedCase {
    RecordedCase(name: name, slots: code.text, maps: [code.resultMap, ring], packet: frame(64))
  }

  /// Reserves a record, writes to its ends, reports whether it was had and submits it.
  static func record(_ code: inout Code, _ size: Int32, flags: Int32 = 0, end: Int32 = submit) {
    let label = "full\(code.results)"
    code.map(1, 1)
    code.add(Slots.mov(2, size), Slots.mov(3, flags), Slots.call(reserve), Slots.mov(7, 0))
    code.branch(0x1, 0, 0, to: label)
    if size >= 8 {
      code.add(Slots.storeImmediate(.u64, 0, 0, 7))
      if size < 0x7000 { code.add(Slots.storeImmediate(.u8, 0, Int16(size - 1), 9)) }
    }
    code.add(Slots.movReg(1, 0), Slots.mov(2, 0), Slots.call(end), Slots.mov(7, 1))
    code.label(label)
    code.report(7)
  }

  static var sizes: RecordedCase {
    var code = Code()
    for size in [0, 1, 7, 8, 9, 16, 4080, 4081, 4088, 4089, 4096, 0x3fff_ffff, 0x4000_0000] as [Int32] {
      record(&code, size)
      reportState(&code)
    }
    record(&code, 8, flags: 1)
    record(&code, 8, flags: 2)
    record(&code, 8, end: discard)
    reportState(&code)
    code.exit(2)
    return make("ringbuf: records of all sizes", code)
  }

  static var filling: RecordedCase {
    var code = Code()
    for _ in 0..<44 { record(&code, 85) }
    reportState(&code)
    for size in [64, 32, 16, 8, 0] as [Int32] { record(&code, size) }
    reportState(&code)
    code.exit(2)
    return make("ringbuf: filling it", code)
  }

  static var outputs: RecordedCase {
    var code = Code()
    for (size, flags) in [
      (8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (1, 0), (16, 0), (8, -1), (256, 0),
    ] as [(Int32, Int32)] {
      code.map(1, 1)
      code.stackBytes(-16, (0..<16).map { UInt8($0) })
      if size == 256 {
        for offset in stride(from: -256, to: -16, by: 8) { code.onStack(8, Int32(offset), .u64, 5) }
      }
      code.map(1, 1)
      code.stackAddress(2, -max(16, Int(size)))
      code.add(Slots.mov(3, size), Slots.mov(4, flags), Slots.call(output))
      code.report(0)
    }
    reportState(&code)
    for _ in 0..<18 {
      code.map(1, 1)
      code.stackAddress(2, -256)
      code.add(Slots.mov(3, 256), Slots.mov(4, 0), Slots.call(output))
      code.report(0)
    }
    code.exit(2)
    return make("ringbuf: output", code)
  }

  static var outOfOrder: RecordedCase {
    var code = Code()
    for (first, second) in [(submit, submit), (discard, submit), (submit, discard)] {
      let label = "full\(code.results)"
      code.map(1, 1)
      code.add(Slots.mov(2, 24), Slots.mov(3, 0), Slots.call(reserve), Slots.movReg(7, 0))
      code.map(1, 1)
      code.add(Slots.mov(2, 40), Slots.mov(3, 0), Slots.call(reserve), Slots.movReg(8, 0))
      code.branch(0x1, 8, 0, to: label)
      code.add(Slots.storeImmediate(.u64, 8, 32, 3), Slots.movReg(1, 8), Slots.mov(2, 1), Slots.call(first))
      code.label(label)
      code.branch(0x1, 7, 0, to: label + "b")
      code.add(Slots.storeImmediate(.u64, 7, 16, 3), Slots.movReg(1, 7), Slots.mov(2, 2), Slots.call(second))
      code.label(label + "b")
      reportState(&code)
    }
    code.exit(2)
    return make("ringbuf: records submitted and discarded out of order", code)
  }

  static var perf: [RecordedCase] {
    let flags: [UInt64] = [
      0xffff_ffff, 0, 1, 3, 4, 5, 0xffff_fffe, 64 << 32 | 0xffff_ffff, 65 << 32 | 0xffff_ffff, 64 << 32,
      0xf_ffff << 32 | 0xffff_ffff, 1 << 52 | 0xffff_ffff, 1 << 63,
    ]
    var code = Code()
    for flags in flags {
      code.stackBytes(-16, (0..<16).map { UInt8($0) })
      code.map(2, 1)
      code.constant(3, flags)
      code.stackAddress(4, -16)
      code.add(Slots.movReg(1, 6), Slots.mov(5, 16), Slots.call(25))
      code.report(0)
    }
    code.exit(2)
    return [
      RecordedCase(
        name: "perf_event_output without a reader", slots: code.text,
        maps: [
          code.resultMap,
          RecordedMap(name: "events", type: "perf_event_array", keySize: 4, valueSize: 4, maxEntries: 4),
        ], packet: frame(64))
    ]
  }
}
