import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `bpf_obj_new` and its like (kernel/bpf/helpers.c).
extension Machine {
  /// Objects that live, those in maps included.
  package var objectCount: Int { heap.count }

  /// `bpf_obj_new(type)` and `bpf_percpu_obj_new(type)`: an object of zeroes, or NULL.
  func objectNew(program: Int, isPerCPU: Bool) -> Sequel {
    guard let index = objectType(registers[1], program: program, isPerCPU: isPerCPU) else {
      return refuse(kernelArgument: 1)
    }
    let type = heap.type(index)
    guard type.pointee.size <= (isPerCPU ? ObjectHeap.largestPerCPUObject : ObjectHeap.largestObject),
      let object = heap.allocate(type: index, count: type.pointee.byteCount(cpus: configuration.cpus))
    else { return give(0) }
    state.pointee.hasLeftovers = true
    if type.pointee.needsLinks { initialise(object, type) }
    return give(object.address)
  }

  /// The type of a program's BTF id; nil when there is none that objects can have.
  private func objectType(_ id: UInt64, program: Int, isPerCPU: Bool) -> Int? {
    let key = UInt64(program) << 33 | (isPerCPU ? 1 << 32 : 0) | id & 0xffff_ffff
    if let known = objectTypes.first(where: { $0.key == key }) { return known.type }
    guard programs.indices.contains(program), let types = programs[program].spec.types,
      let id = UInt32(exactly: id), let size = types.size(of: id), size > 0
    else { return nil }
    let type =
      isPerCPU
      ? ObjectType(size: size, stride: (size + 7) & ~7) : ObjectType(size: size, layout: ValueLayout(of: id, in: types))
    let index = heap.add(type)
    objectTypes.append((key, index))
    return index
  }

  /// `bpf_obj_init`: lists that hold nothing, nodes that are in nothing, one owner.
  private func initialise(_ object: ObjectHeap.Object, _ type: UnsafePointer<ObjectType>) {
    for field in type.pointee.fields {
      let host = object.host + field.offset
      let address = object.address + UInt64(field.offset)
      switch field.kind {
      case .listHead, .listNode:
        host.storeBytes(of: address, as: UInt64.self)
        host.storeBytes(of: address, toByteOffset: 8, as: UInt64.self)
      case .treeNode: host.storeBytes(of: address, as: UInt64.self)
      case .referenceCount: host.storeBytes(of: 1, as: UInt32.self)
      default: break
      }
    }
  }

  /// `bpf_obj_drop(object)` and `bpf_percpu_obj_drop(object)`.
  func objectDrop() -> Sequel {
    // A program may drop an object through a pointer to its first member; never NULL.
    guard let object = heap.object(startingAt: registers[1]) else { return refuse(kernelArgument: 1) }
    heap.hold(object, -1)
    drop(object)
    return .goOn
  }

  /// `bpf_refcount_acquire(object)`: the object with one owner more.
  func objectAcquire() -> Sequel {
    guard let object = heap.object(startingAt: registers[1]),
      let offset = heap.type(object.type).pointee.referenceCount
    else { return refuse(kernelArgument: 1) }
    let count = object.host.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    guard count > 0 else { return give(0) }
    object.host.storeBytes(of: count &+ 1, toByteOffset: offset, as: UInt32.self)
    hold(object, 1)
    return give(object.address)
  }

  /// Notes that the program has one reference to an object more, or fewer.
  func hold(_ object: ObjectHeap.Object, _ change: Int32) {
    heap.hold(object, change)
    state.pointee.hasLeftovers = true
  }

  /// Takes one reference away from an object, and frees it when that was the last, with what it owns.
  func drop(_ object: ObjectHeap.Object) {
    if object.type == connectionType { return releaseConnection(object) }
    let type = heap.type(object.type)
    if let offset = type.pointee.referenceCount {
      let count = object.host.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      object.host.storeBytes(of: count &- 1, toByteOffset: offset, as: UInt32.self)
      if count > 1 { return }
    }
    guard type.pointee.ownsOthers else { return heap.free(object) }
    var owned: [ObjectHeap.Object] = []
    collect(type.pointee.fields, at: object.host, object.address, &owned)
    heap.free(object)
    dropAll(owned)
  }

