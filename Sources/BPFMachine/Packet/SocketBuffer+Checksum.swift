extension SocketBuffer {
  /// `ip_summed`, `csum`, `csum_level`, `csum_start` and `csum_offset`.
  struct Checksum {
    var state = State.none
    /// Of a complete checksum.
    var sum: UInt32 = 0
    /// The sum is still to be taken over the frame that comes in.
    var isSumWanted = false
    /// Of an unnecessary one.
    var level: UInt8 = 0
    /// Of a partial one: from the start of the buffer, once a frame is in.
    var start = 0
    var offset = 0

    /// CHECKSUM_NONE, UNNECESSARY, COMPLETE, PARTIAL.
    enum State: UInt8 { case none, unnecessary, complete, partial }

    init() {}

    init(_ setup: ChecksumState) {
      switch setup {
      case .none: break
      case .unnecessary(let level):
        state = .unnecessary
        self.level = min(level, 3)
      case .complete(let sum):
        state = .complete
        self.sum = sum ?? 0
        isSumWanted = sum == nil
      case .partial(let start, let offset):
        state = .partial
        self.start = start
        self.offset = offset
      }
    }
  }

  /// The checksum state as it is now.
  package var checksumState: ChecksumState {
    let checksum = beside.checksum
    return switch checksum.state {
    case .none: .none
    case .unnecessary: .unnecessary(level: checksum.level)
    case .complete: .complete(sum: checksum.sum)
    case .partial: .partial(start: checksum.start - beside.data, offset: checksum.offset)
    }
  }

  /// Makes a checksum state that was asked for one of this frame.
  func settleChecksum() {
    beside.checksum.start += beside.data
    guard beside.checksum.isSumWanted else { return }
    let skipped = beside.isAtIngress ? min(SocketBuffer.ethernetLength, beside.length) : 0
    beside.checksum.sum = InternetChecksum.partial(.init(start: bytes + skipped, count: beside.length - skipped), 0)
    beside.checksum.isSumWanted = false
  }

  /// `skb_postpull_rcsum`: `count` bytes at `start` leave the frame. With `offset`, `__skb_postpull_rcsum`: they are changed.
  func checksumWithout(_ start: UnsafeMutableRawPointer, _ count: Int, at offset: Int? = nil) {
    switch beside.checksum.state {
    case .complete:
      let bytes = UnsafeRawBufferPointer(start: start, count: count)
      let sum = beside.checksum.sum
      if let offset {
        let block = InternetChecksum.shift(InternetChecksum.partial(bytes, 0), offset)
        beside.checksum.sum = InternetChecksum.add(sum, ~block)
      } else {
        beside.checksum.sum = 0 &- InternetChecksum.partial(bytes, 0 &- sum)
      }
    case .partial where beside.checksum.start < beside.data: beside.checksum.state = .none
    default: break
    }
  }

  /// `skb_postpush_rcsum`: `count` bytes at `start` have come. With `offset`, `__skb_postpush_rcsum`.
  func checksumWith(_ start: UnsafeMutableRawPointer, _ count: Int, at offset: Int? = nil) {
    guard beside.checksum.state == .complete else { return }
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let sum = beside.checksum.sum
    if let offset {
      let block = InternetChecksum.shift(InternetChecksum.partial(bytes, 0), offset)
      beside.checksum.sum = InternetChecksum.add(sum, block)
    } else {
      beside.checksum.sum = InternetChecksum.partial(bytes, sum)
    }
  }

  /// `__skb_reset_checksum_unnecessary`.
  func resetUnnecessaryChecksum() {
    guard beside.checksum.state == .unnecessary else { return }
    beside.checksum.state = .none
    beside.checksum.level = 0
  }

  /// `bpf_csum_level`.
  func changeChecksumLevel(_ change: UInt64) -> Int32? {
    let isUnnecessary = beside.checksum.state == .unnecessary
    switch change {
    case 0: return isUnnecessary ? Int32(beside.checksum.level) : nil
    case 1:
      if isUnnecessary {
        beside.checksum.level = min(3, beside.checksum.level + 1)
      } else if beside.checksum.state == .none {
        beside.checksum.state = .unnecessary
        beside.checksum.level = 0
      }
    case 2:
      guard isUnnecessary else { return 0 }
      if beside.checksum.level == 0 { beside.checksum.state = .none } else { beside.checksum.level -= 1 }
    default: resetUnnecessaryChecksum()
    }
    return 0
  }
}
