import BPFMachine
import Subprocess
import SystemPackage

/// The network of a running system as sections of an options file: devices, addresses, routes, rules, neighbours and the sysctls
/// that helpers ask. What ip(8) prints is kept as it is, but for words that say nothing.
public struct NetworkSnapshot: Sendable {
  /// YAML for ``OptionsFile``.
  public let text: String

  /// Asks ip(8) and /proc/sys.
  /// - Parameter namespace: A network namespace by its name of `ip netns`; nil for this process's own.
  /// - Throws: ``SnapshotError`` where there is no ip(8), or it fails.
  public init(namespace: String? = nil) async throws(SnapshotError) {
    let prefix = namespace.map { ["netns", "exec", $0] }
    func ip(_ arguments: String...) async throws(SnapshotError) -> String {
      try await Self.run("ip", (prefix.map { $0 + ["ip"] } ?? []) + arguments)
    }
    let links = try await ip("-j", "-d", "addr")
    let interfaces: [NetworkModel.Interface]
    do {
      var configuration = MachineConfiguration()
      try OptionsFile(parsing: Array("{\"interfaces\": \(links)}".utf8), file: "ip -j -d addr")
        .apply(to: &configuration)
      interfaces = configuration.network.interfaces
    } catch {
      throw SnapshotError(message: "\(error)")
    }
    let paths = Self.controls(interfaces.map(\.name))
    let grep = ["-sH", ""] + paths
    let values =
      namespace == nil
      ? try await Self.run("grep", grep, allowsFailure: true)
      : try await Self.run("ip", (prefix ?? []) + ["grep"] + grep, allowsFailure: true)
    var lines = ["interfaces:"] + interfaces.flatMap(Self.lines)
    lines += Self.section("sysctl", Self.controlLines(values))
    let tables = Self.tableNumbers(try await Self.run("cat", Self.tableFiles, allowsFailure: true))
    let routes4 = try await ip("-4", "-o", "-d", "route", "show", "table", "all")
    let routes6 = try await ip("-6", "-o", "-d", "route", "show", "table", "all")
    lines += Self.section(
      "routes",
      routes4.split(separator: "\n").map { "- " + Self.quoted(Self.route($0, tables, isIPv6: false)) }
        + routes6.split(separator: "\n").map { "- " + Self.quoted(Self.route($0, tables, isIPv6: true)) })
    let rules = (try await ip("-4", "rule"), try await ip("-6", "rule"))
    lines.append("rules:")
    lines += Self.section("  ipv4", rules.0.split(separator: "\n").map { "- " + Self.rule($0, tables) })
    lines += Self.section("  ipv6", rules.1.split(separator: "\n").map { "- " + Self.rule($0, tables) })
    let neighbours4 = try await ip("-4", "neigh", "show", "nud", "all")
    let neighbours6 = try await ip("-6", "neigh", "show", "nud", "all")
    lines += Self.section(
      "neighbours",
      (neighbours4 + neighbours6).split(separator: "\n").map {
        "- " + Self.quoted(Self.words($0).joined(separator: " "))
      })
    let listed = try? await Self.run(
      namespace == nil ? "ss" : "ip", (prefix.map { $0 + ["ss"] } ?? []) + ["-Htunae"])
    lines += Self.section(
      "sockets", (listed ?? "").split(separator: "\n").map { "- '\(Self.words($0).joined(separator: " "))'" })
    text = lines.joined(separator: "\n") + "\n"
  }

  /// The network as helpers of a simulated machine find it.
  public var network: NetworkModel {
    get throws(SettingsError) {
      var configuration = MachineConfiguration()
      try OptionsFile(parsing: Array(text.utf8), file: "snapshot").apply(to: &configuration)
      return configuration.network
    }
  }

  private static func run(
    _ name: String, _ arguments: [String], allowsFailure: Bool = false
  ) async throws(SnapshotError) -> String {
    do {
      let result = try await Subprocess.run(
        .name(name), arguments: Arguments(arguments), output: .string(limit: 256 << 20), error: .string(limit: 1 << 20))
      guard result.terminationStatus.isSuccess || allowsFailure else {
        let reason = result.standardError.split(separator: "\n").first.map(String.init) ?? "it failed"
        throw SnapshotError(message: "\(name) \(arguments.joined(separator: " ")): \(reason)")
      }
      return result.standardOutput
    } catch let error as SnapshotError {
      throw error
    } catch {
      throw SnapshotError(message: "\(name) cannot be run; install iproute2, or run 'verdict snapshot' where it is")
    }
  }

  // MARK: Interfaces

