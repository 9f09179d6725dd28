import BPFMachine

extension OptionsFile {
  /// `routes:` lines as ip-route(8) takes and prints them, or what `ip -j route` prints.
  @Sendable
  static func readRoutes(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    for element in try node.elements() {
      var reader = RouteReader(configuration.network)
      configuration.network.routes.append(try reader.read(element))
    }
  }
}

/// Reads a route from a line or from a mapping.
struct RouteReader {
  private let network: NetworkModel
  private var route = NetworkModel.Route(to: IPPrefix(.unspecified(isIPv6: false), length: 0))
  /// The next hop that words are about.
  private var hop = NetworkModel.Hop(interface: 0)
  private var hops: [NetworkModel.Hop] = []
  private var hasDestination = false
  private var isDefault = false
  private var isIPv6: Bool?
  private var hasMetric = false

  /// Words for what helpers do not ask about, with one word behind each.
  private static let passedOver: Set<String> = [
    "advmss", "window", "rtt", "rttvar", "ssthresh", "cwnd", "initcwnd", "initrwnd", "features", "quickack", "congctl",
    "rto_min", "hoplimit", "expires", "error", "nhid", "realm", "realms", "reordering", "age", "users", "used", "uid",
    "fastopen_no_cookie", "ttl-propagate",
  ]
  /// The same, with nothing behind them.
  private static let flags: Set<String> = [
    "onlink", "pervasive", "offload", "rt_offload", "trap", "rt_trap", "offload_failed", "notify", "cache",
    "unresolved",
    "cloned", "prefix",
  ]

  init(_ network: NetworkModel) { self.network = network }

