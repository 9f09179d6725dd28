#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which elements of an LRU map stay and which go, as kernel/bpf/bpf_lru_list.c decides on it.
///
/// Two lists, active and inactive, are fed from short lists that each CPU keeps for itself: free slots taken in advance, and
/// elements that were added lately (pending). A lookup by a program only sets an element's `isUsed` bit; the bits are looked at when
/// slots run out. With `BPF_F_NO_COMMON_LRU` each CPU has its own active and inactive lists and its share of the slots.
/// Nothing here depends on a hash or an address, so a map holds what the kernel's would after the same operations on the
/// same CPUs.
struct LRUOrder {
  /// Slots, then the heads of the lists.
  private let nodes: UnsafeMutablePointer<Node>
  private let state: UnsafeMutablePointer<State>
  private let sets: UnsafeMutablePointer<ListSet>
  private let locals: UnsafeMutablePointer<LocalLists>
  private let slots: Int
  private let cpus: Int
  private let hasOwnLists: Bool
  /// How many slots a CPU takes at once.
  private let target: Int
  /// How many elements one look at a list may touch: `nr_scans`.
  private let scans: Int

  /// A slot's place: neighbours in its list, and what the kernel's `struct bpf_lru_node` holds.
  private struct Node {
    var previous: UInt32
    var next: UInt32
    var place: Place
    var isUsed: Bool
    var cpu: UInt16
  }

  /// `enum bpf_lru_list_type`.
  private enum Place: UInt8 {
    case free, active, inactive, localFree, pending
  }

  /// `struct bpf_lru_list`: the heads' places among the nodes.
  private struct ListSet {
    var active: UInt32
    var inactive: UInt32
    var free: UInt32
    var activeCount = 0
    var inactiveCount = 0
    var nextRotation: UInt32
    /// Slots of this set that were never used: from here to the end of its share.
    var untouched: Int
    var end: Int
  }

  /// `struct bpf_lru_locallist`.
  private struct LocalLists {
    var free: UInt32
    var pending: UInt32
    var nextSteal: Int
  }

  private struct State {
    var untouched = 0
  }

  /// `LOCAL_FREE_TARGET` and `PERCPU_FREE_TARGET`.
  private static let commonTarget = 128
  private static let ownTarget = 4

  /// The number of elements that `BPF_F_NO_COMMON_LRU` makes of `entries`: the same for every CPU.
  static func divisible(_ entries: Int, by cpus: Int) -> Int {
    let up = (entries + cpus - 1) / cpus * cpus
    return up <= Int(UInt32.max) ? up : entries / cpus * cpus
  }

  init(slots: Int, cpus: Int, hasOwnLists: Bool, memory: GuestMemory) throws(MemoryError) {
    self.slots = slots
    self.cpus = cpus
    self.hasOwnLists = hasOwnLists
    scans = hasOwnLists ? LRUOrder.ownTarget : LRUOrder.commonTarget
    target = hasOwnLists ? LRUOrder.ownTarget : min(max(slots / cpus / 2, 1), LRUOrder.commonTarget)
    let setCount = hasOwnLists ? cpus : 1
    let heads = 3 * setCount + 2 * cpus
    func block<T>(_ type: T.Type, _ count: Int) throws(MemoryError) -> UnsafeMutablePointer<T> {
      try memory.hostBlock(byteCount: count * MemoryLayout<T>.stride).bindMemory(to: type, capacity: count)
    }
    nodes = try block(Node.self, slots + heads)
    sets = try block(ListSet.self, setCount)
    locals = try block(LocalLists.self, cpus)
    state = try block(State.self, 1)
    state.initialize(to: State())
    var head = UInt32(truncatingIfNeeded: slots)
    func makeList(_ nodes: UnsafeMutablePointer<Node>) -> UInt32 {
      nodes[Int(head)] = Node(previous: head, next: head, place: .free, isUsed: false, cpu: 0)
      head += 1
      return head - 1
    }
    for index in 0..<setCount {
      let active = makeList(nodes)
      let inactive = makeList(nodes)
      let share = slots / setCount
      (sets + index).initialize(
        to: ListSet(
          active: active, inactive: inactive, free: makeList(nodes), nextRotation: inactive, untouched: index * share,
          end: (index + 1) * share))
    }
    for cpu in 0..<cpus {
      let free = makeList(nodes)
      (locals + cpu).initialize(to: LocalLists(free: free, pending: makeList(nodes), nextSteal: cpu))
    }
  }

  /// Slots below this may have been used.
  var untouched: Int { state.pointee.untouched }

  /// A program looked the element up, or replaced it.
  @inline(__always)
  func use(_ slot: Int) { nodes[slot].isUsed = true }