  /// Drops objects and what they own, without recursion: a program may chain any number of them.
  private func dropAll(_ objects: [ObjectHeap.Object]) {
    var waiting = objects
    while let next = waiting.popLast() {
      // Its slot may be free by now when a forged link named it twice.
      guard let object = heap.object(startingAt: next.address) else { continue }
      if object.type == connectionType {
        releaseConnection(object)
        continue
      }
      let type = heap.type(object.type)
      if let offset = type.pointee.referenceCount {
        let count = object.host.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        object.host.storeBytes(of: count &- 1, toByteOffset: offset, as: UInt32.self)
        if count > 1 { continue }
      }
      if type.pointee.ownsOthers { collect(type.pointee.fields, at: object.host, object.address, &waiting) }
      heap.free(object)
    }
  }

  /// `bpf_obj_free_fields`: empties lists, trees and kernel pointers of a value, and tells what was in them.
  private func collect(
    _ fields: UnsafeMutableBufferPointer<SpecialField>, at host: UnsafeMutableRawPointer, _ address: UInt64,
    _ owned: inout [ObjectHeap.Object]
  ) {
    for field in fields { collect(field, at: host + field.offset, address + UInt64(field.offset), &owned) }
  }

  private func collect(
    _ field: SpecialField, at place: UnsafeMutableRawPointer, _ address: UInt64?,
    _ owned: inout [ObjectHeap.Object]
  ) {
    switch field.kind {
    case .listHead: collectList(place, address, &owned)
    case .treeRoot: collectTree(place, &owned)
    case .kernelPointer:
      let pointer = place.loadUnaligned(as: UInt64.self)
      place.storeBytes(of: 0, as: UInt64.self)
      if pointer != 0, let object = heap.object(startingAt: pointer) { owned.append(object) }
    default: break
    }
  }

  /// `bpf_list_head_free`: the nodes from last to first, so that the first is dropped first. The list is empty then; one in a
  /// map, which has no address here, as the map made it: zeroes.
  private func collectList(
    _ head: UnsafeMutableRawPointer, _ address: UInt64?, _ owned: inout [ObjectHeap.Object]
  ) {
    var node = head.loadUnaligned(as: UInt64.self)
    head.storeBytes(of: address ?? 0, as: UInt64.self)
    head.storeBytes(of: address ?? 0, toByteOffset: 8, as: UInt64.self)
    let start = owned.count
    // The last node points to the head; in a map that is no object.
    while node != 0, node != address, owned.count - start <= heap.count, let object = heap.object(at: node),
      let links = memory.read(node, 16)
    {
      owned.append(object)
      node = links.loadUnaligned(as: UInt64.self)
    }
    owned[start...].reverse()
  }

  /// `bpf_rb_root_free`: every node.
  private func collectTree(_ root: UnsafeMutableRawPointer, _ owned: inout [ObjectHeap.Object]) {
    var waiting = [root.loadUnaligned(as: UInt64.self)]
    root.storeBytes(of: 0, as: UInt64.self)
    root.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    let start = owned.count
    while let node = waiting.popLast() {
      guard node != 0, owned.count - start <= heap.count, let object = heap.object(at: node),
        let words = memory.read(node, 24)
      else { continue }
      owned.append(object)
      waiting.append(words.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      waiting.append(words.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    }
  }

  /// Gives up what the special members of a map's value own, when the value goes.
  func release(_ fields: [SpecialField], at host: UnsafeMutableRawPointer) {
    var owned: [ObjectHeap.Object] = []
    for field in fields { collect(field, at: host + field.offset, nil, &owned) }
    dropAll(owned)
  }

  /// Frees what the program holds at its end.
  func dropHeldObjects() {
    for (object, count) in heap.heldObjects() {
      for _ in 0..<count {
        guard let live = heap.object(startingAt: object.address) else { break }
        heap.hold(live, -1)
        drop(live)
      }
    }
  }
}
