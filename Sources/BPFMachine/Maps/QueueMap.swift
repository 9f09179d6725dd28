import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_QUEUE` and `BPF_MAP_TYPE_STACK` (kernel/bpf/queue_stack_maps.c): values without keys, first or last in first
/// out. Programs get copies, so the values are no guest memory.
package final class QueueMap: BPFMap {
  private let elements: UnsafeMutableRawPointer
  private let isStack: Bool
  /// Index of the oldest value, and how many there are.
  private var first = 0
  private var count = 0

  package override init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    isStack = spec.type == .stack
    elements = try BPFMap.reserve(spec, Int(spec.maxEntries), Int(spec.valueSize), memory)
    try super.init(spec: spec, index: index, memory: memory, cpus: cpus)
  }

  /// Where the value stands that is `position` after the oldest.
  private func element(_ position: Int) -> UnsafeMutableRawPointer {
    let index = first + position
    return elements + (index < capacity ? index : index - capacity) * valueSize
  }

  package override func push(_ value: UnsafeRawPointer, flags: UInt64) -> Int32 {
    guard flags == UpdateFlags.any || flags == UpdateFlags.exist else { return -EINVAL }
    if count == capacity {
      guard flags == UpdateFlags.exist else { return -E2BIG }
      first = first + 1 < capacity ? first + 1 : 0
      count -= 1
    }
    element(count).copyMemory(from: value, byteCount: valueSize)
    count += 1
    return 0
  }

  package override func peek(_ value: UnsafeMutableRawPointer) -> Int32 {
    guard count > 0 else {
      memset(value, 0, valueSize)
      return -ENOENT
    }
    value.copyMemory(from: element(isStack ? count - 1 : 0), byteCount: valueSize)
    return 0
  }

  package override func pop(_ value: UnsafeMutableRawPointer) -> Int32 {
    let result = peek(value)
    guard result == 0 else { return result }
    count -= 1
    if !isStack { first = first + 1 < capacity ? first + 1 : 0 }
    return 0
  }

  package override func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 { 0 }

  package override func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    push(value, flags: flags)
  }

  package override func remove(_ key: UnsafeRawPointer) -> Int32 { -EINVAL }

  package override func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? {
    count > 0 ? element(isStack ? count - 1 : 0) : nil
  }

  /// The values in the order in which they would be popped, each with an empty key.
  package override func entries() throws(MapError) -> [MapEntry] {
    let positions = Array(0..<count)
    return (isStack ? positions.reversed() : positions).map {
      MapEntry(key: [], values: [[UInt8](UnsafeRawBufferPointer(start: element($0), count: valueSize))])
    }
  }
}
