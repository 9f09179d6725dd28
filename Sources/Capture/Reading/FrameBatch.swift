/// Frames one after the other, copied out of libpcap's buffer, so that reading can go on while they are used.
final class FrameBatch {
  /// How reading ended: more to come when there is neither.
  enum End {
    case file
    case fault(CaptureError)
  }

  /// So much is a batch, unless one frame is longer.
  private static let byteCapacity = 1 << 20
  private static let frameCapacity = 1 << 12

  private var bytes: UnsafeMutableRawBufferPointer
  private let storage: UnsafeMutablePointer<Frame>
  private(set) var count = 0
  private(set) var end: End?
  /// Captured bytes of all frames, and frames that the snap length cut.
  private(set) var byteCount = 0
  private(set) var cutCount = 0

  init() {
    bytes = .allocate(byteCount: Self.byteCapacity, alignment: 64)
    storage = .allocate(capacity: Self.frameCapacity)
  }

  deinit {
    bytes.deallocate()
    storage.deallocate()
  }

  /// The frames, valid until the batch is filled anew.
  var frames: UnsafeBufferPointer<Frame> { UnsafeBufferPointer(start: storage, count: count) }

  /// Fills the batch anew, with frames numbered from `number`.
  func fill(from handle: PcapHandle, number: Int) {
    var used = 0
    var count = 0
    var cut = 0
    end = nil
    do throws(CaptureError) {
      while count < Self.frameCapacity {
        guard let record = try handle.next() else {
          end = .file
          break
        }
        // Room for the record and for a header in front of it, or the record waits for the next batch.
        let needed = record.bytes.count + EthernetHeader.length
        if bytes.count - used < needed {
          if count > 0 {
            handle.putBack(record)
            break
          }
          grow(to: needed)
        }
        let frame = Self.copy(
          record, to: UnsafeMutableRawBufferPointer(rebasing: bytes[used...]), encapsulation: handle.encapsulation,
          number: number + count)
        (storage + count).initialize(to: frame)
        count += 1
        used += frame.bytes.count
        if frame.bytes.count < frame.wireLength { cut += 1 }
        // A live capture shows what it has.
        if handle.isWaiting { break }
      }
    } catch {
      end = .fault(error)
    }
    self.count = count
    byteCount = used
    cutCount = cut
  }

  private func grow(to size: Int) {
    bytes.deallocate()
    bytes = .allocate(byteCount: size, alignment: 64)
  }

  /// Copies a record to where there is room for it, with an Ethernet header in front when it has none.
  @inline(__always)
  private static func copy(
    _ record: PcapHandle.Record, to target: UnsafeMutableRawBufferPointer, encapsulation: Encapsulation, number: Int
  ) -> Frame {
    var payload = record.bytes
    var header = 0
    var replaced = 0
    if let start = target.baseAddress {
      if encapsulation != .ethernet {
        replaced = encapsulation.writeHeader(for: record.bytes, to: start)
        header = EthernetHeader.length
        payload = UnsafeRawBufferPointer(rebasing: record.bytes[replaced...])
      }
      if let source = payload.baseAddress {
        start.advanced(by: header).copyMemory(from: source, byteCount: payload.count)
      }
    }
    return Frame(
      bytes: UnsafeRawBufferPointer(start: target.baseAddress, count: header + payload.count),
      wireLength: record.wireLength + header - replaced, timestamp: record.timestamp, number: number,
      interface: record.interface)
  }
}
