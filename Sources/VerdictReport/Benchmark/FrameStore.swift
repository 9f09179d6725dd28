import Capture

/// Frames held in memory, so that what is measured is the program and not the file.
public final class FrameStore {
  /// The frames, valid as long as the store.
  public private(set) var frames: UnsafeBufferPointer<Frame>
  /// Blocks of frame bytes, none of which ever moves.
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private static let blockSize = 1 << 20

  /// One frame.
  public convenience init(frame: [UInt8]) {
    self.init()
    frame.withUnsafeBytes { bytes in
      let copy = copy(bytes)
      hold([Frame(bytes: copy, wireLength: copy.count, timestamp: 0, number: 1)])
    }
  }

  /// Every frame of a capture, or the first `limit` of them.
  ///
  /// - Throws: ``CaptureError`` when the capture breaks off.
  public convenience init(_ source: some FrameSource, limit: Int = .max) throws(CaptureError) {
    self.init()
    var held: [Frame] = []
    while held.count < limit {
      let frames = try source.nextFrames(limit: limit - held.count)
      if frames.isEmpty { break }
      for frame in frames {
        held.append(
          Frame(
            bytes: copy(frame.bytes), wireLength: frame.wireLength, timestamp: frame.timestamp, number: frame.number,
            interface: frame.interface))
      }
    }
    hold(held)
  }

  private init() { frames = UnsafeBufferPointer(start: nil, count: 0) }

  deinit {
    frames.deallocate()
    for block in blocks { block.deallocate() }
  }

  private func hold(_ held: [Frame]) {
    let storage = UnsafeMutableBufferPointer<Frame>.allocate(capacity: held.count)
    _ = storage.initialize(fromContentsOf: held)
    frames = UnsafeBufferPointer(storage)
  }

  private func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    if bytes.count > free.count {
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(Self.blockSize, bytes.count), alignment: 64)
      blocks.append(block)
      free = block
    }
    let copy = UnsafeMutableRawBufferPointer(rebasing: free[..<bytes.count])
    copy.copyMemory(from: bytes)
    free = UnsafeMutableRawBufferPointer(rebasing: free[bytes.count...])
    return UnsafeRawBufferPointer(copy)
  }
}
