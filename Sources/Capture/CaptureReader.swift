/// Reads a pcap or pcapng file, or a pipe, frame by frame through libpcap.
///
/// Files compressed with gzip, xz or zstd go through the program of that name. Time stamps are in nanoseconds whatever the
/// file has; link types without Ethernet frames get a header made for them (``isEthernetHeaderMadeUp``), or are refused.
/// Memory does not grow with the capture. A second thread reads ahead, which changes neither the order of anything nor the
/// place of a fault.
public final class CaptureReader {
  /// What was delivered so far.
  public struct Statistics: Hashable, Sendable {
    /// Frames.
    public var frames = 0
    /// Captured bytes, headers that were made up included.
    public var bytes = 0
    /// Frames that the snap length cut: shorter than they were on the wire.
    public var cutFrames = 0

    /// Nothing delivered.
    public init() {}
  }

  /// The file as it was named, `standard input` for `-`.
  public let path: String
  /// The link type in the file.
  public let linkType: LinkType
  /// What ``next()`` returned so far.
  public private(set) var statistics = Statistics()

  private let source: ByteSource
  private let readAhead: ReadAhead
  private var batch: FrameBatch
  private var index = 0

  /// Opens the capture at `path`, `-` for standard input.
  ///
  /// - Throws: an error without a packet number when there is no such file, when it is no capture or one of an unsupported
  ///   link type, and when its decompressor is missing.
  public convenience init(path: String) throws(CaptureError) {
    try self.init(ByteSource.open(path))
  }

  /// Takes over an open file descriptor; `decompressor` stands in for the usual program.
  package convenience init(
    descriptor: Int32, path: String, decompressor: String? = nil
  ) throws(CaptureError) {
    try self.init(ByteSource.source(of: Descriptor(descriptor), path: path, program: decompressor))
  }

  private init(_ source: ByteSource) throws(CaptureError) {
    let handle = try PcapHandle(source)
    path = source.path
    linkType = handle.linkType
    self.source = source
    readAhead = ReadAhead(handle)
    batch = readAhead.initial
  }

  /// Whether frames have an Ethernet header that was not on the wire.
  public var isEthernetHeaderMadeUp: Bool { linkType.isEthernetHeaderMadeUp }

  /// How much of a regular file was read, from 0 to 1; nil for a pipe.
  public var progress: Double? { source.progress }

  /// Ends the wait for a pipe as if the pipe had ended, so that what was read is delivered; does nothing to a file. It may be
  /// called from any thread.
  public var canceller: @Sendable () -> Void { readAhead.canceller }

  /// The next frame, lent until the next call; nil at the end of the capture.
  ///
  /// - Throws: the fault that ends the capture, with packet number and byte offset, after every frame before it; the same one
  ///   when asked again.
  public func next() throws(CaptureError) -> Frame? {
    try nextFrames(limit: 1).first
  }

  /// The next frames, as many as are at hand and at most `limit`, lent until the next call; none at the end of the capture.
  ///
  /// - Throws: as ``next()``.
  public func nextFrames(limit: Int = .max) throws(CaptureError) -> UnsafeBufferPointer<Frame> {
    while index == batch.count, limit > 0 {
      switch batch.end {
      case .file: return UnsafeBufferPointer(start: nil, count: 0)
      case .fault(let error): throw error
      case nil:
        batch = readAhead.next()
        index = 0
      }
    }
    let count = min(limit, batch.count - index)
    let frames = UnsafeBufferPointer(rebasing: batch.frames[index..<index + count])
    index += count
    statistics.frames += count
    if count == batch.count {
      statistics.bytes += batch.byteCount
      statistics.cutFrames += batch.cutCount
    } else {
      for frame in frames {
        statistics.bytes += frame.bytes.count
        if frame.wireLength > frame.bytes.count { statistics.cutFrames += 1 }
      }
    }
    return frames
  }
}
