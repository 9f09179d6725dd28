/// Ones' complement sums as lib/checksum.c makes them.
enum InternetChecksum {
  /// `csum_partial`: the sum of the 16-bit words, kept in 32 bits.
  static func partial(_ bytes: UnsafeRawBufferPointer, _ seed: UInt32) -> UInt32 {
    var sum = UInt64(seed)
    var index = 0
    while index + 4 <= bytes.count {
      sum &+= UInt64(bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
      index += 4
    }
    var tail: UInt32 = 0
    for offset in index..<bytes.count { tail |= UInt32(bytes[offset]) << (8 * UInt32(offset - index)) }
    sum &+= UInt64(tail)
    while sum >> 32 != 0 { sum = (sum & 0xffff_ffff) &+ (sum >> 32) }
    return UInt32(truncatingIfNeeded: sum)
  }

  /// `csum_add`.
  static func add(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let (sum, carry) = a.addingReportingOverflow(b)
    return carry ? sum &+ 1 : sum
  }

  /// `csum_sub`.
  static func subtract(_ a: UInt32, _ b: UInt32) -> UInt32 { add(a, ~b) }

  /// `csum_shift`: the sum of bytes that begin at an odd offset counts the other way round.
  static func shift(_ sum: UInt32, _ offset: Int) -> UInt32 { offset & 1 == 1 ? sum >> 8 | sum << 24 : sum }

  /// `csum_from32to16`: folds without complementing.
  static func fold(_ sum: UInt32) -> UInt16 {
    let rotated = sum << 16 | sum >> 16
    return UInt16(truncatingIfNeeded: (sum &+ rotated) >> 16)
  }
}

extension Machine {
  /// `bpf_csum_diff(from, from_size, to, to_size, seed)` (net/core/filter.c).
  func checksumDifference() -> Sequel {
    let fromCount = Int(UInt32(truncatingIfNeeded: registers[2]))
    let toCount = Int(UInt32(truncatingIfNeeded: registers[4]))
    let seed = UInt32(truncatingIfNeeded: registers[5])
    guard fromCount == 0 || memory.read(registers[1], fromCount) != nil else { return refuse(28, argument: 1) }
    guard toCount == 0 || memory.read(registers[3], toCount) != nil else { return refuse(28, argument: 3) }
    let from = UnsafeRawBufferPointer(
      start: memory.read(registers[1], fromCount), count: fromCount == 0 ? 0 : fromCount)
    let to = UnsafeRawBufferPointer(start: memory.read(registers[3], toCount), count: toCount == 0 ? 0 : toCount)
    let sum: UInt32
    switch (fromCount > 0, toCount > 0) {
    case (true, true):
      sum = InternetChecksum.add(InternetChecksum.partial(to, seed), ~InternetChecksum.partial(from, 0))
    case (false, true): sum = InternetChecksum.partial(to, seed)
    case (true, false): sum = ~InternetChecksum.partial(from, ~seed)
    case (false, false): sum = seed
    }
    return give(UInt64(InternetChecksum.fold(sum)))
  }
}
