/// Bytes as hexadecimal text with runs shortened: `aabb 00*4000 01`.
public enum HexText {
  /// Runs at least this long are shortened.
  static let shortestRun = 12

  public static func text(_ bytes: [UInt8]) -> String {
    var parts: [String] = []
    var plain = ""
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      var end = position
      while end < bytes.count, bytes[end] == byte { end += 1 }
      let hex = String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      if end - position >= shortestRun {
        if !plain.isEmpty { parts.append(plain) }
        plain = ""
        parts.append("\(hex)*\(end - position)")
      } else {
        plain += String(repeating: hex, count: end - position)
      }
      position = end
    }
    if !plain.isEmpty { parts.append(plain) }
    return parts.joined(separator: " ")
  }

  /// The bytes of a text; what is no hexadecimal text ends it.
  public static func bytes(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    for part in text.split(separator: " ") {
      let run = part.split(separator: "*")
      var digits = Substring(run[0])
      var bytes: [UInt8] = []
      while digits.count >= 2, let byte = UInt8(digits.prefix(2), radix: 16) {
        bytes.append(byte)
        digits = digits.dropFirst(2)
      }
      let count = run.count == 2 ? Int(run[1]) ?? 0 : 1
      for _ in 0..<count { result.append(contentsOf: bytes) }
    }
    return result
  }
}
