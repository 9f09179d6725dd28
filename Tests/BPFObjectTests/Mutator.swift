/// Damage by a seed: bits, bytes, numbers that matter, pieces cut, doubled or moved.
struct Mutator {
  private var state: UInt64

  init(seed: UInt64) { state = seed | 1 }

  /// xorshift64*.
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  private mutating func below(_ limit: Int) -> Int { limit > 0 ? Int(next() % UInt64(limit)) : 0 }

  private static let numbers: [UInt64] = [
    0, 1, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff,
  ]

  mutating func mutate(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...below(6) where !bytes.isEmpty {
      let place = below(bytes.count)
      switch below(9) {
      case 0, 1: bytes[place] ^= 1 << UInt8(below(8))
      case 2: bytes[place] = UInt8(truncatingIfNeeded: next())
      case 3, 4: write(Mutator.numbers[below(Mutator.numbers.count)], 1 << below(4), at: place, &bytes)
      case 5:
        // A small step away from what stands there: sizes off by one, ids that name the neighbour.
        let aligned = place & ~3
        guard aligned + 4 <= bytes.count else { continue }
        let word = (0..<4).reduce(UInt64(0)) { $0 | UInt64(bytes[aligned + $1]) << (8 * UInt64($1)) }
        write(word &+ UInt64(below(9)) &- 4, 4, at: aligned, &bytes)
      case 6:
        let count = min(1 << below(7), bytes.count - place)
        let source = below(bytes.count - count + 1)
        bytes.replaceSubrange(place..<place + count, with: Array(bytes[source..<source + count]))
      case 7: if below(4) == 0 { bytes.removeLast(below(bytes.count)) }
      default: damageHeader(&bytes)
      }
    }
    return bytes
  }

  /// Hits a section header: its fields are few, and decide most.
  private mutating func damageHeader(_ bytes: inout [UInt8]) {
    guard bytes.count >= 64 else { return }
    let table = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[40 + $1]) << (8 * UInt64($1)) }
    let sections = Int(bytes[60])
    guard sections > 0, table < UInt64(bytes.count) else { return }
    let place = Int(table) + 64 * below(sections) + 4 * below(16)
    write(below(2) == 0 ? UInt64(below(80)) : Mutator.numbers[below(Mutator.numbers.count)], 4, at: place, &bytes)
  }

  private func write(_ value: UInt64, _ count: Int, at place: Int, _ bytes: inout [UInt8]) {
    for index in 0..<count where place + index < bytes.count {
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }
}
