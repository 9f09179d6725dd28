#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the traces beside this file, one for each program and chain in fixtures/: pcaps/generate.py [--into DIR]

Each trace goes down every path of its program, with what such a program meets in life: ordinary traffic, attacks,
and packets that are cut or lie about themselves. The same bytes come out on every run, on every machine; only the
standard library is used. Addresses are those that RFC 5737 and RFC 3849 keep for documentation:

  192.0.2.0/24, 2001:db8:1::/48      our own servers
  198.51.100.0/24, 2001:db8:c::/48   clients
  203.0.113.0/24, 2001:db8:bad::/48  attackers
"""

import os
import struct
import sys

from captures import START, Trace
from classifiers import CHAINS, CLASSIFIERS
from frames import *


def firewall():
    trace = Trace()
    # Ordinary: the neighbour's ARP, web and mail connections, name lookups, pings.
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    for client, server in ((CLIENT, SERVER), (CLIENT6, SERVER6)):
        for port, request in ((80, GET), (443, b"\x16\x03\x01" + bytes(200))):
            for packet, reply in handshake(client, server, 40000 + port, port, request, OK):
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


def synflood():
    """Times matter here: a bucket holds 8 connections and gets one more each 50 ms (fixtures/synflood.c). They are
    chosen so that no bucket is ever within 6 ms of a decision the other way."""
    trace = Trace()
    events = []  # (milliseconds, frame)

    def syn(at, source, server=SERVER, port=80, flags="S"):
        events.append((at, ether(tcp(source, server, 1024 + len(events), port, flags))))

    # Ordinary connections, IPv4 and IPv6.
    for client, server in ((CLIENT, SERVER), (CLIENT6, SERVER6)):
        for packet, reply in handshake(client, server, 40000, 80, GET, OK):
            events.append((7 * len(events), ether(packet, *((HERE, ROUTER) if reply else (ROUTER, HERE)))))
    # One source floods: 8 pass at once, then every second one of those that come 25 ms apart. Packets that are no
    # bare SYN cost it nothing; the sources beside it come through unhindered.
    for i in range(14):
        syn(200 + i, "203.0.113.5")
    for i in range(40):
        at = 237.5 + 25 * i
        syn(at, "203.0.113.5")
        if i % 4 == 0:
            syn(at + 3, f"198.51.100.{20 + i}")
            events.append((at + 4, ether(tcp("203.0.113.5", SERVER, 999, 80, "SA"))))
            events.append((at + 5, ether(tcp("203.0.113.5", SERVER, 999, 80, "A"))))
            events.append((at + 6, ether(udp("203.0.113.5", SERVER, 999, 53, b"?"))))
    # Twelve a second are within the rate: nothing is dropped.
    for i in range(12):
        syn(220 + 83 * i, "2001:db8:c::12", SERVER6)
    # A second after its last, the flooder's bucket is full again. IPv6 floods, and forged sources pay one each.
    for i in range(14):
        syn(2300 + i, "203.0.113.5")
    for i in range(24):
        syn(2400 + i, "2001:db8:bad::5", SERVER6, 443)
    for i in range(40):
        syn(2450 + i / 2, f"203.0.113.{100 + i}")
    syn(2480, "203.0.113.200", flags="SFPU")  # still a SYN
    for at, frame in sorted(events, key=lambda event: event[0]):
        trace.add(frame, gap=START + int(at * 1_000_000) - trace.now)
    # Malformed, and what is not looked at.
    whole, whole6 = (ether(tcp(c, s, 1, 80), pad=False) for c, s in ((CLIENT, SERVER), (CLIENT6, SERVER6)))
    for frame, sizes in ((whole, (14, 33, 34, 53)), (whole6, (14, 53, 54, 73))):
        for size in sizes:
            trace.add(frame[:size])
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=4)))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=15), pad=False))
    trace.add(ether(ip4(CLIENT, SERVER, TCP, bytes(64), df=False, offset=64)))
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    trace.add(ether(ping(CLIENT6, SERVER6)))
    return trace


VIP = "192.0.2.100"


def balancer():
    trace = Trace(gap=250_000)
    backends = {"192.0.2.11": "02:00:00:00:00:11", "192.0.2.12": "02:00:00:00:00:12", "192.0.2.13": "02:00:00:00:00:13"}

    def inward(packet):
        trace.add(ether(packet))

    def outward(packet, backend):
        trace.add(ether(packet, src=backends[backend]))

    # Connections from many clients; each of the backends answers, though only the one that was picked has the flow:
    # the answers of the others belong to no service and go to the stack.
    for i in range(12):
        client = f"198.51.100.{30 + i}"
        packets = list(handshake(client, VIP, 40000 + 37 * i, 80, GET, close=False))
        for packet, reply in packets:
            if not reply:
                inward(packet)
        for backend in backends:
            outward(tcp(backend, client, 8080, 40000 + 37 * i, "SA", l4={"seq": 5000, "ack": 1001}), backend)
            outward(tcp(backend, client, 8080, 40000 + 37 * i, "PA", OK, l4={"seq": 5001, "ack": 1019}), backend)
    # UDP: with a checksum, without one, and with one that comes out as 0 and is sent as 0xffff.
    for i in range(4):
        inward(udp(CLIENT, VIP, 5000 + i, 53, b"question"))
        inward(udp(CLIENT, VIP, 5000 + i, 53, b"question", l4={"check": 0}))
        for backend in backends:
            outward(udp(backend, CLIENT, 5353, 5000 + i, b"an answer"), backend)
    for i in range(4):
        for backend in backends:
            # Two bytes of payload make the datagram's checksum 0 once it is readdressed to this very backend.
            sent_on = udp_datagram(CLIENT, backend, 6000 + i, 5353, bytes(2))
            inward(udp(CLIENT, VIP, 6000 + i, 53, sent_on[6:8]))
    # A wrong checksum must stay wrong; odd lengths and IP options must not matter.
    inward(tcp(CLIENT, VIP, 7000, 80, "S", l4={"check": 0x1234}))
    inward(tcp(CLIENT, VIP, 7000, 80, "PA", b"odd", l4={"seq": 1001, "ack": 1}))
    inward(tcp(CLIENT, VIP, 7001, 80, "S", options=b"\x94\x04\0\0"))
    # A reset ends the flow: what comes after belongs to none. From the client, then from the server's side.
    inward(tcp(CLIENT, VIP, 7000, 80, "R"))
    inward(tcp(CLIENT, VIP, 7000, 80, "A"))
    inward(tcp(CLIENT, VIP, 7002, 80, "S"))
    for backend in backends:
        outward(tcp(backend, CLIENT, 8080, 7002, "RA"), backend)
    inward(tcp(CLIENT, VIP, 7002, 80, "A"))
    inward(tcp(CLIENT, VIP, 7002, 80, "S"))
    # Flows out of nowhere: an ACK flood, and a service whose backends are all ill.
    for i in range(10):
        inward(tcp(f"203.0.113.{i}", VIP, 1024 + i, 80, "A"))
    for i in range(6):
        inward(tcp(f"198.51.100.{i}", VIP, 1024 + i, 443, "S"))
    inward(tcp(CLIENT, VIP, 1024, 8443, "S"))  # a service without backends
    # About to expire, on a known flow and on a new one.
    inward(tcp(CLIENT, VIP, 7001, 80, "A", ttl=1))
    inward(udp(CLIENT, VIP, 7003, 53, b"?", ttl=1))
    # Not for a service: another port, another address, ICMP, fragments, IPv6, ARP.
    inward(tcp(CLIENT, VIP, 1024, 22, "S"))
    inward(tcp(CLIENT, SERVER, 1024, 80, "S"))
    inward(ping(CLIENT, VIP))
    inward(udp(CLIENT, VIP, 5000, 53, bytes(100), df=False, mf=True))
    inward(ip4(CLIENT, VIP, UDP, bytes(100), df=False, offset=1480))
    inward(tcp(CLIENT6, SERVER6, 1024, 80, "S"))
    trace.add(ether(arp(ROUTER, "192.0.2.254", VIP), dst=BROADCAST, kind=ETH_ARP))
    # Malformed.
    whole = ether(tcp(CLIENT, VIP, 7004, 80, "S"), pad=False)
    for size in (14, 33, 34, 53):
        trace.add(whole[:size])
    trace.add(ether(udp(CLIENT, VIP, 7004, 53), pad=False)[:41])
    trace.add(ether(tcp(CLIENT, VIP, 7004, 80, "S", ihl=4)))
    trace.add(ether(tcp(CLIENT, VIP, 7004, 80, "S", ihl=15), pad=False))
    return trace


def redirector():
    """Stations: :0a and :0b on port 2, :0c on port 3 (seeded); :0d on a port that is gone; others are learned."""
    trace = Trace(gap=20_000)
    a, b, c, gone = (f"02:00:00:00:01:0{x}" for x in "abcd")
    stranger = "02:00:00:00:02:01"
    group4, group6 = "01:00:5e:00:00:fb", "33:33:00:00:00:01"

    def send(src, dst, tags=(), kind=None, payload=None):
        trace.add(ether(payload or udp(CLIENT, SERVER, 9, 9, b"\0" * 20), src=src, dst=dst, tags=tags, kind=kind))

    # Everything here is received on one port, so new stations are learned on that one.
    send(ROUTER, BROADCAST, kind=ETH_ARP, payload=arp(ROUTER, "192.0.2.254", SERVER))
    for i in range(10):
        send(ROUTER, a)
        send(ROUTER, c)
        send(f"02:00:00:00:03:{i:02x}", b)  # ten new stations
    for i in range(10):
        send(ROUTER, f"02:00:00:00:03:{i:02x}")  # learned on the port this comes from: filtered
    send(ROUTER, stranger)  # unknown: flooded
    send(stranger, ROUTER)  # learned
    send(ROUTER, stranger)  # filtered
    send(a, ROUTER)  # a has moved to the port this comes from
    send(ROUTER, a)  # filtered now
    send(ROUTER, gone)  # known, but its port is no longer there
    send(ROUTER, group4, payload=udp(CLIENT, "224.0.0.251", 5353, 5353, b"\0" * 30, ttl=255))
    send(ROUTER, group6, payload=icmp("fe80::1", "ff02::1", 134, 0, b"\x40\0\x07\x08", bytes(8), ttl=255))
    # Between neighbours only: LLDP, spanning tree (an 802.3 length, not an EtherType).
    send(ROUTER, "01:80:c2:00:00:0e", kind=ETH_LLDP, payload=bytes(46))
    send(ROUTER, "01:80:c2:00:00:00", kind=38, payload=b"\x42\x42\x03" + bytes(35))
    send(ROUTER, "01:80:c2:00:00:10", kind=ETH_LLDP, payload=bytes(46))  # just outside that range: flooded
    # VLANs: 10 and 20 have trunks, 30 has none, priority-only tags are VLAN 0, 4095 is reserved.
    for vlan in (10, 20, 30, 0, 4094, 4095):
        for i in range(5):
            send(ROUTER, c, tags=(vlan,))
    send(ROUTER, c, tags=((ETH_VLAN, 0xE00A),))  # VLAN 10 with the highest priority
    send(ROUTER, c, tags=(10, 30))  # the outer tag decides
    send(ROUTER, c, tags=((ETH_QINQ, 20), 10))  # a service tag is not looked at: by address
    # A host that forges sources to fill the table: each costs the switch one entry, and is flooded.
    for i in range(60):
        send(f"06:{i:02x}:13:37:00:{i * 7 % 256:02x}", f"06:13:37:00:{i:02x}:00")
    # Malformed: a group address as the source, and a tag that is cut.
    send(group4, a)
    send(BROADCAST, a)
    send("00:00:00:00:00:00", a)  # odd, but an address
    tagged = ether(bytes(30), src=ROUTER, dst=c, tags=(10,), kind=ETH_IPV4, pad=False)
    for size in (14, 15, 17, 18):
        trace.add(tagged[:size])
    return trace


def spreader():
    trace = Trace(gap=10_000)
    # Twenty connections, both directions of which must meet on one CPU, and as many in IPv6.
    for i in range(10):
        for client, server in ((f"198.51.100.{i + 1}", SERVER), (f"2001:db8:c::{i + 1:x}", SERVER6)):
            for packet, reply in handshake(client, server, 32768 + 411 * i, 80, GET, close=False):
                trace.add(ether(packet, *((HERE, ROUTER) if reply else (ROUTER, HERE))))
    # One host pair with many ports, UDP: spread as well.
    for i in range(40):
        trace.add(ether(udp(CLIENT, SERVER, 20000 + i, 53, bytes(20))))
        trace.add(ether(udp(SERVER, CLIENT, 53, 20000 + i, bytes(40)), HERE, ROUTER))
    # One flow alone: an elephant cannot be spread.
    for i in range(30):
        trace.add(ether(tcp(CLIENT, SERVER, 55555, 5001, "A", bytes(1000), l4={"seq": i * 1000})))
    # Without ports: by addresses. ESP, SCTP (which has ports), ping, GRE.
    for protocol in (ESP, SCTP, GRE, 89):
        for i in range(3):
            body = struct.pack("!HHII", 7 * i, 36412, 1, 2) + bytes(20)
            trace.add(ether(ip4(f"198.51.100.{i}", SERVER, protocol, body)))
            trace.add(ether(ip6(f"2001:db8:c::{i}", SERVER6, protocol, body)))
    trace.add(ether(ping(CLIENT, SERVER)))
    trace.add(ether(ping(CLIENT6, SERVER6)))
    # Fragments of one datagram: only the first has ports, and all must stay together.
    datagram = udp_datagram(CLIENT, SERVER, 5000, 6000, bytes(3000))
    for offset in (0, 1480, 2960):
        trace.add(ether(ip4(CLIENT, SERVER, UDP, datagram[offset:offset + 1480], df=False, mf=offset < 2960,
                            offset=offset, ident=99)))
    # Not IP: stays where it is.
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 2), tags=(10,)))
    # Malformed. Ports that are cut hash as none.
    whole, whole6 = (ether(tcp(c, s, 1, 80), pad=False) for c, s in ((CLIENT, SERVER), (CLIENT6, SERVER6)))
    for frame, sizes in ((whole, (14, 33, 34, 37, 38)), (whole6, (14, 53, 54, 57, 58))):
        for size in sizes:
            trace.add(frame[:size])
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=4)))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=15), pad=False))
    return trace


def steerer():
    """Streams: port 5004 is class 0 and 6343 is class 1, which have sockets on queue 0; 4789 is class 2, which has
    none; 9999 has a class that is out of range."""
    trace = Trace(gap=40_000)
    for i in range(25):
        media = struct.pack("!BBHII", 0x80, 96, i, i * 3000, 0xCAFE) + bytes(160)
        trace.add(ether(udp(CLIENT, SERVER, 5004, 5004, media)))
        trace.add(ether(udp(CLIENT6, SERVER6, 5004, 5004, media)))
        if i % 3 == 0:
            trace.add(ether(udp("198.51.100.1", SERVER, 40000, 6343, bytes(100))))
        if i % 5 == 0:
            trace.add(ether(udp("198.51.100.2", SERVER, 41000 + i, 4789, b"\x08\0\0\0\0\0\x2a\0" + bytes(60))))
            trace.add(ether(udp(CLIENT, SERVER, 42000, 9999, b"?")))
    # For the stack: other ports, other protocols on the same port, ARP, VLAN, extension headers.
    for client, server in ((CLIENT, SERVER), (CLIENT6, SERVER6)):
        trace.add(ether(udp(client, server, 5004, 53, b"?")))
        trace.add(ether(udp(client, server, 5004, 5005, b"control")))
        trace.add(ether(tcp(client, server, 5004, 5004)))
        trace.add(ether(ping(client, server)))
    trace.add(ether(ip6(CLIENT6, SERVER6, DSTOPTS, options6(UDP, udp_datagram(CLIENT6, SERVER6, 1, 5004, b"x")))))
    trace.add(ether(udp(CLIENT, SERVER, 5004, 5004, b"tagged"), tags=(10,)))
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    # The port in network order must not be taken for its mirror image: 0x138c and 0x8c13.
    trace.add(ether(udp(CLIENT, SERVER, 1, 0x8C13, b"mirrored")))
    # Options move the UDP header; fragments are not steered.
    trace.add(ether(udp(CLIENT, SERVER, 5004, 5004, b"options", options=b"\x94\x04\0\0")))
    datagram = udp_datagram(CLIENT, SERVER, 5004, 5004, bytes(1600))
    trace.add(ether(ip4(CLIENT, SERVER, UDP, datagram[:1480], df=False, mf=True)))
    trace.add(ether(ip4(CLIENT, SERVER, UDP, datagram[1480:], df=False, offset=1480)))
    # Malformed: lengths beyond the frame, exactly at its end, too small; cut headers.
    for length in (8 + 4, 8 + 5, 0, 7, 65535):
        trace.add(ether(udp(CLIENT, SERVER, 5004, 5004, b"four", l4={"length": length}), pad=False))
    whole = ether(udp(CLIENT, SERVER, 5004, 5004, b""), pad=False)
    whole6 = ether(udp(CLIENT6, SERVER6, 5004, 5004, b""), pad=False)
    for frame, sizes in ((whole, (14, 33, 34, 41, 42)), (whole6, (14, 53, 54, 61, 62))):
        for size in sizes:
            trace.add(frame[:size])
    trace.add(ether(udp(CLIENT, SERVER, 5004, 5004, ihl=4)))
    trace.add(ether(udp(CLIENT, SERVER, 5004, 5004, ihl=15), pad=False))
    return trace


def nested(depth, last, v6_every=0):
    """`last` inside `depth` more IP headers."""
    packet, protocol = last, IPIP
    for i in range(depth):
        inner = packet[0] >> 4
        protocol = 41 if inner == 6 else IPIP
        if v6_every and i % v6_every == 0:
            packet = ip6(CLIENT6, SERVER6, protocol, packet)
        else:
            packet = ip4(CLIENT, SERVER, protocol, packet)
    return packet


def parsers():
    trace = Trace(gap=123_456)
    pairs = ((CLIENT, SERVER), (CLIENT6, SERVER6))
    for client, server in pairs:
        for packet, reply in handshake(client, server, 40000, 443, GET, OK):
            trace.add(ether(packet, *((HERE, ROUTER) if reply else (ROUTER, HERE))))
        for i in range(5):
            trace.add(ether(udp(client, server, 50000 + i, 53, bytes(30))))
            trace.add(ether(ping(client, server, i)))
        # Scans: no flags, FIN alone is allowed, SYN+FIN, SYN+RST, Christmas tree, everything at once.
        for port, flags in enumerate(("", "F", "SF", "SR", "FPU", "FSRPAU", "SU"), start=20):
            trace.add(ether(tcp(client, server, 60000, port, flags)))
        # Pings up to the limit, one byte over it; redirects, each by its own number and by the other protocol's.
        for size in (1024, 1025, 1400):
            trace.add(ether(ping(client, server, size=size)))
        trace.add(ether(icmp(client, server, 137 if ":" in client else 5, 1, packed("198.51.100.66"), bytes(32))))
        trace.add(ether(icmp(client, server, 5 if ":" in client else 137, 1, bytes(4), bytes(32))))
        trace.add(ether(icmp(client, server, 129 if ":" in client else 0, 0, bytes(4), bytes(1300))))
        # UDP that lies: a length below 8, destination port 0.
        trace.add(ether(udp(client, server, 1, 53, b"?", l4={"length": 7})))
        trace.add(ether(udp(client, server, 1, 0, b"?")))
        trace.add(ether(tcp(client, server, 1, 80, l4={"doff": 4})))
        # Without a parser: SCTP (an empty slot), ESP (none thought of).
        trace.add(ether(ip(client, server, SCTP, bytes(24))))
        trace.add(ether(ip(client, server, ESP, bytes(24))))
        # Cut in each of the headers.
        for packet, sizes in ((tcp(client, server, 1, 80), (0, 1, 19)), (udp(client, server, 1, 53), (0, 7)),
                              (icmp(client, server, 8), (0, 7))):
            head = 14 + (40 if ":" in client else 20)
            trace.add(ether(packet, pad=False)[:head - 1])
            for size in sizes:
                trace.add(ether(packet, pad=False)[:head + size])
    # IP in IP, deeper and deeper. The kernel allows 33 tail calls: the first to reach IP, then one for each header,
    # and one for TCP; so 31 headers around a packet are parsed, 32 leave none for TCP, 33 fail within the headers.
    inner, inner6 = tcp(CLIENT, SERVER, 1, 80), udp(CLIENT6, SERVER6, 1, 53, b"x")
    for depth in (1, 2, 5, 10, 29, 30, 31, 32, 33, 34, 40):
        trace.add(ether(nested(depth, inner)))
        trace.add(ether(nested(depth, inner6)))
    for depth in (1, 3, 7, 20, 32, 33):
        trace.add(ether(nested(depth, inner, v6_every=2)))
    trace.add(ether(nested(3, tcp(CLIENT, SERVER, 1, 80, "SF"))))
    trace.add(ether(nested(2, tcp(CLIENT, SERVER, 1, 80, version=6))))  # an IPv4 header that says 6
    trace.add(ether(nested(2, tcp(CLIENT, SERVER, 1, 80, ihl=3))))
    # Headers of 60 bytes: 24 of them end at offset 1454, 25 at 1514, which is further than the parsers look.
    for depth in (10, 24, 25):
        packet = inner
        for _ in range(depth):
            packet = ip4(CLIENT, SERVER, IPIP, packet, options=bytes(40))
        trace.add(ether(packet))
    # Fragments.
    trace.add(ether(ip4(CLIENT, SERVER, ICMP, bytes(200), df=False, mf=True)))
    trace.add(ether(ip4(CLIENT, SERVER, ICMP, bytes(200), df=False, offset=1480)))
    trace.add(ether(udp(CLIENT, SERVER, 1, 53, bytes(100), df=False, mf=True)))
    trace.add(ether(ip4(CLIENT, SERVER, UDP, bytes(200), df=False, offset=1480)))
    # Versions and lengths that lie; no IP at all.
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, version=6), kind=ETH_IPV4))
    trace.add(ether(tcp(CLIENT6, SERVER6, 1, 80, version=4), kind=ETH_IPV6))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=4)))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=15), pad=False))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, options=b"\x94\x04\0\0")))
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80), tags=(10,)))
    trace.add(ether(b"", kind=ETH_IPV4, pad=False))
    return trace


def dissector():
    trace = Trace(gap=50_000)
    web, web6 = tcp(CLIENT, SERVER, 40000, 80), tcp(CLIENT6, SERVER6, 40000, 80)
    segment6 = tcp_segment(CLIENT6, SERVER6, 40000, 80)

    def v6(protocol, payload):
        trace.add(ether(ip6(CLIENT6, SERVER6, protocol, payload)))

    # Tags: none, one, QinQ, and as many as anyone likes, around IPv4, IPv6 and ARP.
    qinq = ((ETH_QINQ, 100), 10)
    for tags in ((), (10,), (0,), ((ETH_VLAN, 0xE00A),), qinq, (10, 20), qinq + (30,), (1, 2, 3, 4), (1, 2, 3, 4, 5)):
        for packet in (web, web6, udp(CLIENT, SERVER, 1, 53, b"?"), ping(CLIENT6, SERVER6)):
            trace.add(ether(packet, tags=tags))
        trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP, tags=tags))
    # Extension headers as they are met: router alert before a multicast report, fragments, IPsec, mobility.
    for size in (8, 16, 64, 256, 2048):
        v6(HOPOPTS, options6(TCP, segment6, size))
        v6(DSTOPTS, options6(TCP, segment6, size))
    v6(HOPOPTS, options6(DSTOPTS, options6(TCP, segment6)))
    v6(AH, authentication6(TCP, segment6))
    v6(AH, authentication6(TCP, segment6, size=44))
    v6(AH, authentication6(ESP, bytes(40)))
    v6(ESP, bytes(40))
    v6(135, options6(NO_NEXT, b""))
    v6(139, options6(TCP, segment6))
    v6(NO_NEXT, b"")
    v6(ROUTING, routing6(TCP, segment6, kind=4, addresses=("2001:db8:f::1", "2001:db8:f::2")))  # segment routing
    v6(ROUTING, routing6(TCP, segment6, kind=2, left=0))
    v6(HOPOPTS, options6(ROUTING, routing6(FRAGMENT, fragment6(AH, authentication6(DSTOPTS, options6(TCP, segment6))),
                                           kind=4)))
    # Fragments: whole in one ("atomic"), first, later, last.
    v6(FRAGMENT, fragment6(TCP, segment6))
    v6(FRAGMENT, fragment6(TCP, segment6 + bytes(100), more=True))
    v6(FRAGMENT, fragment6(TCP, bytes(100), offset=1232, more=True))
    v6(FRAGMENT, fragment6(TCP, bytes(3), offset=2464))
    v6(FRAGMENT, fragment6(DSTOPTS, bytes(64), offset=64))  # what follows is data, not options
    trace.add(ether(ip4(CLIENT, SERVER, UDP, bytes(64), df=False, mf=True)))
    trace.add(ether(ip4(CLIENT, SERVER, UDP, bytes(3), df=False, offset=1480), pad=False))
    # Attacks: source routing, a late hop-by-hop header, a first fragment too small to show its ports, endless chains.
    v6(ROUTING, routing6(TCP, segment6, kind=0, addresses=("2001:db8:f::1",) * 4))
    v6(DSTOPTS, options6(ROUTING, routing6(TCP, segment6)))
    v6(DSTOPTS, options6(HOPOPTS, options6(TCP, segment6)))
    v6(HOPOPTS, options6(HOPOPTS, options6(TCP, segment6)))
    trace.add(ether(ip6(CLIENT6, SERVER6, FRAGMENT, fragment6(TCP, segment6[:8], more=True)), pad=False))
    trace.add(ether(ip6(CLIENT6, SERVER6, FRAGMENT, fragment6(UDP, b"", more=True)), pad=False))
    trace.add(ether(ip4(CLIENT, SERVER, TCP, segment6[:8], df=False, mf=True), pad=False))
    trace.add(ether(ip6(CLIENT6, SERVER6, FRAGMENT, fragment6(DSTOPTS, options6(TCP, b"", 8), more=True)), pad=False))
    for count in (6, 7, 8, 9, 20):
        chain, protocol = segment6, TCP
        for _ in range(count):
            chain, protocol = options6(protocol, chain), DSTOPTS
        v6(protocol, chain)
    # Malformed: extension headers that end outside the frame, or are cut; cut tags; wrong versions.
    v6(HOPOPTS, bytes([TCP, 255]) + bytes(6))
    v6(ROUTING, bytes([TCP, 200, 4, 0]) + bytes(40))
    trace.add(ether(ip6(CLIENT6, SERVER6, AH, b"\x06"), pad=False))
    trace.add(ether(ip6(CLIENT6, SERVER6, HOPOPTS, options6(DSTOPTS, bytes(7))), pad=False))
    for protocol, size in ((TCP, 19), (UDP, 7), (ICMPV6, 7), (TCP, 20), (UDP, 8), (ICMPV6, 8), (SCTP, 0)):
        trace.add(ether(ip6(CLIENT6, SERVER6, protocol, bytes(size)), pad=False))
    for protocol, size in ((TCP, 19), (UDP, 7), (ICMP, 7), (TCP, 20), (UDP, 8), (ICMP, 8), (SCTP, 0)):
        trace.add(ether(ip4(CLIENT, SERVER, protocol, bytes(size)), pad=False))
    tagged = ether(web6, tags=qinq, pad=False)
    for size in (14, 15, 17, 18, 20, 21, 22, 40, 61, 62, 81, 82):
        trace.add(tagged[:size])
    trace.add(ether(web[:20], kind=ETH_IPV6, pad=False))
    trace.add(ether(tcp(CLIENT6, SERVER6, 1, 80, version=5), kind=ETH_IPV6))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, version=7), kind=ETH_IPV4))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, ihl=2)))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80, options=bytes(40)), pad=False))
    return trace


def tunnel():
    """Tunnels: IPIP with 203.0.113.1 for 10.1.0.0/16, GRE with 203.0.113.2 for 10.2.0.0/16. We are 192.0.2.1."""
    trace = Trace(gap=200_000)
    us, ipip_end, gre_end, stranger = "192.0.2.1", "203.0.113.1", "203.0.113.2", "203.0.113.66"
    here, there, beyond = "10.9.0.5", "10.1.0.7", "10.2.0.7"

    # Arriving: bare, and with a key; inner packets of all sizes, so that short frames are filled up again.
    for size in (0, 1, 5, 6, 18, 100, 1400):
        inner = udp(there, here, 4000, 5000, bytes(size))
        trace.add(ether(ip4(ipip_end, us, IPIP, inner)))
        trace.add(ether(ip4(gre_end, us, GRE, gre(inner))))
        trace.add(ether(ip4(gre_end, us, GRE, gre(inner, key=42))))
    for packet, reply in handshake(there, here, 40000, 80, GET, OK):
        trace.add(ether(packet) if reply else ether(ip4(ipip_end, us, IPIP, packet)))
    # Departing: up to the last byte that fits, and one more, with and without permission to fragment.
    for destination in (there, beyond):
        for size in (0, 10, 500, 1447, 1448, 1449, 1452, 1453, 1472):
            trace.add(ether(udp(here, destination, 5000, 4000, bytes(size))))
            if size > 1440:
                trace.add(ether(udp(here, destination, 5000, 4000, bytes(size), df=False)))
        for i in range(10):
            trace.add(ether(ping(here, destination, i)))
        trace.add(ether(ping(here, destination, ttl=1)))
        trace.add(ether(ping(here, destination, ttl=2)))
        trace.add(ether(ip4(here, destination, UDP, bytes(64), df=False, offset=64)))
        trace.add(ether(udp(here, destination, 1, 2, options=b"\x94\x04\0\0")))
    # A packet out of one tunnel may only go into the other after the stack has seen it: it passes, unwrapped.
    trace.add(ether(ip4(ipip_end, us, IPIP, udp(there, beyond, 1, 2, bytes(30)))))
    # Not ours: a stranger's tunnel, the wrong protocol from a right end, the wrong address.
    trace.add(ether(ip4(stranger, us, IPIP, udp(there, here, 1, 2))))
    trace.add(ether(ip4(ipip_end, us, GRE, gre(udp(there, here, 1, 2)))))
    trace.add(ether(ip4(gre_end, us, IPIP, udp(there, here, 1, 2))))
    trace.add(ether(ip4(ipip_end, "192.0.2.2", IPIP, udp(there, here, 1, 2))))
    trace.add(ether(udp(CLIENT, SERVER, 1, 2)))
    trace.add(ether(udp(ipip_end, us, 1, 2)))
    trace.add(ether(ping(CLIENT6, SERVER6)))
    trace.add(ether(arp(ROUTER, "192.0.2.254", us), dst=BROADCAST, kind=ETH_ARP))
    # GRE that the stack must see: checksums, sequence numbers, keep-alives without payload, IPv6, Ethernet.
    inner = udp(there, here, 1, 2, bytes(20))
    trace.add(ether(ip4(gre_end, us, GRE, gre(inner, flags=0x8000))))
    trace.add(ether(ip4(gre_end, us, GRE, gre(inner, flags=0x1000))))
    trace.add(ether(ip4(gre_end, us, GRE, gre(inner, flags=0x0001))))
    trace.add(ether(ip4(gre_end, us, GRE, gre(b"", kind=0))))
    trace.add(ether(ip4(gre_end, us, GRE, gre(udp(CLIENT6, SERVER6, 1, 2), kind=ETH_IPV6))))
    trace.add(ether(ip4(gre_end, us, GRE, gre(bytes(60), kind=0x6558))))
    # Malformed: nothing within, too little within, cut outer headers, lengths that lie.
    trace.add(ether(ip4(ipip_end, us, IPIP, b""), pad=False))
    trace.add(ether(ip4(ipip_end, us, IPIP, inner[:19]), pad=False))
    trace.add(ether(ip4(gre_end, us, GRE, b""), pad=False))
    trace.add(ether(ip4(gre_end, us, GRE, b"\0\0\x08"), pad=False))
    trace.add(ether(ip4(gre_end, us, GRE, gre(inner[:19])), pad=False))
    trace.add(ether(ip4(gre_end, us, GRE, gre(inner[:19], key=1)), pad=False))
    trace.add(ether(ip4(gre_end, us, GRE, gre(inner[:20], key=1)), pad=False))
    whole = ether(ip4(ipip_end, us, IPIP, inner), pad=False)
    for size in (14, 20, 33, 34, 53, 54):
        trace.add(whole[:size])
    trace.add(ether(udp(here, there, 1, 2, length=19)))
    trace.add(ether(udp(here, there, 1, 2, length=2000)))
    trace.add(ether(udp(here, there, 1, 2, version=6), kind=ETH_IPV4))
    trace.add(ether(udp(here, there, 1, 2, ihl=4)))
    # The padding of a short frame goes along into the tunnel; the IP length tells it apart.
    trace.add(ether(udp(here, there, 1, 2, b"x")))
    trace.add(ether(udp(here, there, 1, 2, b"x"), pad=False))
    return trace


def sampler():
    trace = Trace(gap=1_234_567)
    # A little of everything, as on a link between offices.
    for i in range(40):
        client, server = ((CLIENT, SERVER), (CLIENT6, SERVER6))[i % 3 == 0]
        trace.add(ether(tcp(client, server, 40000 + i, 443, "PA", bytes(37 * i % 1400))), interface=i % 2)
        trace.add(ether(udp(server, client, 53, 50000 + i, bytes(11 * i)), HERE, ROUTER), interface=1 - i % 2)
        if i % 4 == 0:
            trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
            trace.add(ether(ping(client, server, i)), interface=1)
        if i % 8 == 0:
            trace.add(ether(bytes(46), dst="01:80:c2:00:00:0e", kind=ETH_LLDP))
            trace.add(ether(b"\x42\x42\x03" + bytes(35), dst="01:80:c2:00:00:00", kind=38))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80), tags=(10,)))
    trace.add(ether(tcp(CLIENT, SERVER, 1, 80), tags=((ETH_QINQ, 100), 10)))
    # Types that nobody uses, the border between lengths and types, the shortest frame there is.
    for kind in (0, 0x5FF, 0x600, 0x88B5, 0xFFFF):
        trace.add(ether(bytes(46), kind=kind))
    trace.add(ether(b"", kind=ETH_IPV4, pad=False))
    # Longer than an Ethernet frame usually is, and one of which only the beginning was kept.
    trace.add(ether(udp(CLIENT, SERVER, 1, 2, bytes(2900))))
    trace.add(ether(udp(CLIENT, SERVER, 1, 2, bytes(8000), df=False)), snap=128)
    return trace


# Each trace with its file. Most are plain pcap; the others are there because captures come in many forms.
TRACES = {
    "firewall": (firewall, "firewall.pcap", {}),
    "synflood": (synflood, "synflood.pcap", {}),
    "balancer": (balancer, "balancer.pcap", {"nanoseconds": True}),
    "redirector": (redirector, "redirector.pcap", {"big_endian": True}),
    "spreader": (spreader, "spreader.pcapng", {}),
    "steerer": (steerer, "steerer.pcap", {}),
    "parsers": (parsers, "parsers.pcap", {"nanoseconds": True, "big_endian": True}),
    "dissector": (dissector, "dissector.pcap", {}),
    "tunnel": (tunnel, "tunnel.pcapng", {"nanoseconds": False}),
    "sampler": (sampler, "sampler.pcapng", {"interfaces": ("lan0", "wan0")}),
    **CLASSIFIERS,
}


def main():
    into = sys.argv[2] if sys.argv[1:2] == ["--into"] else os.path.dirname(os.path.abspath(__file__))
    for make, file, dialect in (TRACES | CHAINS).values():
        path = os.path.join(into, file)
        trace = make()
        (trace.write_pcapng if file.endswith(".pcapng") else trace.write_pcap)(path, **dialect)


if __name__ == "__main__":
    main()
