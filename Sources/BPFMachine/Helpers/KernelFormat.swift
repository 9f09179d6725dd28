/// The format strings of `bpf_trace_printk`, `bpf_trace_vprintk` and `bpf_snprintf`: first what kernel/bpf/helpers.c
/// (`bpf_bprintf_prepare`) takes, then what lib/vsprintf.c (`bstr_printf`) makes of it.
struct KernelFormat {
  /// The pieces in order.
  private var pieces: [Piece] = []

  /// Why the kernel does not print.
  enum Fault: Error {
    /// EINVAL
    case invalid
    /// ENOSPC: arguments of more than 512 bytes.
    case noSpace
  }

  private enum Piece {
    case text([UInt8])
    /// Digits with their sign apart.
    case number(Field, magnitude: UInt64, isNegative: Bool, radix: Int, isUpper: Bool)
    case string(Field, [UInt8])
    case character(Field, UInt8)
  }

  /// Flags and width of a conversion.
  private struct Field {
    var isLeft = false
    var isZeroPadded = false
    var plus: UInt8?
    var width = 0
  }

  /// What conversions ask of the machine.
  struct Memory {
    /// That many bytes at an address; nil when they cannot all be read.
    var bytes: (UInt64, Int) -> [UInt8]?
    /// The bytes up to a zero byte, at most so many; nil when the first cannot be read.
    var string: (UInt64, Int) -> [UInt8]?
    /// What `%p` prints in place of an address.
    var pointerID: (UInt64) -> UInt32
  }

  /// `MAX_BPRINTF_BIN_ARGS`.
  private static let argumentBytes = 512
  /// `MAX_BPRINTF_BUF`.
  static let traceLimit = 1024

  /// Reads a format that ends at its first zero byte.
  init(_ format: some Collection<UInt8>, _ arguments: [UInt64], _ memory: Memory) throws(Fault) {
    guard let end = format.firstIndex(of: 0) else { throw .invalid }
    var reader = Reader(
      bytes: Array(format[..<end]) + [0, 0, 0], count: format.distance(from: format.startIndex, to: end))
    var remaining = arguments[...]
    var text: [UInt8] = []
    var used = 0
    while reader.index < reader.count {
      let byte = reader[0]
      guard Character.isAllowed(byte) else { throw .invalid }
      reader.index += 1
      guard byte == UInt8(ascii: "%") else {
        text.append(byte)
        continue
      }
      if reader[0] == UInt8(ascii: "%") {
        text.append(byte)
        reader.index += 1
        continue
      }
      guard let argument = remaining.popFirst() else { throw .invalid }
      if !text.isEmpty { pieces.append(.text(text)) }
      text = []
      pieces.append(try KernelFormat.conversion(&reader, argument, &used, memory))
    }
    if !text.isEmpty { pieces.append(.text(text)) }
  }

  /// The format and a place in it; three zero bytes follow its end.
  private struct Reader {
    let bytes: [UInt8]
    let count: Int
    var index = 0
    subscript(offset: Int) -> UInt8 { bytes[min(index + offset, bytes.count - 1)] }
  }

