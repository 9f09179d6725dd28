/// What reads a program's ring buffers and perf rings, which offline have no user space behind them.
public enum EventReader: String, CaseIterable, Sendable {
  /// A reader that takes every sample as it comes, and every submitted record after each packet: nothing is ever lost for want of
  /// room, unless one packet fills a ring.
  case present
  /// None, as under BPF_PROG_TEST_RUN: ring buffers fill up, and bpf_perf_event_output answers ENOENT.
  case absent
}

/// What a program handed to user space through a perf ring or a ring buffer.
public struct MachineEvent: Hashable, Sendable {
  /// Index of the map among the object's.
  public var map: Int
  /// The CPU that the program ran on.
  public var cpu: Int
  /// The sample or record.
  public var bytes: [UInt8]
  /// How many of the last bytes are the packet's, as `BPF_F_CTXLEN_MASK` asks.
  public var packetBytes: Int

  /// An event from its parts.
  public init(map: Int, cpu: Int, bytes: [UInt8], packetBytes: Int = 0) {
    self.map = map
    self.cpu = cpu
    self.bytes = bytes
    self.packetBytes = packetBytes
  }
}