  /// A slot for a new element on that CPU, if need be another element's, which `evict` takes out of the table; -1 when there
  /// is none. `evict` answers false for a slot that holds no element.
  func take(cpu: Int, evict: (Int) -> Bool) -> Int {
    hasOwnLists ? takeOwn(cpu, evict) : takeCommon(cpu, evict)
  }

  /// `bpf_lru_push_free`: an element was deleted, or its slot is not needed after all.
  func free(_ slot: Int) {
    let node = UInt32(truncatingIfNeeded: slot)
    if nodes[slot].place == .pending {
      let cpu = Int(nodes[slot].cpu)
      nodes[slot].place = .localFree
      nodes[slot].isUsed = false
      move(node, behind: locals[cpu].free)
    } else {
      move(node, to: .free, in: sets + (hasOwnLists ? Int(nodes[slot].cpu) : 0))
    }
  }

  // MARK: Lists

  private func isEmpty(_ head: UInt32) -> Bool { nodes[Int(head)].next == head }
  private func first(_ head: UInt32) -> UInt32 { nodes[Int(head)].next }
  private func last(_ head: UInt32) -> UInt32 { nodes[Int(head)].previous }
  private func before(_ node: UInt32) -> UInt32 { nodes[Int(node)].previous }
  private func isHead(_ node: UInt32) -> Bool { Int(node) >= slots }

  private func unlink(_ node: UInt32) {
    let (previous, next) = (nodes[Int(node)].previous, nodes[Int(node)].next)
    nodes[Int(previous)].next = next
    nodes[Int(next)].previous = previous
  }

  private func insert(_ node: UInt32, behind head: UInt32) {
    let next = nodes[Int(head)].next
    nodes[Int(node)].previous = head
    nodes[Int(node)].next = next
    nodes[Int(next)].previous = node
    nodes[Int(head)].next = node
  }

  private func move(_ node: UInt32, behind head: UInt32) {
    unlink(node)
    insert(node, behind: head)
  }

  private func count(_ place: Place, _ change: Int, in set: UnsafeMutablePointer<ListSet>) {
    if place == .active { set.pointee.activeCount += change }
    if place == .inactive { set.pointee.inactiveCount += change }
  }

  private func leaveRotation(_ node: UInt32, _ set: UnsafeMutablePointer<ListSet>) {
    if set.pointee.nextRotation == node { set.pointee.nextRotation = before(node) }
  }

  /// `__bpf_lru_node_move`: to the front of another list of the set, or of the same.
  private func move(_ node: UInt32, to place: Place, in set: UnsafeMutablePointer<ListSet>) {
    if nodes[Int(node)].place != place {
      count(nodes[Int(node)].place, -1, in: set)
      count(place, 1, in: set)
      nodes[Int(node)].place = place
    }
    nodes[Int(node)].isUsed = false
    leaveRotation(node, set)
    let lists = set.pointee
    move(node, behind: place == .active ? lists.active : place == .inactive ? lists.inactive : lists.free)
  }

  /// `__bpf_lru_node_move_to_free`.
  private func release(
    _ node: UInt32, to head: UInt32, as place: Place, in set: UnsafeMutablePointer<ListSet>
  ) {
    leaveRotation(node, set)
    count(nodes[Int(node)].place, -1, in: set)
    nodes[Int(node)].place = place
    move(node, behind: head)
  }

  /// A slot of the set that was never used, made a node of the list at `head`; false when there is none.
  private func touch(_ set: UnsafeMutablePointer<ListSet>, _ head: UInt32, as place: Place, cpu: Int) -> Bool {
    guard set.pointee.untouched < set.pointee.end else { return false }
    let node = UInt32(truncatingIfNeeded: set.pointee.untouched)
    set.pointee.untouched += 1
    state.pointee.untouched = max(state.pointee.untouched, set.pointee.untouched)
    nodes[Int(node)] = Node(
      previous: node, next: node, place: place, isUsed: false, cpu: UInt16(truncatingIfNeeded: cpu))
    insert(node, behind: head)
    return true
  }

  // MARK: Rotation

  /// `__bpf_lru_list_rotate`.
  private func rotate(_ set: UnsafeMutablePointer<ListSet>) {
    if set.pointee.inactiveCount < set.pointee.activeCount { rotateActive(set) }
    rotateInactive(set)
  }

  /// From the back: what was used stays active, in front; the rest goes to the inactive list.
  private func rotateActive(_ set: UnsafeMutablePointer<ListSet>) {
    let stop = first(set.pointee.active)
    var node = last(set.pointee.active)
    var scanned = 0
    while !isHead(node) {
      let following = before(node)
      move(node, to: nodes[Int(node)].isUsed ? .active : .inactive, in: set)
      scanned += 1
      if scanned == scans || node == stop { return }
      node = following
    }
  }

