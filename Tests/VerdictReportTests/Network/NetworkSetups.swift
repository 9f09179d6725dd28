/// Networks in which questions are asked, each made by ip(8) in a namespace of its own.
struct NetworkSetup {
  var name: String
  var lines: [String]
  /// What questions are made of.
  var devices: [UInt32] = [10, 10, 20, 11, 1, 99]
  var destinations: [String]
  var sources: [String]
  var tables: [UInt32] = [254, 255, 253, 100, 7, 102]
  var marks: [UInt32] = [0, 0x10, 0x7f, 0x110]
  var lengths: [UInt16] = [0, 0, 100, 1280, 1300, 1301, 1400, 1401, 1500, 1501, 9000, 65535]

  /// Two links, with devices 10 and 20 on this side.
  private static let links = [
    "ip link set lo up",
    "ip link add v0 index 10 address 02:00:00:00:00:10 type veth peer name v1 index 11 address 02:00:00:00:00:11",
    "ip link add v2 index 20 address 02:00:00:00:00:20 type veth peer name v3 index 21 address 02:00:00:00:00:21",
    "for d in v0 v1 v2 v3; do ip link set $d addrgenmode none; ip link set $d up; done",
    "ip addr add 192.0.2.1/24 dev v0",
    "ip addr add 198.51.100.1/24 brd + dev v2",
    "ip addr add 2001:db8::1/64 dev v0 nodad",
    "ip addr add 2001:db8:ff::1/64 dev v2 nodad",
  ]
  private static let forwarding = [
    "for f in 4 6; do for d in lo v0 v1 v2; do echo 1 > /proc/sys/net/ipv$f/conf/$d/forwarding; done; done"
  ]
  private static let neighbours = [
    "ip neigh add 192.0.2.254 lladdr 02:aa:00:00:00:fe dev v0 nud permanent",
    "ip neigh add 192.0.2.253 lladdr 02:aa:00:00:00:fd dev v0 nud permanent",
    "ip neigh add 192.0.2.9 lladdr 02:aa:00:00:00:09 dev v0 nud permanent",
    "ip neigh add 192.0.2.250 dev v0 nud failed",
    "ip neigh add 198.51.100.2 lladdr 02:aa:00:00:01:02 dev v2 nud permanent",
    "ip neigh add 198.51.100.254 lladdr 02:aa:00:00:01:fe dev v2 nud permanent",
    "ip neigh add 2001:db8::2 lladdr 02:aa:00:00:06:02 dev v0 nud permanent",
    "ip neigh add 2001:db8::99 lladdr 02:aa:00:00:06:99 dev v0 nud permanent",
    "ip neigh add fe80::1 lladdr 02:aa:00:00:06:01 dev v0 nud permanent",
    "ip neigh add 2001:db8:ff::2 lladdr 02:aa:00:00:07:02 dev v2 nud permanent",
    "ip neigh add 10.9.1.1 lladdr 02:aa:00:00:09:01 dev v0 nud permanent",
  ]

  static let all = [basic, rules, settings, multipath, multipathPorts, sources]

