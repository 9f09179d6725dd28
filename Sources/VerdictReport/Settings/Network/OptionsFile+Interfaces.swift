import BPFMachine

extension OptionsFile {
  /// `interfaces:` devices by hand, or as `ip -j -d addr` prints them.
  @Sendable
  static func readInterfaces(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    var interfaces: [NetworkModel.Interface] = []
    var next: UInt32 = 2
    for element in try node.elements() {
      let interface = try readInterface(element, index: next)
      if interfaces.contains(where: { $0.index == interface.index || $0.name == interface.name }) {
        throw element.fault("\(interface.name) (index \(interface.index)) is there twice")
      }
      interfaces.append(interface)
      next = max(next, interface.index + 1)
    }
    if !interfaces.contains(where: \.isLoopback) { interfaces.insert(loopback, at: 0) }
    configuration.network.interfaces = interfaces
  }

  /// What every Linux has.
  static var loopback: NetworkModel.Interface {
    var loopback = NetworkModel.Interface(index: 1, name: "lo")
    loopback.mtu = 65536
    loopback.isLoopback = true
    loopback.isPointToPoint = true
    for text in ["127.0.0.1/8", "::1/128"] {
      guard let prefix = NetworkAddress.prefix(text), let address = IPAddress(prefix.bytes) else { continue }
      var own = NetworkModel.Interface.Address(address, length: Int(prefix.length))
      own.scope = 254
      loopback.addresses.append(own)
    }
    return loopback
  }

  /// What `ip -j -d link` says besides.
  private static let passedOver: Set<String> = [
    "qdisc", "operstate", "linkmode", "txqlen", "broadcast", "promiscuity", "allmulti", "min_mtu", "max_mtu",
    "linkinfo", "num_tx_queues", "num_rx_queues", "gso_max_size", "gso_max_segs", "tso_max_size", "tso_max_segs",
    "gro_max_size", "gso_ipv4_max_size", "gro_ipv4_max_size", "link", "link_index", "link_netnsid", "master",
    "altnames",
    "permaddr", "inet6_addr_gen_mode", "parentbus", "parentdev", "xdp", "ifalias", "slave", "deleted", "carrier",
    "netns-immutable", "phys_port_name", "phys_switch_id", "proto_down", "vfinfo_list", "stats64", "event", "max_vfs",
  ]

  private static func readInterface(_ node: SettingsNode, index: UInt32) throws(SettingsError) -> NetworkModel.Interface
  {
    var interface = NetworkModel.Interface(index: index, name: "")
    for (name, value) in try node.members() {
      switch name {
      case "name", "ifname": interface.name = try value.text()
      case "index", "ifindex": interface.index = try value.number(in: 1...UInt32(Int32.max))
      case "mac", "address": interface.linkAddress = try readLinkAddress(value)
      case "mtu": interface.mtu = try value.number()
      case "mtu6": interface.mtu6 = try value.number()
      case "header": interface.headerLength = try value.number(in: 0...256)
      case "up": interface.isUp = try value.boolean()
      case "group": interface.group = (try? value.number()) ?? 0
      case "flags": try readFlags(value, &interface)
      case "link_type": try readLinkType(value, &interface)
      case "forwarding": try readFamilies(value, &interface.forwards4, &interface.forwards6)
      case "ignore_linkdown": try readFamilies(value, &interface.ignoresLinkDown4, &interface.ignoresLinkDown6)
      case "addresses", "addr_info":
        for element in try value.elements() { interface.addresses.append(try readAddress(element)) }
      case let name where passedOver.contains(name): break
      default:
        throw value.fault(
          "an interface has name, index, mac, mtu, mtu6, header, up, flags, group, forwarding, ignore_linkdown, addresses"
        )
      }
    }
    if interface.name == "lo", !interface.isLoopback {
      interface.isLoopback = true
      interface.isPointToPoint = true
    }
    if interface.name.isEmpty { throw node.fault("an interface needs a name") }
    return interface
  }

  /// Devices without Ethernet have addresses of other lengths, or none.
  private static func readLinkAddress(_ node: SettingsNode) throws(SettingsError) -> UInt64 {
    let text = try node.text()
    if let bytes = NetworkAddress.bytes(text), bytes.count == 4 || bytes.count == 16 { return 0 }
    return try node.linkAddress()
  }

