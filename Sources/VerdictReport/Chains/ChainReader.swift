import BPFObject
import Datapath

/// Reads what is attached to the devices of a chain file.
struct ChainReader {
  let objects: [PathSpec.Object]
  let deviceNames: [String]

  /// A device.
  func device(_ name: String, _ node: SettingsNode, index: UInt32) throws(SettingsError) -> DeviceSpec {
    let members = try node.members(of: [
      "ifindex", "address", "mtu", "up", "queues", "peer", "xdp", "tcx", "ingress", "egress",
    ])
    var device = DeviceSpec(name: name, index: index)
    if let node = members["ifindex"] { device.index = try node.number(in: 1...UInt32(Int32.max)) }
    if let node = members["address"] { device.address = try node.linkAddress() }
    if let node = members["mtu"] { device.mtu = try node.number(in: 68...65535) }
    if let node = members["up"] { device.isUp = try node.boolean() }
    if let node = members["queues"] { device.queues = try node.number(in: 1...4096) }
    if let node = members["peer"] {
      let peer = try self.device(named: node)
      guard peer != name else { throw node.fault("a device is not its own peer") }
      device.peer = peer
    }
    if let node = members["xdp"] { (device.xdp, device.isGenericXDP) = try xdp(node) }
    if let node = members["tcx"] {
      let hooks = try node.members(of: ["ingress", "egress"])
      if let node = hooks["ingress"] { device.tcxIngress = try links(node) }
      if let node = hooks["egress"] { device.tcxEgress = try links(node) }
    }
    if let node = members["ingress"] { device.ingress = try filters(node) }
    if let node = members["egress"] { device.egress = try filters(node) }
    return device
  }

  private func device(named node: SettingsNode) throws(SettingsError) -> String {
    let name = try node.text()
    guard deviceNames.contains(name) else {
      throw node.fault("there is no device '\(name)' among \(deviceNames.joined(separator: ", "))")
    }
    return name
  }

  // MARK: Programs

  /// `OBJECT/PROGRAM`, by function or section, or `OBJECT` for its only program of these types.
  func program(_ node: SettingsNode, _ types: [ProgramType], _ what: String) throws(SettingsError) -> ProgramReference {
    let text = try node.text()
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let object = objects.first(where: { $0.name == parts[0] }) else {
      throw node.fault("there is no object '\(parts[0])' among \(objects.map(\.name).joined(separator: ", "))")
    }
    let programs = object.file.programs
    let fitting = programs.filter { $0.type.map(types.contains) ?? true }
    let named = parts.count > 1 ? programs.filter { $0.name == parts[1] || $0.section == parts[1] } : fitting
    guard named.count == 1, let program = named.first else {
      let choices = fitting.map { "\(object.name)/\($0.name)" }.joined(separator: ", ")
      let fault = named.isEmpty ? "there is no such program" : "that is several programs"
      throw node.fault("'\(text)': \(fault)" + (choices.isEmpty ? "" : "; there are \(choices)"))
    }
    guard program.type.map(types.contains) ?? true else {
      throw node.fault("\(program.name) is in section '\(program.section)', not \(what)")
    }
    return ProgramReference(object: object.name, program: program.name)
  }

  private enum XDPMode: String, CaseIterable { case native, generic }

  private func xdp(_ node: SettingsNode) throws(SettingsError) -> (ProgramReference, isGeneric: Bool) {
    guard node.isMapping else { return (try program(node, [.xdp], "an XDP program"), false) }
    let members = try node.members(of: ["program", "mode"])
    guard let name = members["program"] else { throw node.fault("'program' is missing") }
    return (try program(name, [.xdp], "an XDP program"), try members["mode"]?.word(XDPMode.self) == .generic)
  }

  private func classifier(_ node: SettingsNode) throws(SettingsError) -> ProgramReference {
    try program(node, [.schedCLS], "a TC classifier")
  }

  // MARK: tcx

