/// What a simulated machine is like.
public struct MachineConfiguration: Sendable {
  /// CPUs; per-CPU maps hold a value for each.
  public var cpus = 1
  /// The CPU that programs run on, below ``cpus``.
  public var cpu = 0
  /// Instructions that one run may take; Linux's verifier bounds a program by the same number
  /// (`BPF_COMPLEXITY_LIMIT_INSNS`).
  public var budget = 1_000_000
  /// Seed of `bpf_get_prandom_u32`.
  public var seed: UInt64 = 1
  /// Devices, routes and neighbours that helpers ask about.
  public var network = NetworkModel()
  /// The task that programs interrupt.
  public var task = TaskModel()
  /// Cgroups that helpers ask about.
  public var cgroups = CgroupModel()
  /// What reads ring buffers and perf rings.
  public var eventReader = EventReader.present
  /// Connections that conntrack has from the start.
  public var connections = ConnectionModel()
  /// Flows that a flow table has.
  public var flows = FlowModel()
  /// What the device says of a frame.
  public var receiveMetadata = ReceiveMetadata()
  /// `xdp_md.ingress_ifindex`.
  public var ingressInterface: UInt32 = 1
  /// `xdp_md.rx_queue_index`.
  public var receiveQueue: UInt32 = 0

  /// MAC address of the device that TC programs are attached to, in the low 48 bits; it decides `__sk_buff.pkt_type`. nil is
  /// the loopback device, which BPF_PROG_TEST_RUN uses.
  public var deviceAddress: UInt64?

  /// What an skb is like when TC programs get it.
  public var socketBuffer = SocketBufferSetup()

  public init() {}

  /// Takes this system's network, in which BPF_PROG_TEST_RUN has frames come in by the loopback.
  public mutating func takeNetwork(of host: NetworkModel) {
    network = host
    ingressInterface = 1
    deviceAddress = nil
  }
}

/// Which engine runs programs. Both do the same; the reference engine is slower and easier to read.
public enum EngineKind: String, CaseIterable, Sendable {
  case reference
  case threaded
}