  static let basic = NetworkSetup(
    name: "routes",
    lines: links + forwarding + neighbours + [
      "ip route add default via 192.0.2.254",
      "ip route add 10.0.0.0/8 via 192.0.2.253 metric 10 mtu lock 1400",
      "ip route add 10.0.0.0/8 via 198.51.100.254 metric 20",
      "ip route add 10.1.0.0/16 via 192.0.2.253 metric 10 mtu 1300 src 192.0.2.1",
      "ip route add 10.3.0.0/16 via inet6 2001:db8::99 dev v0",
      "ip route add 10.3.1.0/24 via inet6 2001:db8::98 dev v0",
      "ip route add blackhole 10.4.0.0/16",
      "ip route add unreachable 10.5.0.0/16",
      "ip route add prohibit 10.6.0.0/16",
      "ip route add throw 10.7.0.0/16",
      "ip route add 10.8.0.0/16 encap seg6 mode encap segs fc00::1 dev v0",
      "ip route add 10.9.0.0/16 dev v0",
      "ip route add 10.9.0.0/16 dev v2 tos 0x10",
      "ip route add 10.10.0.0/16 via 192.0.2.250",
      "ip route add 10.11.0.0/16 via 192.0.2.77",
      "ip route add 172.16.0.0/12 via 198.51.100.2 table 100",
      "ip route add 10.20.0.0/16 via 198.51.100.2 table 7 metric 77",
      "ip -6 route add default via 2001:db8::2",
      "ip -6 route add 2001:db8:1::/48 via fe80::1 dev v0 metric 5 mtu lock 1400",
      "ip -6 route add 2001:db8:1::/48 via 2001:db8:ff::2 dev v2 metric 6",
      "ip -6 route add 2001:db8:2::/48 via 2001:db8::99 mtu 1300",
      "ip -6 route add blackhole 2001:db8:3::/48",
      "ip -6 route add unreachable 2001:db8:4::/48",
      "ip -6 route add prohibit 2001:db8:5::/48",
      "ip -6 route add 2001:db8:6::/48 dev v0",
      "ip -6 route add 2001:db8:6::/48 from 2001:db8:aa::/48 via 2001:db8:ff::2",
      "ip -6 route add 2001:db8:7::/48 via 2001:db8::77",
      "ip -6 route add 2001:db8:8::/48 encap seg6 mode encap segs fc00::1 dev v0",
      "ip -6 route add 2001:db8:9::/48 dev v0 metric 300 pref low",
      "ip -6 route append 2001:db8:9::/48 dev v2 metric 300 pref high",
      "ip -6 route add 2001:db8:a::/48 dev v0 metric 300",
      "ip -6 route append 2001:db8:a::/48 dev v2 metric 300",
      "ip -6 route add 2001:db8:b::/48 via 2001:db8:ff::2 table 100",
      "ip -6 route add default from 2001:db8:aa::/48 via 2001:db8:ff::2 table 102",
      "ip -6 route add default via 2001:db8::2 table 102",
      "ip -6 route add 2001:db8:c::/48 from 2001:db8:aa::/48 via 2001:db8::99",
      "ip -6 route add 2001:db8:d::/48 encap seg6 mode inline segs fc00::1,fc00::2 dev v0",
    ],
    destinations: [
      "8.8.8.8", "10.0.0.1", "10.1.2.3", "10.3.0.9", "10.3.1.9", "10.4.0.1", "10.5.0.1", "10.6.0.1", "10.7.0.1",
      "10.8.0.1", "10.9.1.1", "10.10.0.1", "10.11.0.1", "10.20.0.1", "172.16.5.5", "192.0.2.1", "192.0.2.9",
      "192.0.2.200", "192.0.2.255", "192.0.2.0", "198.51.100.2", "198.51.100.255", "127.0.0.1", "224.0.0.5",
      "255.255.255.255", "0.0.0.0",
      "2001:db8::1", "2001:db8::99", "2001:db8::", "2001:db8:1::5", "2001:db8:2::5", "2001:db8:3::5", "2001:db8:4::5",
      "2001:db8:5::5", "2001:db8:6::5", "2001:db8:7::5", "2001:db8:8::5", "2001:db8:9::5", "2001:db8:a::5",
      "2001:db8:b::5",
      "2001:db8:c::5", "2001:db8:d::5", "2001:db8:ff::2", "2600::1", "fe80::1", "ff02::1", "::1", "::",
      "::ffff:192.0.2.9",
    ],
    sources: [
      "192.0.2.9", "203.0.113.5", "0.0.0.0", "127.0.0.1", "2001:db8:aa::1", "2001:db8::5", "fe80::5", "::", "::1",
    ])

