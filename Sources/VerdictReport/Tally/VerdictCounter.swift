import Datapath

/// Packets and bytes by verdict.
///
/// Codes that Linux defines have a fixed slot; other codes a dictionary, up to ``otherLimit`` of them, after which what
/// is new is pooled, so that a program that returns noise cannot grow the memory.
package struct VerdictCounter: ~Copyable {
  /// How many undefined codes are told apart.
  package static let otherLimit = 1024
  /// Codes -1 … 14 have a slot: TC_ACT_UNSPEC is -1, TC_ACT_TRAP 8.
  private static let slotCount = 16

  private let slots: UnsafeMutablePointer<PacketCount>
  private var others: [Int32: PacketCount] = [:]
  private var pooled = PacketCount()

  package init() {
    // Whole cache lines, which no other thread's data shares.
    let bytes = Self.slotCount * MemoryLayout<PacketCount>.stride
    slots = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 128)
      .bindMemory(to: PacketCount.self, capacity: Self.slotCount)
    slots.initialize(repeating: PacketCount(), count: Self.slotCount)
  }

  deinit { UnsafeMutableRawPointer(slots).deallocate() }

  /// Counts one packet of `bytes` bytes.
  @inline(__always)
  package mutating func record(code: Int32, bytes: Int) {
    let slot = Int(UInt32(bitPattern: code &+ 1))
    if slot < Self.slotCount {
      slots[slot].packets &+= 1
      slots[slot].bytes &+= UInt64(truncatingIfNeeded: bytes)
    } else {
      recordOther(code: code, bytes: bytes)
    }
  }

  @inline(never)
  private mutating func recordOther(code: Int32, bytes: Int) {
    let one = PacketCount(packets: 1, bytes: UInt64(truncatingIfNeeded: bytes))
    if others[code] != nil || others.count < Self.otherLimit {
      others[code, default: PacketCount()] += one
    } else {
      pooled += one
    }
  }

  /// What was counted so far, by code.
  package func distribution(hook: Hook) -> Distribution {
    var counts: [Distribution.Count] = []
    for slot in 0..<Self.slotCount where slots[slot].packets > 0 {
      counts.append(.init(verdict: Verdict(hook: hook, code: Int32(slot - 1)), count: slots[slot]))
    }
    for (code, count) in others {
      counts.append(.init(verdict: Verdict(hook: hook, code: code), count: count))
    }
    counts.sort { $0.verdict.number < $1.verdict.number }
    return Distribution(counts: counts, pooled: pooled)
  }
}