  mutating func read(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Route {
    if SettingsWords.isLine(node) { try readLine(node) } else { try readMapping(node) }
    return try finish(node)
  }

  private mutating func finish(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Route {
    guard hasDestination else { throw node.fault("a route needs a destination, or 'default'") }
    if isDefault {
      let gateway = (hops.first ?? hop).gateway
      route.destination = IPPrefix(.unspecified(isIPv6: isIPv6 ?? gateway?.isIPv6 ?? false), length: 0)
    }
    let isIPv6 = route.destination.address.isIPv6
    if hops.isEmpty, hop.interface != 0 || hop.gateway != nil { hops = [hop] }
    for index in hops.indices where hops[index].interface == 0 {
      guard let gateway = hops[index].gateway, let interface = interface(towards: gateway) else {
        throw node.fault("a route needs 'dev' where no interface has an address in the gateway's network")
      }
      hops[index].interface = interface
    }
    route.hops = hops
    if isIPv6, !hasMetric { route.metric = route.kind == .local || route.kind == .anycast ? 0 : 1024 }
    if let source = route.source, source.isIPv6 != isIPv6 { throw node.fault("src is of another family") }
    if hops.contains(where: { $0.gateway?.isIPv6 == false && isIPv6 }) {
      throw node.fault("a route of IPv6 has no gateway of IPv4")
    }
    if hops.isEmpty, ![.blackhole, .unreachable, .prohibit, .throw].contains(route.kind) {
      throw node.fault("a route needs 'via' or 'dev'")
    }
    return route
  }

  /// The device on whose link a gateway is.
  private func interface(towards gateway: IPAddress) -> UInt32? {
    network.interfaces.first { device in
      device.addresses.contains { IPPrefix($0.address, length: $0.length).contains(gateway) }
    }?.index
  }

  // MARK: Lines

  private mutating func readLine(_ node: SettingsNode) throws(SettingsError) {
    var words = try SettingsWords(node)
    if let kind = words.peeked.flatMap(NetworkModel.Route.Kind.init(rawValue:)) {
      route.kind = kind
      _ = words.next()
    }
    guard let destination = words.next() else { return }
    try setDestination(destination, words)
    while let word = words.next() {
      switch word {
      case "encap":
        var encapsulation: [String] = []
        while let next = words.peeked, !["via", "dev", "table", "metric", "proto"].contains(next) {
          encapsulation.append(words.next() ?? "")
        }
        setEncapsulation(encapsulation)
      case "nexthop": startHop()
      case let word where Self.flags.contains(word): break
      default: try set(word, &words)
      }
    }
    if !hops.isEmpty { hops.append(hop) }
    hops.removeAll { $0 == NetworkModel.Hop(interface: 0) }
  }

  /// `mpls 100/200`, or `seg6 mode encap segs 1 [ fc00::1 ]`; others take nothing of the MTU (seg6_lwt_headroom).
  private mutating func setEncapsulation(_ words: [String]) {
    hop.isTunnel = true
    switch words.first {
    case "mpls": hop.tunnelHeader = UInt32(words.dropFirst().first?.split(separator: "/").count ?? 0) * 4
    case "seg6" where !words.contains("l2encap"):
      let segments = words.drop { $0 != "segs" }.dropFirst().flatMap { $0.split(separator: ",") }
        .filter { $0.contains(":") }
      // An inline header ends with the destination, which is printed as `::` and not given.
      let isInline = words.contains("inline") || segments.last == "::"
      let more = isInline && segments.last != "::" ? 1 : 0
      hop.tunnelHeader = UInt32(segments.count + more) * 16 + 8 + (isInline ? 0 : 40)
    default: break
    }
  }

  /// The words before the first `nexthop` are about the route.
  private mutating func startHop() {
    hops.append(hop)
    hop = NetworkModel.Hop(interface: 0)
  }

  private mutating func setDestination(_ word: String, _ words: SettingsWords) throws(SettingsError) {
    hasDestination = true
    guard word != "default" else {
      isDefault = true
      return
    }
    route.destination = try words.prefix(word)
  }

  // MARK: Mappings

  private mutating func readMapping(_ node: SettingsNode) throws(SettingsError) {
    for (name, value) in try node.members() {
      switch name {
      case "nexthops":
        for element in try value.elements() {
          hop = NetworkModel.Hop(interface: 0)
          for (name, value) in try element.members() { try set(name, value) }
          hops.append(hop)
        }
        hop = NetworkModel.Hop(interface: 0)
      default: try set(name, value)
      }
    }
  }

  private mutating func set(_ name: String, _ node: SettingsNode) throws(SettingsError) {
    switch name {
    case "flags":
      for flag in try node.elements() {
        let word = try flag.text()
        var words = try SettingsWords(flag)
        if !Self.flags.contains(word) { try set(word, &words) }
      }
    case "metrics":
      for element in try node.elements() {
        for (name, value) in try element.members() { try set(name, value) }
      }
    case "via" where node.isMapping:
      guard let host = try node.members().first(where: { $0.name == "host" }) else {
        throw node.fault("'via' has a family and a host")
      }
      hop.gateway = IPAddress(try host.value.address())
    case "encap": setEncapsulation([try node.text()])
    case "segs":
      var segments = ["seg6", "segs"]
      for element in try node.elements() { segments.append(try element.text()) }
      setEncapsulation(segments)
    case "family":
      isIPv6 = try node.text() == "inet6"
    case "type":
      route.kind = try node.word()
    case "mode": break
    default:
      var words = try SettingsWords(node)
      try set(name, &words)
    }
  }

  // MARK: Words

  private mutating func set(_ name: String, _ words: inout SettingsWords) throws(SettingsError) {
    switch name {
    case "to", "dst": try setDestination(try words.value(of: name), words)
    case "via", "gateway":
      if let family = words.peeked, family == "inet" || family == "inet6" { _ = words.next() }
      hop.gateway = try words.address(of: name)
    case "dev": hop.interface = try words.device(of: name, in: network)
    case "weight": hop.weight = try words.number(of: name)
    case "dead": hop.isDead = true
    case "linkdown": hop.hasLinkDown = true
    case "table": route.table = try words.table(of: name)
    case "metric", "preference":
      route.metric = try words.number(of: name)
      hasMetric = true
    case "src", "prefsrc": route.source = try words.address(of: name)
    case "from": route.from = try words.selector(of: name)
    case "tos": route.service = try words.number(of: name)
    case "scope": route.scope = try words.scope(of: name)
    case "proto", "protocol":
      let maker = try words.value(of: name)
      route.isOfKernel = maker == "kernel" || maker == "2"
    case "mtu":
      if words.peeked == "lock" {
        _ = words.next()
        route.isMTULocked = true
      }
      route.mtu = try words.number(of: name)
    case "pref":
      let word = try words.value(of: name)
      guard let preference = NetworkModel.Route.Preference(rawValue: word) else {
        throw words.fault("low, medium or high expected for pref, found '\(word)'")
      }
      route.preference = preference
      isIPv6 = true
    case let name where Self.passedOver.contains(name): _ = try words.value(of: name)
    default: throw words.fault("'\(name)' is no word of a route")
    }
  }
}