  static let rules = NetworkSetup(
    name: "rules",
    lines: links + forwarding + neighbours + [
      "ip route add default via 192.0.2.254",
      "ip route add 10.0.0.0/8 via 198.51.100.254 metric 20",
      "ip route add 172.16.0.0/12 via 198.51.100.2 table 100",
      "ip route add throw 172.17.0.0/16 table 100",
      "ip route add default via 198.51.100.2 table 101",
      "ip route add blackhole 10.4.0.0/16",
      "ip route add 10.30.0.0/16 via 198.51.100.2 table 255",
      "ip rule add fwmark 0x10/0xff lookup 101 priority 900",
      "ip rule add from 203.0.113.0/24 lookup 100 priority 1000",
      "ip rule add to 10.40.0.0/16 blackhole priority 1001",
      "ip rule add to 10.41.0.0/16 unreachable priority 1002",
      "ip rule add to 10.42.0.0/16 prohibit priority 1003",
      "ip rule add iif v2 lookup 101 priority 1004",
      "ip rule add to 10.43.0.0/16 ipproto tcp dport 80-90 lookup 101 priority 1005",
      "ip rule add to 10.44.0.0/16 sport 5000 lookup 101 priority 1006",
      "ip rule add not to 10.0.0.0/8 from 192.0.2.9 prohibit priority 1007",
      "ip rule add to 10.45.0.0/16 goto 2000 priority 1008",
      "ip rule add to 10.45.0.0/16 prohibit priority 1009",
      "ip rule add tos 0x10 to 10.46.0.0/16 lookup 101 priority 1010",
      "ip rule add lookup main suppress_prefixlength 0 priority 1011",
      "ip rule add to 10.47.0.0/16 uidrange 0-0 lookup 101 priority 1012",
      "ip rule add to 10.48.0.0/16 uidrange 1000-2000 prohibit priority 1013",
      "ip rule add to 10.49.0.0/16 oif v0 lookup 101 priority 1014",
      "ip rule add to 10.50.0.0/16 iif gone prohibit priority 1015",
      "ip rule add nop priority 2000",
      "ip -6 route add default via 2001:db8::2",
      "ip -6 route add 2001:db8:40::/44 via 2001:db8:ff::2 table 100",
      "ip -6 route add default via 2001:db8:ff::2 table 101",
      "ip -6 rule add from 2001:db8:aa::/48 lookup 100 priority 900",
      "ip -6 rule add fwmark 0x10/0xff lookup 101 priority 901",
      "ip -6 rule add to 2001:db8:50::/48 blackhole priority 902",
      "ip -6 rule add to 2001:db8:51::/48 unreachable priority 903",
      "ip -6 rule add to 2001:db8:52::/48 prohibit priority 904",
      "ip -6 rule add to 2001:db8:53::/48 ipproto udp dport 53 lookup 101 priority 905",
      "ip -6 rule add to 2001:db8:54::/48 tos 0x10 lookup 101 priority 906",
      "ip -6 rule add lookup main suppress_prefixlength 0 priority 907",
      "ip -6 rule add to 2001:db8:55::/48 lookup 101 priority 908",
      "ip -6 rule add to 2001:db8:56::/48 iif v2 lookup 101 priority 899",
      "ip -6 rule add to 2001:db8:57::/48 oif v0 lookup 101 priority 898",
    ],
    destinations: [
      "8.8.8.8", "10.0.0.1", "10.4.0.1", "10.30.0.1", "10.40.0.1", "10.41.0.1", "10.42.0.1", "10.43.0.1", "10.43.0.1",
      "10.44.0.1", "10.44.0.1", "10.45.0.1", "10.46.0.1", "10.46.0.1", "10.47.0.1", "10.48.0.1", "10.49.0.1",
      "10.50.0.1",
      "172.16.5.5", "172.17.0.1", "192.0.2.9", "192.0.2.1", "198.51.100.2",
      "2001:db8::99", "2001:db8:41::1", "2001:db8:50::1", "2001:db8:51::1", "2001:db8:52::1", "2001:db8:53::1",
      "2001:db8:54::1", "2001:db8:55::1", "2001:db8:56::1", "2001:db8:57::1", "2600::1",
    ],
    sources: ["192.0.2.9", "203.0.113.5", "198.51.100.7", "2001:db8:aa::1", "2001:db8::5", "2001:db8:ab::1"])

  static let settings = NetworkSetup(
    name: "settings",
    lines: links + neighbours + [
      "for f in 4 6; do for d in v0 v1; do echo 1 > /proc/sys/net/ipv$f/conf/$d/forwarding; done; done",
      "echo 1 > /proc/sys/net/ipv6/conf/v2/forwarding",
      "echo 1 > /proc/sys/net/ipv4/ip_forward_use_pmtu",
      "ip link set v2 mtu 9000",
      "ip link set v0 mtu 1400",
      "ip route add default via 192.0.2.254",
      "ip route add 10.0.0.0/8 via 198.51.100.254 mtu 1300",
      "ip route add 10.1.0.0/16 via 198.51.100.254",
      "ip route add default via 198.51.100.2 table 253",
      "ip route add blackhole 10.4.0.0/16",
      "ip route add 10.5.0.0/16 via 192.0.2.254 table 253",
      "ip -6 route add default via 2001:db8:ff::2",
      "ip -6 route add 2001:db8:2::/48 via 2001:db8::99",
      "echo 1350 > /proc/sys/net/ipv6/conf/v0/mtu",
    ],
    devices: [10, 10, 10, 11, 20, 21, 1],
    destinations: [
      "8.8.8.8", "10.0.0.1", "10.1.0.1", "10.4.0.1", "10.5.0.1", "192.0.2.9", "198.51.100.2", "127.0.0.1",
      "2001:db8::99", "2001:db8:2::5", "2001:db8:ff::2", "2600::1", "::1",
    ],
    sources: ["192.0.2.9", "203.0.113.5", "2001:db8::5"],
    lengths: [0, 100, 1299, 1300, 1301, 1350, 1351, 1400, 1401, 1500, 1501, 9000, 9001, 65535])

