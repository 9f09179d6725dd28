/// The keys that a map had at one moment: of an array its indices, else a copy of each, one behind the other.
struct KeyList {
  let count: Int
  private let keySize: Int
  private let bytes: [UInt8]

  init(_ map: BPFMap) {
    keySize = map.keySize
    if map is ArrayMap {
      count = map.capacity
      bytes = []
    } else {
      bytes = map.flatKeys()
      count = bytes.count / max(keySize, 1)
    }
  }

  func withKey<Result>(_ position: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    if bytes.isEmpty { return withUnsafeBytes(of: UInt32(truncatingIfNeeded: position).littleEndian, body) }
    return bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[position * keySize..<(position + 1) * keySize]))
    }
  }
}
