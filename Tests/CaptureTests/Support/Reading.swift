import Capture
import Foundation

/// What reading a capture to its end gave.
struct Reading: Hashable {
  struct Item: Hashable {
    var bytes: [UInt8]
    var wireLength: Int
    var timestamp: UInt64
    var number: Int
    var interface: Int
  }

  var frames: [Item] = []
  var error: CaptureError?

  init(_ open: () throws(CaptureError) -> CaptureReader) {
    do throws(CaptureError) {
      let reader = try open()
      while let frame = try reader.next() {
        frames.append(
          Item(
            bytes: Array(frame.bytes), wireLength: frame.wireLength, timestamp: frame.timestamp, number: frame.number,
            interface: frame.interface))
      }
    } catch {
      self.error = error
    }
  }

  /// Reads `bytes` from a file.
  init(file bytes: [UInt8]) throws {
    let file = try TemporaryFile(bytes)
    self.init { () throws(CaptureError) in try CaptureReader(path: file.path) }
  }

  /// Reads `bytes` from a pipe, into which they come in pieces of `piece` bytes.
  init(pipe bytes: [UInt8], piece: Int = 4096, decompressor: String? = nil) {
    let pipe = Pipe()
    let input = pipe.fileHandleForWriting
    let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
    try? pipe.fileHandleForReading.close()
    input.feed(bytes, piece: piece, isClosing: true)
    self.init { () throws(CaptureError) in
      try CaptureReader(descriptor: descriptor, path: "a pipe", decompressor: decompressor)
    }
  }
}

/// A file that goes with its owner.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8] = [], suffix: String = "pcap") throws {
    path = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID().uuidString).\(suffix)").path
    try Data(bytes).write(to: URL(filePath: path))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  var bytes: [UInt8] {
    get throws { try Array(Data(contentsOf: URL(filePath: path))) }
  }
}

extension FileHandle {
  /// Writes `bytes` on a thread of its own, as far as there is a reader.
  func feed(_ bytes: [UInt8], piece: Int = 4096, isClosing: Bool) {
    let writer = Thread {
      var blocked = sigset_t()
      sigemptyset(&blocked)
      sigaddset(&blocked, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &blocked, nil)
      for start in stride(from: 0, to: bytes.count, by: piece) {
        let part = bytes[start..<min(start + piece, bytes.count)]
        if (try? self.write(contentsOf: Data(part))) == nil { break }
      }
      if isClosing { try? self.close() }
    }
    writer.start()
  }
}
