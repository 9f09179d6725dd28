import BPFMachine
import BPFObject

/// A program or an action where it is attached: a link of the chain.
public struct PathLink: Hashable, Sendable {
  /// Where on a device.
  public enum Place: Hashable, Sendable {
    case xdp(generic: Bool)
    /// The position among the tcx links, from 1.
    case tcx(Direction, position: Int)
    /// A filter of clsact.
    case filter(Direction, chain: UInt32, priority: UInt16, handle: UInt32, isDirectAction: Bool)
    /// An action of a filter, from 1.
    case action(Direction, chain: UInt32, priority: UInt16, handle: UInt32, position: Int)
  }

  /// The device's name.
  public var device: String
  public var place: Place
  /// The object's name; nil for an action without a program.
  public var object: String?
  /// The program's function, or the action's kind.
  public var name: String

  /// `eth0 tcx ingress 1`, `eth0 ingress prio 10 handle 0x1`.
  public var position: String {
    switch place {
    case .xdp(let generic): "\(device) xdp\(generic ? " generic" : "")"
    case .tcx(let direction, let position): "\(device) tcx \(direction) \(position)"
    case .filter(let direction, let chain, let priority, let handle, _):
      "\(device) \(direction)\(Self.chain(chain)) prio \(priority) handle 0x\(String(handle, radix: 16))"
    case .action(let direction, let chain, let priority, let handle, let position):
      "\(device) \(direction)\(Self.chain(chain)) prio \(priority) handle 0x\(String(handle, radix: 16)) action \(position)"
    }
  }

  private static func chain(_ chain: UInt32) -> String { chain == 0 ? "" : " chain \(chain)" }

  /// `eth0 tcx ingress 1: count`.
  public var label: String { "\(position): \(name)" }

  /// What the link's return value means at its place.
  public func meaning(of code: Int32) -> String {
    switch place {
    case .xdp: Verdict.xdpNames[code] ?? "INVALID"
    case .filter(_, _, _, _, isDirectAction: false):
      switch code {
      case 0: "no match"
      case -1: "default class"
      default: "class \(ClassIdentifier.text(UInt32(bitPattern: code)))"
      }
    case .action, .filter, .tcx: ActionCode(rawValue: code).name
    }
  }
}

/// Class ids of traffic control: two 16-bit numbers, in hex.
public enum ClassIdentifier {
  /// `1:a0`.
  public static func text(_ value: UInt32) -> String {
    "\(String(value >> 16, radix: 16)):\(String(value & 0xffff, radix: 16))"
  }
}

/// How often a link ran, decided, and returned what.
public struct LinkCount: Sendable {
  /// Times that it ran.
  public var runs: UInt64 = 0
  /// Packets and copies whose last hook took its word.
  public var decided: UInt64 = 0
  /// Times by return value; of other values than the first thousand the times are in ``pooled``.
  public var codes: [Int32: UInt64] = [:]
  public var pooled: UInt64 = 0
}

/// Counts of every link, in memory that is laid out once.
final class LinkCounters {
  /// Codes -1 … 14 have a slot.
  private static let slotCount = 16
  private static let stride = slotCount + 2
  private let slots: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  private var others: [[Int32: UInt64]]
  private var pooled: [UInt64]

  init(links: Int) {
    capacity = max(links, 1) * LinkCounters.stride
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: 0, count: capacity)
    others = Array(repeating: [:], count: links)
    pooled = Array(repeating: 0, count: links)
  }

  deinit { slots.deallocate() }

  /// Link `link` ran and returned `code`.
  @inline(__always)
  func ran(_ link: Int, _ code: Int32) {
    let row = slots + link &* LinkCounters.stride
    row[0] &+= 1
    let slot = Int(UInt32(bitPattern: code &+ 1))
    if slot < LinkCounters.slotCount { row[slot &+ 2] &+= 1 } else { other(link, code) }
  }

  @inline(never)
  private func other(_ link: Int, _ code: Int32) {
    if others[link][code] != nil || others[link].count < 1000 {
      others[link][code, default: 0] += 1
    } else {
      pooled[link] += 1
    }
  }

  /// The word of link `link` stood.
  @inline(__always)
  func decided(_ link: Int) { slots[link &* LinkCounters.stride &+ 1] &+= 1 }

  func count(_ link: Int) -> LinkCount {
    let row = slots + link * LinkCounters.stride
    var count = LinkCount(runs: row[0], decided: row[1], codes: others[link], pooled: pooled[link])
    for slot in 0..<LinkCounters.slotCount where row[slot + 2] > 0 { count.codes[Int32(slot - 1)] = row[slot + 2] }
    return count
  }
}
