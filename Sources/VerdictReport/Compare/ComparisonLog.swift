import BPFMachine
import Capture
import Datapath

/// A line of JSON a packet: `packet`, `time`, `length`, `flow`, `same`, then what each side made of the packet under its name
/// (`verdict`, `code`, `output_length`, `output_hash`, `metadata_length`, `redirect`, `trap`), and `causes` or `differs` when
/// they are not the same. A packet that was not run has `skipped` with the reason instead.
///
/// The fields are those of ``PacketLog``.
public final class ComparisonLog {
  /// What one side made of a packet.
  struct Side {
    var verdict: Verdict
    var output: Int
    var hash: UInt64
    var metadata: Int
    var redirect: String?
    var trap: String?

    init(_ backend: some Backend, _ outcome: Outcome) {
      verdict = Verdict(hook: backend.hook, returnValue: outcome.returnValue)
      output = backend.output.count
      hash = FNV1a.hash(backend.output)
      metadata = backend.outputMetadataLength
      if outcome.isRedirected, verdict.isRedirect { redirect = backend.redirect.map(backend.describe) }
      if outcome.isTrapped { trap = backend.trap.map { backend.describe($0).reason } }
    }

    init(_ side: Divergence.Side) {
      verdict = side.verdict
      let bytes = side.image.metadata + side.image.frame
      output = bytes.count
      hash = bytes.withUnsafeBytes { FNV1a.hash($0) }
      metadata = side.image.metadata.count
      redirect = side.redirect
      trap = side.trap?.reason
    }

    var json: JSON {
      let digits = String(hash, radix: 16)
      var members: [(String, JSON)] = [
        ("verdict", .string(verdict.name)), ("code", .integer(verdict.number)),
        ("output_length", .integer(Int64(output))),
        ("output_hash", .string(String(repeating: "0", count: 16 - digits.count) + digits)),
        ("metadata_length", .integer(Int64(metadata))),
      ]
      if let redirect { members.append(("redirect", .string(redirect))) }
      if let trap { members.append(("trap", .string(trap))) }
      return .object(members)
    }
  }

  private let output: OutputBuffer
  private let names: (left: String, right: String)

  /// Writes to the file at `path`, `-` for standard output.
  public init(path: String, left: String = "simulator", right: String = "kernel") throws(OutputError) {
    output = try OutputBuffer(path: path)
    names = (left, right)
  }

  private func head(_ frame: Frame) -> [(String, JSON)] {
    let fraction = String(frame.timestamp % 1_000_000_000)
    let time =
      "\(frame.timestamp / 1_000_000_000).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
    return [
      ("packet", .integer(Int64(frame.number))), ("time", .string(time)),
      ("length", .integer(Int64(frame.bytes.count))), ("flow", .string(Flow(Array(frame.bytes)).text)),
    ]
  }

  func record(_ frame: Frame, _ left: Side, _ right: Side, causes: [DivergenceCause]) throws(OutputError) {
    var line = head(frame) + sides(left, right, same: causes.isEmpty)
    if !causes.isEmpty { line.append(("causes", .array(causes.map { .string($0.rawValue) }))) }
    try output.append(JSON.object(line).text + "\n")
  }

  func record(_ frame: Frame, _ left: Side, _ right: Side, differs: [String]) throws(OutputError) {
    var line = head(frame) + sides(left, right, same: differs.isEmpty)
    if !differs.isEmpty { line.append(("differs", .array(differs.map(JSON.string)))) }
    try output.append(JSON.object(line).text + "\n")
  }

  func record(_ frame: Frame, skipped reason: String) throws(OutputError) {
    try output.append(JSON.object(head(frame) + [("skipped", .string(reason))]).text + "\n")
  }

  private func sides(_ left: Side, _ right: Side, same: Bool) -> [(String, JSON)] {
    [("same", .bool(same)), (names.left, left.json), (names.right, right.json)]
  }

  /// Hands the last lines to the system; without it they are lost.
  public func finish() throws(OutputError) { try output.flush() }
}
