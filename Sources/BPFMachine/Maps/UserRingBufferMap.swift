import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_USER_RINGBUF` (kernel/bpf/ringbuf.c): samples that user space has written, for programs to take out in their
/// order. They are what the map is seeded with.
package final class UserRingBufferMap: BPFMap {
  private var samples: [[UInt8]] = []
  private var taken = 0

  /// The next sample, which is then gone; nil when there is none.
  func take() -> [UInt8]? {
    guard taken < samples.count else {
      samples.removeAll()
      taken = 0
      return nil
    }
    taken += 1
    return samples[taken - 1]
  }

  /// Adds a sample of any size that the ring has room for at once.
  package override func update(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    guard let sample = values.first, values.count == 1 else { throw failure(EINVAL, "a sample") }
    guard sample.count + RingBufferMap.headerSize <= capacity else {
      throw MapError(
        map: spec.name, errno: E2BIG, message: "a sample of \(sample.count) bytes does not fit the ring of \(capacity)")
    }
    samples.append(sample)
  }

  /// The samples that no program has taken yet.
  package override func entries() throws(MapError) -> [MapEntry] {
    samples[taken...].map { MapEntry(key: [], values: [$0]) }
  }

  package override func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? {
    throw MapError(
      map: spec.name, errno: RingBufferMap.notSupported, message: "a ring buffer has samples and no elements")
  }
}
