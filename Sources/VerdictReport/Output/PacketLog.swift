import BPFMachine
import Capture
import Datapath

/// A line of JSON a packet: `packet`, `time`, `length`, `verdict`, `code`, `instructions`, `output_length`,
/// `output_hash`, and `redirect`, `skb`, `vlan`, `tunnel`, `clones` and `trap` where there is one.
///
/// `instructions` is null where a kernel does not tell. `time` is seconds since 1970 with nine decimals, a string so that no reader rounds it. `output_hash` is the FNV-1a
/// hash, 64 bits in hex, of the bytes from data_meta to the end of the frame: what `BPF_PROG_TEST_RUN` gives as data_out.
public final class PacketLog {
  let output: OutputBuffer
  private let hook: Hook
  /// `"XDP_PASS","code":2` by code + 1, for the codes that Linux defines.
  private let verdicts: [String]

  /// Writes to the file at `path`, `-` for standard output.
  public init(path: String, hook: Hook) throws(OutputError) {
    output = try OutputBuffer(path: path)
    self.hook = hook
    verdicts = (-1...14).map { Self.verdict(Verdict(hook: hook, code: $0)) }
  }

  private static func verdict(_ verdict: Verdict) -> String {
    "\"\(verdict.name)\",\"code\":\(verdict.number)"
  }

  /// Writes the line of a packet that `backend` has just run.
  public func record(_ frame: Frame, _ outcome: Outcome, _ backend: some Backend) throws(OutputError) {
    try output.append("{\"packet\":")
    try output.append(UInt64(truncatingIfNeeded: frame.number))
    try output.append(",\"time\":\"")
    try output.append(frame.timestamp / 1_000_000_000)
    try output.append(".")
    try output.append(frame.timestamp % 1_000_000_000, width: 9)
    try output.append("\",\"length\":")
    try output.append(UInt64(frame.bytes.count))
    try output.append(",\"verdict\":")
    let code = Int32(bitPattern: outcome.returnValue)
    if code >= -1, code <= 14 {
      try output.append(verdicts[Int(code) + 1])
    } else {
      try output.append(Self.verdict(Verdict(hook: hook, code: code)))
    }
    try output.append(",\"instructions\":")
    if outcome.instructions > 0 { try output.append(Int64(outcome.instructions)) } else { try output.append("null") }
    let left = backend.output
    try output.append(",\"output_length\":")
    try output.append(UInt64(left.count))
    try output.append(",\"output_hash\":\"")
    try output.appendHex(FNV1a.hash(left))
    try output.append("\"")
    if hook == .chain {
      if let path = backend as? PacketPath { try appendJourney(of: path) }
    } else if outcome.isRedirected, Verdict(hook: hook, code: code).isRedirect, let redirect = backend.redirect {
      try output.append(",\"redirect\":")
      try append(quoted: backend.describe(redirect))
    }
    if hook == .tcIngress || hook == .tcEgress, let simulator = backend as? SimulatorBackend {
      try appendSocketBuffer(of: simulator)
    }
    if outcome.isTrapped, let trap = backend.trap { try append(backend.describe(trap)) }
    try output.append("}\n")
  }

  private func append(_ trap: TrapDescription) throws(OutputError) {
    try output.append(",\"trap\":{\"reason\":")
    try append(quoted: trap.reason)
    try output.append(",\"instruction\":")
    try output.append(Int64(trap.instruction))
    try output.append(",\"source\":")
    if let source = trap.source { try append(quoted: source) } else { try output.append("null") }
    try output.append("}")
  }

  func append(quoted text: String) throws(OutputError) {
    var quoted = ""
    JSON.quote(text, to: &quoted)
    try output.append(quoted)
  }

  /// Hands the last lines to the system; without it they are lost.
  public func finish() throws(OutputError) { try output.flush() }
}

extension Verdict {
  /// True for XDP_REDIRECT, TC_ACT_REDIRECT and ``Fate/redirect``.
  package var isRedirect: Bool { code == (hook == .tcIngress || hook == .tcEgress ? 7 : 4) }
}
