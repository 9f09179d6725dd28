/// The routing tables of a ``NetworkModel``, made ready for lookups: what fib_lookup and fib6_lookup do.
///
/// Lookups allocate nothing and change nothing.
final class Routing {
  let network: NetworkModel
  /// Seed of the hash that chooses among several next hops.
  let hashSeed: UInt32

  /// Routes by table, longest prefix first. While no rule was ever added, IPv4's main and local table are one (fib_trie_unmerge).
  private var tables: [TableKey: Table] = [:]
  private(set) var entries: [Entry] = []
  private let rules4: [NetworkModel.Rule]
  private let rules6: [NetworkModel.Rule]
  private let hasOwnRules4: Bool
  private let hasOwnRules6: Bool
  private let devices: [UInt32: NetworkModel.Interface]

  private struct TableKey: Hashable {
    var table: UInt32
    var isIPv6: Bool
  }

  private struct Table {
    /// The lengths of its prefixes, longest first.
    var lengths: [Int] = []
    var buckets: [IPPrefix: Range<Int>] = [:]
  }

  /// A route; one for each next hop in IPv6, as there.
  struct Entry {
    var route: NetworkModel.Route
    /// The entries that share the traffic with this one: IPv6.
    var siblings: Range<Int>
    /// The end of each next hop's part of 0..<2^31: `fib_nh_upper_bound`.
    var bounds: [Int32]
  }

  /// What is asked: `struct flowi4` and `flowi6`.
  struct Flow {
    var source: IPAddress
    var destination: IPAddress
    var input: UInt32 = 0
    var output: UInt32 = 0
    var mark: UInt32 = 0
    /// DiffServ's six bits, at the top.
    var service: UInt8 = 0
    /// `flowinfo` in host order: traffic class and flow label.
    var flowInformation: UInt32 = 0
    var transport: UInt8 = 0
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0
  }

  /// What a lookup comes to.
  enum Answer {
    case found(entry: Int, hop: Int)
    /// A negative errno; `EAGAIN` where there is no route.
    case failed(Int32)
  }

  static let noRoute: Int32 = -11

  init(_ network: NetworkModel, seed: UInt64) {
    self.network = network
    var random = RandomState(seed: seed ^ 0x6d70_6174_68)
    hashSeed = network.settings.multipathSeed == 0 ? random.next() | 1 : network.settings.multipathSeed
    devices = Dictionary(network.interfaces.map { ($0.index, $0) }) { first, _ in first }
    func rules(isIPv6: Bool) -> [NetworkModel.Rule] {
      let given = network.rules.filter { $0.isIPv6 == isIPv6 }
      return given.isEmpty ? NetworkModel.Rule.standard(isIPv6: isIPv6) : given
    }
    rules4 = rules(isIPv6: false)
    rules6 = rules(isIPv6: true)
    hasOwnRules4 = rules4 != NetworkModel.Rule.standard(isIPv6: false)
    hasOwnRules6 = rules6 != NetworkModel.Rule.standard(isIPv6: true)
    for (key, routes) in Dictionary(grouping: network.routes, by: tableKey) { add(routes, key) }
  }

  /// The device of that ifindex; nil when there is none.
  func device(_ index: UInt32) -> NetworkModel.Interface? {
    devices.isEmpty ? network.interface(index) : devices[index]
  }

  /// The MAC address of who has `address` on the link of a device; nil when nobody is known to.
  func neighbour(_ address: IPAddress, on interface: UInt32) -> UInt64? {
    // Without a link layer, one neighbour stands for all of IPv4 (__ipv4_neigh_lookup_noref).
    let isShared = !address.isIPv6 && device(interface)?.isPointToPoint == true
    return network.neighbours[
      NetworkModel.Neighbour(
        interface: interface, address: isShared ? .unspecified(isIPv6: false) : address)]
  }

  private func tableKey(_ route: NetworkModel.Route) -> TableKey { key(route.table, route.destination.address.isIPv6) }

  private func key(_ table: UInt32, _ isIPv6: Bool) -> TableKey {
    let isMerged = !isIPv6 && !hasOwnRules4 && table == NetworkModel.Route.local
    return TableKey(table: isMerged ? NetworkModel.Route.main : table, isIPv6: isIPv6)
  }

  private func add(_ routes: [NetworkModel.Route], _ key: TableKey) {
    var table = Table()
    let groups = Dictionary(grouping: routes, by: \.destination)
    table.lengths = Set(groups.keys.map(\.length)).sorted(by: >)
    for (prefix, group) in groups {
      let start = entries.count
      // Stable: what is equal stays in the order of the list.
      for (_, route) in group.enumerated().sorted(by: { Routing.precedes($0, $1) }) {
        key.isIPv6 ? add6(route) : add4(route)
      }
      table.buckets[prefix] = start..<entries.count
    }
    tables[key] = table
  }

