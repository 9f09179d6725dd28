import BPFMachine
import BPFObject

/// What is in maps that have no keys.
extension KernelMap {
  private typealias Element = BPFAttributes.MapElement

  /// The values of a queue or stack in the order in which they are popped: bpf(2) shows only the first one, so that each is
  /// taken out and put back.
  func queued() throws(MapError) -> [MapEntry] {
    var values: [[UInt8]] = []
    while values.count < Int(spec.maxEntries), let value = try pop() { values.append(value) }
    for value in spec.type == .stack ? values.reversed() : values { try update([], [value], flags: 0) }
    return values.map { MapEntry(key: [], values: [$0]) }
  }

  private func pop() throws(MapError) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: Int(spec.valueSize))
    var attributes = BPFAttributes()
    attributes[Element.map] = descriptor.number
    let result: Result<Int32, ErrorNumber> = value.withUnsafeMutableBytes { value in
      attributes.set(Element.value, value.baseAddress)
      do throws(ErrorNumber) { return .success(try BPFSyscall.bpf(.mapLookupAndDelete, &attributes)) } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success: return value
    case .failure(.noEntry): return nil
    case .failure(let errno):
      throw MapError(map: spec.name, errno: errno.rawValue, message: "map \(spec.name): taking out: \(errno.name)")
    }
  }

  /// The records of a ring buffer from its reader's position on, up to the first that is not submitted yet (kernel/bpf/ringbuf.c):
  /// a page with the reader's position, one with the writer's, then the data twice in a row. The reader's position stays.
  func records() throws(MapError) -> [MapEntry] {
    let page = BPFSyscall.pageSize
    var size = 4096
    while size < Int(spec.maxEntries) { size <<= 1 }
    guard let reader = BPFSyscall.mapMemory(descriptor.number, offset: 0, count: page) else { throw unmapped }
    defer { BPFSyscall.unmapMemory(reader, count: page) }
    guard let writer = BPFSyscall.mapMemory(descriptor.number, offset: page, count: page + 2 * size) else {
      throw unmapped
    }
    defer { BPFSyscall.unmapMemory(writer, count: page + 2 * size) }
    var position = reader.load(as: UInt64.self)
    let end = writer.load(as: UInt64.self)
    var entries: [MapEntry] = []
    while position < end {
      let header = writer + page + Int(position & UInt64(size - 1))
      let length = header.load(as: UInt32.self)
      // `BPF_RINGBUF_BUSY_BIT`, `BPF_RINGBUF_DISCARD_BIT`, `BPF_RINGBUF_HDR_SZ`.
      guard length & 1 << 31 == 0 else { break }
      let count = Int(length & ~(1 << 30))
      if length & 1 << 30 == 0 {
        entries.append(MapEntry(key: [], values: [[UInt8](UnsafeRawBufferPointer(start: header + 8, count: count))]))
      }
      position += UInt64((count + 8 + 7) & ~7)
    }
    return entries
  }

  private var unmapped: MapError {
    MapError(
      map: spec.name, errno: ErrorNumber.operationNotPermitted.rawValue,
      message: "map \(spec.name): its memory cannot be mapped")
  }
}
