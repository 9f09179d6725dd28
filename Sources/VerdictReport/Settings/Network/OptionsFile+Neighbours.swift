import BPFMachine

extension OptionsFile {
  /// `neighbours:` lines as ip-neighbour(8) takes and prints them, or what `ip -j neigh` prints.
  @Sendable
  static func readNeighbours(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    for element in try node.elements() {
      var reader = NeighbourReader()
      try reader.read(element, into: &configuration.network)
    }
  }

  /// `sysctl:` by name, `net.ipv4.conf.eth0.forwarding: 1`.
  @Sendable
  static func readSystemControls(
    _ node: SettingsNode, _ configuration: inout MachineConfiguration
  ) throws(SettingsError) {
    for (name, value) in try node.members() {
      switch name {
      case "net.ipv4.ip_forward_use_pmtu": configuration.network.settings.usesRouteMTU = try value.number(Int.self) != 0
      case "net.ipv4.fib_multipath_hash_policy":
        configuration.network.settings.multipathPolicy4 = try policy(value)
      case "net.ipv6.fib_multipath_hash_policy":
        configuration.network.settings.multipathPolicy6 = try policy(value)
      case "net.ipv4.fib_multipath_hash_seed": configuration.network.settings.multipathSeed = try value.number()
      case "net.ipv4.fib_multipath_use_neigh":
        configuration.network.settings.multipathUsesNeighbours = try value.number(Int.self) != 0
      case "net.ipv4.tcp_syncookies": configuration.network.settings.synCookies = try value.number(in: 0...2)
      case "net.ipv4.ip_forward": try set("net.ipv4.conf.all.forwarding", value, &configuration.network)
      default: try set(name, value, &configuration.network)
      }
    }
  }

  /// Policies 2 and 3 look into packets, which a lookup without one does as 0 and 1 do.
  private static func policy(_ node: SettingsNode) throws(SettingsError) -> Int { try node.number(in: 0...3) & 1 }

  private static func set(
    _ name: String, _ node: SettingsNode, _ network: inout NetworkModel
  ) throws(SettingsError) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 5, parts[0] == "net", parts[2] == "conf" else { throw unknown(node) }
    let device = parts[3..<parts.count - 1].joined(separator: ".")
    let indices = network.interfaces.indices.filter { device == "all" || network.interfaces[$0].name == device }
    guard device == "all" || !indices.isEmpty else { throw node.fault("there is no interface '\(device)'") }
    for index in indices {
      switch (parts[1], parts[parts.count - 1]) {
      case ("ipv4", "forwarding"): network.interfaces[index].forwards4 = try node.number(Int.self) != 0
      case ("ipv6", "forwarding"): network.interfaces[index].forwards6 = try node.number(Int.self) != 0
      case ("ipv4", "ignore_routes_with_linkdown"):
        network.interfaces[index].ignoresLinkDown4 = try node.number(Int.self) != 0
      case ("ipv6", "ignore_routes_with_linkdown"):
        network.interfaces[index].ignoresLinkDown6 = try node.number(Int.self) != 0
      case ("ipv6", "mtu"): network.interfaces[index].mtu6 = try node.number()
      default: throw unknown(node)
      }
    }
  }

  private static func unknown(_ node: SettingsNode) -> SettingsError {
    node.fault(
      "is no sysctl that helpers ask: net.ipv4.ip_forward, ip_forward_use_pmtu, fib_multipath_hash_policy, "
        + "fib_multipath_hash_seed, fib_multipath_use_neigh, tcp_syncookies, net.ipv6.fib_multipath_hash_policy, "
        + "net.ipv4.conf.DEV.forwarding, net.ipv6.conf.DEV.mtu and the like")
  }

  /// What follows from the sections together: the kernel's own routes, and the device that frames come in by.
  static func completeNetwork(
    _ configuration: inout MachineConfiguration, interface: SettingsNode?
  ) throws(SettingsError) {
    let network = configuration.network
    guard !network.interfaces.isEmpty else {
      if let interface, try UInt32(interface.text()) == nil {
        throw interface.fault("there are no interfaces by name; list it under interfaces, or give its number")
      }
      return
    }
    if !network.routes.contains(where: \.isOfKernel) { configuration.network.addKernelRoutes() }
    let device: NetworkModel.Interface?
    if let interface {
      let text = try interface.text()
      device = network.interface(named: text) ?? UInt32(text).flatMap { network.interface($0) }
      if device == nil {
        let names = network.interfaces.map { "\($0.name) (\($0.index))" }.joined(separator: ", ")
        throw interface.fault("there is no interface '\(text)', but \(names)")
      }
    } else {
      device = network.interfaces.first { !$0.isLoopback } ?? network.interfaces.first
    }
    guard let device else { return }
    configuration.ingressInterface = device.index
    configuration.deviceAddress = device.isLoopback ? nil : device.linkAddress
  }
}

/// Reads a neighbour from a line or from a mapping.
struct NeighbourReader {
  private var address: IPAddress?
  private var interface: UInt32?
  private var linkAddress: UInt64?
  private var isLost = false

  mutating func read(_ node: SettingsNode, into network: inout NetworkModel) throws(SettingsError) {
    if SettingsWords.isLine(node) {
      var words = try SettingsWords(node)
      address = try words.address(of: "a neighbour")
      while let word = words.next() { try set(word, &words, network) }
    } else {
      for (name, value) in try node.members() { try set(name, value, network) }
    }
    guard let address, let interface else { throw node.fault("a neighbour needs an address and 'dev'") }
    let key = NetworkModel.Neighbour(interface: interface, address: address)
    if isLost {
      network.lostNeighbours.insert(key)
    } else if let linkAddress {
      network.neighbours[key] = linkAddress
    } else if network.interface(interface)?.headerLength == 0 || network.interface(interface)?.isPointToPoint == true {
      network.neighbours[key] = 0
    } else {
      throw node.fault("a neighbour needs 'lladdr', its MAC address")
    }
  }

  private static let states: Set<String> = [
    "PERMANENT", "NOARP", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "INCOMPLETE", "NONE",
  ]

  private mutating func setState(_ word: String, _ fault: (String) -> SettingsError) throws(SettingsError) {
    guard Self.states.contains(word.uppercased()) else { throw fault("'\(word)' is no state of a neighbour") }
    isLost = ["FAILED", "INCOMPLETE", "NONE"].contains(word.uppercased())
  }

  private mutating func set(
    _ name: String, _ node: SettingsNode, _ network: NetworkModel
  ) throws(SettingsError) {
    switch name {
    case "state" where node.isList:
      for element in try node.elements() { try setState(try element.text(), element.fault) }
    case "proxy", "router", "extern_learn", "managed", "offload", "ifindex", "used", "confirmed", "updated", "refcnt",
      "probes", "protocol", "flags":
      break
    default:
      var words = try SettingsWords(node)
      try set(name, &words, network)
    }
  }

  private mutating func set(
    _ name: String, _ words: inout SettingsWords, _ network: NetworkModel
  ) throws(SettingsError) {
    switch name {
    case "dst", "address", "to": address = try words.address(of: name)
    case "dev": interface = try words.device(of: name, in: network)
    case "lladdr", "mac": linkAddress = try words.linkAddress(of: name)
    case "nud", "state": try setState(try words.value(of: name), words.fault)
    case "router", "proxy", "extern_learn", "managed", "offload": break
    case "proto", "protocol", "used", "ref", "probes": _ = try words.value(of: name)
    default: try setState(name, words.fault)
    }
  }
}