  private static func precedes(
    _ left: (offset: Int, element: NetworkModel.Route), _ right: (offset: Int, element: NetworkModel.Route)
  ) -> Bool {
    func order(_ route: NetworkModel.Route) -> (Int, Int, Int, UInt32) {
      if route.destination.address.isIPv6 { return (-(route.from?.length ?? 0), 0, 0, route.metric) }
      return (-Int(route.table), -Int(route.service), 0, route.metric)
    }
    let orders = (order(left.element), order(right.element))
    return orders.0 == orders.1 ? left.offset < right.offset : orders.0 < orders.1
  }

  private func add4(_ route: NetworkModel.Route) {
    entries.append(Entry(route: route, siblings: entries.count..<entries.count + 1, bounds: Self.bounds(route.hops)))
  }

  private func add6(_ route: NetworkModel.Route) {
    let start = entries.count
    let bounds = Self.bounds(route.hops)
    // A route without a device, such as blackhole, leads through the loopback.
    for (index, hop) in (route.hops.isEmpty ? [NetworkModel.Hop(interface: 1)] : route.hops).enumerated() {
      var single = route
      single.hops = [hop]
      let bound = bounds.indices.contains(index) ? [bounds[index]] : [.max]
      entries.append(Entry(route: single, siblings: start..<start + max(route.hops.count, 1), bounds: bound))
    }
  }

  /// `fib_rebalance` and `rt6_multipath_rebalance`.
  private static func bounds(_ hops: [NetworkModel.Hop]) -> [Int32] {
    let total = hops.filter { !$0.isDead }.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
    var sum: UInt64 = 0
    return hops.map { hop in
      if hop.isDead { return -1 }
      sum += UInt64(hop.weight)
      return Int32(truncatingIfNeeded: Int64(truncatingIfNeeded: (sum << 31 &+ total / 2) / max(total, 1)) &- 1)
    }
  }

  // MARK: IPv4 (net/ipv4/fib_trie.c, fib_table_lookup)

  /// The route of one table.
  func lookup4(_ flow: Flow, table: UInt32) -> Answer {
    guard let table = tables[key(table, false)] else { return .failed(Self.noRoute) }
    for length in table.lengths {
      guard let bucket = table.buckets[IPPrefix(flow.destination, length: length)] else { continue }
      for index in bucket {
        if let answer = match4(index, flow) { return answer }
      }
    }
    return .failed(Self.noRoute)
  }

  private func match4(_ index: Int, _ flow: Flow) -> Answer? {
    // The masks of RT_TOS and of DiffServ together.
    let service = entries[index].route.service
    if service != 0, service != flow.service & 0x1c { return nil }
    switch entries[index].route.kind {
    case .blackhole: return .failed(-22)
    case .unreachable: return .failed(-113)
    case .prohibit: return .failed(-13)
    case .throw: return .failed(Self.noRoute)
    case .unicast, .local, .broadcast, .anycast, .multicast: break
    }
    for hop in entries[index].route.hops.indices {
      let candidate = entries[index].route.hops[hop]
      if candidate.isDead || candidate.hasLinkDown && device(candidate.interface)?.ignoresLinkDown4 == true { continue }
      if flow.output != 0, flow.output != candidate.interface { continue }
      return .found(entry: index, hop: hop)
    }
    return nil
  }

  /// The route that the rules lead to (`fib_lookup`).
  func lookup4(_ flow: Flow) -> Answer {
    if hasOwnRules4 { return lookup(flow, rules4) }
    let main = lookup4(flow, table: NetworkModel.Route.main)
    guard case .failed(Self.noRoute) = main else { return main }
    return lookup4(flow, table: NetworkModel.Route.standard)
  }

  // MARK: IPv6 (net/ipv6/route.c, fib6_table_lookup)

  /// The route of one table, through `preferred` where there is a choice; 0 for none.
  func lookup6(_ flow: Flow, table: UInt32, preferred: UInt32) -> Answer {
    guard let table = tables[key(table, true)] else { return .failed(Self.noRoute) }
    for length in table.lengths {
      guard let bucket = table.buckets[IPPrefix(flow.destination, length: length)] else { continue }
      var start = bucket.lowerBound
      while start < bucket.upperBound {
        let from = entries[start].route.from
        var end = start + 1
        while end < bucket.upperBound, entries[end].route.from == from { end += 1 }
        let matches = from?.contains(flow.source) ?? true
        if matches, let entry = select6(start..<end, preferred) { return .found(entry: entry, hop: 0) }
        start = end
        // Where some routes go by the source, those that do not are never reached, but for the default ones
        // (fib6_node_lookup_1, fib6_node_lookup).
        if length > 0, from != nil, start < bucket.upperBound, entries[start].route.from == nil { break }
      }
    }
    return .failed(Self.noRoute)
  }

