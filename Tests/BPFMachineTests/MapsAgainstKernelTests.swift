import BPFKernel
import BPFObject
import Foundation
import Testing

@testable import BPFMachine

/// Simulated maps and the kernel's, under the same random operations: same errno, same values, same elements at the end.
@Suite(.enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
struct MapsAgainstKernelTests {
  /// A kind of map, small enough that random keys meet.
  struct Kind: CustomTestStringConvertible, Sendable {
    var type: MapType
    var keySize: UInt32 = 4
    var valueSize: UInt32 = 8
    var entries: UInt32 = 8
    var flags: UInt32 = 0
    var testDescription: String { "\(type.name) key \(keySize) value \(valueSize)" }
  }

  static let kinds = [
    Kind(type: .array), Kind(type: .array, valueSize: 3), Kind(type: .percpuArray),
    Kind(type: .hash), Kind(type: .hash, keySize: 1, valueSize: 1), Kind(type: .hash, keySize: 16, valueSize: 40),
    Kind(type: .hash, flags: MapFlags.noPreallocation), Kind(type: .percpuHash), Kind(type: .percpuHash, keySize: 6),
    Kind(type: .lpmTrie, keySize: 8, entries: 30, flags: MapFlags.noPreallocation),
    Kind(type: .lpmTrie, keySize: 20, entries: 40, flags: MapFlags.noPreallocation),
    Kind(type: .queue, keySize: 0), Kind(type: .stack, keySize: 0, valueSize: 3),
    Kind(type: .lpmTrie, keySize: 5, entries: 100, flags: MapFlags.noPreallocation),
  ]

  private static func key(_ kind: Kind, _ random: inout RandomNumbers) -> [UInt8] {
    if kind.type == .lpmTrie {
      let bits = UInt32.random(in: 0...(8 * (kind.keySize - 4) + 1), using: &random)
      let data = (4..<kind.keySize).map { _ in random.pick([0, 0x80, 0xc0, 0xff, 1] as [UInt8]) }
      return withUnsafeBytes(of: bits.littleEndian) { Array($0) } + data
    }
    var key = [UInt8](repeating: 0, count: Int(kind.keySize))
    guard kind.keySize > 0 else { return key }
    key[0] = UInt8.random(in: 0...11, using: &random)
    if kind.keySize > 6 { key[Int(kind.keySize) - 1] = UInt8.random(in: 0...1, using: &random) }
    return key
  }

  private static func attempt<T>(_ body: () throws -> T) -> Result<T, MapError> {
    do { return .success(try body()) } catch {
      return .failure(error as? MapError ?? MapError(map: "", errno: -1, message: "\(error)"))
    }
  }

  private static func errno<T>(_ result: Result<T, MapError>) -> Int32 {
    if case .failure(let error) = result { error.errno } else { 0 }
  }

  @Test("random operations have the same results as in the kernel", arguments: kinds)
  func sameResults(kind: Kind) throws {
    for seed in 0..<20 as Range<UInt64> {
      var random = RandomNumbers(seed: seed)
      let spec = MapSpec(
        name: "m", rawType: kind.type.rawValue, keySize: kind.keySize, valueSize: kind.valueSize,
        maxEntries: kind.entries, flags: kind.flags)
      let kernel = try KernelMap(spec)
      let cpus = PossibleCPUs.count
      let memory = GuestMemory()
      let simulated = try BPFMap.make(spec, index: 0, memory: memory, cpus: cpus)
      for step in 0..<300 {
        let key = MapsAgainstKernelTests.key(kind, &random)
        let place: Comment = "seed \(seed), step \(step), key \(key)"
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<4:
          let values = (0..<simulated.copies).map { _ in
            (0..<kind.valueSize).map { _ in UInt8.random(in: 0...255, using: &random) }
          }
          let flags = random.pick([0, 0, 0, 1, 2, 3, 8] as [UInt64])
          let ours = MapsAgainstKernelTests.attempt { try simulated.update(key, values, flags: flags) }
          let theirs = MapsAgainstKernelTests.attempt { try kernel.update(key, values, flags: flags) }
          #expect(
            MapsAgainstKernelTests.errno(ours) == MapsAgainstKernelTests.errno(theirs),
            "update flags \(flags), \(place)")
        case 4, 5:
          let ours = try simulated.lookup(key)
          let theirs = try kernel.lookup(key)
          #expect(ours == theirs, place)
        default:
          let ours = MapsAgainstKernelTests.attempt { try simulated.delete(key) }
          let theirs = MapsAgainstKernelTests.attempt { try kernel.delete(key) }
          #expect(MapsAgainstKernelTests.errno(ours) == MapsAgainstKernelTests.errno(theirs), "delete, \(place)")
        }
      }
      guard kind.keySize > 0 else { continue }
      let ours = try simulated.entries().sorted { $0.key.lexicographicallyPrecedes($1.key) }
      let theirs = try kernel.entries().sorted { $0.key.lexicographicallyPrecedes($1.key) }
      #expect(ours == theirs)
    }
  }
}
