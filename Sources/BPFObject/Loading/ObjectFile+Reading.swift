#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ObjectFile {
  /// Every byte of the file at `path`.
  package static func contents(of path: String) throws(ObjectError) -> [UInt8] {
    func failure() -> ObjectError {
      let code = errno
      return ObjectError(kind: .unreadable(errno: code), file: path, message: String(cString: strerror(code)))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= sizeLimit else {
        throw ObjectError(
          kind: .unreadable(errno: EFBIG), file: path,
          message: "more than \(sizeLimit) bytes; no BPF object is that large")
      }
    }
  }

  private static let sizeLimit = 1 << 30
}
