import Glibc
import SystemPackage

/// Writes Ethernet frames to a pcapng file: little-endian, one section, one interface, stamps in nanoseconds.
///
/// What is written is buffered; only ``close()`` tells that all of it has arrived.
public final class CaptureWriter {
  /// The file, as it was named.
  public let path: String
  private var descriptor: Descriptor?
  private var block = BlockBuffer()
  private var fault: CaptureError?

  /// So much is kept before it goes to the system.
  private static let capacity = 1 << 16

  /// libpcap reads blocks of up to 16 MiB.
  private static let longestFrame = (1 << 24) - (1 << 10)

  /// Creates the file at `path`, or empties it.
  ///
  /// - Parameters:
  ///   - interface: name of the interface in the file (if_name).
  ///   - application: what wrote the file (shb_userappl).
  /// - Throws: ``CaptureError/Kind/unwritable``.
  public init(path: String, interface: String? = nil, application: String? = nil) throws(CaptureError) {
    self.path = path
    let raw = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard raw >= 0 else {
      throw CaptureError(kind: .unwritable, path: path, reason: "cannot be created: \(Errno.current)")
    }
    descriptor = Descriptor(raw)
    block.appendSection(application: application)
    block.appendInterface(name: interface)
  }

  deinit {
    // Whoever forgets to close gets what fits, and no word about the rest.
    try? close()
  }

  /// Appends a frame.
  ///
  /// - Parameters:
  ///   - bytes: the frame from its Ethernet header.
  ///   - wireLength: length on the wire in bytes; at least that of `bytes`.
  ///   - timestamp: nanoseconds since 1970.
  ///   - verdict: what the program said of it.
  /// - Throws: ``CaptureError/Kind/unwritable`` when the buffer does not go to the file; every later call fails alike.
  public func write(
    _ bytes: UnsafeRawBufferPointer, wireLength: Int, timestamp: UInt64, verdict: PacketVerdict? = nil
  ) throws(CaptureError) {
    if let fault { throw fault }
    guard bytes.count <= Self.longestFrame else {
      throw CaptureError(kind: .unwritable, path: path, reason: "a frame of \(bytes.count) bytes fits no pcapng block")
    }
    block.appendPacket(bytes, wireLength: wireLength, timestamp: timestamp, verdict: verdict)
    if block.bytes.count >= Self.capacity { try flush() }
  }

  /// Writes what is left and closes the file. Doing it again does nothing, or fails alike.
  ///
  /// - Throws: ``CaptureError/Kind/unwritable``.
  public func close() throws(CaptureError) {
    if let fault { throw fault }
    guard descriptor != nil else { return }
    try flush()
    guard let raw = descriptor.take()?.release() else { return }
    // Network file systems report a full disk here.
    if Glibc.close(raw) != 0 { throw fail(Errno.current) }
  }

  private func flush() throws(CaptureError) {
    guard let raw = descriptor?.raw else { return }
    do {
      try Descriptor(raw, isOwned: false).write(block.bytes)
    } catch {
      throw fail(error)
    }
    block.bytes.removeAll(keepingCapacity: true)
  }

  private func fail(_ error: Errno) -> CaptureError {
    let error = CaptureError(kind: .unwritable, path: path, reason: "cannot be written: \(error)")
    fault = error
    descriptor = nil
    return error
  }
}
