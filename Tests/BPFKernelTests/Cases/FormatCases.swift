import BPFInstructions
import KernelRecordings

/// What bpf_snprintf writes: conversions, flags, widths, addresses, strings, cut text.
enum FormatCases {
  static var all: [RecordedCase] { numbers + widths + addresses + characters + truncation + [refusals, printing] }

  /// Bytes of the buffer that the text goes to.
  static let capacity = 64

  /// Formats of which each is its own read-only map, with the same arguments.
  static func cases(_ what: String, _ formats: [String], _ arguments: [UInt64], capacity: Int = capacity)
    -> [RecordedCase]
  {
    formats.map { format in
      var code = Code()
      for offset in stride(from: 0, to: 64, by: 8) { code.onStack(8, Int32(-64 + offset), .u64, -1) }
      for (index, argument) in arguments.enumerated() {
        code.constant(1, argument)
        code.add(Slots.store(.u64, 10, Int16(-160 + index * 8), 1))
      }
      code.stackAddress(1, -64)
      code.add(Slots.mov(2, Int32(capacity)))
      code.mapValue(3, map: 1)
      code.stackAddress(4, -160)
      code.add(Slots.mov(5, Int32(arguments.count * 8)), Slots.call(165))
      code.report(0)
      code.reportStack(-64, words: 8)
      code.exit(2)
      let text = Array(format.utf8) + [0]
      return RecordedCase(
        name: "\(what): \(format.debugDescription)\(capacity == 64 ? "" : " in \(capacity) bytes")", slots: code.text,
        maps: [code.resultMap, formatMap(text)], packet: frame(64))
    }
  }

  static func formatMap(_ text: [UInt8]) -> RecordedMap {
    RecordedMap(
      name: "format", type: "array", keySize: 4, valueSize: 64, maxEntries: 1, flags: 1 << 7,
      contents: HexText.text(text + [UInt8](repeating: 0, count: max(0, 64 - text.count))))
  }

  static var numbers: [RecordedCase] {
    let letters = [
      "%d", "%i", "%u", "%x", "%X", "%ld", "%li", "%lu", "%lx", "%lX", "%lld", "%lli", "%llu", "%llx", "%llX",
    ]
    return [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 1 << 63, .max, 0xdead_beef_0102_0304].flatMap {
      (value: UInt64) in
      cases(
        "snprintf of 0x\(String(value, radix: 16))", [letters.prefix(5).joined(separator: " ")],
        [value, value, value, value, value])
        + cases(
          "snprintf of 0x\(String(value, radix: 16))",
          ["%ld %lu", "%lx %lX", "%lld %llu", "%llx %llX", "%li %lli", "%px %x", "%p %x", "%ps %pS", "%pB %x"],
          [value, value]
        ).filter { !($0.name.contains("%p %x") && value != 0 && value < .max) }
    }
  }

  static var widths: [RecordedCase] {
    let fields = [
      "%5d|", "%-5d|", "%05d|", "%-05d|", "%0-5d|", "%+d|", "% d|", "%+5d|", "% 5d|", "%+05d|", "%- 5d|", "% +d|",
      "%1d|",
      "%20u|", "%-20lu|", "%020lx|", "%+x|", "% u|", "%08X|", "%2x|", "%00d|", "%  d|", "%++d|", "%12i|", "%px|",
      "%20px|",
      "%-20px|", "%020px|", "%5px|", "%-5px|", "%+px|", "%20ps|", "%-20ps|", "%20pB|", "%20p|",
    ]
    return [100, UInt64(bitPattern: -42)].flatMap { value in
      cases("snprintf of \(Int64(bitPattern: value))", fields.filter { value > 1000 || !$0.contains("p|") }, [value])
    }
  }

  /// Addresses of IP addresses on the stack; NULL for what cannot be read.
  static var addresses: [RecordedCase] {
    ["%pI4", "%pi4", "%pI6", "%pi6", "[%20pI4]", "[%-20pI4]", "[%40pI6]", "%pI4:%d", "%pI4abc", "%pI6c"].flatMap {
      format in
      [false, true].map { isNull in
        var code = Code()
        for offset in stride(from: 0, to: 64, by: 8) { code.onStack(8, Int32(-64 + offset), .u64, -1) }
        code.stackBytes(-80, [192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0xab, 0x01])
        code.stackAddress(1, -80)
        if isNull { code.add(Slots.mov(1, 0)) }
        code.add(Slots.store(.u64, 10, -160, 1), Slots.storeImmediate(.u64, 10, -152, 7))
        code.stackAddress(1, -64)
        code.add(Slots.mov(2, Int32(capacity)))
        code.mapValue(3, map: 1)
        code.stackAddress(4, -160)
        code.add(Slots.mov(5, format.contains("%d") ? 16 : 8), Slots.call(165))
        code.report(0)
        code.reportStack(-64, words: 8)
        code.exit(2)
        return RecordedCase(
          name: "snprintf of an address\(isNull ? " that is NULL" : ""): \(format)", slots: code.text,
          maps: [code.resultMap, formatMap(Array(format.utf8) + [0])], packet: frame(64))
      }
    }
  }

