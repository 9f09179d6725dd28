import BPFMachine

extension OptionsFile {
  /// `conntrack:` the connections that are tracked before the first packet, and how many there may be.
  @Sendable
  static func readConnections(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    let members = try node.members(of: ["max", "connections"])
    if let max = members["max"] { configuration.connections.capacity = try max.number(in: 0...1 << 24) }
    for element in try members["connections"]?.elements() ?? [] {
      configuration.connections.connections.append(try connection(element))
    }
  }

  private static func connection(_ node: SettingsNode) throws(SettingsError) -> ConnectionModel.Connection {
    let members = try node.members(
      of: ["protocol", "source", "destination", "reply", "status", "mark", "zone", "timeout"])
    guard let protocolNode = members["protocol"] else {
      throw node.fault("there is no 'protocol', which is tcp or udp")
    }
    var connection = ConnectionModel.Connection(
      original: try connectionDirection(members, of: node),
      protocolNumber: try protocolNode.word(ConnectionTransport.self).number)
    if let reply = members["reply"] {
      connection.reply = try connectionDirection(try reply.members(of: ["source", "destination"]), of: reply)
      guard connection.reply.source.count == connection.original.source.count else {
        throw reply.fault("addresses of the same family expected as in the other direction")
      }
    }
    if let status = members["status"] { connection.status = try self.status(status) }
    if let mark = members["mark"] { connection.mark = try mark.number() }
    if let zone = members["zone"] { connection.zone = try zone.number() }
    if let timeout = members["timeout"] { connection.timeout = try timeout.nanoseconds() }
    return connection
  }

  /// Protocols that connections are tracked of.
  enum ConnectionTransport: String, CaseIterable {
    case tcp, udp

    /// In IP headers.
    var number: UInt8 { self == .tcp ? 6 : 17 }
  }

  /// Names of `IPS_*`.
  private enum StatusWord: String, CaseIterable {
    case expected
    case seenReply = "seen-reply"
    case assured, confirmed
    case sourceTranslated = "src-nat"
    case destinationTranslated = "dst-nat"
    case dying
    case fixedTimeout = "fixed-timeout"
    case offload

    var bits: UInt32 {
      switch self {
      case .expected: 1 << 0
      case .seenReply: 1 << 1
      case .assured: 1 << 2
      case .confirmed: 1 << 3
      // What is translated is done with it.
      case .sourceTranslated: 1 << 4 | 1 << 7
      case .destinationTranslated: 1 << 5 | 1 << 8
      case .dying: 1 << 9
      case .fixedTimeout: 1 << 10
      case .offload: 1 << 14
      }
    }
  }

  private static func status(_ node: SettingsNode) throws(SettingsError) -> UInt32 {
    guard node.isList else { return try node.number() }
    var status: UInt32 = 0
    for word in try node.elements() { status |= try word.word(StatusWord.self).bits }
    return status
  }

  /// Where packets of one direction come from and go to.
  static func connectionDirection(
    _ members: [String: SettingsNode], of node: SettingsNode
  ) throws(SettingsError) -> ConnectionModel.Direction {
    guard let source = members["source"], let destination = members["destination"] else {
      throw node.fault("'source' and 'destination' expected")
    }
    let (from, to) = (try connectionEnd(source), try connectionEnd(destination))
    guard from.address.count == to.address.count else {
      throw destination.fault("an address of the same family expected as the source's")
    }
    return ConnectionModel.Direction(
      source: from.address, sourcePort: from.port, destination: to.address, destinationPort: to.port)
  }

  /// `192.0.2.1:80` or `[2001:db8::1]:80`.
  private static func connectionEnd(_ node: SettingsNode) throws(SettingsError) -> (address: [UInt8], port: UInt16) {
    let text = try node.text()
    var fault: SettingsError { node.fault("an address and a port expected, such as 192.0.2.1:80 or [2001:db8::1]:80") }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { throw fault }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard let address = NetworkAddress.bytes(String(host)), address.count != 6 else { throw fault }
    return (address, port)
  }
}
