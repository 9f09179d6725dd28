import BPFMachine

/// Packets by the cause of their trap: kind of reason, program and instruction.
package struct TrapCounter {
  private struct Cause: Hashable {
    var kind: Int
    var detail: Int32
    var program: Int
    var slot: Int

    init(_ trap: Trap) {
      program = trap.program
      slot = trap.slot
      detail = 0
      // Addresses differ from packet to packet and are no part of the cause.
      switch trap.reason {
      case .badRead: kind = 0
      case .badWrite: kind = 1
      case .unknownHelper(let id): (kind, detail) = (2, id)
      case .badHelperArgument(let helper, let argument, _):
        (kind, detail) = (3, helper &* 8 &+ Int32(truncatingIfNeeded: argument))
      case .mapNotAllowed(let helper, _): (kind, detail) = (5, helper)
      default:
        kind = 4
      }
    }
  }

  private var counts: [Cause: (first: Trap, order: Int, packets: UInt64)] = [:]

  package init() {}

  /// Counts one packet.
  package mutating func record(_ trap: Trap) {
    let cause = Cause(trap)
    if let known = counts[cause] {
      counts[cause] = (known.first, known.order, known.packets &+ 1)
    } else {
      counts[cause] = (trap, counts.count, 1)
    }
  }

  /// Each cause by its first trap, most frequent first.
  package func causes(describe: (Trap) -> TrapDescription) -> [TrapCount] {
    counts.values
      .sorted { ($1.packets, $0.order) < ($0.packets, $1.order) }
      .map { TrapCount(trap: describe($0.first), packets: $0.packets) }
  }
}

/// How many packets one cause stopped.
public struct TrapCount: Hashable, Sendable {
  /// The cause, in the words of its first packet.
  public var trap: TrapDescription
  /// Packets that it stopped; calls, when it stopped callbacks of timers or work queues.
  public var packets: UInt64
  /// True when it stopped callbacks of timers or work queues, which belong to no packet.
  public var isDeferred: Bool

  /// A cause and its packets.
  public init(trap: TrapDescription, packets: UInt64, isDeferred: Bool = false) {
    self.trap = trap
    self.packets = packets
    self.isDeferred = isDeferred
  }
}
