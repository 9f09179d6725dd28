import BPFMachine
import Foundation
import Testing

@testable import VerdictReport

@Suite("Networks in options files")
struct NetworkSettingsTests {
  private func network(_ text: String) throws -> NetworkModel { try configuration(text).network }

  private func configuration(_ text: String) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(text.utf8), file: "net.yaml").apply(to: &configuration)
    return configuration
  }

  private static let interfaces = """
    interfaces:
      - name: eth0
        mac: 02:00:00:00:00:01
        addresses: [192.0.2.1/24, '2001:db8::1/64']
      - {name: tun0, index: 7, header: 0, mtu: 1400, forwarding: {ipv4: false}, flags: [UP, POINTOPOINT]}

    """

  @Test("a route is the same as a line of ip(8), as a mapping by hand and as JSON of ip(8)")
  func forms() throws {
    let lines =
      Self.interfaces + """
        routes:
          - default via 192.0.2.254
          - 10.0.0.0/8 via 192.0.2.253 dev eth0 metric 10 mtu lock 1400 src 192.0.2.1 table 100
          - blackhole 10.4.0.0/16
          - 10.2.0.0/16 nexthop via 192.0.2.2 weight 2 nexthop dev tun0
          - 10.3.0.0/16 via inet6 2001:db8::9
          - 2001:db8:: dev eth0 metric 5 pref high
        """
    let mappings =
      Self.interfaces + """
        routes:
          - {to: default, via: 192.0.2.254, dev: eth0}
          - {to: 10.0.0.0/8, via: 192.0.2.253, dev: eth0, metric: 10, mtu: lock 1400, src: 192.0.2.1, table: 100}
          - {type: blackhole, to: 10.4.0.0/16}
          - to: 10.2.0.0/16
            nexthops: [{via: 192.0.2.2, weight: 2}, {dev: tun0}]
          - {to: 10.3.0.0/16, via: '2001:db8::9'}
          - {to: '2001:db8::', dev: eth0, metric: 5, pref: high}
        """
    let json =
      Self.interfaces + """
        routes: [
          {"dst":"default","gateway":"192.0.2.254","dev":"eth0","protocol":"dhcp","flags":[]},
          {"dst":"10.0.0.0/8","gateway":"192.0.2.253","dev":"eth0","table":"100","prefsrc":"192.0.2.1","metric":10,
           "flags":["onlink"],"metrics":[{"mtu":"lock 1400"}]},
          {"type":"blackhole","dst":"10.4.0.0/16","flags":[]},
          {"dst":"10.2.0.0/16","flags":[],"nexthops":[{"gateway":"192.0.2.2","dev":"eth0","weight":2,"flags":[]},
           {"dev":"tun0","weight":1,"flags":[]}]},
          {"dst":"10.3.0.0/16","via":{"family":"inet6","host":"2001:db8::9"},"dev":"eth0","flags":[]},
          {"dst":"2001:db8::","dev":"eth0","metric":5,"flags":[],"pref":"high"}]
        """
    let routes = try network(lines).routes
    #expect(try network(mappings).routes == routes)
    #expect(try network(json).routes == routes)
    let given = routes.filter { !$0.isOfKernel }
    #expect(given.count == 6)
    #expect(given[1].isMTULocked && given[1].mtu == 1400 && given[1].table == 100)
    #expect(given[3].hops.map(\.interface) == [2, 7] && given[3].hops.map(\.weight) == [2, 1])
  }

  @Test("a socket is the same as a line of ss(8) and as a mapping")
  func sockets() throws {
    let lines = try network(
      Self.interfaces + """
        sockets:
          - tcp LISTEN 0 128 127.0.0.1:80 0.0.0.0:* ino:3 sk:1f cgroup:/a/b <->
          - tcp ESTAB 0 0 192.0.2.1:80 198.51.100.7:4000 uid:1000 timer:(keepalive,1min,0) fwmark:0x7
          - udp UNCONN 0 0 127.0.0.53%eth0:53 0.0.0.0:*
          - 'tcp LISTEN 0 128 *:81 *:* v6only:0 <->'
          - 'tcp TIME-WAIT 0 0 [2001:db8::1]:80 [2001:db8::9]:5000'
        """
    ).sockets
    let mappings = try network(
      Self.interfaces + """
        sockets:
          - {protocol: tcp, local: '127.0.0.1:80', cookie: 0x1f, cgroup: /a/b}
          - {protocol: tcp, local: '192.0.2.1:80', remote: '198.51.100.7:4000', uid: 1000, mark: 7}
          - {protocol: udp, local: '127.0.0.53:53', dev: eth0}
          - {protocol: tcp, local: '[::]:81', state: listen}
          - {protocol: tcp, local: '[2001:db8::1]:80', remote: '[2001:db8::9]:5000', state: time-wait}
        """
    ).sockets
    #expect(lines == mappings)
    #expect(lines.map(\.state) == [.listen, .established, .closed, .listen, .timeWait])
  }

  @Test("a cgroup has the id that is given, and the running task is in the one that is named")
  func cgroups() throws {
    let groups = try configuration(
      "cgroups:\n  - {path: /a, id: 10, classid: 0x10001}\n  - {path: /a/b, id: 20}\ncgroup: /a/b\n"
    ).cgroups
    #expect(groups.groups["/a"] == CgroupModel.Group(id: 10, classIdentifier: 0x10001))
    #expect(groups.current == "/a/b")
  }

  @Test("rules add to the kernel's own, unless there is one for the local table")
  func rules() throws {
    let added = try network(Self.interfaces + "rules:\n  - fwmark 0x10/0xff lookup 100 priority 50\n").rules
    #expect(added.map(\.priority) == [0, 50, 32766, 32767])
    let whole = try network(
      Self.interfaces + "rules:\n  ipv4:\n    - 100: from all lookup local\n    - 200: from 10.0.0.0/8 lookup main\n"
    ).rules
    #expect(whole.map(\.priority) == [100, 200])
    #expect(
      try network(Self.interfaces + "rules: [{priority: 5, src: '2001:db8::', srclen: 32, table: 7}]\n").rules
        .allSatisfy(\.isIPv6))
  }

  @Test("frames come in by the first device that is no loopback, or by the one that is named")
  func ingress() throws {
    #expect(try configuration(Self.interfaces).ingressInterface == 2)
    #expect(try configuration(Self.interfaces + "machine: {interface: tun0}\n").ingressInterface == 7)
    #expect(try configuration(Self.interfaces + "machine: {interface: 7}\n").ingressInterface == 7)
  }

  @Test(
    "a fault is named with its place",
    arguments: [
      ("routes: [10.0.0.0/8 via 192.0.2.254 dev eth9]", 8, "there is no interface 'eth9', but lo, eth0, tun0"),
      ("routes: [10.0.0.0/8 via 10.1.1.1]", 8, "a route needs 'dev'"),
      ("routes: [10.0.0.0/99 dev eth0]", 8, "a prefix, such as 192.0.2.0/24, expected, found '10.0.0.0/99'"),
      ("routes: [10.0.0.0/8 dev eth0 speed 3]", 8, "'speed' is no word of a route"),
      ("routes: [10.0.0.0/8]", 8, "a route needs 'via' or 'dev'"),
      ("rules: [from 10.0.0.0/8 to 2001:db8::/32 lookup 7]", 8, "of different families"),
      ("rules: [{sport_start: 9, sport_end: 5}]", 8, "a whole number from 9 to 65535 expected, found '5'"),
      ("rules: [{uid_end: 5, uid_start: 9}]", 8, "a whole number from 0 to 5 expected, found '9'"),
      ("rules: [lookup vpn]", 8, "main, local, default or the number of a table expected, found 'vpn'"),
      ("neighbours: [192.0.2.9 dev eth0]", 8, "a neighbour needs 'lladdr'"),
      ("neighbours: [192.0.2.9 dev eth0 lladdr 02:00 STALE]", 8, "a MAC address"),
      ("sysctl: {net.ipv4.conf.eth7.forwarding: 1}", 8, "there is no interface 'eth7'"),
      ("sysctl: {net.ipv4.tcp_sack: 1}", 8, "is no sysctl that helpers ask"),
      ("sockets: [{protocol: tcp}]", 8, "a socket needs 'local'"),
      ("sockets: [{protocol: tcp, local: 192.0.2.1}]", 8, "an address and a port expected"),
      ("sockets: [raw UNCONN 0 0 0.0.0.0:1 0.0.0.0:*]", 8, "tcp or udp expected, found 'raw'"),
      ("sockets: [{local: '192.0.2.1:80', speed: 3}]", 8, "a socket has protocol, local, remote"),
      ("sockets: [{local: '192.0.2.1:80', tcp: {cwnd: 3}}]", 8, "struct bpf_tcp_sock has no 'cwnd'"),
      ("cgroup: system.slice", 8, "the path of a cgroup expected"),
      ("machine: {interface: eth7}", 8, "there is no interface 'eth7', but lo (1), eth0 (2), tun0 (7)"),
    ])
  func faults(_ text: String, line: Int, message: String) throws {
    let error = #expect(throws: SettingsError.self) { try network(Self.interfaces + text) }
    let found = try #require(error)
    #expect(found.line == Self.interfaces.split(separator: "\n").count + 1)
    #expect(found.description.contains(message), "\(found)")
  }

  /// Lines of the recorded snapshots that the kernel made for addresses are left out, and are made from the addresses here.
  @Test("the routes that addresses bring are the kernel's", arguments: NetworkTests.names)
  func kernelRoutes(name: String) throws {
    let recording = try NetworkRecording.load(name)
    let kept = recording.options.filter { !$0.contains("proto kernel") }
    #expect(kept.count < recording.options.count)
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(kept.joined(separator: "\n").utf8), file: name).apply(to: &configuration)
    let simulator = SimulatorRespondent(configuration)
    for question in recording.questions { #expect(try simulator.answer(question) == question.answer) }
  }

  @Test(
    "what ip(8) prints as JSON says the same as a snapshot",
    .enabled(if: NetworkNamespace.obstacle == nil, "\(NetworkNamespace.obstacle ?? "")"), arguments: NetworkTests.names)
  func printedJSON(name: String) async throws {
    let namespace = try NetworkNamespace(try NetworkTests.setup(name).lines)
    func ip(_ arguments: String) throws -> String { try namespace.output("ip -j \(arguments)") }
    let json = """
      {"interfaces": \(try ip("-d addr")), "routes": \(try ip("route show table all")),
       "rules": {"ipv4": \(try ip("rule")), "ipv6": \(try ip("-6 rule"))}, "neighbours": \(try ip("neigh show nud all"))}
      """
    var printed = try network(json)
    var taken = try network(try await NetworkSnapshot(namespace: namespace.name).text)
    // JSON does not tell a locked MTU.
    for index in taken.routes.indices {
      taken.routes[index].isMTULocked = false
      for hop in taken.routes[index].hops.indices { taken.routes[index].hops[hop].tunnelHeader = 0 }
    }
    for index in printed.routes.indices {
      for hop in printed.routes[index].hops.indices { printed.routes[index].hops[hop].tunnelHeader = 0 }
    }
    #expect(Set(printed.routes) == Set(taken.routes))
    #expect(printed.rules == taken.rules)
    #expect(printed.neighbours.count == taken.neighbours.count)
    #expect(printed.lostNeighbours == taken.lostNeighbours)
    #expect(printed.interfaces.map(\.addresses) == taken.interfaces.map(\.addresses))
  }
}
