import Dispatch
import Synchronization

/// Fills batches on a thread of its own while the owner uses the one before.
///
/// The batches go round: the reader fills the free ones while the owner has another. A fault comes in its place in the order,
/// behind the last frame before it.
final class ReadAhead {
  /// What both threads see. A batch, and the handle, belong to one thread at a time; the semaphores hand them over.
  private final class Exchange: @unchecked Sendable {
    let handle: PcapHandle
    let batches = (0..<ReadAhead.batchCount).map { _ in FrameBatch() }
    let filled = DispatchSemaphore(value: 0)
    let free = DispatchSemaphore(value: 0)
    let isStopped = Atomic(false)

    init(_ handle: PcapHandle) {
      self.handle = handle
    }

    /// The reader's life.
    func run() {
      var index = 0
      var number = 1
      while true {
        free.wait()
        if isStopped.load(ordering: .acquiring) { return }
        let batch = batches[index]
        batch.fill(from: handle, number: number)
        let (count, isLast) = (batch.count, batch.end != nil)
        filled.signal()
        if isLast { return }
        number += count
        index = (index + 1) % batches.count
      }
    }
  }

  /// One in use, one ready, one being filled: neither thread waits for the other for long.
  private static let batchCount = 3

  private let exchange: Exchange
  private let thread = WorkerThread()
  private let isThreaded: Bool
  private var index = batchCount - 1
  private var number = 1

  init(_ handle: PcapHandle) {
    exchange = Exchange(handle)
    isThreaded = thread.start { [exchange] in exchange.run() }
    if isThreaded { for _ in 1..<Self.batchCount { exchange.free.signal() } }
  }

  deinit {
    guard isThreaded else { return }
    exchange.isStopped.store(true, ordering: .releasing)
    exchange.handle.source.cancel()
    exchange.free.signal()
    thread.join()
  }

  /// An empty batch to begin with, so that nobody waits for a pipe's first packets before they are asked for. The reader
  /// has the other ones until ``next()`` is called.
  var initial: FrameBatch { exchange.batches[index] }

  /// Ends a wait for a pipe as if that had ended; from any thread.
  var canceller: @Sendable () -> Void {
    let exchange = exchange
    return { exchange.handle.source.cancel() }
  }

  /// The next batch, in exchange for the one before; not to be asked for behind the end.
  func next() -> FrameBatch {
    if isThreaded {
      exchange.free.signal()
      exchange.filled.wait()
    }
    index = (index + 1) % exchange.batches.count
    let batch = exchange.batches[index]
    if !isThreaded {
      batch.fill(from: exchange.handle, number: number)
      number += batch.count
    }
    return batch
  }
}
