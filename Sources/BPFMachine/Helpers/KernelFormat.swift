/// The format strings of `bpf_trace_printk` and its relatives (kernel/trace/bpf_trace.c, kernel/bpf/helpers.c,
/// bpf_bprintf_prepare; lib/vsprintf.c).
struct KernelFormat {
  private let format: [UInt8]

  init(_ format: some Sequence<UInt8>) { self.format = Array(format) }

  /// One conversion: `%[flags][width][.precision][l|ll|h|hh]c` or `%p` with its suffix.
  private struct Conversion {
    var leftAligned = false
    var zeroPadded = false
    var alternate = false
    var width = 0
    var bytes = 4
  }

  /// The text; nil for a format that the kernel answers with EINVAL. `string` reads a string from guest memory.
  func render(_ arguments: [UInt64], string: (UInt64, Int) -> [UInt8]) -> String? {
    var output: [UInt8] = []
    var remaining = arguments[...]
    var index = 0
    while index < format.count {
      guard format[index] == UInt8(ascii: "%") else {
        guard format[index] < 0x80 else { return nil }
        output.append(format[index])
        index += 1
        continue
      }
      index += 1
      guard index < format.count else { return nil }
      if format[index] == UInt8(ascii: "%") {
        output.append(UInt8(ascii: "%"))
        index += 1
        continue
      }
      var conversion = Conversion()
      flags: while index < format.count {
        switch format[index] {
        case UInt8(ascii: "-"): conversion.leftAligned = true
        case UInt8(ascii: "0"): conversion.zeroPadded = true
        case UInt8(ascii: "#"): conversion.alternate = true
        case UInt8(ascii: "+"), UInt8(ascii: " "): break
        default: break flags
        }
        index += 1
      }
      while index < format.count, format[index] >= 0x30, format[index] <= 0x39 {
        conversion.width = min(conversion.width * 10 + Int(format[index] - 0x30), 1024)
        index += 1
      }
      guard let argument = remaining.popFirst() else { return nil }
      guard let text = convert(argument, &conversion, &index, string: string) else { return nil }
      output += pad(text, conversion)
    }
    return String(decoding: output, as: UTF8.self)
  }

  private func convert(
    _ argument: UInt64, _ conversion: inout Conversion, _ index: inout Int, string: (UInt64, Int) -> [UInt8]
  ) -> [UInt8]? {
    while index < format.count, format[index] == UInt8(ascii: "l") {
      conversion.bytes = 8
      index += 1
    }
    guard index < format.count else { return nil }
    let letter = format[index]
    index += 1
    let value = conversion.bytes == 8 ? argument : argument & 0xffff_ffff
    switch letter {
    case UInt8(ascii: "d"), UInt8(ascii: "i"):
      let signed = conversion.bytes == 8 ? Int64(bitPattern: argument) : Int64(Int32(truncatingIfNeeded: argument))
      return Array(String(signed).utf8)
    case UInt8(ascii: "u"): return Array(String(value).utf8)
    case UInt8(ascii: "x"): return Array((conversion.alternate ? "0x" : "").utf8) + Array(String(value, radix: 16).utf8)
    case UInt8(ascii: "X"):
      return Array((conversion.alternate ? "0X" : "").utf8) + Array(String(value, radix: 16, uppercase: true).utf8)
    case UInt8(ascii: "c"): return [UInt8(truncatingIfNeeded: argument)]
    case UInt8(ascii: "s"): return string(argument, 512)
    case UInt8(ascii: "p"): return pointer(argument, &index, string: string)
    default: return nil
    }
  }

  /// `%p`, `%px`, `%pK`, and addresses: `%pI4`, `%pi4`, `%pI6`, `%pi6`.
  private func pointer(_ argument: UInt64, _ index: inout Int, string: (UInt64, Int) -> [UInt8]) -> [UInt8]? {
    guard index < format.count else { return hexadecimal(argument) }
    switch format[index] {
    case UInt8(ascii: "x"), UInt8(ascii: "K"), UInt8(ascii: "B"), UInt8(ascii: "s"), UInt8(ascii: "S"):
      index += 1
      return hexadecimal(argument)
    case UInt8(ascii: "I"), UInt8(ascii: "i"):
      guard index + 1 < format.count else { return nil }
      let family = format[index + 1]
      let plain = format[index] == UInt8(ascii: "i")
      index += 2
      return address(argument, family, plain: plain)
    default:
      return hexadecimal(argument)
    }
  }

  /// Set by the machine: reads `count` bytes of guest memory.
  var read: (UInt64, Int) -> [UInt8]? = { _, _ in nil }

  private func address(_ argument: UInt64, _ family: UInt8, plain: Bool) -> [UInt8]? {
    switch family {
    case UInt8(ascii: "4"):
      guard let bytes = read(argument, 4) else { return Array("(efault)".utf8) }
      return Array(
        bytes.map { byte in
          let text = String(byte)
          return plain ? String(repeating: "0", count: 3 - text.count) + text : text
        }.joined(separator: ".").utf8)
    case UInt8(ascii: "6"):
      guard let bytes = read(argument, 16) else { return Array("(efault)".utf8) }
      let groups = stride(from: 0, to: 16, by: 2).map { index -> String in
        let text = String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
        return String(repeating: "0", count: 4 - text.count) + text
      }
      return Array(groups.joined(separator: plain ? "" : ":").utf8)
    default:
      return nil
    }
  }

  private func hexadecimal(_ value: UInt64) -> [UInt8] {
    let digits = String(value, radix: 16)
    return Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8)
  }

  private func pad(_ text: [UInt8], _ conversion: Conversion) -> [UInt8] {
    let missing = conversion.width - text.count
    guard missing > 0 else { return text }
    if conversion.leftAligned { return text + [UInt8](repeating: 0x20, count: missing) }
    guard conversion.zeroPadded else { return [UInt8](repeating: 0x20, count: missing) + text }
    let zeros = [UInt8](repeating: 0x30, count: missing)
    return text.first == UInt8(ascii: "-") ? [UInt8(ascii: "-")] + zeros + text.dropFirst() : zeros + text
  }
}