  static var characters: [RecordedCase] {
    cases(
      "snprintf of characters",
      ["%c%c", "%5c|%-5c|", "%05c|%c", "%%%c%%", "100%%%c\t%c\n", "%c", "no argument", "", "%c.%c,", "%+c|% c|"],
      [0x41, 0x142])
      + ["%s|", "%10s|", "%-10s|", "%010s|", "%pks|", "%20pks|", "%+s|", "%s%s", "%2s|", "%s %s!"].flatMap { format in
        [0, 1, 2].map { kind in
          var code = Code()
          for offset in stride(from: 0, to: 64, by: 8) { code.onStack(8, Int32(-64 + offset), .u64, -1) }
          code.stackBytes(-80, Array("text".utf8) + [0, 0, 0, 0, 0, 0])
          code.stackAddress(1, -80)
          if kind == 1 { code.add(Slots.mov(1, 0)) }
          // Words, of which the second begins with a zero byte.
          if kind == 2 { code.add(Slots.add(1, 4)) }
          code.add(Slots.store(.u64, 10, -160, 1), Slots.store(.u64, 10, -152, 1))
          code.stackAddress(1, -64)
          code.add(Slots.mov(2, Int32(capacity)))
          code.mapValue(3, map: 1)
          code.stackAddress(4, -160)
          code.add(
            Slots.mov(5, Int32(format.filter { $0 == "%" }.count * 8)), Slots.call(165))
          code.report(0)
          code.reportStack(-64, words: 8)
          code.exit(2)
          return RecordedCase(
            name: "snprintf of \(["a string", "NULL", "an empty string"][kind]): \(format)", slots: code.text,
            maps: [code.resultMap, formatMap(Array(format.utf8) + [0])], packet: frame(64))
        }
      }
  }

  static var truncation: [RecordedCase] {
    [0, 1, 2, 5, 12, 13, 14].flatMap { cases("snprintf", ["number %d!"], [1234], capacity: $0) }
      + cases("snprintf that pads more than there is room", ["%100d", "%-100d|", "%0100x", "%1000d", "%100c"], [77])
  }

  /// What the kernel answers at run time; the verifier looks at bpf_snprintf's formats, so these go to bpf_trace_printk.
  static let formats = [
    "%", "%d", "%d %d %d", "%d %d %d %d", "%z", "%hd", "%#x", "%.3d", "%*d", "%5", "%l", "%lll", "%ll", "%lc", "%ls",
    "%sx",
    "%s,", "%pz", "%pI5", "%pi", "%pKx", "%p", "%pkx", "%pks ", "%pksx", "%n", "%f", "%5%", "%%", "\u{1}", "tab\there",
    "%q",
    "%ld%lu%lx", "%08lx", "%0+- 8d", "%100000d", "%px%p", "%c%c%c", "%c %s", "line\n", "", "%pB%d", "%pUb", "%-s|",
  ]

  static var refusals: RecordedCase {
    var code = Code()
    for text in formats {
      code.stackBytes(-48, Array(text.utf8) + [0])
      code.stackAddress(1, -48)
      code.add(
        Slots.mov(2, Int32(text.utf8.count + 1)), Slots.mov(3, 11), Slots.mov(4, 22), Slots.mov(5, 33), Slots.call(6))
      code.report(0)
    }
    // No zero byte, one within, and bytes beyond ASCII.
    for (text, count) in [
      ([0x61, 0x62, 0x63, 0x64], 4), ([0x61, 0, 0x25, 0], 4), ([0xc3, 0xa9, 0], 3), ([0x61, 0], 1),
    ] {
      code.stackBytes(-48, text.map { UInt8($0) })
      code.stackAddress(1, -48)
      code.add(Slots.mov(2, Int32(count)), Slots.mov(3, 1), Slots.mov(4, 2), Slots.mov(5, 3), Slots.call(6))
      code.report(0)
    }
    // Every byte alone, and after a string.
    for byte in 1...255 as ClosedRange<UInt8> where byte & 0xf == 7 || byte < 0x20 || byte >= 0x7e && byte < 0xa8 {
      for text in [[byte], [0x25, 0x73, byte], [0x25, 0x70, 0x78, byte]] {
        code.stackBytes(-48, text + [0])
        code.stackAddress(1, -48)
        code.add(Slots.mov(2, Int32(text.count + 1)), Slots.mov(3, 0), Slots.mov(4, 0), Slots.mov(5, 0), Slots.call(6))
        code.report(0)
      }
    }
    code.exit(2)
    return RecordedCase(
      name: "trace_printk: the length of \(formats.count) formats, or why not", slots: code.text,
      maps: [code.resultMap],
      packet: frame(64))
  }

  static var printing: RecordedCase {
    var code = Code()
    for (text, counts) in [
      ("%d %d %d %d %d", [40, 32, 48, 0, 41]), ("%s", [8]), ("none", [0, 8]), ("%pI4 %pI6", [16]),
      ("%d%d%d%d%d%d%d%d%d%d%d%d", [96, 104, 88]),
    ] {
      for count in counts {
        code.stackBytes(-200, Array(text.utf8) + [0])
        code.stackBytes(-112, [UInt8](repeating: 0, count: 104))
        code.stackAddress(1, -200)
        code.add(Slots.mov(2, Int32(text.utf8.count + 1)))
        code.stackAddress(3, -112)
        code.add(Slots.mov(4, Int32(count)), Slots.call(177))
        code.report(0)
      }
    }
    code.exit(2)
    return RecordedCase(
      name: "trace_vprintk: the length, or why not", slots: code.text, maps: [code.resultMap], packet: frame(64))
  }
}
