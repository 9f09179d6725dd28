/// Little-endian reads from the bytes of a file, each checked: past the end gives nil, never a trap.
struct ByteView: Sendable {
  let bytes: [UInt8]
  /// The part of `bytes` that is visible; offsets count from its start.
  let range: Range<Int>

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    range = 0..<bytes.count
  }

  private init(bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    self.range = range
  }

  var count: Int { range.count }

  /// The view of `count` bytes at `offset`; nil when they are not all there.
  func slice(at offset: Int, count: Int) -> ByteView? {
    guard offset >= 0, count >= 0, offset <= range.count, count <= range.count - offset else { return nil }
    let start = range.lowerBound + offset
    return ByteView(bytes: bytes, range: start..<start + count)
  }

  /// A number of the width of `T`, little-endian.
  @inline(__always)
  func load<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T? {
    let size = MemoryLayout<T>.size
    guard offset >= 0, size <= range.count, offset <= range.count - size else { return nil }
    let start = range.lowerBound + offset
    return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: T.self)) }
  }

  func u8(at offset: Int) -> UInt8? { load(UInt8.self, at: offset) }
  func u16(at offset: Int) -> UInt16? { load(UInt16.self, at: offset) }
  func u32(at offset: Int) -> UInt32? { load(UInt32.self, at: offset) }
  func u64(at offset: Int) -> UInt64? { load(UInt64.self, at: offset) }

  /// The zero-terminated string at `offset`, with bytes that are no UTF-8 replaced; nil when it has no end.
  func string(at offset: Int) -> String? {
    guard let end = endOfString(at: offset) else { return nil }
    let start = range.lowerBound + offset
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// True when the zero-terminated string at `offset` has exactly these bytes.
  func string(at offset: Int, equals wanted: [UInt8]) -> Bool {
    guard offset >= 0, wanted.count < range.count, offset < range.count - wanted.count else { return false }
    let start = range.lowerBound + offset
    return bytes.withUnsafeBytes { all in
      guard all[start + wanted.count] == 0 else { return false }
      for index in 0..<wanted.count where all[start + index] != wanted[index] { return false }
      return true
    }
  }

  /// True when the zero-terminated string at `offset` begins with these bytes.
  func string(at offset: Int, startsWith wanted: [UInt8]) -> Bool {
    guard offset >= 0, wanted.count < range.count, offset < range.count - wanted.count else { return false }
    let start = range.lowerBound + offset
    return bytes.withUnsafeBytes { all in
      for index in 0..<wanted.count where all[start + index] != wanted[index] { return false }
      return true
    }
  }

  /// The bytes that are visible, as an array of their own.
  var array: [UInt8] { Array(bytes[range]) }

  private func endOfString(at offset: Int) -> Int? {
    guard offset >= 0, offset < range.count else { return nil }
    return bytes[(range.lowerBound + offset)..<range.upperBound].firstIndex(of: 0)
  }
}
