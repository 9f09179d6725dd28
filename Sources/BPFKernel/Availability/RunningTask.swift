import BPFMachine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The calling thread, in which BPF_PROG_TEST_RUN runs programs.
public enum RunningTask {
  /// Makes it the task of a simulated machine: its numbers, its name and its cgroup.
  public static func describe(in configuration: inout MachineConfiguration) {
    configuration.task.process = UInt32(bitPattern: getpid())
    configuration.task.thread = configuration.task.process
    configuration.task.user = getuid()
    configuration.task.group = getgid()
    configuration.task.command = line("/proc/thread-self/comm")
    // `4711 (name) S …`
    if let thread = line("/proc/thread-self/stat")?.split(separator: " ").first.flatMap({ UInt32($0) }) {
      configuration.task.thread = thread
    }
    guard let path = BPFSyscall.contents(of: "/proc/self/cgroup").flatMap(unifiedPath) else { return }
    configuration.cgroups.current = path
    for place in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] where path != "/" {
      var information = stat()
      guard stat(place + path, &information) == 0 else { continue }
      configuration.cgroups.groups[path] = CgroupModel.Group(id: UInt64(information.st_ino))
      break
    }
  }

  /// The path in the hierarchy of version 2: `0::/a/b`.
  private static func unifiedPath(_ bytes: [UInt8]) -> String? {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("0::/") }
      .map { String($0.dropFirst(3)) }
  }

  private static func line(_ path: String) -> String? {
    BPFSyscall.contents(of: path).map { String(decoding: $0.prefix { $0 != 10 }, as: UTF8.self) }
  }
}
