/// A place in a section that takes a symbol's address.
struct ELFRelocation: Sendable {
  /// Bytes from the start of the section.
  let offset: UInt64
  let symbol: Int
  /// `R_BPF_*`; compilers disagree on the numbers, so that the instruction decides what is meant.
  let type: UInt32
  /// Of `SHT_RELA`; nil for `SHT_REL`, whose addend stands in the section.
  let addend: Int64?

  init?(_ data: ByteView, at place: Int, hasAddend: Bool) {
    guard let offset = data.u64(at: place), let info = data.u64(at: place + 8) else { return nil }
    self.offset = offset
    symbol = Int(info >> 32)
    type = UInt32(truncatingIfNeeded: info)
    addend = hasAddend ? data.u64(at: place + 16).map(Int64.init(bitPattern:)) : nil
  }
}
