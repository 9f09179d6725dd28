import KernelRecordings

/// bpf_csum_diff: sizes, absent sides, seeds.
enum ChecksumCases {
  static let difference: Int32 = 28

  static var all: [RecordedCase] {
    let words: [UInt64] = [0x0123_4567_89ab_cdef, 0xffff_ffff_ffff_ffff, 0x8000_0000_0000_0001, 0xfedc_ba98_7654_3210]
    let sizes: [(from: Int32, to: Int32)] = [
      (0, 0), (0, 4), (4, 0), (4, 4), (8, 8), (0, 32), (32, 0), (32, 32), (16, 4), (4, 16), (3, 4), (4, 3), (2, 0),
      (0, 1),
    ]
    let seeds: [UInt64] = [0, 1, 0xffff, 0x1_0000, 0x1234_5678, 0xffff_ffff, 0xffff_ffff_ffff_ffff]
    return sizes.map { size in
      var code = Code()
      for (index, word) in words.enumerated() {
        code.constant(1, word)
        code.add(Slots.store(.u64, 10, Int16(-64 + index * 8), 1))
        code.constant(1, word.byteSwapped &* 3)
        code.add(Slots.store(.u64, 10, Int16(-32 + index * 8), 1))
      }
      for seed in seeds {
        code.add(Slots.movReg(1, 10), Slots.add(1, -64))
        if size.from == 0 { code.add(Slots.mov(1, 0)) }
        code.add(Slots.mov(2, size.from), Slots.movReg(3, 10), Slots.add(3, -32))
        if size.to == 0 { code.add(Slots.mov(3, 0)) }
        code.add(Slots.mov(4, size.to))
        code.constant(5, seed)
        code.add(Slots.call(difference))
        code.report(0)
      }
      code.exit(2)
      return RecordedCase(
        name: "csum_diff from \(size.from) to \(size.to) bytes, seven seeds", slots: code.text, maps: [code.resultMap],
        packet: frame(64))
    } + [smallSums]
  }

  /// Sums that come out at the ends of the one's complement range.
  static var smallSums: RecordedCase {
    var code = Code()
    for (from, to, seed) in [
      (0, 0, 0), (0, 0, -1), (-1, -1, 0), (-1, 0, 0), (0, -1, 0), (1, 0, 0), (0, 1, -1), (0x10000, 0, 0),
      (0, 0x10000, 0),
    ] as [(Int32, Int32, Int32)] {
      code.onStack(1, -4, .u32, from)
      code.onStack(3, -8, .u32, to)
      code.add(Slots.mov(2, 4), Slots.mov(4, 4), Slots.mov(5, seed), Slots.call(difference))
      code.report(0)
    }
    code.exit(2)
    return RecordedCase(
      name: "csum_diff of single words", slots: code.text, maps: [code.resultMap], packet: frame(64))
  }
}
