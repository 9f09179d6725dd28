import Glibc

/// A thread with one job, joined before its owner goes. SIGPIPE is blocked in it, so that a reader that is gone is an error of
/// write(2).
final class WorkerThread {
  private var thread = pthread_t()
  private var isRunning = false

  /// Starts `job`; false when the system has no thread to give.
  func start(_ job: @escaping @Sendable () -> Void) -> Bool {
    final class Job {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let argument = Unmanaged.passRetained(Job(job))
    isRunning =
      pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          var blocked = sigset_t()
          sigemptyset(&blocked)
          sigaddset(&blocked, SIGPIPE)
          pthread_sigmask(SIG_BLOCK, &blocked, nil)
          Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, argument.toOpaque()) == 0
    if !isRunning { argument.release() }
    return isRunning
  }

  /// Waits for the end of the job.
  func join() {
    guard isRunning else { return }
    isRunning = false
    pthread_join(thread, nil)
  }
}
