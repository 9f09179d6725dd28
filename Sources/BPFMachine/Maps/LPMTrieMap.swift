import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_LPM_TRIE` (kernel/bpf/lpm_trie.c): a key is a u32 prefix length in host order, then the data, most
/// significant bit first. A path-compressed binary trie.
package final class LPMTrieMap: BPFMap {
  private let slab: ValueSlab
  private let dataSize: Int
  /// Up to two nodes for each element, each followed by its data: what a step of a lookup looks at lies together.
  private let nodes: UnsafeMutableRawPointer
  private let nodeStride: Int
  private var madeNodes: Int32 = 0
  private var freeSlots: [Int32] = []
  private var root: Int32 = -1
  private var count = 0
  private var untouched: Int32 = 0

  /// A prefix; `slot` is -1 for a branching point that holds no value, children are -1 where there is none.
  private struct Node {
    var prefix: Int32
    var slot: Int32
    var left: Int32
    var right: Int32

    @inline(__always)
    subscript(bit: Bool) -> Int32 {
      get { bit ? right : left }
      set { if bit { right = newValue } else { left = newValue } }
    }
  }

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    dataSize = Int(spec.keySize) - 4
    nodeStride = (MemoryLayout<Node>.size + dataSize + 3) & ~3
    do {
      slab = try ValueSlab(spec, memory: memory, slots: Int(spec.maxEntries) + 1)
      let capacity = 2 * (Int(spec.maxEntries) + 1)
      nodes = try memory.hostBlock(byteCount: capacity * nodeStride)
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) elements")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  private func prefix(_ key: UnsafeRawPointer) -> Int { Int(key.loadUnaligned(as: UInt32.self)) }

  @inline(__always)
  private func data(_ node: Int32) -> UnsafeMutableRawPointer {
    nodes + (Int(node) &* nodeStride &+ MemoryLayout<Node>.size)
  }

  private subscript(node: Int32) -> Node {
    @inline(__always)
    get { (nodes + Int(node) &* nodeStride).loadUnaligned(as: Node.self) }
    @inline(__always)
    set { (nodes + Int(node) &* nodeStride).storeBytes(of: newValue, as: Node.self) }
  }

  @inline(__always)
  private static func bit(_ data: UnsafeRawPointer, _ index: Int) -> Bool {
    data.load(fromByteOffset: index >> 3, as: UInt8.self) & (0x80 >> UInt8(truncatingIfNeeded: index & 7)) != 0
  }

  /// Leading bits that a node and the data have in common, at most `limit` and the node's prefix. `known` of them were found in
  /// a node above.
  @inline(__always)
  private func match(_ node: Int32, _ key: UnsafeRawPointer, limit: Int, known: Int = 0) -> Int {
    let limit = min(limit, Int(self[node].prefix))
    let stored = data(node)
    var bits = known & ~7
    while bits < limit {
      let index = bits >> 3
      let difference =
        stored.load(fromByteOffset: index, as: UInt8.self) ^ key.load(fromByteOffset: index, as: UInt8.self)
      if difference != 0 { return min(limit, bits &+ difference.leadingZeroBitCount) }
      bits &+= 8
    }
    return limit
  }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    let slot = longestMatch(key)
    return slot < 0 ? 0 : slab.guest(slot)
  }

  /// The slot of the longest prefix that matches; -1 when none does.
  private func longestMatch(_ key: UnsafeRawPointer) -> Int {
    let limit = prefix(key)
    guard limit <= dataSize * 8 else { return -1 }
    var found: Int32 = -1
    var current = root
    var known = 0
    while current >= 0 {
      let node = self[current]
      guard match(current, key + 4, limit: limit, known: known) == Int(node.prefix) else { break }
      if node.slot >= 0 { found = node.slot }
      known = Int(node.prefix)
      guard known < limit else { break }
      current = node[LPMTrieMap.bit(key + 4, Int(node.prefix))]
    }
    return Int(found)
  }

  /// The node of exactly that prefix, when it holds a value; -1 when there is none.
  private func exact(_ key: UnsafeRawPointer) -> Int32 {
    let length = prefix(key)
    var current = root
    while current >= 0 {
      let node = self[current]
      let bits = Int(node.prefix)
      guard match(current, key + 4, limit: length) == bits, bits <= length else { return -1 }
      if bits == length { return node.slot >= 0 ? current : -1 }
      current = node[LPMTrieMap.bit(key + 4, bits)]
    }
    return -1
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    guard flags <= UpdateFlags.exist, prefix(key) <= dataSize * 8 else { return -EINVAL }
    let old = exact(key)
    guard old < 0 || flags != UpdateFlags.noExist else { return -EEXIST }
    guard old >= 0 || flags != UpdateFlags.exist else { return -ENOENT }
    guard old >= 0 || count < capacity else { return -ENOSPC }
    let slot = freeSlots.popLast() ?? untouched
    if slot == untouched { untouched += 1 }
    slab.host(Int(slot)).copyMemory(from: value, byteCount: valueSize)
    if old >= 0 {
      freeSlots.append(self[old].slot)
      place(slot, in: old, key)
    } else {
      count += 1
      insert(key, slot: slot)
    }
    return 0
  }

  private func makeNode(prefix: Int, data source: UnsafeRawPointer, slot: Int32) -> Int32 {
    let node = madeNodes
    madeNodes += 1
    self[node] = Node(prefix: Int32(truncatingIfNeeded: prefix), slot: slot, left: -1, right: -1)
    data(node).copyMemory(from: source, byteCount: dataSize)
    return node
  }

  /// Gives a node that exists a value, and the key's bits beyond the prefix with it, as the kernel's new node has them.
  private func place(_ slot: Int32, in node: Int32, _ key: UnsafeRawPointer) {
    self[node].slot = slot
    data(node).copyMemory(from: key + 4, byteCount: dataSize)
  }

  private func insert(_ key: UnsafeRawPointer, slot: Int32) {
    let length = prefix(key)
    var parent: (node: Int32, bit: Bool)?
    var current = root
    var bits = 0
    while current >= 0 {
      bits = match(current, key + 4, limit: length)
      guard bits == Int(self[current].prefix), bits < length else { break }
      let bit = LPMTrieMap.bit(key + 4, bits)
      parent = (current, bit)
      current = self[current][bit]
    }
    if current >= 0, bits == length, Int(self[current].prefix) == length {
      place(slot, in: current, key)
      return
    }
    if madeNodes + 2 > 2 * Int32(truncatingIfNeeded: capacity + 1) {
      rebuild()
      return insert(key, slot: slot)
    }
    var placed = makeNode(prefix: length, data: key + 4, slot: slot)
    if current >= 0 {
      let branch = LPMTrieMap.bit(data(current), bits)
      if bits == length {
        self[placed][branch] = current
      } else {
        let fork = makeNode(prefix: bits, data: key + 4, slot: -1)
        self[fork][branch] = current
        self[fork][!branch] = placed
        placed = fork
      }
    }
    if let parent { self[parent.node][parent.bit] = placed } else { root = placed }
  }

  /// Drops the nodes that deletions left without a value, by inserting every element anew.
  private func rebuild() {
    let elements = (0..<madeNodes).filter { self[$0].slot >= 0 }.map { (key(of: $0), self[$0].slot) }
    madeNodes = 0
    root = -1
    for (key, slot) in elements {
      key.withUnsafeBytes { if let base = $0.baseAddress { insert(base, slot: slot) } }
    }
  }

  private func key(of node: Int32) -> [UInt8] {
    withUnsafeBytes(of: UInt32(self[node].prefix).littleEndian) { Array($0) }
      + UnsafeRawBufferPointer(start: data(node), count: dataSize)
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    guard prefix(key) <= dataSize * 8 else { return -EINVAL }
    let node = exact(key)
    guard node >= 0 else { return -ENOENT }
    freeSlots.append(self[node].slot)
    self[node].slot = -1
    count -= 1
    return 0
  }

  package override func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    let slot = longestMatch(key)
    return slot < 0 ? nil : slab.host(slot)
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  package override func keys() -> [[UInt8]] {
    var keys: [[UInt8]] = []
    var pending = [root]
    while let current = pending.popLast() {
      guard current >= 0 else { continue }
      let node = self[current]
      if node.slot >= 0 { keys.append(key(of: current)) }
      pending.append(node.right)
      pending.append(node.left)
    }
    return keys
  }
}
