import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_BLOOM_FILTER` (kernel/bpf/bloom_filter.c): a set that may say yes of a value that was never pushed.
///
/// The seed of its hashes is what the kernel uses with `BPF_F_ZERO_SEED`, also without that flag, where the kernel draws a
/// random one: which values are wrongly taken for members is then defined here, and different on each kernel.
package final class BloomFilterMap: BPFMap {
  private let bits: UnsafeMutablePointer<UInt8>
  private let mask: UInt32
  private let hashes: UInt32

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    hashes = spec.extra & 0xf == 0 ? 5 : UInt32(spec.extra & 0xf)
    mask = BloomFilterMap.mask(entries: spec.maxEntries, hashes: hashes)
    bits = try BPFMap.reserve(spec, Int(mask) / 8 + 1, 1, memory).assumingMemoryBound(to: UInt8.self)
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// The number of bits less one: entries × hashes / ln 2, up to a power of two.
  private static func mask(entries: UInt32, hashes: UInt32) -> UInt32 {
    let product = UInt64(entries) * UInt64(hashes)
    guard product <= UInt64(UInt32.max), product / 5 * 7 <= 1 << 31 else { return .max }
    var bits: UInt64 = 64
    while bits < product / 5 * 7 { bits <<= 1 }
    return UInt32(bits - 1)
  }

  private func position(_ value: UnsafeRawPointer, _ index: UInt32) -> UInt32 {
    (valueSize & 3 == 0
      ? JenkinsHash.words(value, valueSize / 4, seed: index) : JenkinsHash.bytes(value, valueSize, seed: index)) & mask
  }

  package override func push(_ value: UnsafeRawPointer, flags: UInt64) -> Int32 {
    guard flags == UpdateFlags.any else { return -EINVAL }
    for index in 0..<hashes {
      let position = position(value, index)
      bits[Int(position >> 3)] |= 1 << UInt8(position & 7)
    }
    return 0
  }

  package override func peek(_ value: UnsafeMutableRawPointer) -> Int32 {
    for index in 0..<hashes {
      let position = position(value, index)
      if bits[Int(position >> 3)] & 1 << UInt8(position & 7) == 0 { return -ENOENT }
    }
    return 0
  }

  package override func pop(_ value: UnsafeMutableRawPointer) -> Int32 { -EOPNOTSUPP }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    push(value, flags: flags)
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 { -EOPNOTSUPP }
}

/// Bob Jenkins' hash as include/linux/jhash.h has it.
package enum JenkinsHash {
  private static let initial: UInt32 = 0xdead_beef

  /// `jhash2`: `count` 32-bit words.
  package static func words(_ key: UnsafeRawPointer, _ count: Int, seed: UInt32) -> UInt32 {
    func word(_ index: Int) -> UInt32 { key.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self) }
    var state = SIMD3(repeating: initial &+ UInt32(truncatingIfNeeded: count) << 2 &+ seed)
    var index = 0
    while count - index > 3 {
      state &+= SIMD3(word(index), word(index + 1), word(index + 2))
      mix(&state)
      index += 3
    }
    guard count > index else { return state.z }
    for rest in 0..<count - index { state[rest] &+= word(index + rest) }
    finish(&state)
    return state.z
  }

  /// `jhash`: `count` bytes.
  package static func bytes(_ key: UnsafeRawPointer, _ count: Int, seed: UInt32) -> UInt32 {
    var state = SIMD3(repeating: initial &+ UInt32(truncatingIfNeeded: count) &+ seed)
    var offset = 0
    while count - offset > 12 {
      for index in 0..<3 { state[index] &+= key.loadUnaligned(fromByteOffset: offset + index * 4, as: UInt32.self) }
      mix(&state)
      offset += 12
    }
    guard count > offset else { return state.z }
    for rest in 0..<count - offset {
      state[rest / 4] &+= UInt32(key.load(fromByteOffset: offset + rest, as: UInt8.self)) << UInt32(8 * (rest % 4))
    }
    finish(&state)
    return state.z
  }

  private static func rotate(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }

  /// `__jhash_mix`.
  private static func mix(_ s: inout SIMD3<UInt32>) {
    for (a, b, c, bits) in [(0, 2, 1, 4), (1, 0, 2, 6), (2, 1, 0, 8), (0, 2, 1, 16), (1, 0, 2, 19), (2, 1, 0, 4)] {
      s[a] &-= s[b]
      s[a] ^= rotate(s[b], UInt32(bits))
      s[b] &+= s[c]
    }
  }

  /// `__jhash_final`.
  private static func finish(_ s: inout SIMD3<UInt32>) {
    for (a, b, bits) in [(2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24)] {
      s[a] ^= s[b]
      s[a] &-= rotate(s[b], UInt32(bits))
    }
  }
}
