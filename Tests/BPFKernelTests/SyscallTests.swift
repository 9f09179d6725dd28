import BPFObject
import Testing

@testable import BPFKernel

/// These run everywhere: the kernel is a mock.
@Suite("bpf(2)")
struct SyscallTests {
  @Test(
    "A forced errno becomes a line that names it and says what helps",
    arguments: [
      (1, "EPERM", "run as root"), (38, "ENOSYS", "no bpf(2)"), (12, "ENOMEM", "ENOMEM"), (999, "errno 999", "999"),
    ])
  func forcedErrno(number: Int, name: String, advice: String) {
    let error = BPFSyscall.$mock.withValue({ _, _ in -number }) {
      #expect(throws: KernelError.self) { try KernelMap(.test("flows", .hash)) }
    }
    #expect(error?.errno?.rawValue == Int32(number))
    #expect(error?.message.contains("BPF_MAP_CREATE: \(name)") == true)
    #expect(error?.message.contains(advice) == true)
  }

  @Test("Each command's attributes stand at the offsets of linux/bpf.h")
  func offsets() throws {
    let seen = Recorder()
    try BPFSyscall.$mock.withValue({ command, attributes in
      seen.add(command, attributes)
      return 77
    }) {
      _ = try KernelMap(MapSpec(name: "a-b", rawType: 1, keySize: 4, valueSize: 8, maxEntries: 16, flags: 1))
      _ = try KernelProgram(.test([Slots.mov(0, 2), Slots.exit]))
    }
    let map = try #require(seen.calls.first)
    #expect(map.0 == .mapCreate)
    #expect(
      map.1.prefix(20).elementsEqual(
        bytes(UInt32(1)) + bytes(UInt32(4)) + bytes(UInt32(8)) + bytes(UInt32(16)) + bytes(UInt32(1))))
    #expect(map.1[28..<32].elementsEqual("a_b\0".utf8))
    let program = try #require(seen.calls.last)
    #expect(program.0 == .programLoad)
    #expect(program.1.prefix(8).elementsEqual(bytes(UInt32(6)) + bytes(UInt32(2))))
    #expect(program.1[48..<53].elementsEqual("test\0".utf8))
  }

  @Test(
    "Why a kernel cannot be asked is told apart",
    arguments: [(38, "CONFIG_BPF_SYSCALL"), (1, "CAP_BPF"), (22, "EINVAL")])
  func availability(number: Int, phrase: String) throws {
    let reason = BPFSyscall.$mock.withValue({ _, _ in -number }) { KernelAvailability.probe() }
    #expect(try #require(reason).contains(phrase))
  }

  @Test("A kernel that loads but cannot run is told apart too")
  func availabilityOfRuns() throws {
    let reason = BPFSyscall.$mock.withValue({ command, _ in command == .programLoad ? 3 : -524 }) {
      KernelAvailability.probe()
    }
    #expect(try #require(reason).contains("BPF_PROG_TEST_RUN"))
  }

  /// What a mock saw.
  final class Recorder: @unchecked Sendable {
    var calls: [(BPFCommand, [UInt8])] = []
    func add(_ command: BPFCommand, _ attributes: UnsafeMutableRawPointer) {
      calls.append((command, Array(UnsafeRawBufferPointer(start: attributes, count: BPFAttributes.capacity))))
    }
  }
}