  /// lib/ctype.c, whose table is Latin-1's.
  private enum Character {
    static func isAllowed(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f || byte >= 9 && byte <= 13 }
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
      byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a || byte >= 0xc0 && byte & 0xdf != 0xd7
    }
    /// What may follow `%s` and `%p`: the end, a blank, or a sign.
    static func endsWord(_ byte: UInt8) -> Bool {
      byte == 0 || isAllowed(byte) && !isAlphanumeric(byte) && !(byte >= 0x80 && byte < 0xa0)
    }
  }

  // MARK: Conversions

  private static func conversion(
    _ reader: inout Reader, _ argument: UInt64, _ used: inout Int, _ memory: Memory
  ) throws(Fault) -> Piece {
    let field = self.field(&reader)
    let letter = reader[0]
    reader.index += 1
    switch letter {
    case UInt8(ascii: "p"):
      let piece = try pointer(&reader, field, argument, &used, memory)
      // What could have named more kinds of pointers is passed over.
      while Character.isAlphanumeric(reader[0]) { reader.index += 1 }
      return piece
    case UInt8(ascii: "s"):
      guard Character.endsWord(reader[0]) else { throw .invalid }
      return .string(field, try string(argument, &used, memory))
    case UInt8(ascii: "c"):
      guard used < argumentBytes else { throw .noSpace }
      used += 1
      return .character(field, UInt8(truncatingIfNeeded: argument))
    default:
      reader.index -= 1
      return try integer(&reader, field, argument, &used)
    }
  }

  /// `[0+- ]*[1-9][0-9]*`.
  private static func field(_ reader: inout Reader) -> Field {
    var field = Field()
    flags: while true {
      switch reader[0] {
      case UInt8(ascii: "-"): field.isLeft = true
      case UInt8(ascii: "0"): field.isZeroPadded = true
      case UInt8(ascii: "+"): field.plus = UInt8(ascii: "+")
      case UInt8(ascii: " "): field.plus = field.plus ?? UInt8(ascii: " ")
      default: break flags
      }
      reader.index += 1
    }
    while reader[0] >= 0x30, reader[0] <= 0x39 {
      // `FIELD_WIDTH_MAX`
      field.width = min(field.width * 10 + Int(reader[0] - 0x30), 1 << 23 - 1)
      reader.index += 1
    }
    return field
  }

  private static func take(_ bytes: Int, _ used: inout Int) throws(Fault) {
    used = (used + 3) & ~3
    guard argumentBytes - used >= bytes else { throw .noSpace }
    used += bytes
  }

  private static func integer(
    _ reader: inout Reader, _ field: Field, _ argument: UInt64, _ used: inout Int
  ) throws(Fault) -> Piece {
    var isLong = false
    for _ in 0..<2 where reader[0] == UInt8(ascii: "l") {
      isLong = true
      reader.index += 1
    }
    let letter = reader[0]
    let isSigned = letter == UInt8(ascii: "d") || letter == UInt8(ascii: "i")
    let isHexadecimal = letter | 0x20 == UInt8(ascii: "x")
    guard isSigned || isHexadecimal || letter == UInt8(ascii: "u") else { throw .invalid }
    reader.index += 1
    try take(isLong ? 8 : 4, &used)
    var field = field
    if isSigned {
      let value = isLong ? Int64(bitPattern: argument) : Int64(Int32(truncatingIfNeeded: argument))
      return .number(field, magnitude: value.magnitude, isNegative: value < 0, radix: 10, isUpper: false)
    }
    field.plus = nil
    return .number(
      field, magnitude: isLong ? argument : argument & 0xffff_ffff, isNegative: false, radix: isHexadecimal ? 16 : 10,
      isUpper: letter == UInt8(ascii: "X"))
  }

  private static func string(_ address: UInt64, _ used: inout Int, _ memory: Memory) throws(Fault) -> [UInt8] {
    guard used < argumentBytes else { throw .noSpace }
    let bytes = memory.string(address, argumentBytes - used - 1) ?? []
    used += bytes.count + 1
    return bytes
  }

  /// `%p`, `%pK`, `%px`, `%ps`, `%pS`, `%pB`, `%pks`, `%pus`, and `%pI4`, `%pi4`, `%pI6`, `%pi6`.
  private static func pointer(
    _ reader: inout Reader, _ field: Field, _ argument: UInt64, _ used: inout Int, _ memory: Memory
  ) throws(Fault) -> Piece {
    func address(_ value: UInt64) -> Piece {
      var field = field
      field.plus = nil
      if field.width == 0 { (field.width, field.isZeroPadded) = (16, true) }
      return .number(field, magnitude: value, isNegative: false, radix: 16, isUpper: false)
    }
    /// NULL and error numbers are shown as they are.
    func hashed() -> Piece {
      address(argument == 0 || argument >= UInt64(bitPattern: -4095) ? argument : UInt64(memory.pointerID(argument)))
    }
    let symbol = Array("0x\(String(argument, radix: 16))".utf8)
    switch (reader[0], reader[1]) {
    case (let next, _) where Character.endsWord(next):
      try take(8, &used)
      return hashed()
    case (UInt8(ascii: "k"), UInt8(ascii: "s")), (UInt8(ascii: "u"), UInt8(ascii: "s")):
      guard Character.endsWord(reader[2]) else { throw .invalid }
      reader.index += 2
      return .text(try string(argument, &used, memory))
    case (UInt8(ascii: "K"), _):
      reader.index += 1
      try take(8, &used)
      return hashed()
    case (UInt8(ascii: "x"), _):
      reader.index += 1
      try take(8, &used)
      return address(argument)
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "S"), _):
      // No address of a program is a symbol's.
      reader.index += 1
      try take(8, &used)
      return .string(field, symbol)
    case (UInt8(ascii: "B"), _):
      reader.index += 1
      used += symbol.count + 1
      return .text(symbol)
    case (let kind, let family) where kind | 0x20 == UInt8(ascii: "i") && (family == 0x34 || family == 0x36):
      reader.index += 2
      guard argumentBytes - used >= (family == 0x34 ? 4 : 16) else { throw .noSpace }
      let count = family == 0x34 ? 4 : 16
      let bytes = memory.bytes(argument, count) ?? [UInt8](repeating: 0, count: count)
      let text = AddressText.text(bytes, plain: kind == UInt8(ascii: "i"))
      used += text.count + 1
      return .text(text)
    default: throw .invalid
    }
  }

  // MARK: Printing

  /// The whole text.
  var text: [UInt8] {
    var output: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .text(let bytes): output += bytes
      case .character(let field, let byte): KernelFormat.pad([byte], field, into: &output)
      case .string(let field, let bytes): KernelFormat.pad(bytes, field, into: &output)
      case .number(let field, let magnitude, let isNegative, let radix, let isUpper):
        let digits = Array(String(magnitude, radix: radix, uppercase: isUpper).utf8)
        let sign = isNegative ? UInt8(ascii: "-") : field.plus
        if field.isZeroPadded, !field.isLeft {
          if let sign { output.append(sign) }
          let missing = field.width - digits.count - (sign == nil ? 0 : 1)
          output += [UInt8](repeating: 0x30, count: max(missing, 0)) + digits
        } else {
          KernelFormat.pad((sign.map { [$0] } ?? []) + digits, field, into: &output)
        }
      }
    }
    return output
  }

  private static func pad(_ bytes: [UInt8], _ field: Field, into output: inout [UInt8]) {
    let blanks = [UInt8](repeating: 0x20, count: max(field.width - bytes.count, 0))
    output += field.isLeft ? bytes + blanks : blanks + bytes
  }
}

/// Addresses as `%pI4`, `%pi4`, `%pI6` and `%pi6` print them.
enum AddressText {
  static func text(_ bytes: [UInt8], plain: Bool) -> [UInt8] {
    func padded(_ text: String, _ width: Int) -> String { String(repeating: "0", count: width - text.count) + text }
    if bytes.count == 4 {
      return Array(bytes.map { plain ? padded(String($0), 3) : String($0) }.joined(separator: ".").utf8)
    }
    let groups = stride(from: 0, to: 16, by: 2).map {
      padded(String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16), 4)
    }
    return Array(groups.joined(separator: plain ? "" : ":").utf8)
  }
}
