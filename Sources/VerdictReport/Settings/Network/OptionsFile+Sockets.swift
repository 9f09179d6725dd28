import BPFMachine

extension OptionsFile {
  /// `sockets:` mappings, or lines as `ss -Htunae` prints them.
  @Sendable
  static func readSockets(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    for element in try node.elements() {
      var reader = SocketReader(configuration.network)
      configuration.network.sockets.append(try reader.read(element))
    }
  }

  /// `cgroups:` a list of `{path, id, classid}`.
  @Sendable
  static func readCgroups(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    for (index, element) in try node.elements().enumerated() {
      let members = try element.members(of: ["path", "id", "classid"])
      guard let path = members["path"] else { throw element.fault("a cgroup needs a path, such as /system.slice") }
      var group = CgroupModel.Group(id: UInt64(index + 2))
      if let id = members["id"] { group.id = try id.number(in: 1...UInt64.max) }
      if let classIdentifier = members["classid"] { group.classIdentifier = try classIdentifier.number() }
      configuration.cgroups.groups[try readPath(path)] = group
    }
  }

  /// `cgroup:` the path of the cgroup that the running task is in.
  @Sendable
  static func readCgroup(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    configuration.cgroups.current = try readPath(node)
  }

  /// `task:` the numbers and the name of the running task.
  @Sendable
  static func readTask(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    let members = try node.members(of: ["pid", "tgid", "uid", "gid", "comm"])
    if let thread = members["pid"] {
      configuration.task.thread = try thread.number()
      configuration.task.process = configuration.task.thread
    }
    if let process = members["tgid"] { configuration.task.process = try process.number() }
    if let user = members["uid"] { configuration.task.user = try user.number() }
    if let group = members["gid"] { configuration.task.group = try group.number() }
    if let command = members["comm"] { configuration.task.command = try command.text() }
  }

  static func readPath(_ node: SettingsNode) throws(SettingsError) -> String {
    let path = try node.text()
    // PATH_MAX
    guard path.hasPrefix("/"), path == "/" || !path.hasSuffix("/"), path.utf8.count < 4096 else {
      throw node.fault("the path of a cgroup expected, such as /system.slice, found '\(path)'")
    }
    return path
  }
}

/// Reads a socket from a line of ss(8) or from a mapping.
struct SocketReader {
  private typealias Socket = NetworkModel.Socket
  private let network: NetworkModel
  private var transport = NetworkModel.Socket.Transport.tcp
  private var local: NetworkModel.Socket.Endpoint?
  private var remote: NetworkModel.Socket.Endpoint?
  private var state: NetworkModel.Socket.State?
  private var interface: UInt32 = 0
  private var isWildcard = false

  init(_ network: NetworkModel) { self.network = network }

