import Capture

/// Frames held in memory, so that what is measured is the program and not the file.
public final class FrameStore {
  private struct Entry {
    var offset: Int
    var count: Int
    var wireLength: Int
    var timestamp: UInt64
  }

  private var entries: [Entry] = []
  private var bytes: UnsafeMutableRawBufferPointer

  /// One frame.
  public init(frame: [UInt8]) {
    bytes = .allocate(byteCount: max(1, frame.count), alignment: 64)
    bytes.copyBytes(from: frame)
    entries = [Entry(offset: 0, count: frame.count, wireLength: frame.count, timestamp: 0)]
  }

  /// Every frame of a capture, or the first `limit` of them.
  ///
  /// - Throws: ``CaptureError`` when the capture breaks off.
  public init(_ source: some FrameSource, limit: Int? = nil) throws(CaptureError) {
    bytes = .allocate(byteCount: 1 << 20, alignment: 64)
    var used = 0
    while entries.count < limit ?? Int.max, let frame = try source.next() {
      if frame.bytes.count > bytes.count - used { grow(used, by: frame.bytes.count) }
      UnsafeMutableRawBufferPointer(rebasing: bytes[used...]).copyMemory(from: frame.bytes)
      entries.append(
        Entry(offset: used, count: frame.bytes.count, wireLength: frame.wireLength, timestamp: frame.timestamp))
      used += frame.bytes.count
    }
  }

  deinit { bytes.deallocate() }

  private func grow(_ used: Int, by needed: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count * 2, used + needed), alignment: 64)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<used]))
    bytes.deallocate()
    bytes = larger
  }

  /// Number of frames.
  public var count: Int { entries.count }

  /// The frame at `index`, from 0; valid as long as the store.
  @inline(__always)
  public subscript(index: Int) -> Frame {
    let entry = entries[index]
    return Frame(
      bytes: UnsafeRawBufferPointer(rebasing: bytes[entry.offset..<entry.offset + entry.count]),
      wireLength: entry.wireLength, timestamp: entry.timestamp, number: index + 1)
  }
}
