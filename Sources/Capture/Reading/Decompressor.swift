import CPcap
import Glibc
import SystemPackage

/// A running `gzip -dc`, `xz -dc` or `zstd -dc`.
final class Decompressor {
  /// Where the decompressed bytes come out.
  let output: Descriptor
  private let messages: Descriptor
  private let compression: Compression
  private let program: String
  private var process: pid_t?
  private var fault: String?
  private let feeder = WorkerThread()

  /// Starts the program on `input`, from where that stands, or after `prefix` when bytes were already taken from it.
  init(
    _ compression: Compression, program: String?, input: borrowing Descriptor, prefix: [UInt8], path: String
  ) throws(CaptureError) {
    self.compression = compression
    self.program = program ?? compression.program
    do {
      let child = try Child(self.program, input: input, isFed: !prefix.isEmpty)
      output = Descriptor(child.output)
      messages = Descriptor(child.messages)
      process = child.process
      if let feed = child.feed { start(feeding: feed, from: input.raw, after: prefix) }
    } catch {
      let isMissing = error == .noSuchFileOrDirectory
      throw CaptureError(
        kind: isMissing ? .decompressorMissing : .decompressorFailed, path: path,
        reason: isMissing
          ? "is compressed with \(compression), and there is no program \(self.program) on PATH: install it"
          : "is compressed with \(compression), and \(self.program) does not start: \(error)")
    }
  }

  deinit {
    if let process {
      kill(process, SIGKILL)
      _ = Self.wait(for: process)
    }
    feeder.join()
  }

  /// Copies what is left of a pipe to the program, on a thread of its own.
  private func start(feeding raw: Int32, from input: Int32, after prefix: [UInt8]) {
    let isStarted = feeder.start {
      // Nobody to tell of an error here: the program misses the rest, and says so.
      try? Self.copy(prefix, andAllOf: Descriptor(input, isOwned: false), to: Descriptor(raw))
    }
    if !isStarted { _ = Descriptor(raw) }
  }

  /// Copies until the input ends or the reader is gone.
  private static func copy(
    _ prefix: [UInt8], andAllOf input: consuming Descriptor, to output: consuming Descriptor
  ) throws(Errno) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: prefix)
    var count = prefix.count
    while count > 0 {
      try output.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      guard input.waitForInput(orAnythingAt: output.raw, events: 0) else { return }
      count = try input.read(into: buffer)
    }
  }

  /// Waits for the program, after the end of its output; what it has to complain about, nil when all went well.
  func finish() -> String? {
    guard let process else { return fault }
    self.process = nil
    guard let status = Self.wait(for: process) else { return nil }
    let signal = status & 0x7f
    if signal == 0, compression.isSuccess(exitStatus: status >> 8 & 0xff) { return nil }
    let said = message()
    let how = signal == 0 ? "exit status \(status >> 8 & 0xff)" : "killed by signal \(signal)"
    fault = said.isEmpty ? "\(program) failed: \(how)" : "\(program) failed: \(said)"
    return fault
  }

  /// The first line of what the program wrote to its standard error.
  private func message() -> String {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = bytes.withUnsafeMutableBytes { (try? messages.read(into: $0)) ?? 0 }
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.first { $0.contains { $0.isLetter } }.map(String.init) ?? ""
  }

  /// waitpid(2): the status, nil when somebody else has taken it.
  private static func wait(for process: pid_t) -> Int32? {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      if Errno.current != .interrupted { return nil }
    }
    return status
  }
}

/// A started process with pipes at its standard output and error, and at its input when it is fed.
private struct Child {
  let process: pid_t
  let output: Int32
  let messages: Int32
  let feed: Int32?

  init(_ program: String, input: borrowing Descriptor, isFed: Bool) throws(Errno) {
    let output = try Pipe()
    let messages = try Pipe()
    // A child with much to complain about does not wait for us to listen.
    _ = fcntl(messages.write.raw, F_SETFL, O_NONBLOCK)
    if isFed {
      let feed = try Pipe()
      process = try Self.spawn(program, feed.read.raw, output.write.raw, messages.write.raw)
      self.feed = feed.write.release()
    } else {
      process = try Self.spawn(program, input.raw, output.write.raw, messages.write.raw)
      feed = nil
    }
    self.output = output.read.release()
    self.messages = messages.read.release()
  }

  /// posix_spawnp(3) with an empty environment, so that neither options nor a language come from it.
  private static func spawn(_ program: String, _ streams: Int32...) throws(Errno) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in zip([STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO], streams) {
      posix_spawn_file_actions_adddup2(&actions, source, target)
    }
    // Whatever else is open here, such as the other end of the input's pipe, is none of the child's business.
    _ = spawn_close_from(&actions, STDERR_FILENO + 1)
    var process: pid_t = 0
    let arguments = [strdup(program), strdup("-dc"), nil]
    defer { arguments.forEach { free($0) } }
    let environment: [UnsafeMutablePointer<CChar>?] = [nil]
    let error = posix_spawnp(&process, program, &actions, nil, arguments, environment)
    guard error == 0 else { throw Errno(rawValue: error) }
    return process
  }
}
