#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Trees of objects that the program's `less` orders: `struct bpf_rb_root` is the root and the first node, `struct bpf_rb_node`
/// three links and the tree that holds the node (kernel/bpf/helpers.c).
extension Machine {
  private static let rootBytes = 16
  private static let nodeBytes = 32
  private static let ownerOffset = 24

  private func tree(_ address: UInt64) -> RedBlackTree? {
    guard let head = memory.write(address, Machine.rootBytes) else { return nil }
    return RedBlackTree(memory: memory, head: head, nowhere: treeScratch)
  }

  /// `bpf_rbtree_add(root, node, less)`: the program's function is asked on the way down. EINVAL, and the object is dropped, for
  /// a node that is in a tree already.
  func treeAdd() -> Sequel {
    guard let tree = tree(registers[1]) else { return refuse(kernelArgument: 1) }
    guard let object = heap.object(at: registers[2]), let node = memory.write(registers[2], Machine.nodeBytes) else {
      return refuse(kernelArgument: 2)
    }
    guard let less = GuestFunction(address: registers[3]) else { return refuse(kernelArgument: 3) }
    guard node.loadUnaligned(fromByteOffset: Machine.ownerOffset, as: UInt64.self) == 0 else {
      heap.hold(object, -1)
      drop(object)
      return give(code: -EINVAL)
    }
    // As long as the way is searched, it is in a tree (BPF_PTR_POISON).
    node.storeBytes(of: 1, toByteOffset: Machine.ownerOffset, as: UInt64.self)
    let descent = TreeDescent(
      root: registers[1], node: registers[2], parent: 0, next: tree.root, side: .left, isFirst: true)
    return begin(Callback(function: less, context: 0, source: .tree(descent)))
  }

  /// Goes down by what `less` returned; nil when the node is in its place.
  func descend(_ descent: inout TreeDescent, isLess: Bool) -> Bool {
    guard var tree = tree(descent.root) else { return false }
    descent.parent = descent.next
    descent.side = isLess ? .left : .right
    if !isLess { descent.isFirst = false }
    descent.next = tree.child(descent.parent, descent.side)
    return !tree.isBroken
  }

  /// Puts the node where the way down ended.
  func finish(_ descent: TreeDescent) -> Sequel {
    guard var tree = tree(descent.root), let object = heap.object(at: descent.node),
      let node = memory.write(descent.node, Machine.nodeBytes)
    else { return refuse(kernelArgument: 1) }
    heap.hold(object, -1)
    tree.insert(descent.node, under: descent.parent, on: descent.side, isFirst: descent.isFirst)
    node.storeBytes(of: descent.root, toByteOffset: Machine.ownerOffset, as: UInt64.self)
    return tree.isBroken ? refuse(kernelArgument: 1) : give(0)
  }

  /// `bpf_rbtree_remove(root, node)`: the node, or NULL when it is not in that tree.
  func treeRemove() -> Sequel {
    guard var tree = tree(registers[1]) else { return refuse(kernelArgument: 1) }
    guard let object = heap.object(at: registers[2]), let node = memory.write(registers[2], Machine.nodeBytes) else {
      return refuse(kernelArgument: 2)
    }
    guard node.loadUnaligned(fromByteOffset: Machine.ownerOffset, as: UInt64.self) == registers[1] else {
      return give(0)
    }
    tree.remove(registers[2])
    guard !tree.isBroken else { return refuse(kernelArgument: 1) }
    node.storeBytes(of: 0, toByteOffset: Machine.ownerOffset, as: UInt64.self)
    hold(object, 1)
    return give(registers[2])
  }

  /// `bpf_rbtree_first(root)` and `bpf_rbtree_root(root)`.
  func treeRead(_ node: (RedBlackTree) -> UInt64) -> Sequel {
    guard let tree = tree(registers[1]) else { return refuse(kernelArgument: 1) }
    return give(node(tree))
  }

  /// `bpf_rbtree_left(root, node)` and `bpf_rbtree_right(root, node)`: NULL for a node that is not in that tree.
  func treeChild(_ side: RedBlackTree.Side) -> Sequel {
    guard var tree = tree(registers[1]) else { return refuse(kernelArgument: 1) }
    guard let node = memory.read(registers[2], Machine.nodeBytes) else { return refuse(kernelArgument: 2) }
    guard node.loadUnaligned(fromByteOffset: Machine.ownerOffset, as: UInt64.self) == registers[1] else {
      return give(0)
    }
    return give(tree.child(registers[2], side))
  }
}

/// A node on its way down a tree.
struct TreeDescent {
  /// Guest addresses of the tree and of the node.
  var root: UInt64
  var node: UInt64
  /// Where it is to stand so far, and the node that it is to be compared with; 0 when there is none.
  var parent: UInt64
  var next: UInt64
  var side: RedBlackTree.Side
  var isFirst: Bool
}
