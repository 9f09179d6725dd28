import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

var temporaryDirectory: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

func canOpen(_ path: String) -> Bool { access(path, W_OK) == 0 }

func remove(_ path: FilePath) { _ = unlink(path.string) }

func text(_ path: FilePath) throws -> String {
  let file = try FileDescriptor.open(path, .readOnly)
  defer { try? file.close() }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += chunk[..<count]
  }
}
