import BPFMachine

/// The words of a line in the syntax of ip(8), such as `default via 192.0.2.254 dev eth0`, or one value of a mapping, read one by
/// one.
struct SettingsWords {
  private let node: SettingsNode
  private let words: [String]
  private var position = 0

  /// The words of a single value; `\` stands for the end of a line in `ip -o`.
  init(_ node: SettingsNode) throws(SettingsError) {
    self.node = node
    var text = ""
    if let broken = Self.brokenLine(node) {
      text = "\(broken.name): \(try broken.value.text())"
    } else {
      text = try node.text()
    }
    words = text.split { $0 == " " || $0 == "\t" || $0 == "\\" || $0 == "\n" }.map(String.init)
  }

  /// A line such as `2001:db8:: dev eth0`, which YAML takes for a mapping of `2001:db8:` to the rest.
  private static func brokenLine(_ node: SettingsNode) -> (name: String, value: SettingsNode)? {
    guard node.isMapping, let members = try? node.members(), members.count == 1, members[0].name.hasSuffix(":") else {
      return nil
    }
    return members[0]
  }

  /// True for a line, false for a mapping.
  static func isLine(_ node: SettingsNode) -> Bool { !node.isMapping || brokenLine(node) != nil }

  /// The next word; nil at the end.
  mutating func next() -> String? {
    guard position < words.count else { return nil }
    position += 1
    return words[position - 1]
  }

  /// The next word, left where it is.
  var peeked: String? { position < words.count ? words[position] : nil }

  /// A fault in this line.
  func fault(_ message: String) -> SettingsError { node.fault(message) }

  private func expected(_ what: String, _ found: String) -> SettingsError {
    node.fault("\(what) expected, found '\(found)'")
  }

  /// The word that must follow `keyword`.
  mutating func value(of keyword: String) throws(SettingsError) -> String {
    guard let word = next() else { throw node.fault("something must follow '\(keyword)'") }
    return word
  }

  mutating func number<Number: FixedWidthInteger>(
    of keyword: String, _ type: Number.Type = Number.self
  ) throws(SettingsError) -> Number {
    let word = try value(of: keyword)
    guard let number = Self.number(word, type) else { throw expected("a number for \(keyword)", word) }
    return number
  }

  static func number<Number: FixedWidthInteger>(_ word: String, _ type: Number.Type) -> Number? {
    word.hasPrefix("0x") ? Number(word.dropFirst(2), radix: 16) : Number(word)
  }

  /// A range such as `80-90`, or a single number.
  mutating func range<Number: FixedWidthInteger>(
    of keyword: String, _ type: Number.Type = Number.self
  ) throws(SettingsError) -> ClosedRange<Number> {
    let word = try value(of: keyword)
    let ends = word.split(separator: "-").compactMap { Self.number(String($0), type) }
    guard let first = ends.first, let last = ends.last, ends.count <= 2, first <= last else {
      throw expected("a number or a range for \(keyword)", word)
    }
    return first...last
  }

  mutating func address(of keyword: String) throws(SettingsError) -> IPAddress {
    let word = try value(of: keyword)
    guard let address = NetworkAddress.bytes(word).flatMap({ IPAddress($0) }) else {
      throw expected("an IPv4 or IPv6 address for \(keyword)", word)
    }
    return address
  }

  func prefix(_ word: String) throws(SettingsError) -> IPPrefix {
    if let prefix = NetworkAddress.prefix(word), let address = IPAddress(prefix.bytes) {
      return IPPrefix(address, length: Int(prefix.length))
    }
    guard let address = NetworkAddress.bytes(word).flatMap({ IPAddress($0) }) else {
      throw expected("a prefix, such as 192.0.2.0/24,", word)
    }
    return IPPrefix(address, length: address.bitCount)
  }

  /// A prefix; nil for `all`, `any` and `default`.
  mutating func selector(of keyword: String) throws(SettingsError) -> IPPrefix? {
    let word = try value(of: keyword)
    return ["all", "any", "default"].contains(word) ? nil : try prefix(word)
  }

  mutating func linkAddress(of keyword: String) throws(SettingsError) -> UInt64 {
    let word = try value(of: keyword)
    guard let bytes = NetworkAddress.bytes(word), bytes.count == 6 else {
      throw expected("a MAC address, such as 02:00:00:00:00:01,", word)
    }
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The ifindex of the device named next.
  mutating func device(of keyword: String, in network: NetworkModel) throws(SettingsError) -> UInt32 {
    let word = try value(of: keyword)
    if let interface = network.interface(named: word) { return interface.index }
    if let index = UInt32(word), network.interface(index) != nil { return index }
    let names = network.interfaces.map(\.name).joined(separator: ", ")
    throw node.fault(
      names.isEmpty
        ? "there are no interfaces by name; list '\(word)' under interfaces, or give its number"
        : "there is no interface '\(word)', but \(names)")
  }

  /// The number of the table named next.
  mutating func table(of keyword: String) throws(SettingsError) -> UInt32 {
    let word = try value(of: keyword)
    switch word {
    case "main": return NetworkModel.Route.main
    case "local": return NetworkModel.Route.local
    case "default": return NetworkModel.Route.standard
    default:
      guard let number = Self.number(word, UInt32.self) else {
        throw expected("main, local, default or the number of a table", word)
      }
      return number
    }
  }

  /// `RT_SCOPE_*`.
  mutating func scope(of keyword: String) throws(SettingsError) -> UInt8 {
    let word = try value(of: keyword)
    let names: [String: UInt8] = ["global": 0, "universe": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255]
    guard let scope = names[word] ?? Self.number(word, UInt8.self) else {
      throw expected("global, link or host", word)
    }
    return scope
  }

  /// Numbers of transport protocols that are known by name.
  static let transports: [String: UInt8] = [
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "ipv6-icmp": 58,
    "sctp": 132,
  ]

  mutating func transport(of keyword: String) throws(SettingsError) -> UInt8 {
    let word = try value(of: keyword)
    guard let number = Self.transports[word] ?? Self.number(word, UInt8.self) else {
      throw expected("tcp, udp, … or a number", word)
    }
    return number
  }
}
