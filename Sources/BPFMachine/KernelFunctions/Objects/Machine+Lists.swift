#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Doubly linked lists of objects: `struct bpf_list_head` is two links, `struct bpf_list_node` two links and the list that holds
/// the node (kernel/bpf/helpers.c).
extension Machine {
  private static let headBytes = 16
  private static let nodeBytes = 24
  private static let ownerOffset = 16

  /// The list that r1 names; one that a map made of zeroes becomes an empty one.
  private func listHead() -> UnsafeMutableRawPointer? {
    guard let head = memory.write(registers[1], Machine.headBytes) else { return nil }
    if head.loadUnaligned(as: UInt64.self) == 0 {
      head.storeBytes(of: registers[1], as: UInt64.self)
      head.storeBytes(of: registers[1], toByteOffset: 8, as: UInt64.self)
    }
    return head
  }

  /// `bpf_list_push_front(head, node)` and `bpf_list_push_back(head, node)`: EINVAL, and the object is dropped, for a node that
  /// is in a list already.
  func listPush(atEnd: Bool) -> Sequel {
    guard let head = listHead() else { return refuse(kernelArgument: 1) }
    guard let object = heap.object(at: registers[2]), let node = memory.write(registers[2], Machine.nodeBytes) else {
      return refuse(kernelArgument: 2)
    }
    guard node.loadUnaligned(fromByteOffset: Machine.ownerOffset, as: UInt64.self) == 0 else {
      heap.hold(object, -1)
      drop(object)
      return give(code: -EINVAL)
    }
    let neighbour = head.loadUnaligned(fromByteOffset: atEnd ? 8 : 0, as: UInt64.self)
    guard let other = memory.write(neighbour, Machine.headBytes) else { return refuse(kernelArgument: 1) }
    node.storeBytes(of: atEnd ? registers[1] : neighbour, as: UInt64.self)
    node.storeBytes(of: atEnd ? neighbour : registers[1], toByteOffset: 8, as: UInt64.self)
    other.storeBytes(of: registers[2], toByteOffset: atEnd ? 0 : 8, as: UInt64.self)
    head.storeBytes(of: registers[2], toByteOffset: atEnd ? 8 : 0, as: UInt64.self)
    node.storeBytes(of: registers[1], toByteOffset: Machine.ownerOffset, as: UInt64.self)
    heap.hold(object, -1)
    return give(0)
  }

  /// `bpf_list_pop_front(head)` and `bpf_list_pop_back(head)`: the node that was taken out, or NULL.
  func listPop(fromEnd: Bool) -> Sequel {
    guard let head = listHead() else { return refuse(kernelArgument: 1) }
    let address = head.loadUnaligned(fromByteOffset: fromEnd ? 8 : 0, as: UInt64.self)
    guard address != registers[1] else { return give(0) }
    guard let object = heap.object(at: address), let node = memory.write(address, Machine.nodeBytes) else {
      return refuse(kernelArgument: 1)
    }
    guard node.loadUnaligned(fromByteOffset: Machine.ownerOffset, as: UInt64.self) == registers[1] else {
      return give(0)
    }
    let next = node.loadUnaligned(as: UInt64.self)
    let previous = node.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    guard let after = memory.write(next, Machine.headBytes), let before = memory.write(previous, Machine.headBytes)
    else {
      return refuse(kernelArgument: 1)
    }
    before.storeBytes(of: next, as: UInt64.self)
    after.storeBytes(of: previous, toByteOffset: 8, as: UInt64.self)
    node.storeBytes(of: address, as: UInt64.self)
    node.storeBytes(of: address, toByteOffset: 8, as: UInt64.self)
    node.storeBytes(of: 0, toByteOffset: Machine.ownerOffset, as: UInt64.self)
    hold(object, 1)
    return give(address)
  }

  /// `bpf_list_front(head)` and `bpf_list_back(head)`: the node stays where it is.
  func listPeek(atEnd: Bool) -> Sequel {
    guard let head = memory.read(registers[1], Machine.headBytes) else { return refuse(kernelArgument: 1) }
    let address = head.loadUnaligned(fromByteOffset: atEnd ? 8 : 0, as: UInt64.self)
    return give(address == registers[1] ? 0 : address)
  }
}
