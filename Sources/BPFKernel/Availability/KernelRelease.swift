/// The release of a kernel, as `uname -r` says it.
public struct KernelRelease: Hashable, Sendable {
  /// `6.18.44-custom`.
  public let text: String
  /// `KERNEL_VERSION(6, 18, 44)`: a byte each, the last one at most 255.
  public let code: UInt32

  /// Reads a release.
  public init(_ text: String) {
    let release = text.prefix { !$0.isWhitespace }
    self.text = String(release)
    let numbers = release.split(separator: ".").prefix(3).map { UInt32($0.prefix { $0.isASCII && $0.isNumber }) ?? 0 }
    let part = { (index: Int) in numbers.count > index ? min(numbers[index], 255) : 0 }
    code = part(0) << 16 | part(1) << 8 | part(2)
  }

  /// The running kernel's; empty elsewhere than on Linux.
  public static let running = KernelRelease(
    BPFSyscall.contents(of: "/proc/sys/kernel/osrelease").map { String(decoding: $0, as: UTF8.self) } ?? "")
}
