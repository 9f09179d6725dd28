import BPFMachine
import Capture
import Datapath
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A pcapng file a verdict, named after it (`XDP_DROP.pcapng`), with the frames as the program left them.
///
/// Metadata in front of a frame is left out, so that the file reads as Ethernet; every frame carries its verdict in the
/// epb_verdict option. A VLAN tag that a TC program left beside the frame is put in, as a device would. Codes that Linux does
/// not define share `INVALID.pcapng`.
public final class VerdictCaptures {
  private let directory: String
  private let hook: Hook
  /// By code + 1, for the codes that Linux defines.
  private var writers: [CaptureWriter?] = Array(repeating: nil, count: 16)
  private var other: CaptureWriter?

  /// Writes into `directory`, which is made when it is missing. Captures of an earlier run are replaced.
  public init(directory: String, hook: Hook) throws(OutputError) {
    self.directory = directory
    self.hook = hook
    if mkdir(directory, 0o777) != 0, errno != EEXIST {
      throw OutputError(.cannotCreate, path: directory, errno: Errno(rawValue: errno))
    }
    // A verdict that does not occur this time must not show the frames of another run.
    for name in (-1...14).map({ Verdict(hook: hook, code: $0).name }) {
      _ = unlink("\(directory)/\(name).pcapng")
    }
  }

  /// Writes the frame that `backend` has just run.
  public func record(_ frame: Frame, _ outcome: Outcome, _ backend: some Backend) throws(CaptureError) {
    let verdict = Verdict(hook: hook, returnValue: outcome.returnValue)
    let output = backend.output
    let bytes = UnsafeRawBufferPointer(rebasing: output.dropFirst(backend.outputMetadataLength))
    if hook == .tcIngress || hook == .tcEgress, let tag = (backend as? SimulatorBackend)?.socketBuffer?.tag {
      let written: Result<Void, CaptureError> = Self.insert(tag, into: bytes).withUnsafeBytes { bytes in
        do throws(CaptureError) { return .success(try write(bytes, verdict, frame)) } catch { return .failure(error) }
      }
      try written.get()
    } else {
      try write(bytes, verdict, frame)
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, _ verdict: Verdict, _ frame: Frame) throws(CaptureError) {
    // What the snap length cut off is still missing.
    let wireLength = bytes.count + (frame.wireLength - frame.bytes.count)
    try writer(verdict).write(
      bytes, wireLength: wireLength, timestamp: frame.timestamp, verdict: Self.option(verdict))
  }

  /// The frame with the tag behind its addresses.
  private static func insert(_ tag: VLANTag, into bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let words = [tag.protocolNumber, tag.control].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    return bytes.prefix(12) + words + bytes.dropFirst(12)
  }

  /// epb_verdict; what several programs came to is no program's verdict.
  private static func option(_ verdict: Verdict) -> PacketVerdict? {
    switch verdict.hook {
    case .xdp: .xdp(UInt64(bitPattern: verdict.number))
    case .tcIngress, .tcEgress: .tc(verdict.number)
    case .chain: nil
    }
  }

  private func writer(_ verdict: Verdict) throws(CaptureError) -> CaptureWriter {
    let slot = Int(UInt32(bitPattern: verdict.code &+ 1))
    if slot < writers.count, let known = writers[slot] { return known }
    let name = verdict.name
    guard name != "INVALID" else {
      if let other { return other }
      let made = try CaptureWriter(path: "\(directory)/INVALID.pcapng", application: "verdict")
      other = made
      return made
    }
    let made = try CaptureWriter(path: "\(directory)/\(name).pcapng", application: "verdict")
    writers[slot] = made
    return made
  }

  /// Hands the last frames to the system; without it they are lost.
  public func finish() throws(CaptureError) {
    for writer in writers { try writer?.close() }
    try other?.close()
  }
}
