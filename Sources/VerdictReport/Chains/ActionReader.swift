import Datapath

/// Reads the actions of a classic filter.
struct ActionReader {
  let chain: ChainReader

  /// A list of actions, each a mapping with the action's name first.
  func actions(_ node: SettingsNode) throws(SettingsError) -> [FilterAction] {
    var actions: [FilterAction] = []
    for element in node.isList ? try node.elements() : [node] { actions.append(try action(element)) }
    // TCA_ACT_MAX_PRIO
    guard actions.count <= 32 else { throw node.fault("a filter takes 32 actions at most") }
    return actions
  }

  private static let kinds = ["gact", "mirred", "skbedit", "bpf", "police", "vlan"]

  private func action(_ node: SettingsNode) throws(SettingsError) -> FilterAction {
    // `- drop` stands for `- gact: drop`.
    guard node.isMapping else { return .generic(try control(node), nil) }
    let members = try node.members(of: ActionReader.kinds + ["random", "control"])
    let named = ActionReader.kinds.filter { members[$0] != nil }
    guard named.count == 1, let body = members[named[0]] else {
      throw node.fault("one action expected: \(ActionReader.kinds.joined(separator: ", "))")
    }
    let own = try members["control"].map { node throws(SettingsError) in try control(node) }
    if let random = members["random"], named[0] != "gact" { throw random.fault("'random' goes with gact") }
    switch named[0] {
    case "gact":
      let variation = try members["random"].map { node throws(SettingsError) in try self.variation(node) }
      return .generic(try control(body), variation)
    case "mirred": return .mirred(try mirred(body, own))
    case "skbedit": return .edit(try edit(body, own))
    case "police": return .police(try police(body))
    case "vlan": return .vlan(try tagChange(body), own ?? .pipe)
    default:
      return .program(try chain.program(body, [.schedACT], "a TC action"), default: own ?? .pipe)
    }
  }

  // MARK: Controls

  private static let controls: [String: ActionCode] = [
    "ok": .ok, "pass": .ok, "drop": .shot, "shot": .shot, "reclassify": .reclassify, "pipe": .pipe,
    "continue": .unspec, "stolen": .stolen, "queued": .queued, "repeat": .repeated, "trap": .trap,
  ]

  /// tc's words: `ok`, `drop`, `jump 2`, `goto chain 3`, …
  private func control(_ node: SettingsNode) throws(SettingsError) -> ActionCode {
    let text = try node.text()
    if let known = ActionReader.controls[text] { return known }
    let words = text.split(separator: " ")
    if words.count == 2, words[0] == "jump", let count = Int32(words[1]), (1...32).contains(count) {
      return .jump(count)
    }
    if words.count == 3, words[0] == "goto", words[1] == "chain", let chain = Int32(words[2]),
      (0...0xfff_ffff).contains(chain)
    {
      return .goto(chain)
    }
    let known = ActionReader.controls.keys.sorted().joined(separator: ", ")
    throw node.fault("'\(text)' is no control: \(known), jump N, goto chain N")
  }

  private func variation(_ node: SettingsNode) throws(SettingsError) -> GenericVariation {
    let members = try node.members(of: ["kind", "action", "value"])
    guard let kind = members["kind"], let action = members["action"], let value = members["value"] else {
      throw node.fault("'kind', 'action' and 'value' expected")
    }
    return GenericVariation(
      kind: try kind.word(), action: try control(action), value: try value.number(in: 1...10000))
  }

  // MARK: Actions

  private func mirred(_ node: SettingsNode, _ control: ActionCode?) throws(SettingsError) -> Mirred {
    let members = try node.members(of: ["redirect", "mirror", "direction"])
    guard members.keys.contains("redirect") != members.keys.contains("mirror"),
      let target = members["redirect"] ?? members["mirror"]
    else {
      throw node.fault("either 'redirect' or 'mirror' expected, with a device")
    }
    return Mirred(
      device: try chain.target(target), direction: try members["direction"]?.word() ?? .egress,
      redirects: members["redirect"] != nil, control: control)
  }

  private static let packetTypes: [String: UInt32] = ["host": 0, "broadcast": 1, "multicast": 2, "otherhost": 3]

