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

  /// The bytes of a text; what is no hexadecimal digit is passed over.
  public static func bytes(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    for part in text.utf8.split(separator: UInt8(ascii: " ")) {
      let run = part.split(separator: UInt8(ascii: "*"))
      guard let hex = run.first else { continue }
      var bytes: [UInt8] = []
      var high: UInt8?
      for case let digit? in hex.lazy.map(digit) {
        if let first = high { bytes.append(first << 4 | digit) }
        high = high == nil ? digit : nil
      }
      let count = run.count == 2 ? Int(String(decoding: run[1], as: UTF8.self)) ?? 0 : 1
      for _ in 0..<count { result.append(contentsOf: bytes) }
    }
    return result
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
