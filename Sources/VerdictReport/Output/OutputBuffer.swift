import SystemPackage

/// Bytes on their way to a file, written in large pieces.
///
/// Numbers are formatted in place: nothing here allocates.
package final class OutputBuffer {
  private static let capacity = 1 << 16
  private static let hexDigits: StaticString = "0123456789abcdef"

  package let path: String
  private let file: FileDescriptor
  private let closes: Bool
  private let bytes: UnsafeMutablePointer<UInt8>
  private var count = 0

  /// Opens `path` for writing, emptied first; `-` is standard output.
  package init(path: String) throws(OutputError) {
    if path == "-" {
      self.path = "standard output"
      file = .standardOutput
      closes = false
    } else {
      self.path = path
      do {
        file = try FileDescriptor.open(
          FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
          permissions: [.ownerReadWrite, .groupRead, .otherRead])
      } catch {
        throw OutputError(.cannotCreate, path: path, errno: error as? Errno ?? .ioError)
      }
      closes = true
    }
    bytes = .allocate(capacity: Self.capacity)
  }

  private init(_ file: FileDescriptor, named path: String) {
    self.path = path
    self.file = file
    closes = false
    bytes = .allocate(capacity: Self.capacity)
  }

  /// Writes to standard error.
  package static func standardError() -> OutputBuffer { OutputBuffer(.standardError, named: "standard error") }

  deinit {
    bytes.deallocate()
    if closes { try? file.close() }
  }

  /// Hands everything to the system.
  package func flush() throws(OutputError) {
    let pending = UnsafeRawBufferPointer(start: bytes, count: count)
    count = 0
    do {
      try file.writeAll(pending)
    } catch {
      throw OutputError(.cannotWrite, path: path, errno: error as? Errno ?? .ioError)
    }
  }

  /// Makes room for `needed` bytes, at most a few hundred.
  @inline(__always)
  private func reserve(_ needed: Int) throws(OutputError) {
    if count + needed > Self.capacity { try flush() }
  }

  package func append(_ text: StaticString) throws(OutputError) {
    let length = text.utf8CodeUnitCount
    try reserve(length)
    (bytes + count).update(from: text.utf8Start, count: length)
    count += length
  }

  /// Text of any length, as it is.
  package func append(_ text: String) throws(OutputError) {
    let length = text.utf8.count
    if length <= Self.capacity {
      try reserve(length)
      let target = bytes + count
      let copied: Void? = text.utf8.withContiguousStorageIfAvailable { source in
        if let start = source.baseAddress { target.update(from: start, count: length) }
      }
      if copied != nil {
        count += length
        return
      }
    }
    for byte in text.utf8 {
      try reserve(1)
      bytes[count] = byte
      count += 1
    }
  }

  /// In decimal, with zeros in front up to `width` digits.
  package func append(_ value: UInt64, width: Int = 1) throws(OutputError) {
    try reserve(32)
    var digits = 1
    var rest = value / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    digits = max(digits, min(width, 20))
    var value = value
    for position in stride(from: count + digits - 1, through: count, by: -1) {
      bytes[position] = UInt8(truncatingIfNeeded: 48 + value % 10)
      value /= 10
    }
    count += digits
  }

  package func append(_ value: Int64) throws(OutputError) {
    if value < 0 { try append("-") }
    try append(value.magnitude)
  }

  /// Sixteen hex digits.
  package func appendHex(_ value: UInt64) throws(OutputError) {
    try reserve(16)
    for digit in 0..<16 {
      bytes[count + digit] = Self.hexDigits.utf8Start[Int(value >> UInt64(60 - 4 * digit) & 15)]
    }
    count += 16
  }
}
