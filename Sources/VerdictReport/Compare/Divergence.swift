import BPFMachine
import Capture
import Datapath

/// A packet that two backends did not treat alike.
public struct Divergence: Sendable {
  /// What one backend made of the packet.
  public struct Side: Sendable {
    /// r0.
    public var verdict: Verdict
    /// Why the simulator stopped, when it did.
    public var trap: TrapDescription?
    /// Where a redirect goes, when the backend tells.
    public var redirect: String?
    /// What is left of the frame.
    package var image: FrameImage
    /// `struct xdp_md` or `struct __sk_buff`; empty when not known.
    public var context: [UInt8]

    init(_ backend: some Backend, _ outcome: Outcome) {
      verdict = Verdict(hook: backend.hook, returnValue: outcome.returnValue)
      trap = outcome.isTrapped ? backend.trap.map(backend.describe) : nil
      if outcome.isRedirected, verdict.isRedirect { redirect = backend.redirect.map(backend.describe) }
      image = FrameImage(backend.output, metadataLength: backend.outputMetadataLength)
      context = backend.contextOut
    }
  }

  /// Number of the packet in the capture, from 1.
  public var packet: Int
  /// Its time stamp, nanoseconds since 1970.
  public var timestamp: UInt64
  /// Its bytes as captured.
  public var length: Int
  /// The conversation that it belongs to.
  public var flow: Flow
  /// The simulator, or the older build.
  public var left: Side
  /// The kernel, or the newer build.
  public var right: Side
  /// Most probable causes, one for each thing that differs; ``DivergenceCause/fault`` stands alone.
  public var causes: [DivergenceCause]
  /// The packet at which the maps came apart, when what differs here follows from that.
  public var follows: Int?

  init(_ frame: Frame, left: Side, right: Side) {
    packet = frame.number
    timestamp = frame.timestamp
    length = frame.bytes.count
    flow = Flow(Array(frame.bytes))
    self.left = left
    self.right = right
    causes = []
  }

  /// Verdicts differ.
  public var hasOtherVerdict: Bool { left.verdict != right.verdict }
  /// The frames, or the metadata in front of them, differ.
  public var hasOtherOutput: Bool { left.image != right.image }
  /// The contexts differ, where both sides tell.
  public var hasOtherContext: Bool {
    !left.context.isEmpty && !right.context.isEmpty && left.context != right.context
  }
  /// Nobody can say why.
  public var isFault: Bool { causes.contains(.fault) }

  /// The frames field by field.
  package var frameDifference: FrameDifference { FrameDifference(left.image, right.image) }
}