  private func links(_ node: SettingsNode) throws(SettingsError) -> [ProgramReference] {
    var order = LinkOrder()
    var known: [ProgramReference] = []
    func number(_ reference: ProgramReference) -> Int {
      if let index = known.firstIndex(of: reference) { return index }
      known.append(reference)
      return known.count - 1
    }
    for element in node.isList ? try node.elements() : [node] {
      var position = LinkOrder.Position.last
      var nameNode = element
      if element.isMapping {
        let members = try element.members(of: ["program", "before", "after", "replace", "first"])
        guard let name = members["program"] else { throw element.fault("'program' is missing") }
        guard members.count <= 2 else {
          throw element.fault("one of 'before', 'after', 'replace' and 'first', no more")
        }
        nameNode = name
        if let other = members["before"] { position = .before(number(try classifier(other))) }
        if let other = members["after"] { position = .after(number(try classifier(other))) }
        if let other = members["replace"] { position = .replacing(number(try classifier(other))) }
        if let node = members["first"], try node.boolean() { position = .first }
      }
      do {
        try order.attach(number(try classifier(nameNode)), at: position)
      } catch let refusal as LinkOrder.Refusal {
        throw element.fault(refusal.reason)
      } catch let error as SettingsError {
        throw error
      } catch {
        throw element.fault("\(error)")
      }
    }
    return order.programs.map { known[$0] }
  }

  // MARK: Filters

  private enum Mode: String, CaseIterable { case da, classic }

  private func filters(_ node: SettingsNode) throws(SettingsError) -> FilterList {
    var list = FilterList()
    for element in node.isList ? try node.elements() : [node] {
      let filter = try filter(element)
      do {
        try list.add(filter)
      } catch {
        throw element.fault(error.reason)
      }
    }
    return list
  }

  private func filter(_ node: SettingsNode) throws(SettingsError) -> Filter {
    guard node.isMapping else { return Filter(program: try classifier(node)) }
    let members = try node.members(of: [
      "program", "prio", "handle", "protocol", "chain", "mode", "classid", "actions",
    ])
    guard let name = members["program"] else { throw node.fault("'program' is missing") }
    var filter = Filter(program: try classifier(name))
    if let node = members["prio"] { filter.priority = try node.number(in: 1...65535) }
    if let node = members["handle"] { filter.handle = try node.number(in: 1...0x7fff_ffff) }
    if let node = members["protocol"] { filter.protocolNumber = try protocolNumber(node) }
    if let node = members["chain"] { filter.chain = try node.number(in: 0...0xfff_ffff) }
    if let node = members["classid"] { filter.classIdentifier = try classIdentifier(node) }
    filter.isDirectAction = try members["mode"]?.word(Mode.self) != .classic
    if let node = members["actions"] {
      guard !filter.isDirectAction else {
        throw node.fault("actions go with 'mode: classic'; in direct action nothing runs them")
      }
      filter.actions = try ActionReader(chain: self).actions(node)
    }
    return filter
  }

  private static let protocols: [String: UInt16] = [
    "all": Filter.everyProtocol, "ip": 0x0800, "ipv4": 0x0800, "ipv6": 0x86dd, "arp": 0x0806, "802.1q": 0x8100,
    "802.1ad": 0x88a8, "mpls": 0x8847, "pppoe": 0x8864,
  ]

  private func protocolNumber(_ node: SettingsNode) throws(SettingsError) -> UInt16 {
    if let known = ChainReader.protocols[try node.text().lowercased()] { return known }
    guard let number = try? node.number(UInt16.self, in: 1...UInt16.max) else {
      let names = ChainReader.protocols.keys.sorted().joined(separator: ", ")
      throw node.fault("'\(try node.text())' is no protocol: \(names), or an EtherType as 0x88b5")
    }
    return number
  }

  /// `MAJOR:MINOR` in hex, or a number.
  func classIdentifier(_ node: SettingsNode) throws(SettingsError) -> UInt32 {
    let parts = try node.text().split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2 {
      let numbers = parts.map { $0.isEmpty ? 0 : UInt16($0, radix: 16) }
      if let major = numbers[0], let minor = numbers[1] { return UInt32(major) << 16 | UInt32(minor) }
      throw node.fault("a class, such as 1:10 in hex, expected")
    }
    return try node.number()
  }

  func target(_ node: SettingsNode) throws(SettingsError) -> String { try device(named: node) }
}

extension LinkOrder.Refusal {
  fileprivate var reason: String {
    switch self {
    case .exists: "the program is attached there already (EEXIST); load its object under a second name to run it twice"
    case .noRelative: "the program that it names is not attached there yet (ENOENT)"
    case .full: "a hook takes \(LinkOrder.maximum) programs at most (ERANGE)"
    }
  }
}

extension FilterList.Refusal {
  fileprivate var reason: String {
    switch self {
    case .otherProtocol(let number):
      "the filters of one prio are for one protocol (EINVAL); the others' is 0x\(String(number, radix: 16))"
    case .exists: "that handle is taken at this prio (EEXIST)"
    case .noPriority: "no prio is left to choose (ENOSPC)"
    }
  }
}
