/// A number in text as `bpf_strtol` and `bpf_strtoul` read it (kernel/bpf/helpers.c, __bpf_strtoull; lib/kstrtox.c).
struct KernelNumber {
  var magnitude: UInt64
  var isNegative: Bool
  /// Bytes read: blanks, sign and digits.
  var consumed: Int

  /// Why a text is no number.
  enum Fault: Error {
    case invalid
    case outOfRange
  }

  /// Digits that the kernel looks at: its buffer of 64 bytes less the final zero.
  private static let digitLimit = 63

  /// Reads the number that `text` begins with; base 0 takes `0x` and `0` as prefixes.
  init(_ text: UnsafeRawBufferPointer, base: UInt64) throws(Fault) {
    guard !text.isEmpty, base == 0 || base == 8 || base == 10 || base == 16 else { throw .invalid }
    var index = 0
    while index < text.count, KernelNumber.isBlank(text[index]) { index += 1 }
    isNegative = index < text.count && text[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    guard index < text.count else { throw .invalid }
    let end = min(text.count, index + KernelNumber.digitLimit)
    func byte(_ index: Int) -> UInt8 { index < end ? text[index] : 0 }
    let hasPrefix = byte(index) == UInt8(ascii: "0") && byte(index + 1) | 0x20 == UInt8(ascii: "x")
    var base = base
    if base == 0 {
      base = byte(index) != UInt8(ascii: "0") ? 10 : hasPrefix && KernelNumber.digit(byte(index + 2)) < 16 ? 16 : 8
    }
    if base == 16, hasPrefix { index += 2 }
    let start = index
    magnitude = 0
    var overflowed = false
    while case let digit = KernelNumber.digit(byte(index)), digit < base {
      let (product, high) = magnitude.multipliedReportingOverflow(by: base)
      let (sum, carry) = product.addingReportingOverflow(digit)
      overflowed = overflowed || high || carry
      magnitude = sum
      index += 1
    }
    guard !overflowed else { throw .outOfRange }
    guard index > start else { throw .invalid }
    consumed = index
  }

  /// The number with its sign, when 64 bits hold it.
  var signed: Int64? {
    if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
    return Int64(exactly: magnitude)
  }

  /// `isspace` of lib/ctype.c, which counts Latin-1's no-break space.
  private static func isBlank(_ byte: UInt8) -> Bool { byte >= 9 && byte <= 13 || byte == 0x20 || byte == 0xa0 }

  /// What a digit counts; 16 for none.
  private static func digit(_ byte: UInt8) -> UInt64 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: 16
    }
  }
}
