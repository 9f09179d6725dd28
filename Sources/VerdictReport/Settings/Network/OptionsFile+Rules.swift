import BPFMachine

extension OptionsFile {
  /// `rules:` lines as ip-rule(8) takes and prints them, or what `ip -j rule` prints; `{ipv4: […], ipv6: […]}` or one list, in
  /// which a rule without addresses is one of IPv4 unless it says `family: inet6`.
  @Sendable
  static func readRules(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    var rules: [NetworkModel.Rule] = []
    func add(_ list: SettingsNode, isIPv6: Bool?) throws(SettingsError) {
      for element in try list.elements() {
        var reader = RuleReader(configuration.network, isIPv6: isIPv6)
        rules.append(try reader.read(element))
      }
    }
    if node.isMapping {
      let members = try node.members(of: ["ipv4", "ipv6"])
      if let list = members["ipv4"] { try add(list, isIPv6: false) }
      if let list = members["ipv6"] { try add(list, isIPv6: true) }
    } else {
      try add(node, isIPv6: nil)
    }
    configuration.network.rules = [false, true].flatMap { isIPv6 in
      complete(rules.filter { $0.isIPv6 == isIPv6 }, isIPv6)
    }
  }

  /// A list with a rule for the local table is whole; another one adds to the kernel's.
  private static func complete(_ rules: [NetworkModel.Rule], _ isIPv6: Bool) -> [NetworkModel.Rule] {
    guard !rules.isEmpty else { return [] }
    let isWhole = rules.contains { $0.action == .table(NetworkModel.Route.local) }
    let all = isWhole ? rules : NetworkModel.Rule.standard(isIPv6: isIPv6) + rules
    return all.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
      .map(\.element)
  }
}

/// Reads a rule from a line or from a mapping.
struct RuleReader {
  private let network: NetworkModel
  private var rule: NetworkModel.Rule
  private var family: Bool?
  private var lengths: (from: Int?, to: Int?)

  init(_ network: NetworkModel, isIPv6: Bool?) {
    self.network = network
    family = isIPv6
    // What `ip rule add` takes without a priority goes before the main table's rule.
    rule = NetworkModel.Rule(isIPv6: false, priority: 32765, action: .nothing)
  }

  private static let passedOver: Set<String> = ["proto", "protocol", "realms", "table_id"]

  mutating func read(_ node: SettingsNode) throws(SettingsError) -> NetworkModel.Rule {
    if !node.isMapping {
      try readLine(node)
    } else if let only = try node.members().first, let priority = UInt32(only.name) {
      // `100: from all lookup 7`, as it is printed, is a mapping to YAML.
      rule.priority = priority
      try readLine(only.value)
    } else {
      for (name, value) in try node.members() { try set(name, value) }
    }
    if let length = lengths.from, let from = rule.from { rule.from = IPPrefix(from.address, length: length) }
    if let length = lengths.to, let to = rule.to { rule.to = IPPrefix(to.address, length: length) }
    let families = [rule.from, rule.to].compactMap { $0?.address.isIPv6 }
    rule.isIPv6 = family ?? families.first ?? false
    if families.contains(where: { $0 != rule.isIPv6 }) { throw node.fault("the addresses are of different families") }
    return rule
  }

  /// A range that begins at a number, and ends where another one does.
  private static func from<Number: FixedWidthInteger>(
    _ node: SettingsNode, _ range: ClosedRange<Number>?
  ) throws(SettingsError) -> ClosedRange<Number> {
    let end = range?.upperBound ?? Number.max
    return try node.number(in: 0...end)...end
  }

  /// A range that ends at a number.
  private static func to<Number: FixedWidthInteger>(
    _ node: SettingsNode, _ range: ClosedRange<Number>?
  ) throws(SettingsError) -> ClosedRange<Number> {
    let start = range?.lowerBound ?? 0
    return start...(try node.number(in: start...Number.max))
  }

  private mutating func readLine(_ node: SettingsNode) throws(SettingsError) {
    var words = try SettingsWords(node)
    if let first = words.peeked, first.hasSuffix(":"), let priority = UInt32(first.dropLast()) {
      rule.priority = priority
      _ = words.next()
    }
    while let word = words.next() { try set(word, &words) }
  }

