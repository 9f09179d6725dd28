import Glibc
import SystemPackage

extension ByteSource {
  /// Opens `path`, `-` for standard input.
  static func open(_ path: String) throws(CaptureError) -> ByteSource {
    if path == "-" {
      let name = "standard input"
      if isatty(STDIN_FILENO) == 1 {
        throw CaptureError(kind: .missing, path: name, reason: "is a terminal: name a file, or pipe a capture in")
      }
      return try source(of: Descriptor(STDIN_FILENO, isOwned: false), path: name)
    }
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let error = Errno.current
      let isMissing = error == .noSuchFileOrDirectory || error == .notDirectory
      throw CaptureError(kind: isMissing ? .missing : .unreadable, path: path, reason: "cannot be opened: \(error)")
    }
    return try source(of: Descriptor(descriptor), path: path)
  }

  /// `program` stands in for the decompressor's usual name.
  static func source(
    of input: consuming Descriptor, path: String, program: String? = nil
  ) throws(CaptureError) -> ByteSource {
    let opening: Opening
    do {
      opening = try Opening(input)
    } catch {
      throw CaptureError(kind: .unreadable, path: path, reason: "cannot be read: \(error)")
    }
    guard let compression = Compression(magic: opening.magic) else {
      return ByteSource(
        input, path: path, size: opening.size, prefix: opening.prefix, decompressor: nil,
        cancellation: opening.cancellation)
    }
    let decompressor = try Decompressor(
      compression, program: program, input: input, prefix: opening.prefix, path: path)
    return ByteSource(
      input, path: path, size: opening.size, prefix: [], decompressor: decompressor, cancellation: opening.cancellation)
  }
}

/// What a look at an input tells before any of it is read.
private struct Opening {
  /// The first bytes.
  var magic: [UInt8]
  /// The first bytes, when looking at them took them out of a pipe.
  var prefix: [UInt8] = []
  /// Length of a regular file.
  var size: Int?
  /// For what can keep a reader waiting.
  var cancellation: Cancellation?

  init(_ input: borrowing Descriptor) throws(Errno) {
    var status = stat()
    guard fstat(input.raw, &status) == 0 else { throw Errno.current }
    if status.st_mode & S_IFMT == S_IFDIR { throw Errno.isDirectory }

    magic = [UInt8](repeating: 0, count: Compression.magicLength)
    let start = lseek(input.raw, 0, SEEK_CUR)
    if start >= 0 {
      if status.st_mode & S_IFMT == S_IFREG { size = Int(status.st_size) }
      let count = pread(input.raw, &magic, magic.count, start)
      guard count >= 0 else { throw Errno.current }
      magic.removeSubrange(count...)
    } else {
      magic = try input.read(upTo: magic.count)
      prefix = magic
      cancellation = try Cancellation()
    }
  }
}
