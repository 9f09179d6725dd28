import BPFObject

/// A device and what is attached to it.
public struct DeviceSpec: Sendable {
  public var name: String
  public var index: UInt32
  /// MAC address, in the low 48 bits with the first byte on top. nil is the loopback's, as BPF_PROG_TEST_RUN has it.
  public var address: UInt64?
  /// Bytes of an IP packet that it carries; nil for what the machine's network says, 1500 without a word of it.
  public var mtu: UInt32?
  /// `IFF_UP`: nothing is sent through a device that is down.
  public var isUp = true
  /// Transmit queues: `real_num_tx_queues`.
  public var queues: UInt16 = 1
  /// The other end of a veth pair, by name: what goes out here comes in there.
  public var peer: String?
  /// The XDP program.
  public var xdp: ProgramReference?
  /// The XDP program runs on the skb, not on the driver's buffer.
  public var isGenericXDP = false
  /// In the order in which they run.
  public var tcxIngress: [ProgramReference] = []
  public var tcxEgress: [ProgramReference] = []
  public var ingress = FilterList()
  public var egress = FilterList()

  /// A device that is up, with nothing attached.
  public init(name: String, index: UInt32) {
    self.name = name
    self.index = index
  }
}

/// What runs over a capture: objects, devices with what is attached to them, and where the frames come in.
public struct PathSpec: Sendable {
  /// An object and the name that the set-up calls it by.
  public struct Object: Sendable {
    public var name: String
    public var file: ObjectFile

    public init(name: String, file: ObjectFile) {
      self.name = name
      self.file = file
    }
  }

  public var objects: [Object]
  public var devices: [DeviceSpec]
  /// The device that the frames come in by, or leave by.
  public var entry: String
  public var direction: Direction

  public init(objects: [Object], devices: [DeviceSpec], entry: String, direction: Direction) {
    self.objects = objects
    self.devices = devices
    self.entry = entry
    self.direction = direction
  }
}
