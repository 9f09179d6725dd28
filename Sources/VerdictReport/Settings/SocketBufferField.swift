import BPFMachine

/// The fields of an skb that options may set before a TC program runs: one table for the command line and the options file.
public enum SocketBufferField {
  private typealias Setter =
    @Sendable (SettingsNode, inout SocketBufferSetup) throws(SettingsError) -> Void

  private static let setters: [(name: String, set: Setter)] = [
    ("mark", { node, setup throws(SettingsError) in setup.mark = try node.number() }),
    ("priority", { node, setup throws(SettingsError) in setup.priority = try node.number() }),
    ("queue_mapping", { node, setup throws(SettingsError) in setup.queueMapping = try node.number() }),
    ("tc_index", { node, setup throws(SettingsError) in setup.index = try node.number() }),
    ("cb", setControl),
    ("hash", { node, setup throws(SettingsError) in setup.hash = try node.number() }),
    ("napi_id", { node, setup throws(SettingsError) in setup.networkPoll = try node.number() }),
    ("tstamp", { node, setup throws(SettingsError) in setup.timestamp = try node.number() }),
    ("tstamp_type", { node, setup throws(SettingsError) in setup.timestampType = try node.number(in: 0...2) }),
    ("wire_len", { node, setup throws(SettingsError) in setup.wireLength = try node.number() }),
    ("gso_segs", { node, setup throws(SettingsError) in setup.segments = try node.number() }),
    ("gso_size", { node, setup throws(SettingsError) in setup.segmentSize = try node.number() }),
    ("gso_type", { node, setup throws(SettingsError) in setup.segmentation = try node.word() }),
    ("hwtstamp", { node, setup throws(SettingsError) in setup.hardwareTimestamp = try node.number() }),
    ("pkt_type", setPacketType),
    ("ifindex", { node, setup throws(SettingsError) in setup.interface = try node.number(in: 1...UInt32(Int32.max)) }),
    (
      "ingress_ifindex",
      { node, setup throws(SettingsError) in setup.ingressInterface = try node.number(in: 0...UInt32(Int32.max)) }
    ),
    ("checksum", setChecksum),
    ("tunnel", { node, setup throws(SettingsError) in setup.tunnel = try tunnel(node) }),
    ("linear", { node, setup throws(SettingsError) in setup.linearCount = try node.number(in: 14...Int.max) }),
    ("vlan_offload", { node, setup throws(SettingsError) in setup.takesTag = try node.boolean() }),
  ]

  /// The names of all fields.
  public static var names: [String] { setters.map(\.name) }

  /// Sets the field of that name to what a line of the command line says.
  /// - Throws: ``SettingsError`` for a name that there is not and for a value that it cannot have.
  public static func set(_ name: String, to value: String, in setup: inout SocketBufferSetup) throws(SettingsError) {
    if let word = (0..<5).first(where: { name == "cb[\($0)]" }) {
      setup.control[word] = try SettingsNode(parsing: Array(value.utf8), file: "--skb").number()
      return
    }
    let node = try SettingsNode(parsing: Array("\(name): \(value)".utf8), file: "--skb")
    try read(node, into: &setup)
  }

  /// Sets the fields that a mapping has.
  static func read(_ node: SettingsNode, into setup: inout SocketBufferSetup) throws(SettingsError) {
    let members = try node.members(of: names)
    for (name, set) in setters {
      if let member = members[name] { try set(member, &setup) }
    }
  }

  private static let setControl: Setter = { node, setup throws(SettingsError) in
    guard node.isList else {
      setup.control[0] = try node.number()
      return
    }
    let words = try node.elements()
    guard words.count <= 5 else { throw node.fault("cb has five words") }
    for (index, word) in words.enumerated() { setup.control[index] = try word.number() }
  }

  /// `PACKET_HOST` and so on, in the order of linux/if_packet.h.
  private static let packetTypes = ["host", "broadcast", "multicast", "otherhost", "outgoing", "loopback"]

  private static let setPacketType: Setter = { node, setup throws(SettingsError) in
    if let index = packetTypes.firstIndex(of: try node.text()) {
      setup.packetType = UInt32(index)
    } else {
      setup.packetType = try node.number(in: 0...7)
    }
  }

  private static let setChecksum: Setter = { node, setup throws(SettingsError) in
    if node.isMapping {
      let members = try node.members(of: ["unnecessary", "complete", "partial"])
      if let level = members["unnecessary"] { setup.checksum = .unnecessary(level: try level.number(in: 0...3)) }
      if let sum = members["complete"] { setup.checksum = .complete(sum: try sum.number()) }
      if let partial = members["partial"] {
        let places = try partial.members(of: ["start", "offset"])
        setup.checksum = .partial(
          start: try places["start"]?.number(in: 14...65535) ?? 34,
          offset: try places["offset"]?.number(in: 0...65535) ?? 16)
      }
      return
    }
    switch try node.text() {
    case "none": setup.checksum = .none
    case "unnecessary": setup.checksum = .unnecessary(level: 0)
    case "complete": setup.checksum = .complete(sum: nil)
    // TCP behind a bare IPv4 header.
    case "partial": setup.checksum = .partial(start: 34, offset: 16)
    default: throw node.fault("none, unnecessary, complete or partial expected, found '\(try node.text())'")
    }
  }

  private static func tunnel(_ node: SettingsNode) throws(SettingsError) -> TunnelKey {
    let members = try node.members(of: ["id", "remote", "local", "tos", "ttl", "label", "flags", "options"])
    var key = TunnelKey()
    if let id = members["id"] { key.id = try id.number() }
    if let remote = members["remote"] { key.remote = try remote.address() }
    key.local = try members["local"]?.address() ?? [UInt8](repeating: 0, count: key.remote.count)
    guard key.local.count == key.remote.count else { throw node.fault("remote and local are of one family") }
    if let tos = members["tos"] { key.tos = try tos.number() }
    if let ttl = members["ttl"] { key.ttl = try ttl.number() }
    if let label = members["label"] { key.label = try label.number(in: 0...0xf_ffff) }
    if let flags = members["flags"] { key.flags = try flags.number() }
    if let options = members["options"] {
      key.options = try options.bytes()
      guard key.options.count <= 255 else { throw options.fault("at most 255 bytes") }
    }
    return key
  }
}

extension OptionsFile {
  /// `skb:` what an skb is like when a TC program gets it.
  @Sendable
  static func readSocketBuffer(
    _ node: SettingsNode, _ configuration: inout MachineConfiguration
  ) throws(SettingsError) {
    try SocketBufferField.read(node, into: &configuration.socketBuffer)
  }
}
