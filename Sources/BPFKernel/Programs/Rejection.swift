/// The kernel's verifier said no.
public struct Rejection: Hashable, Sendable {
  /// Program that was refused.
  public var program: String
  /// The log's last line that gives a reason: `invalid access to packet, off=0 size=4, R1(id=0,off=0,r=0)`.
  public var reason: String
  /// Slot that the verifier was at, when the log tells.
  public var slot: Int?
  /// `file:line` of that slot, when the object has line information.
  public var source: String?
  /// The text of that source line.
  public var sourceText: String?
  /// The whole log.
  public var log: String

  /// A rejection from its parts.
  public init(
    program: String, reason: String, slot: Int? = nil, source: String? = nil, sourceText: String? = nil, log: String
  ) {
    self.program = program
    self.reason = reason
    self.slot = slot
    self.source = source
    self.sourceText = sourceText
    self.log = log
  }

  /// The last `count` lines of the log, which say where it went wrong.
  public func logTail(_ count: Int = 20) -> [String] {
    log.split(separator: "\n", omittingEmptySubsequences: true).suffix(count).map(String.init)
  }

  /// Reads reason and slot out of a log of log_level 1 or 2.
  static func parse(_ log: String) -> (reason: String, slot: Int?) {
    var reason: String?
    var slot: Int?
    for line in log.split(separator: "\n").reversed() {
      let trimmed = line.drop { $0 == " " || $0 == "\t" }
      if reason == nil {
        if isMeaningful(trimmed) { reason = withoutStatistics(trimmed) }
      } else if let found = instructionSlot(trimmed) {
        slot = found
        break
      }
    }
    return (reason ?? "the verifier left no log", slot)
  }

  /// Some messages end without a newline, so that the statistics follow on the same line.
  private static func withoutStatistics(_ line: Substring) -> String {
    guard let start = line.firstRange(of: "processed "), line[start.upperBound...].contains("insns (limit") else {
      return String(line)
    }
    return String(line[..<start.lowerBound])
  }

  /// Statistics, source comments and instruction lines are no reasons.
  private static func isMeaningful(_ line: Substring) -> Bool {
    let noise = [
      "processed ", "verification time ", "stack depth ", "peak_states ", "mark_precise", "from ", "; ", "parent ",
      "regs=", "last_idx", "first_idx", "propagating ", "func#", "cur state: ", "old state: ",
    ]
    return !line.isEmpty && !noise.contains { line.hasPrefix($0) } && instructionSlot(line) == nil
  }

  /// The slot of a line such as `5: (61) r0 = *(u32 *)(r1 +0)`.
  private static func instructionSlot(_ line: Substring) -> Int? {
    let digits = line.prefix { $0.isNumber }
    guard !digits.isEmpty, line.dropFirst(digits.count).hasPrefix(": ") else { return nil }
    return Int(digits)
  }
}
