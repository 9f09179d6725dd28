import CPcap
import Glibc
import SystemPackage

/// The bytes of a capture on their way from a file, a pipe or a decompressor to libpcap, which reads them as a stdio stream.
///
/// The stream tells its position on pipes too, and ``walker`` follows the records in it, so that a fault has a place.
final class ByteSource {
  /// The file, as the user named it.
  let path: String
  private let input: Descriptor
  /// First bytes of a pipe, taken to look for compression, which nobody has read yet.
  private var prefix: ArraySlice<UInt8>
  /// Length in bytes on the disk, nil for what is no regular file.
  private let size: Int?
  private let decompressor: Decompressor?
  /// Where a reader that waits for a pipe looks for ``cancel()``; nil for files, which do not keep anybody waiting.
  private let cancellation: Cancellation?
  /// stdio's buffer. It must outlive the stream.
  private let buffer: UnsafeMutableRawBufferPointer

  private var walker = RecordWalker()
  /// How many bytes were handed out.
  private(set) var length: UInt64 = 0
  /// Whether the end was seen.
  private(set) var isAtEnd = false
  /// Whether reading was called off. Nothing is known of the rest then, and the decompressor is still at work.
  private(set) var isCancelled = false
  /// What read(2) failed with.
  private(set) var failure: Errno?

  init(
    _ input: consuming Descriptor, path: String, size: Int?, prefix: [UInt8], decompressor: Decompressor?,
    cancellation: Cancellation?
  ) {
    self.path = path
    self.input = input
    self.size = size
    self.prefix = prefix[...]
    self.decompressor = decompressor
    self.cancellation = cancellation
    buffer = .allocate(byteCount: 1 << 18, alignment: 4096)
  }

  deinit {
    buffer.deallocate()
  }

  /// Whether this is pcap, and not pcapng.
  var isPcap: Bool { walker.isPcap }

  /// The interface of the next packet, once for each packet.
  func takeInterface() -> Int { walker.takeInterface() }

  /// The record that a reader at `position` is in.
  func record(before position: UInt64) -> RecordWalker.Record { walker.record(before: position) }

  /// How much of a regular file was read, from 0 to 1; nil for anything else.
  var progress: Double? {
    guard let size, size > 0 else { return nil }
    // The decompressor shares the file's position.
    return min(1, max(0, Double(lseek(input.raw, 0, SEEK_CUR)) / Double(size)))
  }

  /// What the decompressor has to complain about, once its output has ended.
  var decompressionFault: String? {
    isAtEnd ? decompressor?.finish() : nil
  }

  /// Makes a ``read(into:)`` that waits for a pipe end as if that had ended; from any thread.
  func cancel() {
    cancellation?.cancel()
  }

  /// Reads up to the size of `destination`; -1 when reading failed, as stdio has it.
  private func read(into destination: UnsafeMutableRawBufferPointer) -> Int {
    let chunk = read(upTo: destination)
    guard chunk >= 0 else { return -1 }
    if chunk == 0, !isCancelled { isAtEnd = true }
    walker.follow(UnsafeRawBufferPointer(rebasing: destination[..<chunk]), at: length)
    length += UInt64(chunk)
    return chunk
  }

  private func read(upTo destination: UnsafeMutableRawBufferPointer) -> Int {
    if !prefix.isEmpty {
      let count = min(prefix.count, destination.count)
      destination.copyBytes(from: prefix.prefix(count))
      prefix = prefix.dropFirst(count)
      return count
    }
    do {
      if let decompressor { return try read(decompressor.output, into: destination) }
      return try read(input, into: destination)
    } catch {
      failure = error
      errno = error.rawValue
      return -1
    }
  }

  private func read(
    _ descriptor: borrowing Descriptor, into destination: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    if let cancellation, !descriptor.waitForInput(orAnythingAt: cancellation.descriptor, events: Int16(POLLIN)) {
      isCancelled = true
      return 0
    }
    return try descriptor.read(into: destination)
  }

  /// Whether whoever has read `packets` packets, up to `position`, and reads on waits for the other end of a pipe: longer
  /// than a busy one would take, so that only a live capture comes in small pieces.
  func isWaiting(after packets: Int, at position: () -> UInt64) -> Bool {
    // Of the packets that have begun, all but the last are whole.
    guard cancellation != nil, prefix.isEmpty, packets + 1 >= walker.packets else { return false }
    guard position() >= walker.boundary(upTo: length) else { return false }
    return if let decompressor { !decompressor.output.hasInput(within: 5) } else { !input.hasInput(within: 5) }
  }

  /// The source as a stdio stream, which must be closed before the source goes; nil when there is no memory for one.
  func openStream() -> UnsafeMutablePointer<FILE>? {
    let functions = stream_functions(
      read: { cookie, destination, size in
        guard let cookie else { return -1 }
        return Unmanaged<ByteSource>.fromOpaque(cookie).takeUnretainedValue()
          .read(into: UnsafeMutableRawBufferPointer(start: destination, count: size))
      },
      write: nil,
      seek: { cookie, offset, whence in
        // ftello(3) asks where the stream stands; nobody seeks.
        guard let cookie, let offset, whence == SEEK_CUR, offset.pointee == 0 else { return -1 }
        offset.pointee = off_t(Unmanaged<ByteSource>.fromOpaque(cookie).takeUnretainedValue().length)
        return 0
      },
      close: nil)
    guard let stream = stream_open(Unmanaged.passUnretained(self).toOpaque(), "r", functions) else { return nil }
    setvbuf(stream, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), _IOFBF, buffer.count)
    // One thread at a time reads, and libpcap calls fread(3) twice a packet.
    _ = __fsetlocking(stream, Int32(FSETLOCKING_BYCALLER))
    return stream
  }
}