  private mutating func set(_ name: String, _ node: SettingsNode) throws(SettingsError) {
    switch name {
    case "family": family = try node.text() == "inet6"
    case "not": rule.isInverted = true
    case "srclen": lengths.from = try node.number()
    case "dstlen": lengths.to = try node.number()
    case "fwmask": rule.markMask = try node.number()
    case "sport_start": rule.sourcePorts = try Self.from(node, rule.sourcePorts)
    case "sport_end": rule.sourcePorts = try Self.to(node, rule.sourcePorts)
    case "dport_start": rule.destinationPorts = try Self.from(node, rule.destinationPorts)
    case "dport_end": rule.destinationPorts = try Self.to(node, rule.destinationPorts)
    case "uid_start": rule.users = try Self.from(node, rule.users)
    case "uid_end": rule.users = try Self.to(node, rule.users)
    case "action":
      var words = try SettingsWords(node)
      try set(try node.text(), &words)
    case "iif_detached": rule.input = NetworkModel.Rule.none
    case "oif_detached": rule.output = NetworkModel.Rule.none
    case "l3mdev": rule.isForVRF = true
    case "nop": rule.action = .nothing
    default:
      var words = try SettingsWords(node)
      try set(name, &words)
    }
  }

  private mutating func set(_ name: String, _ words: inout SettingsWords) throws(SettingsError) {
    switch name {
    case "not": rule.isInverted = true
    case "from", "src": rule.from = try words.selector(of: name)
    case "to", "dst": rule.to = try words.selector(of: name)
    case "iif", "dev": rule.input = try device(name, &words)
    case "oif": rule.output = try device(name, &words)
    case "fwmark":
      let word = try words.value(of: name)
      let parts = word.split(separator: "/").compactMap { SettingsWords.number(String($0), UInt32.self) }
      guard let mark = parts.first, parts.count <= 2 else {
        throw words.fault("a number, or a number and a mask such as 0x10/0xff, expected for fwmark, found '\(word)'")
      }
      rule.mark = mark
      if parts.count == 2 || rule.markMask == 0 { rule.markMask = parts.count == 2 ? parts[1] : .max }
    case "tos", "dsfield": rule.service = try words.number(of: name)
    case "dscp": rule.differentiatedService = try words.number(of: name)
    case "ipproto": rule.transport = try words.transport(of: name)
    case "sport": rule.sourcePorts = try words.range(of: name)
    case "dport": rule.destinationPorts = try words.range(of: name)
    case "uidrange": rule.users = try words.range(of: name)
    case "tun_id": rule.tunnel = try words.number(of: name)
    case "priority", "pref", "preference", "prio", "order": rule.priority = try words.number(of: name)
    case "suppress_prefixlength", "suppress_prefixlen": rule.suppressedLength = try words.number(of: name)
    case "suppress_ifgroup": rule.suppressedGroup = try words.number(of: name)
    case "table", "lookup":
      if words.peeked == "[l3mdev-table]" {
        _ = words.next()
        rule.isForVRF = true
      } else {
        rule.action = .table(try words.table(of: name))
      }
    case "goto": rule.action = .goTo(try words.number(of: name))
    case "nop": rule.action = .nothing
    case "l3mdev": rule.isForVRF = true
    case "blackhole": rule.action = .blackhole
    case "unreachable": rule.action = .unreachable
    case "prohibit": rule.action = .prohibit
    case "unicast", "[detached]", "[unresolved]", "unresolved": break
    case let name where Self.passedOver.contains(name): _ = try words.value(of: name)
    default: throw words.fault("'\(name)' is no word of a rule")
    }
  }

  /// A rule may name a device that is not there; it then matches nothing.
  private func device(_ name: String, _ words: inout SettingsWords) throws(SettingsError) -> UInt32 {
    let word = try words.value(of: name)
    return network.interface(named: word)?.index ?? UInt32(word) ?? NetworkModel.Rule.none
  }
}
