import BPFMachine
import BPFObject

extension KernelMap {
  private typealias Element = BPFAttributes.MapElement

  /// Bytes of one CPU's value in the kernel's per-CPU layout.
  private var stride: Int { (Int(spec.valueSize) + 7) & ~7 }

  private var isPerCPU: Bool { spec.type?.isPerCPU ?? false }

  /// Bytes of a value as bpf(2) passes it.
  private var transferSize: Int { isPerCPU ? stride * PossibleCPUs.count : Int(spec.valueSize) }

  /// Every element. Array types list every index; hash types are sorted by their keys' bytes, since the kernel's own order
  /// changes with a random seed. Queues and stacks list values as they would be popped, ring buffers the records that nobody has
  /// taken, each with an empty key; user ring buffers, bloom filters and perf event arrays list nothing.
  public func entries() throws(MapError) -> [MapEntry] {
    switch spec.type {
    case .queue, .stack: return try queued()
    case .ringbuf: return try records()
    default: break
    }
    var entries: [MapEntry] = []
    var key = try nextKey(after: nil)
    while let current = key {
      if let values = try lookupForListing(current) { entries.append(MapEntry(key: current, values: values)) }
      key = try nextKey(after: current)
    }
    switch spec.type {
    case .hash, .percpuHash, .lruHash, .lruPercpuHash, .hashOfMaps, .devmapHash:
      entries.sort { $0.key.lexicographicallyPrecedes($1.key) }
    default: break
    }
    return entries
  }

  /// The element of `key`: one value, one a CPU for per-CPU types, nil when there is none.
  ///
  /// - Throws: `MapError` with the errno of `BPF_MAP_LOOKUP_ELEM`, EINVAL for a key of a wrong size.
  public func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? {
    try check(key)
    var value = [UInt8](repeating: 0, count: transferSize)
    do throws(ErrorNumber) {
      try perform(.mapLookup, key: key, value: &value)
    } catch {
      if error == .noEntry { return nil }
      throw mapError("lookup", key, error)
    }
    // The kernel shows list heads that point to its copy of the value; what belongs to it is zeroes for us.
    for field in spec.layout.fields {
      for start in Swift.stride(from: field.offset, to: value.count - field.size + 1, by: max(stride, 1)) {
        value.replaceSubrange(start..<start + field.size, with: repeatElement(0, count: field.size))
      }
    }
    guard isPerCPU else { return [value] }
    return (0..<PossibleCPUs.count).map { Array(value[$0 * stride..<$0 * stride + Int(spec.valueSize)]) }
  }

  /// Sets an element to one value, on every CPU, or to one a CPU.
  ///
  /// - Throws: `MapError` with the errno of `BPF_MAP_UPDATE_ELEM`, EINVAL for a key or value of a wrong size.
  public func update(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    try check(key)
    let cpus = isPerCPU ? PossibleCPUs.count : 1
    guard let first = values.first, values.count == 1 || values.count == cpus,
      values.allSatisfy({ $0.count == Int(spec.valueSize) })
    else {
      throw MapError(
        map: spec.name, errno: ErrorNumber.invalidArgument.rawValue,
        message: "map \(spec.name): a value has \(spec.valueSize) bytes, given once or for each of \(cpus) CPUs")
    }
    var value: [UInt8] = []
    value.reserveCapacity(transferSize)
    for cpu in 0..<cpus {
      value.append(contentsOf: values.count == 1 ? first : values[cpu])
      if isPerCPU { value.append(contentsOf: repeatElement(0, count: stride - Int(spec.valueSize))) }
    }
    do throws(ErrorNumber) {
      try perform(.mapUpdate, key: key, value: &value, flags: flags)
    } catch {
      throw mapError("update", key, error)
    }
  }

  /// Removes an element.
  ///
  /// - Throws: `MapError` with the errno of `BPF_MAP_DELETE_ELEM`.
  public func delete(_ key: [UInt8]) throws(MapError) {
    try check(key)
    var nothing: [UInt8] = []
    do throws(ErrorNumber) {
      try perform(.mapDelete, key: key, value: &nothing)
    } catch {
      throw mapError("delete", key, error)
    }
  }

  /// Stores the descriptor of a map or program as an element: maps of maps, prog arrays.
  package func update(_ key: [UInt8], descriptor: Int32) throws(MapError) {
    try update(key, [withUnsafeBytes(of: descriptor.littleEndian) { Array($0) }], flags: 0)
  }

  /// The key that the kernel has after `key`, the first for nil; nil at the end and for types without iteration.
  private func nextKey(after key: [UInt8]?) throws(MapError) -> [UInt8]? {
    guard spec.keySize > 0 else { return nil }
    switch spec.type {
    case .perfEventArray, .ringbuf, .userRingbuf, .bloomFilter, .queue, .stack, .arena: return nil
    default: break
    }
    var next = [UInt8](repeating: 0, count: Int(spec.keySize))
    do throws(ErrorNumber) {
      try perform(.mapNextKey, key: key, value: &next)
    } catch {
      if error == .noEntry { return nil }
      throw mapError("listing", key ?? [], error)
    }
    return next
  }

  /// Empty slots of array-like tables are left out, and so is what user space may not read (sockets).
  private func lookupForListing(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? {
    do {
      return try lookup(key)
    } catch {
      switch ErrorNumber(error.errno) {
      case .notSupported, .internalNotSupported: return nil
      default: throw error
      }
    }
  }

  private func check(_ key: [UInt8]) throws(MapError) {
    guard key.count == Int(spec.keySize) else {
      throw MapError(
        map: spec.name, errno: ErrorNumber.invalidArgument.rawValue,
        message: "map \(spec.name): a key has \(spec.keySize) bytes, not \(key.count)")
    }
  }

  private func mapError(_ attempt: String, _ key: [UInt8], _ errno: ErrorNumber) -> MapError {
    let shown = key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    return MapError(
      map: spec.name, errno: errno.rawValue,
      message: "map \(spec.name): \(attempt)\(shown.isEmpty ? "" : " of key \(shown)"): \(errno.name)")
  }

  private func perform(
    _ command: BPFCommand, key: [UInt8]?, value: inout [UInt8], flags: UInt64 = 0
  ) throws(ErrorNumber) {
    var attributes = BPFAttributes()
    attributes[Element.map] = descriptor.number
    let result: Result<Int32, ErrorNumber> = value.withUnsafeMutableBytes { value in
      func call(_ key: UnsafeRawPointer?) -> Result<Int32, ErrorNumber> {
        attributes.set(Element.key, key)
        // A field that a command does not have must stay zero.
        if !value.isEmpty { attributes.set(Element.value, value.baseAddress) }
        if flags != 0 { attributes[Element.flags] = flags }
        do throws(ErrorNumber) { return .success(try BPFSyscall.bpf(command, &attributes)) } catch {
          return .failure(error)
        }
      }
      guard let key, !key.isEmpty else { return call(nil) }
      return key.withUnsafeBytes { call($0.baseAddress) }
    }
    _ = try result.get()
  }
}
