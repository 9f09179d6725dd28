import BPFInstructions
import KernelRecordings

/// Queues, stacks and bloom filters beyond the first steps, from programs and from user space.
enum QueueCases {
  static let push: Int32 = 87
  static let pop: Int32 = 88
  static let peek: Int32 = 89

  static var all: [RecordedCase] { wrapping + userSpace + filters }

  /// A ring that goes round more than once, with values that are no whole words.
  static var wrapping: [RecordedCase] {
    ["queue", "stack"].map { type in
      var code = Code()
      func step(_ helper: Int32, _ value: Int32, _ flags: Int32 = 0) {
        code.add(
          Slots.storeImmediate(.u64, 10, -16, value), Slots.storeImmediate(.u64, 10, -8, value &* 0x0101_0101))
        code.stackAddress(2, -16)
        code.map(1, 1)
        if helper == push { code.add(Slots.mov(3, flags)) }
        code.add(Slots.call(helper))
        code.report(0)
        code.reportStack(-16, words: 2)
      }
      for value in 1...5 as ClosedRange<Int32> { step(push, value) }
      for value in 6...9 as ClosedRange<Int32> { step(push, value, 2) }
      for _ in 0..<3 { step(pop, 99) }
      for value in 10...12 as ClosedRange<Int32> { step(push, value) }
      step(peek, 99)
      for _ in 0..<6 { step(pop, 99) }
      step(push, 13, 3)
      step(push, 13, -1)
      code.exit(2)
      return RecordedCase(
        name: "\(type) of 11-byte values that wraps", slots: code.text,
        maps: [code.resultMap, MapCases.map(type, key: 0, value: 11, entries: 4)], packet: frame(64))
    }
  }

  static var userSpace: [RecordedCase] {
    func value(_ number: UInt64) -> String { HexText.text(bytes(number)) }
    return ["queue", "stack"].map { type in
      RecordedCase(
        name: "\(type) from user space", maps: [MapCases.map(type, key: 0, entries: 2)],
        operations: [
          RecordedOperation("lookup", map: 0, key: ""),
          RecordedOperation("update", map: 0, key: "", value: value(1)),
          RecordedOperation("update", map: 0, key: "", value: value(2)),
          RecordedOperation("update", map: 0, key: "", value: value(3)),
          RecordedOperation("lookup", map: 0, key: ""),
          RecordedOperation("update", map: 0, key: "", value: value(4), flags: 2),
          RecordedOperation("update", map: 0, key: "", value: value(5), flags: 1),
          RecordedOperation("update", map: 0, key: "", value: value(5), flags: 4),
          RecordedOperation("lookup", map: 0, key: ""),
          RecordedOperation("delete", map: 0, key: ""),
        ])
    }
  }

  /// With `BPF_F_ZERO_SEED` a filter's mistakes are the same on every kernel.
  static var filters: [RecordedCase] {
    let zeroSeed: UInt32 = 1 << 6
    let shapes: [(size: UInt32, entries: UInt32, hashes: UInt64?)] = [
      (4, 5, nil), (8, 12, nil), (6, 5, nil), (16, 20, 1), (13, 9, 15), (24, 40, 2), (3, 4, 3),
    ]
    var cases: [RecordedCase] = []
    for (size, entries, hashes) in shapes {
      var code = Code()
      for value in 0..<Int32(2 * entries) {
        code.stackBytes(-24, (0..<24).map { UInt8(truncatingIfNeeded: value &* 37 &+ Int32($0) &* 11) })
        code.stackAddress(2, -24)
        code.map(1, 1)
        code.add(Slots.mov(3, 0), Slots.call(push))
        code.report(0)
      }
      code.add(Slots.mov(7, 0))
      for value in 0..<200 as Range<Int32> {
        code.stackBytes(-24, (0..<24).map { UInt8(truncatingIfNeeded: value &* 37 &+ Int32($0) &* 11) })
        code.stackAddress(2, -24)
        code.map(1, 1)
        code.add(Slots.call(peek))
        code.report(0)
      }
      code.exit(2)
      cases.append(
        RecordedCase(
          name: "bloom_filter of \(entries) values of \(size) bytes, map_extra \(hashes ?? 0), seed 0, over-full",
          slots: code.text,
          maps: [
            code.resultMap,
            RecordedMap(
              name: "subject", type: "bloom_filter", keySize: 0, valueSize: size, maxEntries: entries, flags: zeroSeed,
              extra: hashes),
          ], packet: frame(64)))
    }
    cases.append(
      RecordedCase(
        name: "bloom_filter from user space", maps: [MapCases.map("bloom_filter", key: 0, entries: 2)],
        operations: [
          RecordedOperation("update", map: 0, key: "", value: HexText.text(bytes(UInt64(1)))),
          RecordedOperation("update", map: 0, key: "", value: HexText.text(bytes(UInt64(1))), flags: 1),
          RecordedOperation("update", map: 0, key: "", value: HexText.text(bytes(UInt64(1))), flags: 2),
          RecordedOperation("delete", map: 0, key: ""),
        ]))
    return cases
  }
}
