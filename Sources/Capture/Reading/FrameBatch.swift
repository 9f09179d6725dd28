/// Frames one after the other, copied out of libpcap's buffer, so that reading can go on while they are used.
final class FrameBatch {
  private struct Entry {
    var offset: Int
    var length: Int
    var wireLength: Int
    var timestamp: UInt64
    var interface: Int
  }

  /// How reading ended: more to come when there is neither.
  enum End {
    case file
    case fault(CaptureError)
  }

  /// So much is a batch, unless one frame is longer.
  private static let byteCapacity = 1 << 20
  private static let frameCapacity = 1 << 12

  private var bytes: UnsafeMutableRawBufferPointer
  private let entries: UnsafeMutablePointer<Entry>
  private var used = 0
  private(set) var count = 0
  private(set) var end: End?

  init() {
    bytes = .allocate(byteCount: Self.byteCapacity, alignment: 64)
    entries = .allocate(capacity: Self.frameCapacity)
  }

  deinit {
    bytes.deallocate()
    entries.deallocate()
  }

  /// Fills the batch anew.
  func fill(from handle: PcapHandle) {
    used = 0
    count = 0
    end = nil
    do throws(CaptureError) {
      while count < Self.frameCapacity {
        guard let record = try handle.next() else {
          end = .file
          return
        }
        // Room for the record and for a header in front of it, or the record waits for the next batch.
        let needed = record.bytes.count + EthernetHeader.length
        if bytes.count - used < needed {
          if count > 0 { return handle.putBack(record) }
          grow(to: needed)
        }
        append(record, encapsulation: handle.encapsulation)
        // A live capture shows what it has.
        if handle.isWaiting { return }
      }
    } catch {
      end = .fault(error)
    }
  }

  private func grow(to size: Int) {
    bytes.deallocate()
    bytes = .allocate(byteCount: size, alignment: 64)
  }

  @inline(__always)
  private func append(_ record: PcapHandle.Record, encapsulation: Encapsulation) {
    guard let start = bytes.baseAddress?.advanced(by: used) else { return }
    var payload = record.bytes
    var header = 0
    var replaced = 0
    if encapsulation != .ethernet {
      replaced = encapsulation.writeHeader(for: record.bytes, to: start)
      header = EthernetHeader.length
      payload = UnsafeRawBufferPointer(rebasing: record.bytes[replaced...])
    }
    if let source = payload.baseAddress {
      start.advanced(by: header).copyMemory(from: source, byteCount: payload.count)
    }
    let length = header + payload.count
    entries[count] = Entry(
      offset: used, length: length, wireLength: record.wireLength + header - replaced,
      timestamp: record.timestamp, interface: record.interface)
    count += 1
    used += length
  }

  /// The frame at `index`, numbered `number` in the capture.
  @inline(__always)
  func frame(at index: Int, number: Int) -> Frame {
    let entry = entries[index]
    return Frame(
      bytes: UnsafeRawBufferPointer(start: bytes.baseAddress?.advanced(by: entry.offset), count: entry.length),
      wireLength: entry.wireLength, timestamp: entry.timestamp, number: number, interface: entry.interface)
  }
}
