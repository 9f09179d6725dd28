/// The value of a kernel configuration option, as a kernel's configuration file writes it.
public enum KernelConfigValue: Hashable, Sendable {
  /// `y`, `n` or `m`.
  case tristate(Tristate)
  /// Text in quotes, without them.
  case text(String)
  /// A number; negative ones in two's complement.
  case number(UInt64)

  /// Built in, left out, or a module; the raw value is that of libbpf's `enum libbpf_tristate`.
  public enum Tristate: UInt8, Sendable {
    case no = 0
    case yes = 1
    case module = 2

    /// The letter in a configuration file.
    public var letter: Character {
      switch self {
      case .no: "n"
      case .yes: "y"
      case .module: "m"
      }
    }
  }

  /// Reads what stands behind the `=`; nil when it is none of the three.
  public init?(_ text: some StringProtocol) {
    switch text {
    case "y": self = .tristate(.yes)
    case "n": self = .tristate(.no)
    case "m": self = .tristate(.module)
    default:
      if text.hasPrefix("\"") {
        guard text.count >= 2, text.hasSuffix("\"") else { return nil }
        self = .text(String(text.dropFirst().dropLast()))
      } else {
        guard let number = Self.number(text) else { return nil }
        self = .number(number)
      }
    }
  }

  /// A number as strtoull(3) with base 0 reads it: decimal, `0x…`, or octal with a leading 0; a minus wraps around.
  private static func number(_ text: some StringProtocol) -> UInt64? {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : text.dropFirst(0)
    guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
    let magnitude: UInt64? =
      if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
        digits.dropFirst(2).first == "+" || digits.dropFirst(2).first == "-"
          ? nil : UInt64(digits.dropFirst(2), radix: 16)
      } else if first == "0", digits.count > 1 {
        UInt64(digits, radix: 8)
      } else {
        UInt64(digits)
      }
    return magnitude.map { isNegative ? 0 &- $0 : $0 }
  }
}

extension KernelConfigValue: CustomStringConvertible {
  /// As a configuration file writes it.
  public var description: String {
    switch self {
    case .tristate(let value): String(value.letter)
    case .text(let text): "\"\(text)\""
    case .number(let number): "\(number)"
    }
  }
}

/// The options of a kernel's configuration file, by name (`CONFIG_…`).
public struct KernelConfiguration: Hashable, Sendable {
  /// The options that are set.
  public private(set) var values: [String: KernelConfigValue] = [:]

  /// Reads a configuration file: a line an option, `CONFIG_HZ=250`; comments and everything else are passed over.
  ///
  /// - Throws: ``ObjectError`` of kind ``ObjectError/Kind/badConfiguration``, when there is no option in it at all or a value
  ///   cannot be read.
  public init(parsing bytes: [UInt8], file: String) throws(ObjectError) {
    var offset = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      defer { offset += line.count + 1 }
      guard line.starts(with: Self.prefix), let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = String(decoding: line[..<equals], as: UTF8.self)
      let text = String(decoding: line[(equals + 1)...], as: UTF8.self)
      guard let value = KernelConfigValue(text.last == "\r" ? text.dropLast() : text[...]) else {
        throw ObjectError(
          kind: .badConfiguration, file: file, offset: offset,
          message: "\(name)=\(text.prefix(40)): the value is no y, n or m, no number and no text in quotes")
      }
      // libbpf takes the first of several.
      if values[name] == nil { values[name] = value }
    }
    guard !values.isEmpty else {
      throw ObjectError(
        kind: .badConfiguration, file: file,
        message: "there is no line CONFIG_…=… in it; a kernel's configuration is its .config or /proc/config.gz")
    }
  }

  private static let prefix = Array("CONFIG_".utf8)
}
