import Capture

/// Where frames come from: a capture, or a test.
public protocol FrameSource: AnyObject {
  /// The next frames, as many as are at hand and at most `limit`, whose bytes are valid until the next call; none at the
  /// end.
  ///
  /// - Throws: ``CaptureError`` when there is no going on; the frames before it stand.
  func nextFrames(limit: Int) throws(CaptureError) -> UnsafeBufferPointer<Frame>
  /// How much of the source was read, from 0 to 1; nil when nobody knows.
  var progress: Double? { get }
  /// What the reader of a report should know of the frames: a line each.
  var notes: [String] { get }
}

extension FrameSource {
  /// The next frame, whose bytes are valid until the next call; nil at the end.
  public func next() throws(CaptureError) -> Frame? { try nextFrames(limit: 1).first }
  public var progress: Double? { nil }
  public var notes: [String] { [] }
}

extension CaptureReader: FrameSource {
  public var notes: [String] {
    isEthernetHeaderMadeUp ? ["Ethernet header made for \(linkType.name)"] : []
  }
}
