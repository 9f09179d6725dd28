import CPcap
import Glibc
import SystemPackage

/// A file descriptor with one owner, who closes it by letting go of it.
struct Descriptor: ~Copyable {
  let raw: Int32
  private let isOwned: Bool

  /// Takes over `raw`, or lends it when the caller keeps it.
  init(_ raw: Int32, isOwned: Bool = true) {
    self.raw = raw
    self.isOwned = isOwned
  }

  /// The number, for a new owner.
  consuming func release() -> Int32 {
    let raw = raw
    discard self
    return raw
  }

  deinit {
    if isOwned { _ = close(raw) }
  }

  /// read(2), again when a signal interrupts it; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    while true {
      let count = Glibc.read(raw, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      let error = Errno.current
      if error != .interrupted { throw error }
    }
  }

  /// The next `count` bytes, fewer at the end.
  func read(upTo count: Int) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        do throws(Errno) {
          let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
          let taken = try read(into: rest)
          if taken == 0 { break }
          filled += taken
        } catch {
          failure = error
          break
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// write(2) until all of `buffer` is written.
  func write(_ buffer: UnsafeRawBufferPointer) throws(Errno) {
    var rest = buffer
    while !rest.isEmpty {
      let count = Glibc.write(raw, rest.baseAddress, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        continue
      }
      let error = Errno.current
      if error != .interrupted { throw error }
    }
  }

  /// Writes all of `bytes`.
  func write(_ bytes: [UInt8]) throws(Errno) {
    let failure = bytes.withUnsafeBytes { buffer -> Errno? in
      do throws(Errno) { try write(buffer) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }

  /// Whether read(2) would return within some milliseconds: with bytes, at the end, or with an error.
  func hasInput(within milliseconds: Int32) -> Bool {
    var polled = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, milliseconds) != 0
  }

  /// Waits until there is something to read here, or `other` reports anything; false when it was `other`.
  func waitForInput(orAnythingAt other: Int32, events: Int16) -> Bool {
    var polled = [
      pollfd(fd: raw, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: events, revents: 0),
    ]
    while true {
      if poll(&polled, 2, -1) > 0 { return polled[1].revents == 0 }
      if Errno.current != .interrupted { return true }
    }
  }
}

/// Both ends of a pipe(7), which child processes do not inherit.
struct Pipe: ~Copyable {
  let read: Descriptor
  let write: Descriptor

  init() throws(Errno) {
    var ends: [Int32] = [-1, -1]
    guard pipe_open(&ends, O_CLOEXEC) == 0 else { throw Errno.current }
    read = Descriptor(ends[0])
    write = Descriptor(ends[1])
  }
}

extension Errno {
  /// errno of the call that has just failed.
  static var current: Errno { Errno(rawValue: errno) }
}