  private static func lines(_ interface: NetworkModel.Interface) -> [String] {
    var lines = ["  - name: \(interface.name)", "    index: \(interface.index)"]
    if interface.headerLength == 14 {
      let bytes = (0..<6).map { UInt8(truncatingIfNeeded: interface.linkAddress >> (40 - 8 * UInt64($0))) }
      lines.append("    mac: \(NetworkAddress.text(bytes) ?? "")")
    } else {
      lines.append("    header: \(interface.headerLength)")
    }
    lines.append("    mtu: \(interface.mtu)")
    var flags: [String] = []
    if interface.isUp { flags.append("UP") }
    if interface.isLoopback { flags.append("LOOPBACK") }
    if interface.isPointToPoint, !interface.isLoopback { flags.append("POINTOPOINT") }
    lines.append("    flags: [\(flags.joined(separator: ", "))]")
    lines += section("    addresses", interface.addresses.map { "- " + text($0) })
    return lines
  }

  private static func text(_ address: NetworkModel.Interface.Address) -> String {
    var text = "\(NetworkAddress.text(address.address.bytes) ?? "")/\(address.length)"
    if let broadcast = address.broadcast { text += " brd \(NetworkAddress.text(broadcast.bytes) ?? "")" }
    if address.scope != 0 {
      text += " scope \(address.scope == 253 ? "link" : address.scope == 254 ? "host" : "\(address.scope)")"
    }
    if address.isSecondary { text += " secondary" }
    if address.isDeprecated { text += " deprecated" }
    if address.isTentative { text += " tentative" }
    return text
  }

  private static func section(_ name: String, _ items: [String]) -> [String] {
    let indent = String(repeating: " ", count: name.prefix { $0 == " " }.count + 2)
    return items.isEmpty ? [] : ["\(name):"] + items.map { indent + $0 }
  }

  // MARK: sysctl

  private static func controls(_ devices: [String]) -> [String] {
    let general = [
      "ipv4/ip_forward_use_pmtu", "ipv4/fib_multipath_hash_policy", "ipv6/fib_multipath_hash_policy",
      "ipv4/fib_multipath_hash_seed", "ipv4/fib_multipath_use_neigh", "ipv4/tcp_syncookies",
    ]
    let own = devices.flatMap { device in
      [
        "ipv4/conf/\(device)/forwarding", "ipv4/conf/\(device)/ignore_routes_with_linkdown",
        "ipv6/conf/\(device)/forwarding", "ipv6/conf/\(device)/ignore_routes_with_linkdown", "ipv6/conf/\(device)/mtu",
      ]
    }
    return (general + own).map { "/proc/sys/net/\($0)" }
  }

  /// `/proc/sys/net/ipv4/conf/eth0/forwarding:1` as `net.ipv4.conf.eth0.forwarding: 1`.
  private static func controlLines(_ text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      guard let colon = line.lastIndex(of: ":") else { return nil }
      let name = line[..<colon].dropFirst("/proc/sys/".count).replacing("/", with: ".")
      return "\(name): \(line[line.index(after: colon)...])"
    }
  }

  // MARK: What ip(8) prints

  /// Where ip(8) has the names of tables from.
  private static let tableFiles = ["/etc/iproute2/rt_tables", "/usr/share/iproute2/rt_tables"]

  /// The numbers of tables by their names, but for the kernel's own.
  private static func tableNumbers(_ text: String) -> [String: String] {
    var numbers: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = words(line)
      guard words.count >= 2, let number = UInt32(words[0]), !(253...255).contains(number) else { continue }
      numbers[words[1]] = words[0]
    }
    return numbers
  }

  /// An address that ends with `::` would begin a mapping.
  private static func quoted(_ line: String) -> String { line.contains(": ") ? "'\(line)'" : line }

  private static func words(_ line: Substring) -> [String] {
    line.split { $0 == " " || $0 == "\t" || $0 == "\\" }.map(String.init)
  }

  /// Without what goes without saying: unicast, the main table, who made it unless it was the kernel, scope 0, pref medium.
  private static func route(_ line: Substring, _ tables: [String: String], isIPv6: Bool) -> String {
    var kept: [String] = []
    var words = words(line)[...]
    if words.first == "unicast" { words.removeFirst() }
    while let word = words.popFirst() {
      let next = words.first ?? ""
      switch (word, next) {
      case ("table", "main"), ("scope", "global"), ("pref", "medium"), ("weight", "1"): words.removeFirst()
      case ("table", _):
        words.removeFirst()
        kept += [word, tables[next] ?? next]
      case ("default", _): kept.append(isIPv6 ? "::/0" : word)
      case ("proto", _):
        words.removeFirst()
        if next == "kernel" { kept += [word, "kernel"] }
      default: kept.append(word)
      }
    }
    return kept.joined(separator: " ")
  }

  private static func rule(_ line: Substring, _ tables: [String: String]) -> String {
    var kept: [String] = []
    var words = words(line)[...]
    while let word = words.popFirst() {
      kept.append(word)
      if word == "lookup", let table = words.popFirst() { kept.append(tables[table] ?? table) }
      if word == "proto" {
        kept.removeLast()
        words = words.dropFirst()
      }
    }
    return kept.joined(separator: " ")
  }
}

/// A snapshot that could not be taken.
public struct SnapshotError: Error, Hashable, Sendable {
  /// What failed and what to do, in one line.
  public var message: String

  package init(message: String) { self.message = message }
}
