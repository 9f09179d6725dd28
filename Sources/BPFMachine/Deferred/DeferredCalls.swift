import BPFObject

/// What programs have asked to be called later: `struct bpf_timer` and `struct bpf_wq` in the values of maps
/// (kernel/bpf/helpers.c, `struct bpf_async_cb`).
///
/// A member of a value holds the number of its item here, which is checked against the member's place at every use.
/// Calls that are due come in the order of their times, those of one time in the order in which they were started.
package final class DeferredCalls {
  /// What is behind a member that was initialised.
  struct Item {
    var kind: Kind
    /// Never used twice, so that a callback can be told from what took its place.
    var id: UInt64
    /// Index of the map.
    var map: Int
    /// Guest address of the value.
    var value: UInt64
    /// The member, where the host has it.
    var member: UnsafeMutableRawPointer
    /// What to call; nil before it is set, and after `bpf_timer_cancel`.
    var function: GuestFunction?
    /// Nanoseconds of the machine's clock.
    var expiry: UInt64 = 0
    /// When it was started, among all.
    var order: UInt64 = 0
    /// Where it is in the heap; -1 when it is not started.
    var place = -1
  }

  /// Timer, or work that runs as soon as the program is done.
  package enum Kind: Hashable, Sendable {
    case timer, work
  }

  private(set) var items: [Item] = []
  private var freeItems: [Int] = []
  /// Items that are started, as a binary heap.
  private var heap: [Int] = []
  private var ids: UInt64 = 0
  private var starts: UInt64 = 0
  /// The item whose callback runs, by its id; 0 when none does.
  var running: UInt64 = 0

  /// How many are started.
  var startedCount: Int { heap.count }

  /// When the first is due; never when there is none.
  var nextExpiry: UInt64 { heap.first.map { items[$0].expiry } ?? .max }

  /// The item of a member; nil when it was not initialised, and where the number is not one that was put there.
  func item(of member: UnsafeMutableRawPointer) -> Int? {
    let number = member.loadUnaligned(as: UInt64.self)
    guard number > 0, number <= UInt64(items.count) else { return nil }
    let index = Int(number) - 1
    return items[index].member == member && items[index].id != 0 ? index : nil
  }

  /// Initialises a member.
  func make(_ kind: Kind, map: Int, value: UInt64, member: UnsafeMutableRawPointer) {
    ids += 1
    let item = Item(kind: kind, id: ids, map: map, value: value, member: member)
    let index: Int
    if let free = freeItems.popLast() {
      index = free
      items[index] = item
    } else {
      index = items.count
      items.append(item)
    }
    member.storeBytes(of: UInt64(index + 1), as: UInt64.self)
  }

  func setFunction(_ function: GuestFunction?, of index: Int) { items[index].function = function }

  /// Starts an item, or sets another time for one that is started.
  func start(_ index: Int, at expiry: UInt64) {
    starts += 1
    if items[index].place >= 0 { take(index) }
    items[index].expiry = expiry
    items[index].order = starts
    items[index].place = heap.count
    heap.append(index)
    rise(heap.count - 1)
  }

  /// - Returns: whether it was started.
  @discardableResult
  func stop(_ index: Int) -> Bool {
    guard items[index].place >= 0 else { return false }
    take(index)
    return true
  }

  /// `bpf_timer_cancel_and_free`: the element that holds the member is no more.
  func free(_ member: UnsafeMutableRawPointer) {
    guard let index = item(of: member) else { return }
    stop(index)
    member.storeBytes(of: 0, as: UInt64.self)
    items[index].id = 0
    items[index].function = nil
    freeItems.append(index)
  }

  /// Takes out the next item that is due at `time`; nil when there is none.
  func next(dueAt time: UInt64) -> Item? {
    guard let first = heap.first, items[first].expiry <= time else { return nil }
    take(first)
    return items[first]
  }

  // MARK: Heap

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (items[a].expiry, items[a].order) < (items[b].expiry, items[b].order)
  }

  private func exchange(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    items[heap[a]].place = a
    items[heap[b]].place = b
  }

  private func rise(_ place: Int) {
    var place = place
    while place > 0, isBefore(heap[place], heap[(place - 1) / 2]) {
      exchange(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private func sink(_ place: Int) {
    var place = place
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && isBefore(heap[child], heap[least]) {
        least = child
      }
      guard least != place else { return }
      exchange(place, least)
      place = least
    }
  }

  private func take(_ index: Int) {
    let place = items[index].place
    exchange(place, heap.count - 1)
    heap.removeLast()
    items[index].place = -1
    guard place < heap.count else { return }
    rise(place)
    sink(place)
  }
}

/// What became of deferred calls in a run.
public struct DeferredReport: Hashable, Sendable {
  /// Callbacks of timers, and of work queues, that ran.
  public var timers: UInt64 = 0
  public var works: UInt64 = 0
  /// Instructions of all of them.
  public var instructions: UInt64 = 0
  /// Timers that are started and not due yet.
  public var started = 0
  /// Nanoseconds from the clock to the first of them.
  public var untilNext: UInt64 = 0
  /// True when more were due at once than ``Machine/deferredLimit``, and the rest had to wait.
  public var isBounded = false
  /// What stopped callbacks, and how often, in the order of the first.
  public var traps: [(trap: Trap, count: UInt64)] { causes.map { ($0, counts[$0] ?? 0) } }
  var causes: [Trap] = []
  var counts: [Trap: UInt64] = [:]
}