  private static func readFlags(
    _ node: SettingsNode, _ interface: inout NetworkModel.Interface
  ) throws(SettingsError) {
    var flags: Set<String> = []
    for element in try node.elements() { flags.insert(try element.text()) }
    interface.isUp = flags.contains("UP")
    interface.isLoopback = flags.contains("LOOPBACK")
    interface.isPointToPoint = interface.isLoopback || flags.contains("POINTOPOINT")
  }

  private static func readLinkType(
    _ node: SettingsNode, _ interface: inout NetworkModel.Interface
  ) throws(SettingsError) {
    let type = try node.text()
    if type != "ether", type != "loopback" { interface.headerLength = 0 }
  }

  /// One word for both families, or `{ipv4: …, ipv6: …}`.
  private static func readFamilies(
    _ node: SettingsNode, _ four: inout Bool, _ six: inout Bool
  ) throws(SettingsError) {
    guard node.isMapping else {
      four = try node.boolean()
      six = four
      return
    }
    let members = try node.members(of: ["ipv4", "ipv6"])
    if let value = members["ipv4"] { four = try value.boolean() }
    if let value = members["ipv6"] { six = try value.boolean() }
  }

  /// `192.0.2.1/24 scope link secondary`, or a member of `addr_info`.
  private static func readAddress(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Interface.Address {
    if node.isMapping { return try readAddressInformation(node) }
    var words = try SettingsWords(node)
    let first = words.next() ?? ""
    guard let prefix = NetworkAddress.prefix(first) ?? NetworkAddress.bytes(first).map({ (UInt32($0.count * 8), $0) }),
      let address = IPAddress(prefix.1)
    else { throw node.fault("an address with its length expected, such as 192.0.2.1/24, found '\(first)'") }
    var result = NetworkModel.Interface.Address(address, length: Int(prefix.0))
    setScope(&result)
    while let word = words.next() {
      switch word {
      case "scope": result.scope = try words.scope(of: word)
      case "brd", "broadcast": result.broadcast = try words.address(of: word)
      default: try set(word, node, &result)
      }
    }
    return result
  }

  private static func set(
    _ flag: String, _ node: SettingsNode, _ address: inout NetworkModel.Interface.Address
  ) throws(SettingsError) {
    switch flag {
    case "secondary", "temporary": address.isSecondary = true
    case "deprecated": address.isDeprecated = true
    case "tentative", "dadfailed": address.isTentative = true
    case "nodad", "permanent", "dynamic", "mngtmpaddr", "noprefixroute", "home", "autojoin", "optimistic",
      "stable-privacy", "protocol":
      break
    default: throw node.fault("'\(flag)' is no flag of an address")
    }
  }

  private static func readAddressInformation(
    _ node: SettingsNode
  ) throws(SettingsError) -> NetworkModel.Interface.Address {
    let passedOver: Set<String> = [
      "family", "label", "valid_life_time", "preferred_life_time", "index", "dev", "ifindex", "metric", "address",
      "protocol", "anycast",
    ]
    var result: NetworkModel.Interface.Address?
    let members = try node.members()
    for (name, value) in members where name == "local" {
      guard let address = IPAddress(try value.address()) else { continue }
      result = NetworkModel.Interface.Address(address, length: address.bitCount)
    }
    guard var result else { throw node.fault("an address has 'local' and 'prefixlen'") }
    setScope(&result)
    for (name, value) in members where !passedOver.contains(name) && name != "local" {
      switch name {
      case "prefixlen": result.length = try value.number(in: 0...result.address.bitCount)
      case "broadcast": result.broadcast = IPAddress(try value.address())
      case "scope":
        var words = try SettingsWords(value)
        result.scope = try words.scope(of: name)
      default: if try value.boolean() { try set(name, value, &result) }
      }
    }
    return result
  }

  /// The scope that an address has by itself.
  private static func setScope(_ address: inout NetworkModel.Interface.Address) {
    if address.address.isLinkLocal { address.scope = 253 }
    if address.address.isLoopback { address.scope = 254 }
  }
}
