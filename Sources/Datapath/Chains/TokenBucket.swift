/// The token bucket of act_police (net/sched/act_police.c, tcf_police_act), in nanoseconds as the kernel counts it.
struct TokenBucket {
  /// What it holds, and since when.
  struct State {
    var time: UInt64 = 0
    var bytes: Int64 = 0
    var packets: Int64 = 0
  }

  private let rate: Rate?
  private let packetRate: Rate?
  private let burst: Int64
  private let packetBurst: Int64
  private let mtu: UInt32

  init(_ police: Police) {
    rate = police.rate > 0 ? Rate(police.rate) : nil
    packetRate = police.rate == 0 && police.packetRate > 0 ? Rate(police.packetRate) : nil
    burst = police.rate > 0 ? TokenBucket.nanoseconds(police.burst, rate: police.rate) : 0
    packetBurst = packetRate?.nanoseconds(police.packetBurst) ?? 0
    // tc hands over a table of rates with 8 bytes a cell for its default MTU of 2047; 255 cells is the kernel's limit.
    mtu = police.mtu ?? (police.rate > 0 ? 255 << 3 : .max)
  }

  /// `tc` rounds the time that a burst takes to ticks of 64 ns.
  private static func nanoseconds(_ burst: UInt64, rate: UInt64) -> Int64 {
    let ticks = Double(burst) / Double(rate) * 1e6 * 15.625
    return Int64(min(ticks, 4_294_967_295)) << 6
  }

  func full(at time: UInt64) -> State { State(time: time, bytes: burst, packets: packetBurst) }

  /// Takes a packet's tokens: true when it is within the rate. `length` is `skb->len`, `counted` what the queue counts.
  func takes(_ length: Int, counted: Int, at now: UInt64, from state: inout State) -> Bool {
    guard length <= Int(mtu) else { return false }
    guard rate != nil || packetRate != nil else { return true }
    let passed = Int64(clamping: now &- state.time)
    var bytes: Int64 = 0
    var packets: Int64 = 0
    if let rate {
      bytes = min(min(passed, burst) + state.bytes, burst) - rate.nanoseconds(UInt64(counted))
    } else if let packetRate {
      packets = min(min(passed, packetBurst) + state.packets, packetBurst) - packetRate.nanoseconds(1)
    }
    guard bytes >= 0, packets >= 0 else { return false }
    state = State(time: now, bytes: bytes, packets: packets)
    return true
  }

  /// Nanoseconds by multiplication and shift (net/sched/sch_generic.c, psched_ratecfg_precompute__).
  private struct Rate {
    let factor: UInt32
    let shift: UInt8

    init(_ rate: UInt64) {
      var numerator: UInt64 = 1_000_000_000
      var shift: UInt8 = 0
      var factor = UInt32(truncatingIfNeeded: numerator / rate)
      while factor & 1 << 31 == 0, numerator & 1 << 63 == 0 {
        numerator <<= 1
        shift += 1
        factor = UInt32(truncatingIfNeeded: numerator / rate)
      }
      self.factor = factor
      self.shift = shift
    }

    func nanoseconds(_ count: UInt64) -> Int64 { Int64(truncatingIfNeeded: (count &* UInt64(factor)) >> UInt64(shift)) }
  }
}
