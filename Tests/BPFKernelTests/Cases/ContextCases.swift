import KernelRecordings

/// `struct xdp_md` as a program reads it.
enum ContextCases {
  static var all: [RecordedCase] {
    func fields(_ name: String, _ context: String?) -> RecordedCase {
      var code = Code()
      code.reportLengths()
      for offset in [12, 16] as [Int16] {
        code.add(Slots.load(.u32, 7, 6, offset))
        code.report(7)
      }
      code.exit(2)
      return RecordedCase(
        name: "lengths, ingress_ifindex and rx_queue_index \(name)", slots: code.text, maps: [code.resultMap],
        packet: frame(64), context: context)
    }
    return [
      fields("without a context: the loopback device", nil),
      fields("with an interface", context(linear: 64, interface: 1)),
      fields("with interface 0", context(linear: 64)),
      fields("with a queue that the device does not have", context(linear: 64, interface: 1, queue: 99)),
    ] + helpers
  }

  /// Helpers that answer the same on every machine.
  static var helpers: [RecordedCase] {
    var strings = Code()
    for (text, base) in [
      ("12", 0), ("-7x", 10), ("0x1f", 0), ("zz", 10), ("", 10), ("9223372036854775808", 10), (" 5", 0), ("17", 8),
      ("17", 7),
    ] {
      let padded = Array(text.utf8.prefix(24)) + [UInt8](repeating: 0, count: 24 - min(24, text.utf8.count))
      for word in 0..<3 {
        var value: UInt64 = 0
        for byte in padded[word * 8..<word * 8 + 8].reversed() { value = value << 8 | UInt64(byte) }
        strings.constant(1, value)
        strings.add(Slots.store(.u64, 10, Int16(-32 + word * 8), 1))
      }
      strings.add(Slots.storeImmediate(.u64, 10, -8, -99))
      strings.add(
        Slots.movReg(1, 10), Slots.add(1, -32), Slots.mov(2, Int32(max(1, text.utf8.count))), Slots.mov(3, Int32(base)),
        Slots.movReg(4, 10), Slots.add(4, -8), Slots.call(105))
      strings.report(0)
      strings.add(Slots.load(.u64, 7, 10, -8))
      strings.report(7)
    }
    strings.exit(2)
    return [
      RecordedCase(
        name: "bpf_strtol of nine texts: return value and number", slots: strings.text, maps: [strings.resultMap],
        packet: frame(64))
    ]
  }
}
