import BPFMachine

/// The options file: what programs find around them that neither the object nor the capture holds.
///
/// ```yaml
/// machine:
///   cpus: 4
///   seed: 7
/// ```
public struct OptionsFile {
  private let sections: [(name: String, node: SettingsNode)]

  /// Reads YAML or JSON.
  /// - Parameter file: Its name, for errors.
  /// - Throws: ``SettingsError`` for text that is neither, and for sections that there are not.
  public init(parsing bytes: [UInt8], file: String) throws(SettingsError) {
    let root = try SettingsNode(parsing: bytes, file: file)
    let known = try root.members(of: OptionsFile.readers.map(\.name))
    sections = OptionsFile.readers.compactMap { reader in known[reader.name].map { (reader.name, $0) } }
  }

  /// Sets in `configuration` what the file says.
  /// - Throws: ``SettingsError`` with the place of what cannot be.
  public func apply(to configuration: inout MachineConfiguration) throws(SettingsError) {
    for (name, node) in sections {
      for reader in OptionsFile.readers where reader.name == name { try reader.read(node, &configuration) }
    }
    let machine = try sections.first { $0.name == "machine" }?.node.members()
    try OptionsFile.completeNetwork(&configuration, interface: machine?.first { $0.name == "interface" }?.value)
  }

  /// Reads a section of the file.
  struct Reader {
    var name: String
    var read: @Sendable (SettingsNode, inout MachineConfiguration) throws(SettingsError) -> Void
  }

  /// Every section, in the order in which they are read.
  static let readers: [Reader] = [
    Reader(name: "machine", read: readMachine),
    Reader(name: "xdp", read: readReceiveMetadata),
    Reader(name: "conntrack", read: readConnections),
    Reader(name: "flowtable", read: readFlows),
    Reader(name: "interfaces", read: readInterfaces),
    Reader(name: "routes", read: readRoutes),
    Reader(name: "rules", read: readRules),
    Reader(name: "neighbours", read: readNeighbours),
    Reader(name: "sysctl", read: readSystemControls),
    Reader(name: "sockets", read: readSockets),
    Reader(name: "cgroups", read: readCgroups),
    Reader(name: "cgroup", read: readCgroup),
    Reader(name: "task", read: readTask),
    Reader(name: "skb", read: readSocketBuffer),
  ]
}