  private func edit(_ node: SettingsNode, _ control: ActionCode?) throws(SettingsError) -> SocketBufferEdit {
    let members = try node.members(of: ["mark", "mask", "priority", "queue_mapping", "ptype", "inheritdsfield"])
    var edit = SocketBufferEdit()
    edit.mark = try members["mark"].map { node throws(SettingsError) in try node.number() }
    edit.mask = try members["mask"].map { node throws(SettingsError) in try node.number() } ?? .max
    edit.priority = try members["priority"].map { node throws(SettingsError) in try chain.classIdentifier(node) }
    edit.queueMapping = try members["queue_mapping"].map { node throws(SettingsError) in try node.number() }
    if let node = members["ptype"] {
      guard let type = ActionReader.packetTypes[try node.text()] else {
        throw node.fault("host, broadcast, multicast or otherhost expected")
      }
      edit.packetType = type
    }
    edit.inheritsDSField = try members["inheritdsfield"]?.boolean() ?? false
    edit.control = control ?? .pipe
    return edit
  }

  private func police(_ node: SettingsNode) throws(SettingsError) -> Police {
    let members = try node.members(of: ["rate", "burst", "pkts_rate", "pkts_burst", "mtu", "conform", "exceed"])
    var police = Police()
    if let rate = members["rate"] {
      guard let burst = members["burst"] else { throw node.fault("'rate' needs 'burst'") }
      police.rate = try Quantity.rate(rate)
      police.burst = try Quantity.size(burst)
    }
    if let rate = members["pkts_rate"] {
      guard members["rate"] == nil else { throw rate.fault("'rate' or 'pkts_rate', not both") }
      guard let burst = members["pkts_burst"] else { throw node.fault("'pkts_rate' needs 'pkts_burst'") }
      police.packetRate = try rate.number(in: 1...UInt64(UInt32.max))
      police.packetBurst = try burst.number(in: 1...UInt64(UInt32.max))
    }
    police.mtu = try members["mtu"].map { node throws(SettingsError) in try node.number(in: 1...UInt32.max) }
    if let node = members["conform"] { police.conform = try control(node) }
    if let node = members["exceed"] { police.exceed = try control(node) }
    return police
  }

  private func tagChange(_ node: SettingsNode) throws(SettingsError) -> TagChange {
    guard node.isMapping else {
      guard try node.text() == "pop" else { throw node.fault("pop, {push: …} or {modify: …} expected") }
      return .pop
    }
    let members = try node.members(of: ["push", "modify"])
    guard members.count == 1, let body = members["push"] ?? members["modify"] else {
      throw node.fault("pop, {push: …} or {modify: …} expected")
    }
    let fields = try body.members(of: ["id", "protocol", "priority"])
    guard let id = fields["id"] else { throw body.fault("'id' is missing") }
    let number = try id.number(UInt16.self, in: 0...4095)
    let priority = try fields["priority"].map { node throws(SettingsError) in try node.number(UInt16.self, in: 0...7) }
    let tag = try fields["protocol"].map { node throws(SettingsError) in try Quantity.tagProtocol(node) }
    return members["push"] != nil
      ? .push(protocolNumber: tag ?? 0x8100, id: number, priority: priority ?? 0)
      : .modify(protocolNumber: tag, id: number, priority: priority)
  }
}

/// Quantities in tc's units.
private enum Quantity {
  private static let rates: [(String, Double)] = [
    ("gbit", 1e9 / 8), ("mbit", 1e6 / 8), ("kbit", 1e3 / 8), ("bit", 1.0 / 8), ("gbps", 1e9), ("mbps", 1e6),
    ("kbps", 1e3), ("bps", 1), ("", 1.0 / 8),
  ]
  private static let sizes: [(String, Double)] = [
    ("kbit", 128), ("mbit", 131_072), ("kb", 1024), ("mb", 1_048_576), ("k", 1024), ("m", 1_048_576), ("b", 1), ("", 1),
  ]

  /// Bytes a second: `1mbit`, `10kbps`; a bare number is bits.
  static func rate(_ node: SettingsNode) throws(SettingsError) -> UInt64 {
    try quantity(node, rates, "a rate, such as 1mbit")
  }

  /// Bytes: `10k`, `1500`.
  static func size(_ node: SettingsNode) throws(SettingsError) -> UInt64 {
    try quantity(node, sizes, "a size, such as 10k")
  }

  private static func quantity(
    _ node: SettingsNode, _ units: [(String, Double)], _ what: String
  ) throws(SettingsError) -> UInt64 {
    let text = try node.text().lowercased()
    for (suffix, factor) in units where text.hasSuffix(suffix) {
      guard let value = Double(text.dropLast(suffix.count)), value > 0, value * factor < 0x1p53 else { continue }
      return max(1, UInt64(value * factor))
    }
    throw node.fault("\(what), expected")
  }

  /// 802.1q or 802.1ad.
  static func tagProtocol(_ node: SettingsNode) throws(SettingsError) -> UInt16 {
    switch try node.text().lowercased() {
    case "802.1q": return 0x8100
    case "802.1ad": return 0x88a8
    default: throw node.fault("802.1q or 802.1ad expected")
    }
  }
}
