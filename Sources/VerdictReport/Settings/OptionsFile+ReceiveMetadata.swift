import BPFMachine

extension OptionsFile {
  /// `xdp:` what the device says of a frame beside its bytes, for the kfuncs `bpf_xdp_metadata_rx_…`.
  @Sendable
  static func readReceiveMetadata(
    _ node: SettingsNode, _ configuration: inout MachineConfiguration
  ) throws(SettingsError) {
    guard let metadata = try node.members(of: ["metadata"])["metadata"] else { return }
    var result = ReceiveMetadata()
    if metadata.isMapping {
      let members = try metadata.members(of: ["timestamp", "hash", "vlan"])
      if let node = members["timestamp"] { result.timestamp = try timestamp(node) }
      if let node = members["hash"] { result.hash = try hash(node) }
      if let node = members["vlan"] { result.tag = try tag(node) }
    } else {
      guard try metadata.text() == "none" else {
        throw metadata.fault("a mapping of timestamp, hash and vlan expected, or 'none'")
      }
      result.isSupported = false
    }
    configuration.receiveMetadata = result
  }

  private static func timestamp(_ node: SettingsNode) throws(SettingsError) -> ReceiveMetadata.Timestamp {
    switch try node.text() {
    case "capture": .capture
    case "none": .none
    default: .fixed(try node.number())
    }
  }

  private static func hash(_ node: SettingsNode) throws(SettingsError) -> ReceiveMetadata.Hash? {
    guard node.isMapping else {
      guard try node.text() == "none" else { throw node.fault("'value' and 'type' expected, or 'none'") }
      return nil
    }
    let members = try node.members(of: ["value", "type"])
    guard let value = members["value"] else { throw node.fault("there is no 'value'") }
    return ReceiveMetadata.Hash(value: try value.number(), type: try members["type"]?.number() ?? 0)
  }

  private static func tag(_ node: SettingsNode) throws(SettingsError) -> ReceiveMetadata.Tag {
    guard node.isMapping else {
      switch try node.text() {
      case "frame": return .frame
      case "none": return .none
      default: throw node.fault("'protocol' and 'tci' expected, 'frame' or 'none'")
      }
    }
    let members = try node.members(of: ["protocol", "tci"])
    guard let control = members["tci"] else { throw node.fault("there is no 'tci'") }
    return .fixed(protocolNumber: try members["protocol"]?.number() ?? 0x8100, control: try control.number())
  }
}