  mutating func read(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Socket {
    var socket: NetworkModel.Socket
    if node.isMapping {
      let members = try node.members()
      for (name, value) in members where try setPlace(name, value) { continue }
      socket = try made(node)
      for (name, value) in members { try set(name, value, &socket) }
    } else {
      socket = try readLine(node)
    }
    return socket
  }

  private func made(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Socket {
    guard let local else { throw node.fault("a socket needs 'local', an address and a port such as 192.0.2.1:80") }
    if let remote, remote.address.isIPv6 != local.address.isIPv6 {
      throw node.fault("local and remote are of different families")
    }
    let state = state ?? (remote != nil ? .established : transport == .tcp ? .listen : .closed)
    var socket = NetworkModel.Socket(transport, local: local, remote: remote, state: state)
    socket.boundInterface = interface
    return socket
  }

  // MARK: Lines

  /// `tcp LISTEN 0 128 127.0.0.1:80 0.0.0.0:* ino:3 sk:4 cgroup:/a <->`
  private mutating func readLine(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Socket {
    var words = try SettingsWords(node)
    let kind = try words.value(of: "a socket")
    guard let transport = Socket.Transport(rawValue: kind) else {
      throw node.fault("tcp or udp expected, found '\(kind)'")
    }
    self.transport = transport
    state = try Self.state(try words.value(of: kind), node)
    // What waits in its queues.
    for _ in 0..<2 { _ = try words.value(of: kind) }
    local = try endpoint(try words.value(of: kind), node)
    let peer = try words.value(of: kind)
    if !peer.hasSuffix(":*") { remote = try endpoint(peer, node) }
    var socket = try made(node)
    while let word = words.next() {
      guard let colon = word.firstIndex(of: ":") else { continue }
      let value = String(word[word.index(after: colon)...])
      switch word[..<colon] {
      case "uid": socket.user = UInt32(value) ?? 0
      case "sk": socket.cookie = UInt64(value, radix: 16)
      case "cgroup" where value.hasPrefix("/"): socket.cgroup = value
      case "v6only": socket.isIPv6Only = value == "1"
      case "fwmark": socket.mark = SettingsWords.number(value, UInt32.self) ?? 0
      default: break
      }
    }
    return socket
  }

  private static func state(_ word: String, _ node: SettingsNode) throws(SettingsError) -> NetworkModel.Socket.State {
    switch word.lowercased() {
    case "estab": return .established
    case "unconn": return .closed
    case let name:
      guard let state = Socket.State(rawValue: name) else {
        throw node.fault("a state such as listen, established or time-wait expected, found '\(word)'")
      }
      return state
    }
  }

  /// `192.0.2.1:80`, `[2001:db8::1]:80`, `127.0.0.53%lo:53`, or `*:80` for every address of both families.
  private mutating func endpoint(
    _ word: String, _ node: SettingsNode
  ) throws(SettingsError) -> NetworkModel.Socket.Endpoint {
    func fault() -> SettingsError {
      node.fault("an address and a port expected, such as 192.0.2.1:80, [2001:db8::1]:80 or *:80, found '\(word)'")
    }
    guard let colon = word.lastIndex(of: ":"), let port = UInt16(word[word.index(after: colon)...]) else {
      throw fault()
    }
    var host = String(word[..<colon])
    if let percent = host.lastIndex(of: "%") {
      let name = host[host.index(after: percent)...].filter { $0 != "]" }
      guard let device = network.interface(named: name) else { throw node.fault("there is no interface '\(name)'") }
      interface = device.index
      host = String(host[..<percent])
    }
    host = host.filter { $0 != "[" && $0 != "]" }
    if host == "*" { return NetworkModel.Socket.Endpoint(IPAddress.unspecified(isIPv6: true), port: port) }
    guard let address = NetworkAddress.bytes(host).flatMap({ IPAddress($0) }) else { throw fault() }
    return NetworkModel.Socket.Endpoint(address, port: port)
  }

  // MARK: Mappings

  /// What a socket is made from; false for what is set afterwards.
  private mutating func setPlace(_ name: String, _ node: SettingsNode) throws(SettingsError) -> Bool {
    switch name {
    case "protocol": transport = try node.word()
    case "local": local = try endpoint(try node.text(), node)
    case "remote": remote = try endpoint(try node.text(), node)
    case "state": state = try Self.state(try node.text(), node)
    default: return false
    }
    return true
  }

  private func set(
    _ name: String, _ node: SettingsNode, _ socket: inout NetworkModel.Socket
  ) throws(SettingsError) {
    switch name {
    case "protocol", "local", "remote", "state": break
    case "dev":
      var words = try SettingsWords(node)
      socket.boundInterface = try words.device(of: name, in: network)
    case "v6only": socket.isIPv6Only = try node.boolean()
    case "reuseport": socket.sharesPort = try node.boolean()
    case "mark": socket.mark = try node.number()
    case "priority": socket.priority = try node.number()
    case "queue": socket.receiveQueue = try node.number()
    case "cookie": socket.cookie = try node.number()
    case "uid": socket.user = try node.number()
    case "cgroup": socket.cgroup = try OptionsFile.readPath(node)
    case "netns": socket.namespace = try node.number(in: 0...Int32.max)
    case "syncookies": socket.sentCookies = try node.boolean()
    case "tcp":
      for (name, value) in try node.members() {
        guard let field = Socket.TransmissionField(rawValue: name) else {
          throw value.fault("struct bpf_tcp_sock has no '\(name)'")
        }
        socket.tcp[field] = field.is64Bit ? try value.number() : UInt64(try value.number(UInt32.self))
      }
    default:
      throw node.fault(
        "a socket has protocol, local, remote, state, dev, v6only, reuseport, mark, priority, queue, cookie, uid, cgroup, "
          + "netns, syncookies, tcp")
    }
  }
}
