/// The tree of `struct bpf_rb_root` in guest memory: the red-black tree of lib/rbtree.c with its first node cached, balanced as
/// Linux balances it, since programs can see its shape (`bpf_rbtree_root`, `bpf_rbtree_left`, `bpf_rbtree_right`).
///
/// A node is three words: parent with the colour in bit 0 (black 1), right child, left child. Links are guest addresses; one
/// that leads nowhere makes the tree ``isBroken``, and nothing outside guest memory is touched.
struct RedBlackTree {
  private unowned(unsafe) let memory: GuestMemory
  /// Root node, first node.
  private let head: UnsafeMutablePointer<UInt64>
  /// Takes the writes to links that lead nowhere.
  private let nowhere: UnsafeMutablePointer<UInt64>
  /// A link leads nowhere or in a circle: the program has overwritten it.
  private(set) var isBroken = false
  private var steps = 0

  /// The word of a node that holds a child.
  enum Side: Int {
    case right = 1
    case left = 2

    var other: Side { self == .left ? .right : .left }
  }

  private static let black: UInt64 = 1
  /// More than any path of a tree in memory can be long.
  private static let longestWalk = 1 << 10

  /// The tree whose root lies at `head`; `nowhere` has room for three words.
  init(memory: GuestMemory, head: UnsafeMutableRawPointer, nowhere: UnsafeMutablePointer<UInt64>) {
    self.memory = memory
    self.head = head.assumingMemoryBound(to: UInt64.self)
    self.nowhere = nowhere
  }

  var root: UInt64 { head[0] }
  var first: UInt64 { head[1] }

  private mutating func words(_ node: UInt64) -> UnsafeMutablePointer<UInt64> {
    steps += 1
    guard steps < RedBlackTree.longestWalk, let host = memory.write(node, 24) else {
      isBroken = true
      nowhere.update(repeating: 0, count: 3)
      return nowhere
    }
    return host.assumingMemoryBound(to: UInt64.self)
  }

  mutating func child(_ node: UInt64, _ side: Side) -> UInt64 { words(node)[side.rawValue] }
  private mutating func set(_ node: UInt64, _ side: Side, _ child: UInt64) { words(node)[side.rawValue] = child }
  private mutating func parent(_ node: UInt64) -> UInt64 { words(node)[0] & ~3 }
  private mutating func isBlack(_ node: UInt64) -> Bool { words(node)[0] & RedBlackTree.black != 0 }
  private mutating func isRed(_ node: UInt64) -> Bool { node != 0 && !isBlack(node) }
  private mutating func set(_ node: UInt64, parent: UInt64, isBlack: Bool) {
    words(node)[0] = parent | (isBlack ? RedBlackTree.black : 0)
  }
  private mutating func set(_ node: UInt64, parent: UInt64) {
    let words = words(node)
    words[0] = parent | words[0] & RedBlackTree.black
  }

  private mutating func replace(_ old: UInt64, by new: UInt64, under parent: UInt64) {
    if parent == 0 {
      head[0] = new
    } else {
      set(parent, child(parent, .left) == old ? .left : .right, new)
    }
  }

  /// After a rotation `new` stands where `old` stood, with its parent and colour, and `old` below it.
  private mutating func exchange(_ old: UInt64, _ new: UInt64, oldIsBlack: Bool) {
    let above = parent(old)
    words(new)[0] = words(old)[0]
    set(old, parent: new, isBlack: oldIsBlack)
    replace(old, by: new, under: above)
  }

  // MARK: Inserting

  /// Puts a node below `parent`, or makes it the root when there is none.
  mutating func insert(_ node: UInt64, under parent: UInt64, on side: Side, isFirst: Bool) {
    let words = words(node)
    words[0] = parent
    words[1] = 0
    words[2] = 0
    if parent == 0 { head[0] = node } else { set(parent, side, node) }
    if isFirst { head[1] = node }
    balance(inserted: node)
  }