  /// `find_rr_leaf`: the best of the lowest metric, else the best of the rest.
  private func select6(_ group: Range<Int>, _ preferred: UInt32) -> Int? {
    let metric = entries[group.lowerBound].route.metric
    let end = group.first { entries[$0].route.metric != metric } ?? group.upperBound
    return best6(group.lowerBound..<end, preferred) ?? best6(end..<group.upperBound, preferred)
  }

  private func best6(_ candidates: Range<Int>, _ preferred: UInt32) -> Int? {
    var best: (entry: Int, score: Int)?
    for index in candidates {
      let hop = entries[index].route.hops[0]
      if hop.isDead || hop.hasLinkDown && device(hop.interface)?.ignoresLinkDown6 == true { continue }
      let score = score6(index, preferred)
      if score > best?.score ?? -1 { best = (index, score) }
    }
    return best?.entry
  }

  /// `rt6_score_route`.
  private func score6(_ index: Int, _ preferred: UInt32) -> Int {
    let isPreferred = preferred == 0 || entries[index].route.hops[0].interface == preferred
    let rank =
      switch entries[index].route.preference {
      case .low: 1
      case .medium: 2
      case .high: 3
      }
    return (isPreferred ? 2 : 0) | rank << 2
  }

  /// The route that the rules lead to (`fib6_lookup`).
  func lookup6(_ flow: Flow, preferred: UInt32) -> Answer {
    if hasOwnRules6 { return lookup(flow, rules6, preferred: preferred) }
    let local = lookup6(flow, table: NetworkModel.Route.local, preferred: preferred)
    if case .found = local { return local }
    return lookup6(flow, table: NetworkModel.Route.main, preferred: preferred)
  }

  // MARK: Rules (net/core/fib_rules.c, fib_rules_lookup)

  private func lookup(_ flow: Flow, _ rules: [NetworkModel.Rule], preferred: UInt32 = 0) -> Answer {
    let isIPv6 = flow.destination.isIPv6
    var index = 0
    while index < rules.count {
      let rule = rules[index]
      index += 1
      guard rule.matches(flow) else { continue }
      let answer: Answer
      switch rule.action {
      case .table(let table):
        answer = isIPv6 ? lookup6(flow, table: table, preferred: preferred) : lookup4(flow, table: table)
      case .goTo(let priority):
        // A target that is not there is passed over; targets are ahead.
        if let target = rules[index...].firstIndex(where: { $0.priority >= priority }),
          rules[target].priority == priority
        {
          index = target
        }
        continue
      case .nothing: continue
      case .unreachable: answer = .failed(-101)
      case .prohibit: answer = .failed(-13)
      case .blackhole: answer = .failed(-22)
      }
      switch answer {
      // IPv6 suppresses only where it looks for a whole destination, which these lookups do not (fib6_rule_suppress).
      case .found(let entry, let hop) where !isIPv6 && isSuppressed(entry, hop, by: rule): continue
      case .failed(Self.noRoute): continue
      default: return answer
      }
    }
    return .failed(Self.noRoute)
  }

  /// `fib4_rule_suppress`.
  private func isSuppressed(_ entry: Int, _ hop: Int, by rule: NetworkModel.Rule) -> Bool {
    let route = entries[entry].route
    if let length = rule.suppressedLength, route.destination.length <= length { return true }
    guard let group = rule.suppressedGroup, let first = route.hops.first else { return false }
    return device(first.interface)?.group == group
  }
}

extension NetworkModel.Rule {
  /// `fib_rule_match`, `fib4_rule_match` and `fib6_rule_match`.
  func matches(_ flow: Routing.Flow) -> Bool { selects(flow) != isInverted }

  private func selects(_ flow: Routing.Flow) -> Bool {
    if let input, input != flow.input { return false }
    if let output, output != flow.output { return false }
    if (mark ^ flow.mark) & markMask != 0 || tunnel != 0 || isForVRF { return false }
    // The user is that of the network namespace: root.
    if let users, !users.contains(0) { return false }
    if let to, !to.contains(flow.destination) { return false }
    // Without the lookup flag for it, IPv6 takes no packet to come from anywhere.
    if let from, isIPv6 && flow.output != 0 || !from.contains(flow.source) { return false }
    let service = isIPv6 ? UInt8(truncatingIfNeeded: flow.flowInformation >> 20) : flow.service
    if let differentiatedService, differentiatedService != service >> 2 { return false }
    if self.service != 0, self.service != (isIPv6 ? service & 0xfc : service & 0x1c) { return false }
    if transport != 0, transport != flow.transport { return false }
    if let sourcePorts, !sourcePorts.contains(flow.sourcePort) { return false }
    if let destinationPorts, !destinationPorts.contains(flow.destinationPort) { return false }
    return true
  }
}
