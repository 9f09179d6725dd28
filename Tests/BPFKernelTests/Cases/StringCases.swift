import BPFInstructions
import KernelRecordings

/// Helpers that read text: bpf_strtol, bpf_strtoul, bpf_strncmp.
enum StringCases {
  static var all: [RecordedCase] { numbers + comparisons }

  static let texts = [
    "0", "7", "12", "-7x", "+5", "0x1f", "0X1F", "0xg", "0x", "0", "017", "08", "zz", "ff", "FFg", " 5", "\t\n 6",
    "- 5",
    "--5", "-", " ", "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "0xffffffffffffffff", "0x10000000000000000",
    "-18446744073709551615",
    "1 2", "1\0002", "000000000000000000000000000000000000000000000000000000000000000000001", "\u{1}1",
  ]

  static var numbers: [RecordedCase] {
    [("strtol", 105), ("strtoul", 106)].flatMap { name, helper in
      [0, 8, 10, 16, 7, 32, 42, -1].map { base in
        var code = Code()
        for text in texts {
          code.stackBytes(-88, Array(text.utf8) + [0x39])
          code.add(Slots.storeImmediate(.u64, 10, -8, -99))
          code.stackAddress(1, -88)
          code.add(Slots.mov(2, Int32(text.utf8.count)), Slots.mov(3, Int32(base)))
          code.stackAddress(4, -8)
          code.add(Slots.call(Int32(helper)))
          code.report(0)
          code.reportStack(-8)
        }
        code.exit(2)
        return RecordedCase(
          name: "\(name) of \(texts.count) texts with flags \(base)", slots: code.text, maps: [code.resultMap],
          packet: frame(64))
      }
    }
  }

  static var comparisons: [RecordedCase] {
    // The second string must lie in a read-only map; one array value per text.
    let pairs = [
      ("abc", 3, "abc"), ("abc", 4, "abc"), ("abd", 4, "abc"), ("abb", 4, "abc"), ("ab", 3, "abc"), ("abcd", 3, "abc"),
      ("abcd", 4, "abc"), ("", 1, ""), ("", 1, "a"), ("\u{e9}", 2, "a"),
    ]
    return pairs.map { left, count, right in
      var code = Code()
      code.stackBytes(-16, Array(left.utf8) + [0])
      code.stackAddress(1, -16)
      code.add(Slots.mov(2, Int32(count)))
      code.mapValue(3, map: 1)
      code.add(Slots.call(182))
      code.report(0)
      code.exit(2)
      return RecordedCase(
        name: "strncmp of \(left.debugDescription) and \(right.debugDescription), \(count) bytes", slots: code.text,
        maps: [
          code.resultMap,
          RecordedMap(
            name: "text", type: "array", keySize: 4, valueSize: 8, maxEntries: 1, flags: 1 << 7,
            contents: HexText.text(Array(right.utf8) + [UInt8](repeating: 0, count: 8 - right.utf8.count))),
        ], packet: frame(64))
    }
  }
}
