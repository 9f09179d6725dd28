import BPFKernel
import Foundation
import Testing

/// A network namespace with a set-up of its own, gone at the end. Needs root and ip(8).
final class NetworkNamespace {
  let name: String

  /// Why there can be none; nil when there can.
  static let obstacle: String? = {
    if let reason = KernelAvailability.reason { return reason }
    guard geteuid() == 0 else { return "not root" }
    guard (try? run("ip", ["-V"])) != nil else { return "there is no ip(8)" }
    return nil
  }()

  /// Makes the namespace and gives each line of `setup` to a shell in it.
  init(_ setup: [String]) throws {
    name = "network-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try Self.run("ip", ["netns", "add", name])
    let script = setup.map { $0 + " || exit 1" }.joined(separator: "\n")
    try Self.run("ip", ["netns", "exec", name, "sh", "-c", script])
  }

  deinit { _ = try? Self.run("ip", ["netns", "del", name]) }

  /// Runs `body` on a thread of its own in the namespace.
  func inside<Result>(_ body: @escaping () throws -> Result) throws -> Result {
    nonisolated(unsafe) var result: Swift.Result<Result, any Error>?
    nonisolated(unsafe) let work = body
    let path = "/run/netns/\(name)"
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      result = Swift.Result {
        try Self.enter(path)
        return try work()
      }
      done.signal()
    }
    thread.stackSize = 8 << 20
    thread.start()
    done.wait()
    return try #require(result).get()
  }

  /// What a command prints there.
  func output(_ command: String) throws -> String {
    try Self.run("ip", ["netns", "exec", name, "sh", "-c", command])
  }

  private static func enter(_ path: String) throws {
    typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
    let symbol = try #require(dlsym(nil, "setns"))
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0) == 0)
  }

  @discardableResult
  private static func run(_ command: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw SetupError(text: "\(command) \(arguments): \(text)") }
    return text
  }

  struct SetupError: Error { var text: String }
}