  private mutating func balance(inserted: UInt64) {
    var node = inserted
    var above = parent(node)
    while !isBroken {
      if above == 0 {
        set(node, parent: 0, isBlack: true)
        return
      }
      if isBlack(above) { return }
      let grandparent = parent(above)
      let side: Side = child(grandparent, .right) == above ? .right : .left
      let uncle = child(grandparent, side.other)
      if isRed(uncle) {
        set(uncle, parent: grandparent, isBlack: true)
        set(above, parent: grandparent, isBlack: true)
        node = grandparent
        above = parent(node)
        set(node, parent: above, isBlack: false)
        continue
      }
      var inner = child(above, side.other)
      if node == inner {
        inner = child(node, side)
        set(above, side.other, inner)
        set(node, side, above)
        if inner != 0 { set(inner, parent: above, isBlack: true) }
        set(above, parent: node, isBlack: false)
        above = node
        inner = child(node, side.other)
      }
      set(grandparent, side, inner)
      set(above, side.other, grandparent)
      if inner != 0 { set(inner, parent: grandparent, isBlack: true) }
      exchange(grandparent, above, oldIsBlack: false)
      return
    }
  }

  // MARK: Removing

  /// Takes a node out, and leaves it as one that is in no tree (`RB_CLEAR_NODE`).
  mutating func remove(_ node: UInt64) {
    if head[1] == node { head[1] = successor(of: node) }
    let right = child(node, .right)
    let left = child(node, .left)
    var unbalanced: UInt64 = 0
    if left == 0 || right == 0 {
      let only = left == 0 ? right : left
      let above = parent(node)
      let wasBlack = isBlack(node)
      replace(node, by: only, under: above)
      if only != 0 {
        set(only, parent: above, isBlack: wasBlack)
      } else if wasBlack {
        unbalanced = above
      }
    } else {
      unbalanced = removeInner(node, left, right)
    }
    if unbalanced != 0 { balance(removedUnder: unbalanced) }
    set(node, parent: node, isBlack: false)
  }

  /// Puts the node that follows in the place of one with two children.
  private mutating func removeInner(_ node: UInt64, _ left: UInt64, _ right: UInt64) -> UInt64 {
    var successor = right
    var above = right
    var next = child(right, .left)
    let moved: UInt64
    if next == 0 {
      moved = child(successor, .right)
    } else {
      repeat {
        above = successor
        successor = next
        next = child(next, .left)
      } while next != 0 && !isBroken
      moved = child(successor, .right)
      set(above, .left, moved)
      set(successor, .right, right)
      set(right, parent: successor)
    }
    set(successor, .left, left)
    set(left, parent: successor)
    let wasBlack = isBlack(successor)
    let state = words(node)[0]
    replace(node, by: successor, under: state & ~3)
    words(successor)[0] = state
    if moved != 0 {
      set(moved, parent: above, isBlack: true)
      return 0
    }
    return wasBlack ? above : 0
  }

  private mutating func balance(removedUnder start: UInt64) {
    var above = start
    var node: UInt64 = 0
    while !isBroken {
      // The side that lacks a black node.
      let side: Side = child(above, .right) == node ? .right : .left
      var sibling = child(above, side.other)
      if isRed(sibling) {
        let inner = child(sibling, side)
        set(above, side.other, inner)
        set(sibling, side, above)
        set(inner, parent: above, isBlack: true)
        exchange(above, sibling, oldIsBlack: false)
        sibling = inner
      }
      var outer = child(sibling, side.other)
      if !isRed(outer) {
        let inner = child(sibling, side)
        if !isRed(inner) {
          set(sibling, parent: above, isBlack: false)
          if isRed(above) {
            set(above, parent: parent(above), isBlack: true)
            return
          }
          node = above
          above = parent(node)
          if above != 0 { continue }
          return
        }
        outer = child(inner, side.other)
        set(sibling, side, outer)
        set(inner, side.other, sibling)
        set(above, side.other, inner)
        if outer != 0 { set(outer, parent: sibling, isBlack: true) }
        outer = sibling
        sibling = inner
      }
      let inner = child(sibling, side)
      set(above, side.other, inner)
      set(sibling, side, above)
      set(outer, parent: sibling, isBlack: true)
      if inner != 0 { set(inner, parent: above) }
      exchange(above, sibling, oldIsBlack: true)
      return
    }
  }

  /// The next node in order; 0 after the last (`rb_next`).
  private mutating func successor(of node: UInt64) -> UInt64 {
    var next = child(node, .right)
    if next != 0 {
      while case let left = child(next, .left), left != 0, !isBroken { next = left }
      return next
    }
    var below = node
    var above = parent(below)
    while above != 0, child(above, .right) == below, !isBroken {
      below = above
      above = parent(below)
    }
    return above
  }
}
