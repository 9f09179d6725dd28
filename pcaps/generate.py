#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the traces beside this file, one for each program in fixtures/: pcaps/generate.py [--into DIR]

Each trace goes down every path of its program, with what such a program meets in life: ordinary traffic, attacks,
and packets that are cut or lie about themselves. The same bytes come out on every run, on every machine; only the
standard library is used. Addresses are those that RFC 5737 and RFC 3849 keep for documentation:

  192.0.2.0/24, 2001:db8:1::/48      our own servers
  198.51.100.0/24, 2001:db8:c::/48   clients
  203.0.113.0/24, 2001:db8:bad::/48  attackers
"""

import os
import sys

from captures import Trace
from frames import *

SERVER, SERVER6 = "192.0.2.10", "2001:db8:1::10"
CLIENT, CLIENT6 = "198.51.100.7", "2001:db8:c::7"


def firewall():
    trace = Trace()
    # Ordinary: the neighbour's ARP, web and mail connections, name lookups, pings.
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    for client, server in ((CLIENT, SERVER), (CLIENT6, SERVER6)):
        for port, request in ((80, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"), (443, b"\x16\x03\x01" + bytes(200))):
            for packet, reply in handshake(client, server, 40000 + port, port, request, b"HTTP/1.1 200 OK\r\n\r\n"):
                trace.add(ether(packet, *((HERE, ROUTER) if reply else (ROUTER, HERE))))
        for i in range(4):
            trace.add(ether(udp(client, server, 50000 + i, 53, b"\0" * 30)))
            trace.add(ether(ping(client, server, i)))
    # Services that the port rules shut: telnet, SMB, memcached; ICMP redirects and router advertisements.
    for client, server in ((CLIENT, SERVER), (CLIENT6, SERVER6)):
        for port in (23, 445):
            trace.add(ether(tcp(client, server, 41000, port)))
        trace.add(ether(udp(client, server, 41001, 11211, b"\0\0\0\0\0\1\0\0stats\r\n")))
    trace.add(ether(icmp(CLIENT, SERVER, 5, 1, packed("198.51.100.66"), ip4(SERVER, CLIENT, TCP, bytes(8)))))
    trace.add(ether(icmp("fe80::66", "ff02::1", 134, 0, b"\x40\0\x07\x08", bytes(8), ttl=255)))
    # A blocked network, the hole in it, and one blocked host beside it; the same in IPv6.
    for i in range(20):
        trace.add(ether(tcp(f"203.0.113.{i + 1}", SERVER, 1024 + i, 80)), gap=100_000)
        trace.add(ether(udp(f"2001:db8:bad::{i:x}", SERVER6, 53, 30000 + i, b"\xff" * 100)), gap=100_000)
    for last in (127, 128, 129, 143, 144, 255):  # the hole is 203.0.113.128/28
        trace.add(ether(ping(f"203.0.113.{last}", SERVER)))
    for source in ("2001:db8:bad:600d::1", "2001:db8:bad:600c::1", "2001:db8:c::666", "2001:db8:c::667"):
        trace.add(ether(ping(source, SERVER6)))
    for source in ("198.51.100.66", "198.51.100.67"):
        trace.add(ether(tcp(source, SERVER, 3333, 443)))
    # Fragments: the first has ports and meets the rules, later ones have none.
    datagram = udp_datagram(CLIENT, SERVER, 5000, 11211, bytes(1600))
    trace.add(ether(ip4(CLIENT, SERVER, UDP, datagram[:1480], df=False, mf=True, ident=7)))
    trace.add(ether(ip4(CLIENT, SERVER, UDP, datagram[1480:], df=False, offset=1480, ident=7)))
    trace.add(ether(ip4("203.0.113.9", SERVER, UDP, bytes(64), df=False, offset=1480, ident=8)))
    # Protocols without ports, with and without a rule; an IPv6 extension header.
    trace.add(ether(ip4(CLIENT, SERVER, GRE, gre(bytes(20)))))
    trace.add(ether(ip4(CLIENT, SERVER, SCTP, bytes(32))))
    trace.add(ether(ip6(CLIENT6, SERVER6, ESP, bytes(32))))
    trace.add(ether(ip6(CLIENT6, SERVER6, HOPOPTS, options6(TCP, tcp_segment(CLIENT6, SERVER6, 1, 23)))))
    trace.add(ether(ip6(CLIENT6, SERVER6, ROUTING, routing6(TCP, tcp_segment(CLIENT6, SERVER6, 1, 80)))))
    # Malformed: cut headers, lengths and versions that lie.
    whole = ether(tcp(CLIENT, SERVER, 42000, 80), pad=False)
    whole6 = ether(tcp(CLIENT6, SERVER6, 42000, 80), pad=False)
    for size in (14, 15, 33, 34, 35, 47, 53):
        trace.add(whole[:size])
    for size in (14, 53, 54, 60, 73):
        trace.add(whole6[:size])
    trace.add(ether(udp(CLIENT, SERVER, 1, 53), pad=False)[:41])
    trace.add(ether(ping(CLIENT, SERVER), pad=False)[:41])
    trace.add(ether(ping(CLIENT6, SERVER6), pad=False)[:61])
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, version=5), kind=ETH_IPV4))
    trace.add(ether(tcp(CLIENT6, SERVER6, 42000, 80, version=4), kind=ETH_IPV6))
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, ihl=4)))
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, ihl=15), pad=False))
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, length=19)))
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, l4={"doff": 4})))
    trace.add(ether(udp(CLIENT, SERVER, 42000, 53, b"?", l4={"length": 7})))
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, options=b"\x94\x04\0\0")))  # router alert: a longer header
    # Cut by the capture's snap length, not by the sender.
    trace.add(ether(tcp(CLIENT, SERVER, 42000, 80, "PA", bytes(1000))), snap=96)
    # What is none of its business: VLAN tags, LLDP.
    trace.add(ether(tcp("203.0.113.1", SERVER, 1, 80), tags=(10,)))
    trace.add(ether(bytes(46), dst="01:80:c2:00:00:0e", kind=ETH_LLDP))
    return trace


def main():
    into = sys.argv[2] if sys.argv[1:2] == ["--into"] else os.path.dirname(os.path.abspath(__file__))
    firewall().write_pcap(os.path.join(into, "firewall.pcap"))


if __name__ == "__main__":
    main()
