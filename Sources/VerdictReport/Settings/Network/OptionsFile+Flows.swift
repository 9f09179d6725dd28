import BPFMachine

extension OptionsFile {
  /// `flowtable:` the flows that `bpf_xdp_flow_lookup` finds.
  @Sendable
  static func readFlows(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    for element in try node.elements() { configuration.flows.flows.append(try flow(element)) }
  }

  /// `enum flow_offload_xmit_type`.
  private enum Transmission: String, CaseIterable {
    case neighbour, ipsec, direct, tc

    var number: UInt8 {
      switch self {
      case .neighbour: 1
      case .ipsec: 2
      case .direct: 3
      case .tc: 4
      }
    }
  }

  private static func flow(_ node: SettingsNode) throws(SettingsError) -> FlowModel.Flow {
    let members = try node.members(
      of: ["protocol", "source", "destination", "interface", "reply", "xmit", "out", "mtu"])
    guard let protocolNode = members["protocol"], let interface = members["interface"] else {
      throw node.fault("'protocol' and 'interface' expected, the latter where packets arrive")
    }
    var flow = FlowModel.Flow(
      direction: try connectionDirection(members, of: node),
      protocolNumber: try protocolNode.word(ConnectionTransport.self).number, ingress: try interface.number())
    if let reply = members["reply"] { flow.isReply = try reply.boolean() }
    if let xmit = members["xmit"] { flow.transmission = try xmit.word(Transmission.self).number }
    if let mtu = members["mtu"] { flow.mtu = try mtu.number() }
    if let out = members["out"] {
      let members = try out.members(of: ["interface", "source", "destination"])
      if let interface = members["interface"] { flow.egress = try interface.number() }
      if let source = members["source"] { flow.source = try source.linkAddress() }
      if let destination = members["destination"] { flow.destination = try destination.linkAddress() }
    }
    return flow
  }
}
