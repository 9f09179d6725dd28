import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A simulated map. Subclasses are the families of kernel/bpf: arraymap, hashtab, lpm_trie, devmap and so on.
///
/// Two sides use it. Programs, through helpers: raw keys, guest addresses out, `-errno`. User space, through ``MapAccess``:
/// byte arrays, errors thrown. Keys and values passed as pointers hold ``keySize`` and ``valueSize`` bytes.
package class BPFMap: MapAccess {
  package let spec: MapSpec
  /// Index among the machine's maps.
  package let index: Int
  /// What ``spec`` says, checked.
  package let type: MapType
  package let memory: GuestMemory
  package let keySize: Int
  package let valueSize: Int
  package let capacity: Int
  /// Copies of each value: the number of CPUs for per-CPU types, else 1.
  package let copies: Int
  /// The members of values that belong to the kernel.
  package let layout: ValueLayout
  /// False with `BPF_F_RDONLY_PROG`: programs may neither write to values nor update, delete, push and pop.
  package let isWritableForPrograms: Bool
  /// True for the types that programs look elements up in, and for those that they may change elements of.
  package let allowsLookup: Bool
  package let allowsChange: Bool
  /// False when no user space holds the map: its timers can then not be used (EPERM).
  package var hasUserReference = true
  /// What the timers of its values are kept in, once there is one.
  var deferred: DeferredCalls?
  /// Whose objects its values own, for values with lists, trees or kernel pointers.
  var objects: Unmanaged<Machine>?

  package init(spec: MapSpec, index: Int, memory: GuestMemory, cpus: Int) throws(MapError) {
    guard let type = spec.type else {
      throw MapError(map: spec.name, errno: EINVAL, message: "map type \(spec.rawType) is not known")
    }
    self.spec = spec
    self.type = type
    self.index = index
    self.memory = memory
    keySize = Int(spec.keySize)
    valueSize = Int(spec.valueSize)
    capacity = Int(spec.maxEntries)
    copies = type.isPerCPU ? cpus : 1
    layout = spec.layout
    allowsLookup = type.allowsLookup
    allowsChange = type.allowsChange && spec.programAccess != .readOnly
    isWritableForPrograms = !spec.isReadOnly && spec.flags & MapFlags.readOnlyForPrograms == 0
  }

  /// Guest address of the value of `key` for `cpu`; 0 when there is none.
  package func address(of key: UnsafeRawPointer, cpu: Int) -> UInt64 { 0 }

  /// As ``address(of:cpu:)``, without counting as a use: for what is no lookup by a program.
  package func valueAddress(of key: UnsafeRawPointer, cpu: Int) -> UInt64 { address(of: key, cpu: cpu) }

  /// Sets an element from a program. `-errno` on failure.
  package func set(_ key: UnsafeRawPointer, _ value: UnsafeRawPointer, flags: UInt64, cpu: Int) -> Int32 {
    -EOPNOTSUPP
  }

  /// `bpf_map_push_elem`: `-errno` on failure.
  package func push(_ value: UnsafeRawPointer, flags: UInt64) -> Int32 { -EOPNOTSUPP }

  /// `bpf_map_pop_elem`: takes a value out. `-errno` on failure.
  package func pop(_ value: UnsafeMutableRawPointer) -> Int32 { -EOPNOTSUPP }

  /// `bpf_map_peek_elem`: copies a value out, or asks for the one in `value`. `-errno` on failure.
  package func peek(_ value: UnsafeMutableRawPointer) -> Int32 { -EOPNOTSUPP }

  /// Removes an element. `-errno` on failure.
  package func remove(_ key: UnsafeRawPointer) -> Int32 { -EOPNOTSUPP }

  /// The first word of an element of a table: ifindex, queue size, socket or program; nil when there is none.
  package func target(_ key: UInt32) -> UInt32? { nil }

  /// The value of `key` in each copy, without counting as a use; nil when there is none.
  package func hostValues(_ key: UnsafeRawPointer) -> [UnsafeMutableRawPointer]? { hostValue(key).map { [$0] } }

  /// The value of `key`, of the first CPU, without counting as a use; nil when there is none.
  package func hostValue(_ key: UnsafeRawPointer) -> UnsafeMutableRawPointer? { nil }

  /// True when that region of guest memory holds this map's values.
  package func holds(region: Int) -> Bool { false }

  /// The element that has a byte of its value, of the first CPU, at that guest address, and which byte of it; nil when none has.
  func element(at address: UInt64) -> (slot: Int, offset: Int)? { nil }

  /// Calls `body` with the key of an element that ``element(at:)`` found.
  func withKey<Result>(ofElement slot: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: slot).littleEndian, body)
  }

  /// `bpf_obj_free_fields`: the element that has this value ends, and with it what the kernel keeps in it.
  @inline(__always)
  func releaseFields(_ value: UnsafeMutableRawPointer) {
    if _slowPath(deferred != nil) { releaseDeferred(value) }
    if _slowPath(objects != nil) { objects?._withUnsafeGuaranteedRef { $0.release(layout.fields, at: value) } }
  }

  private func releaseDeferred(_ value: UnsafeMutableRawPointer) {
    for field in layout.fields where field.kind == .timer || field.kind == .workqueue {
      deferred?.free(value + field.offset)
    }
  }

  /// Every key in the map's order.
  package func keys() -> [[UInt8]] { [] }

  /// The same, one behind the other.
  func flatKeys() -> [UInt8] { keys().flatMap(\.self) }

  // MARK: User space

  package func entries() throws(MapError) -> [MapEntry] {
    var entries: [MapEntry] = []
    for key in keys() {
      guard let values = try lookup(key) else { continue }
      entries.append(MapEntry(key: key, values: values))
    }
    return entries
  }

  package func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? {
    try check(key)
    return key.withUnsafeBytes { bytes -> [[UInt8]]? in
      hostValues(bytes.baseAddress ?? BPFMap.noKey)?.map { host in
        var value = [UInt8](UnsafeRawBufferPointer(start: host, count: valueSize))
        for field in layout.fields {
          value.replaceSubrange(
            field.offset..<field.offset + field.size, with: repeatElement(0, count: field.size))
        }
        return value
      }
    }
  }

  package func update(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    try check(key)
    guard let first = values.first, values.count == 1 || values.count == copies,
      values.allSatisfy({ $0.count == valueSize })
    else {
      throw MapError(
        map: spec.name, errno: EINVAL,
        message: "needs \(copies == 1 ? "one value" : "one value, or \(copies)") of \(valueSize) bytes")
    }
    let result = key.withUnsafeBytes { keyBytes in
      first.withUnsafeBytes { valueBytes -> Int32 in
        guard let value = valueBytes.baseAddress else { return -EINVAL }
        return set(keyBytes.baseAddress ?? BPFMap.noKey, value, flags: flags, cpu: 0)
      }
    }
    guard result == 0 else { throw failure(-result, "update of \(MapError.hex(key))") }
    guard copies > 1 else { return }
    key.withUnsafeBytes { keyBytes in
      guard let key = keyBytes.baseAddress, let targets = hostValues(key) else { return }
      for (cpu, target) in targets.enumerated() {
        let value = values.count == 1 ? first : values[cpu]
        value.withUnsafeBytes {
          layout.copy($0.baseAddress ?? UnsafeRawPointer(target), to: target, count: valueSize)
        }
      }
    }
  }

  package func delete(_ key: [UInt8]) throws(MapError) {
    try check(key)
    let result = key.withUnsafeBytes { remove($0.baseAddress ?? BPFMap.noKey) }
    guard result == 0 else { throw failure(-result, "delete of \(MapError.hex(key))") }
  }

  private func check(_ key: [UInt8]) throws(MapError) {
    guard key.count == keySize else {
      throw MapError(map: spec.name, errno: EINVAL, message: "a key has \(keySize) bytes, not \(key.count)")
    }
  }

  /// What stands for the address of a key of no bytes.
  private nonisolated(unsafe) static let noKey = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8))

  /// Zeroed host memory for `count` elements of `size` bytes.
  static func reserve(
    _ spec: MapSpec, _ count: Int, _ size: Int, _ memory: GuestMemory
  ) throws(MapError) -> UnsafeMutableRawPointer {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    do {
      guard !overflow else { throw MemoryError.outOfMemory(.max) }
      return try memory.hostBlock(byteCount: max(bytes, 1))
    } catch {
      throw MapError(map: spec.name, errno: ENOMEM, message: "cannot reserve \(spec.maxEntries) elements")
    }
  }

  package func failure(_ errno: Int32, _ what: String) -> MapError {
    MapError(map: spec.name, errno: errno, message: "\(what): \(String(cString: strerror(errno)))")
  }
}

extension MapError {
  /// Bytes as hex pairs.
  package static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

/// Flags of `bpf_map_update_elem` (linux/bpf.h).
package enum UpdateFlags {
  package static let any: UInt64 = 0
  package static let noExist: UInt64 = 1
  package static let exist: UInt64 = 2
  package static let lock: UInt64 = 4
}