  /// From where the last rotation ended: what was used becomes active.
  private func rotateInactive(_ set: UnsafeMutablePointer<ListSet>) {
    let head = set.pointee.inactive
    guard !isEmpty(head) else { return }
    var end = nodes[Int(set.pointee.nextRotation)].next
    if end == head { end = first(head) }
    var current = set.pointee.nextRotation
    var following = current
    var scanned = 0
    while scanned < scans {
      if current == head {
        current = before(current)
        continue
      }
      following = before(current)
      if nodes[Int(current)].isUsed { move(current, to: .active, in: set) }
      if current == end { break }
      current = following
      scanned += 1
    }
    set.pointee.nextRotation = following
  }

  /// `__bpf_lru_list_shrink`: evicts up to `wanted` elements that were not used, or else one that was.
  private func shrink(
    _ set: UnsafeMutablePointer<ListSet>, wanted: Int, to head: UInt32, as place: Place, _ evict: (Int) -> Bool
  ) {
    var evicted = 0
    var scanned = 0
    var node = last(set.pointee.inactive)
    while !isHead(node) {
      let following = before(node)
      if nodes[Int(node)].isUsed {
        move(node, to: .active, in: set)
      } else if evict(Int(node)) {
        release(node, to: head, as: place, in: set)
        evicted += 1
        if evicted == wanted { break }
      }
      scanned += 1
      if scanned == scans { break }
      node = following
    }
    guard evicted == 0 else { return }
    node = last(isEmpty(set.pointee.inactive) ? set.pointee.active : set.pointee.inactive)
    while !isHead(node) {
      let following = before(node)
      if evict(Int(node)) {
        release(node, to: head, as: place, in: set)
        return
      }
      node = following
    }
  }

  // MARK: Taking

  /// `bpf_percpu_lru_pop_free`.
  private func takeOwn(_ cpu: Int, _ evict: (Int) -> Bool) -> Int {
    let set = sets + cpu
    rotate(set)
    let free = set.pointee.free
    if isEmpty(free), !touch(set, free, as: .free, cpu: cpu) {
      shrink(set, wanted: target, to: free, as: .free, evict)
    }
    guard !isEmpty(free) else { return -1 }
    let node = first(free)
    move(node, to: .inactive, in: set)
    return Int(node)
  }

  /// `bpf_common_lru_pop_free`.
  private func takeCommon(_ cpu: Int, _ evict: (Int) -> Bool) -> Int {
    if isEmpty(locals[cpu].free) { refill(cpu, evict) }
    var node = first(locals[cpu].free)
    if !isHead(node) {
      unlink(node)
    } else {
      // Nothing in the common lists: from the lists of a CPU, this one or another.
      let start = locals[cpu].nextSteal
      var victim = start
      repeat {
        node = first(locals[victim].free)
        if isHead(node) { node = oldestPending(victim, evict) }
        if !isHead(node) { unlink(node) }
        victim = victim + 1 < cpus ? victim + 1 : 0
      } while isHead(node) && victim != start
      locals[cpu].nextSteal = victim
      guard !isHead(node) else { return -1 }
    }
    nodes[Int(node)].cpu = UInt16(truncatingIfNeeded: cpu)
    nodes[Int(node)].place = .pending
    nodes[Int(node)].isUsed = false
    insert(node, behind: locals[cpu].pending)
    return Int(node)
  }

  /// `__local_list_pop_pending`: the oldest element added lately that was not used since, or else the oldest.
  private func oldestPending(_ cpu: Int, _ evict: (Int) -> Bool) -> UInt32 {
    let head = locals[cpu].pending
    for force in [false, true] {
      var node = last(head)
      while !isHead(node) {
        if force || !nodes[Int(node)].isUsed, evict(Int(node)) { return node }
        node = before(node)
      }
    }
    return head
  }

  /// `bpf_lru_list_pop_free_to_local`.
  private func refill(_ cpu: Int, _ evict: (Int) -> Bool) {
    let local = locals[cpu]
    var node = last(local.pending)
    while !isHead(node) {
      let following = before(node)
      let place: Place = nodes[Int(node)].isUsed ? .active : .inactive
      count(place, 1, in: sets)
      nodes[Int(node)].place = place
      nodes[Int(node)].isUsed = false
      move(node, behind: place == .active ? sets.pointee.active : sets.pointee.inactive)
      node = following
    }
    rotate(sets)
    var taken = 0
    while taken < target {
      let free = first(sets.pointee.free)
      if !isHead(free) {
        release(free, to: local.free, as: .localFree, in: sets)
      } else if !touch(sets, local.free, as: .localFree, cpu: cpu) {
        break
      }
      taken += 1
    }
    if taken < target {
      shrink(sets, wanted: target - taken, to: local.free, as: .localFree, evict)
    }
  }
}