  private static let paths =
    links + forwarding + neighbours + [
      "echo 12345 > /proc/sys/net/ipv4/fib_multipath_hash_seed",
      "ip route add 10.1.0.0/16 nexthop via 192.0.2.253 weight 2 nexthop via 198.51.100.2",
      "ip route add 10.2.0.0/16 nexthop via 192.0.2.254 nexthop via 192.0.2.253 nexthop via 198.51.100.254 weight 6",
      "ip route add default nexthop dev v0 nexthop via 198.51.100.2 weight 20",
      "ip -6 route add 2001:db8:1::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::99 weight 3",
      "ip -6 route add default metric 9 nexthop via 2001:db8::2 nexthop via 2001:db8:ff::2 nexthop via 2001:db8::99 weight 9",
    ]

  static let multipath = NetworkSetup(
    name: "multipath", lines: paths,
    devices: [10, 20, 11],
    destinations: (0..<12).map { "10.1.7.\($0 * 19)" } + (0..<12).map { "10.2.7.\($0 * 21)" } + ["8.8.8.8", "9.9.9.9"]
      + (0..<12).map { "2001:db8:1::\($0 * 3)" } + (0..<12).map { "2600::\($0 * 5)" },
    sources: [
      "192.0.2.1", "198.51.100.1", "192.0.2.77", "203.0.113.5", "0.0.0.0", "2001:db8::5", "2001:db8:ff::1", "2600::99",
    ],
    lengths: [0, 100])

  static let multipathPorts = NetworkSetup(
    name: "multipath by ports",
    lines: paths + [
      "echo 1 > /proc/sys/net/ipv4/fib_multipath_hash_policy", "echo 1 > /proc/sys/net/ipv6/fib_multipath_hash_policy",
      "echo 1 > /proc/sys/net/ipv4/fib_multipath_use_neigh", "ip neigh replace 192.0.2.254 dev v0 nud failed",
    ],
    devices: [10, 20], destinations: ["10.1.7.1", "10.2.7.2", "8.8.8.8", "2001:db8:1::7", "2600::5"],
    sources: ["192.0.2.77", "0.0.0.0", "2001:db8::5", "2600::99"], lengths: [0, 100])

  static let sources = NetworkSetup(
    name: "sources",
    lines: links + forwarding + neighbours + [
      "ip addr add 192.0.2.33/24 dev v0",
      "ip addr add 203.0.113.1/24 dev v0",
      "ip addr add 169.254.7.7/16 dev v2 scope link",
      "ip addr add 2001:db8::2:5/64 dev v0 nodad preferred_lft 0",
      "ip addr add fd00::5/64 dev v2 nodad",
      "ip addr add fe80::5/64 dev v0 nodad",
      "ip addr add 2001:db8:5:5::5/64 dev lo nodad",
      "ip addr add 10.99.0.1/32 dev lo",
      "ip route add default via 192.0.2.254",
      "ip route add 10.1.0.0/16 via 203.0.113.9",
      "ip route add 10.2.0.0/16 dev v1",
      "ip route add 10.3.0.0/16 via 198.51.100.2 src 192.0.2.33",
      "ip route add 10.4.0.0/16 dev v2 scope link",
      "ip route add 10.5.0.0/16 via inet6 2001:db8::99 dev v0",
      "ip -6 route add default via 2001:db8::2",
      "ip -6 route add 2001:db8:2::/48 via 2001:db8:ff::2 src 2001:db8::1",
      "ip -6 route add fd00:1::/48 via 2001:db8::2",
      "ip -6 route add 2001:db8:5::/48 dev v1",
    ],
    destinations: [
      "8.8.8.8", "10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1", "192.0.2.9", "169.254.7.9", "198.51.100.2",
      "2001:db8::99", "2001:db8:2::5", "2001:db8:5::5", "2001:db8:5:5::9", "fd00:1::1", "fd00::9", "2600::1",
      "64:ff9b::1",
    ],
    sources: ["192.0.2.9", "2001:db8::5"])
}
