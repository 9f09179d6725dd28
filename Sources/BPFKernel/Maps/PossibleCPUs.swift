/// The CPUs that this kernel could ever have: per-CPU map values come as one a possible CPU.
package enum PossibleCPUs {
  /// How many; 1 where the kernel does not say.
  package static let count = BPFSyscall.contents(of: "/sys/devices/system/cpu/possible").flatMap(parse) ?? 1

  /// Counts a list such as `0-3,8-11`, as in /sys/devices/system/cpu/possible; nil when it is none.
  ///
  /// The kernel sizes per-CPU values by how many CPUs are possible (`num_possible_cpus`), not by their highest number.
  static func parse(_ text: [UInt8]) -> Int? {
    var count = 0
    for range in String(decoding: text, as: UTF8.self).split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
      case (1, .some, _): count += 1
      case (2, .some(let low), .some(let high)) where low <= high && high - low < 1 << 16: count += high - low + 1
      default: return nil
      }
    }
    return count > 0 ? count : nil
  }
}
