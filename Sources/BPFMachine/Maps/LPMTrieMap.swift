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
  private var nodes: [Node] = []
  private var freeNodes: [Int32] = []
  private var freeSlots: [Int] = []
  private var root: Int32 = -1
  private var count = 0
  private var untouched = 0
  private let dataSize: Int

  /// A prefix; `slot` is -1 for a branching point that holds no value.
  private struct Node {
    var prefix: Int
    var data: [UInt8]
    var slot: Int
    var left: Int32 = -1
    var right: Int32 = -1

    subscript(bit: Bool) -> Int32 {
      get { bit ? right : left }
      set { if bit { right = newValue } else { left = newValue } }
    }
  }

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    guard spec.keySize > 4, spec.keySize <= 4 + 256 else {
      throw MapError(
        map: spec.name, errno: EINVAL, message: "an LPM trie's key has 5 to 260 bytes, not \(spec.keySize)")
    }
    dataSize = Int(spec.keySize) - 4
    do {
      slab = try ValueSlab(
        memory: memory, slots: Int(spec.maxEntries) + 1, valueSize: Int(spec.valueSize), copies: 1,
        writable: spec.flags & MapFlags.readOnlyProgram == 0)
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) elements")
    }
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  private func prefix(_ key: UnsafeRawPointer) -> Int { Int(key.loadUnaligned(as: UInt32.self)) }

  private static func bit(_ data: UnsafeRawPointer, _ index: Int) -> Bool {
    data.load(fromByteOffset: index >> 3, as: UInt8.self) & (0x80 >> UInt8(index & 7)) != 0
  }

  /// Leading bits that a node and the data have in common, at most `limit` and the node's prefix.
  private func match(_ node: Int32, _ data: UnsafeRawPointer, limit: Int) -> Int {
    let limit = min(limit, nodes[Int(node)].prefix)
    return nodes[Int(node)].data.withUnsafeBytes { stored in
      var bits = 0
      var index = 0
      while bits < limit {
        let difference = stored[index] ^ data.load(fromByteOffset: index, as: UInt8.self)
        if difference != 0 { return min(limit, bits + difference.leadingZeroBitCount) }
        bits += 8
        index += 1
      }
      return limit
    }
  }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 {
    guard let slot = longestMatch(key) else { return 0 }
    return slab.guest(slot)
  }

  private func longestMatch(_ key: UnsafeRawPointer) -> Int? {
    let limit = prefix(key)
    guard limit <= dataSize * 8 else { return nil }
    let data = key + 4
    var found: Int?
    var current = root
    while current >= 0 {
      let node = Int(current)
      let bits = nodes[node].prefix
      guard match(current, data, limit: limit) == bits else { break }
      if nodes[node].slot >= 0 { found = nodes[node].slot }
      guard bits < limit else { break }
      current = nodes[node][LPMTrieMap.bit(data, bits)]
    }
    return found
  }

  /// The node of exactly that prefix.
  private func exact(_ key: UnsafeRawPointer) -> Int32? {
    let length = prefix(key)
    var current = root
    while current >= 0 {
      let bits = nodes[Int(current)].prefix
      guard match(current, key + 4, limit: length) == bits, bits <= length else { return nil }
      if bits == length { return nodes[Int(current)].slot >= 0 ? current : nil }
      current = nodes[Int(current)][LPMTrieMap.bit(key + 4, bits)]
    }
    return nil
  }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    guard flags <= UpdateFlags.exist, prefix(key) <= dataSize * 8 else { return -EINVAL }
    let old = exact(key)
    guard old == nil || flags != UpdateFlags.noExist else { return -EEXIST }
    guard old != nil || flags != UpdateFlags.exist else { return -ENOENT }
    guard old != nil || count < capacity else { return -ENOSPC }
    let slot = freeSlots.popLast() ?? untouched
    if slot == untouched { untouched += 1 }
    slab.host(slot).copyMemory(from: value, byteCount: valueSize)
    if let old {
      freeSlots.append(nodes[Int(old)].slot)
      nodes[Int(old)].slot = slot
    } else {
      count += 1
      insert(key, slot: slot)
    }
    return 0
  }

  private func makeNode(prefix: Int, data: UnsafeRawPointer, slot: Int) -> Int32 {
    let node = Node(
      prefix: prefix, data: [UInt8](UnsafeRawBufferPointer(start: data, count: dataSize)), slot: slot)
    if let free = freeNodes.popLast() {
      nodes[Int(free)] = node
      return free
    }
    nodes.append(node)
    return Int32(truncatingIfNeeded: nodes.count - 1)
  }

  private func insert(_ key: UnsafeRawPointer, slot: Int) {
    let length = prefix(key)
    let data = key + 4
    var parent: (node: Int32, bit: Bool)?
    var current = root
    while current >= 0 {
      let bits = match(current, data, limit: length)
      guard bits == nodes[Int(current)].prefix, bits < length else { break }
      parent = (current, LPMTrieMap.bit(data, bits))
      current = nodes[Int(current)][LPMTrieMap.bit(data, bits)]
    }
    var placed: Int32
    if current < 0 {
      placed = makeNode(prefix: length, data: data, slot: slot)
    } else if match(current, data, limit: length) == length, nodes[Int(current)].prefix == length {
      nodes[Int(current)].slot = slot
      return
    } else {
      let bits = match(current, data, limit: length)
      let branch = nodes[Int(current)].data.withUnsafeBytes { $0.baseAddress.map { LPMTrieMap.bit($0, bits) } ?? false }
      placed = makeNode(prefix: length, data: data, slot: slot)
      if bits == length {
        nodes[Int(placed)][branch] = current
      } else {
        let fork = makeNode(prefix: bits, data: data, slot: -1)
        nodes[Int(fork)][branch] = current
        nodes[Int(fork)][!branch] = placed
        placed = fork
      }
    }
    if let parent { nodes[Int(parent.node)][parent.bit] = placed } else { root = placed }
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 {
    guard prefix(key) <= dataSize * 8 else { return -EINVAL }
    guard let node = exact(key) else { return -ENOENT }
    freeSlots.append(nodes[Int(node)].slot)
    nodes[Int(node)].slot = -1
    count -= 1
    return 0
  }

  package override func hostValues(_ key: UnsafeRawPointer) -> [UnsafeMutableRawPointer]? {
    longestMatch(key).map { [slab.host($0)] }
  }

  package override func holds(region: Int) -> Bool { slab.block.holds(region: region) }

  package override func keys() -> [[UInt8]] {
    var keys: [[UInt8]] = []
    var pending = [root]
    while let current = pending.popLast() {
      guard current >= 0 else { continue }
      let node = nodes[Int(current)]
      if node.slot >= 0 {
        keys.append(withUnsafeBytes(of: UInt32(node.prefix).littleEndian) { Array($0) } + node.data)
      }
      pending.append(node.right)
      pending.append(node.left)
    }
    return keys
  }
}
