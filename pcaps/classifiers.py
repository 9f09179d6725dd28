# SPDX-License-Identifier: Apache-2.0
"""The traces of the TC programs: see generate.py.

BPF_PROG_TEST_RUN hands a classifier no IP frame whose IP header is not whole, and none longer than about 3,700 bytes.
So headers that are cut come behind a VLAN tag, where the kernel does not look, or are those of the transport.
"""

from captures import START, Trace
from frames import *


def cut(packet, size, tag=10, **fields):
    """A frame whose VLAN tag is followed by the first `size` bytes of a packet."""
    return ether(packet, tags=(tag,), pad=False, **fields)[:18 + size]


def marker():
    trace = Trace()
    dscp = {"EF": 46 << 2, "AF41": 34 << 2, "CS1": 8 << 2, "CS7": 56 << 2}
    # By source: the guests' network, a lab within it, one host of that; IPv6 as well.
    for last in (7, 63, 64, 127, 128, 99):
        trace.add(ether(tcp(f"198.51.100.{last}", SERVER, 40000, 443)))
        trace.add(ether(ping(f"198.51.100.{last}", SERVER)))
    for source in ("2001:db8:c::7", "2001:db8:c:1::7", "2001:db8:c:2::7"):
        trace.add(ether(tcp(source, SERVER6, 40000, 22)))
        trace.add(ether(udp(source, SERVER6, 40000, 53, b"?")))
    # By service, in both directions: of a connection all packets get the same class.
    here, here6 = "192.0.2.77", "2001:db8:1::77"
    for client, server in ((here, SERVER), (here6, SERVER6)):
        for port in (80, 443, 22):
            for packet, reply in handshake(client, server, 40000 + port, port, GET, OK):
                trace.add(ether(packet, *((HERE, ROUTER) if reply else (ROUTER, HERE))))
        trace.add(ether(udp(client, server, 5060, 5060, b"INVITE sip:bob@example.com SIP/2.0\r\n")))
        trace.add(ether(udp(client, server, 5061, 5061, b"INVITE sip:bob@example.com SIP/2.0\r\n")))
        trace.add(ether(ip(client, server, SCTP, struct.pack("!HHII", 36412, 36412, 1, 2) + bytes(16))))
        # UDP has no service at a port of TCP, and the source's port is that of the server too.
        trace.add(ether(udp(client, server, 443, 40001)))
        trace.add(ether(tcp(client, server, 443, 40001, "SA")))
    # By code point, where neither source nor port says more; ECN bits do not count.
    for name in dscp:
        for ecn in (0, 1, 3):
            trace.add(ether(udp(here, SERVER, 9000, 9001, bytes(160), tos=dscp[name] | ecn)))
            trace.add(ether(udp(here6, SERVER6, 9000, 9001, bytes(160), flow=(dscp[name] | ecn) << 20 | 0xABCDE)))
    trace.add(ether(tcp(here, SERVER, 9000, 443, tos=dscp["EF"])))  # the port comes first
    trace.add(ether(tcp(CLIENT, SERVER, 9000, 443, tos=dscp["EF"])))  # and the source before it
    # A policy that names a class there is not; a class that is all zero.
    trace.add(ether(tcp("203.0.113.1", SERVER, 9000, 443)))
    trace.add(ether(udp(here, SERVER, 9000, 7, b"echo")))
    # Behind tags: the VLAN goes into the mark, the outer one of two. Priority tags are VLAN 0.
    for tags in ((10,), (0,), (4095,), ((ETH_VLAN, 0xE00A),), ((ETH_QINQ, 100), 10), (20, 30), ((ETH_QINQ, 7),)):
        trace.add(ether(tcp(here, SERVER, 9000, 443), tags=tags))
        trace.add(ether(udp(here6, SERVER6, 9000, 5060), tags=tags))
        trace.add(ether(udp(here, SERVER, 9000, 9001), tags=tags))
    trace.add(ether(tcp(here, SERVER, 9000, 443), tags=(1, 2, 3)))  # a third is no IP
    # Fragments: a later one has no ports. IP options move the ports.
    datagram = udp_datagram(here, SERVER, 5060, 5060, bytes(1600))
    trace.add(ether(ip4(here, SERVER, UDP, datagram[:1480], df=False, mf=True, ident=7)))
    trace.add(ether(ip4(here, SERVER, UDP, datagram[1480:], df=False, offset=1480, ident=7)))
    trace.add(ether(ip4(here, SERVER, UDP, datagram[1480:], df=False, offset=1480, ident=7, tos=dscp["EF"])))
    trace.add(ether(tcp(here, SERVER, 9000, 443, options=b"\x94\x04\0\0")))
    trace.add(ether(tcp(here, SERVER, 9000, 443, options=b"\x94\x04\0\0" * 10)))
    # Without ports: by code point alone. An extension header hides the ports.
    trace.add(ether(ip4(here, SERVER, GRE, gre(bytes(20)), tos=dscp["CS1"])))
    trace.add(ether(ip4(here, SERVER, ESP, bytes(32))))
    trace.add(ether(ip6(here6, SERVER6, HOPOPTS, options6(TCP, tcp_segment(here6, SERVER6, 1, 443)))))
    # Not IP.
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP))
    trace.add(ether(bytes(46), dst="01:80:c2:00:00:0e", kind=ETH_LLDP))
    trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP, tags=(10,)))
    # Malformed: versions and lengths that lie, ports that are cut, tags and headers that are.
    trace.add(ether(tcp(here, SERVER, 9000, 443, version=5), kind=ETH_IPV4))
    trace.add(ether(tcp(here6, SERVER6, 9000, 443, version=4), kind=ETH_IPV6))
    trace.add(ether(tcp(here, SERVER, 9000, 443, ihl=4)))
    trace.add(ether(tcp(here, SERVER, 9000, 443, ihl=15), pad=False))
    whole, whole6 = tcp(here, SERVER, 9000, 443), tcp(here6, SERVER6, 9000, 443)
    for size in (20, 23, 24):
        trace.add(ether(whole, pad=False)[:14 + size])
    for size in (40, 43, 44):
        trace.add(ether(whole6, pad=False)[:14 + size])
    for size in (0, 1, 19, 20, 24):
        trace.add(cut(whole, size))
    for size in (0, 39, 40):
        trace.add(cut(whole6, size))
    for size in (14, 15, 17):
        trace.add(cut(whole, 0)[:size])
    trace.add(ether(whole, tags=((ETH_QINQ, 100), 10), pad=False)[:21])
    return trace


def pacer():
    """Times matter here: aggregate 1 has 10 Mbit/s, aggregate 2 has 1 Mbit/s (fixtures/pacer.c and its seeds)."""
    trace = Trace()
    events = []  # (microseconds, frame)
    slow, slow6, other = "198.51.100.200", "2001:db8:c:2::7", "198.51.100.130"

    def send(at, dst, size, tos=0, tags=(), sport=5001):
        source = SERVER6 if is_ipv6(dst) else SERVER
        fields = {"flow": tos << 20} if is_ipv6(dst) else {"tos": tos}
        payload = bytes(size - (62 if is_ipv6(dst) else 42) - 4 * len(tags))
        events.append((at, ether(udp(source, dst, sport, 5001, payload, **fields), HERE, ROUTER, tags=tags)))

    # Slower than the rate, 1,250 bytes each millisecond and more: nothing waits. IPv4 and IPv6 share the aggregate.
    for i in range(8):
        send(2000 * i, CLIENT, 1250)
        send(2000 * i + 1000, CLIENT6, 1200)
    # Exactly the rate: 1,250 bytes take one millisecond.
    for i in range(8):
        send(20_000 + 1000 * i, CLIENT, 1250)
    # Twice the rate for a while: the queue grows by half a packet each time, and never to the threshold.
    for i in range(16):
        send(40_000 + 500 * i, (CLIENT, CLIENT6)[i % 2], 1250, tos=2)
    # A burst at 1 Mbit/s: each 1,250 bytes are 10 ms. The third from the first is past 20 ms, the eleventh past 100 ms.
    # Senders without ECN are not told, and what says "experienced" already stays so.
    for i in range(16):
        send(100_000 + 10 * i, slow, 1250, tos=(2, 1, 0, 3)[i % 4])
    # The queue drains, and grows again with small packets: 0.8 ms each.
    for i in range(60):
        send(160_000 + 200 * i, (slow, other)[i % 3 == 0], 100, tos=i % 4)
    # IPv6, and tagged frames, of which the helper that sets the mark knows nothing.
    for i in range(12):
        send(500_000 + 10 * i, slow6, 1250, tos=(2, 1, 0, 3)[i % 4])
    for i in range(12):
        send(800_000 + 10 * i, slow, 1250, tos=2, tags=((10,), ((ETH_QINQ, 100), 10))[i % 2])
    # The class of service goes unharmed through the marking.
    for i in range(6):
        send(1_100_000 + i, slow, 1250, tos=0xB8 | 2)
        send(1_100_000 + i, slow6, 1250, tos=0xB8 | 1)
    # After a second of silence the line is free; a whole jumbo frame goes at once and the next waits for it.
    send(2_200_000, slow, 3500)
    send(2_200_001, slow, 60)
    send(2_229_000, slow, 60)
    # To nobody's aggregate, to one without a limit, to one that is not there.
    for i in range(5):
        send(2_300_000 + i, "192.0.2.33", 1250, tos=2)
        send(2_300_000 + i, "2001:db8:1::33", 1250)
        send(2_300_000 + i, "203.0.113.9", 1250, tos=2)
        send(2_300_000 + i, "192.0.2.200", 1250)
    for at, frame in sorted(events, key=lambda event: event[0]):
        trace.add(frame, gap=START + at * 1000 - trace.now)
    # Not IP, and malformed: goes as it came.
    trace.add(ether(arp(HERE, SERVER, "192.0.2.254"), HERE, BROADCAST, kind=ETH_ARP))
    trace.add(ether(arp(HERE, SERVER, "192.0.2.254"), HERE, BROADCAST, kind=ETH_ARP, tags=(10,)))
    whole, whole6 = udp(SERVER, CLIENT, 1, 2), udp(SERVER6, CLIENT6, 1, 2)
    for size in (0, 19, 20):
        trace.add(cut(whole, size))
    for size in (0, 39, 40):
        trace.add(cut(whole6, size))
    trace.add(cut(whole, 0)[:16])
    trace.add(ether(whole, pad=False)[:34])
    trace.add(ether(whole6, pad=False)[:54])
    return trace


def trunk():
    """Towards the trunk."""
    trace = Trace()
    packets = (tcp(CLIENT, SERVER, 40000, 80), udp(CLIENT6, SERVER6, 40000, 53, b"?" * 30))
    # Untagged, and each VLAN that has a rule: pushed, translated, put into a service VLAN, popped, passed, refused.
    for tags in ((), (10,), (20,), (30,), (40,), (50,), ((ETH_QINQ, 300),), ((ETH_QINQ, 301),)):
        for packet in packets:
            for _ in range(3):
                trace.add(ether(packet, tags=tags))
        trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP, tags=tags))
    # Two tags: the outer one decides, and what is behind it comes beside the frame when that is popped.
    for tags in ((30, 31), (10, 11), (20, 21), ((ETH_QINQ, 300), 10), ((ETH_QINQ, 301), 10), ((ETH_QINQ, 300), 10, 11)):
        for packet in packets:
            trace.add(ether(packet, tags=tags))
    # The same number under the other EtherType is another VLAN; VLANs without a rule; priority tags are VLAN 0.
    for tags in (((ETH_QINQ, 10),), ((ETH_VLAN, 300),), (60,), (4095,), (0,), ((ETH_VLAN, 0xA000),)):
        for packet in packets:
            trace.add(ether(packet, tags=tags))
    # Priority and drop-eligible bits are not part of the number. The new tag's come from the DSCP.
    for bits in range(16):
        trace.add(ether(packets[0], tags=((ETH_VLAN, bits << 12 | 10),)))
    for dscp in (0, 8, 10, 18, 24, 34, 40, 46, 48, 56, 63):
        for tags in ((), (20,), (10,)):
            trace.add(ether(udp(CLIENT, SERVER, 1, 2, bytes(20), tos=dscp << 2 | 1), tags=tags))
            trace.add(ether(udp(CLIENT6, SERVER6, 1, 2, bytes(20), flow=(dscp << 2 | 1) << 20), tags=tags))
    # A full frame does not get too long: the tag is beside it, unless there are two.
    for tags in ((), (20,)):
        trace.add(ether(tcp(CLIENT, SERVER, 40000, 80, "A", bytes(1460)), tags=tags))
    # Cut within a tag, within the header that has the DSCP, and right behind the tag.
    tagged = ether(packets[0], tags=(10,), pad=False)
    for size in (14, 15, 17, 18, 19, 20):
        trace.add(tagged[:size])
    trace.add(ether(packets[0], tags=(30, 31), pad=False)[:18])
    trace.add(ether(packets[0], tags=(30, 31), pad=False)[:20])
    trace.add(ether(packets[0], tags=(30, 31), pad=False)[:22])
    trace.add(ether(packets[1], tags=(20,), pad=False)[:19])
    return trace


def trunk_ingress():
    """From the trunk."""
    trace = Trace()
    packets = (tcp(SERVER, CLIENT, 80, 40000, "SA"), udp(SERVER6, CLIENT6, 53, 40000, b"!" * 30))
    for tags in ((100,), (110,), ((ETH_QINQ, 200), 20), (), (40,), (666,), ((ETH_QINQ, 200),), ((ETH_QINQ, 302), 10)):
        for packet in packets:
            for _ in range(3):
                trace.add(ether(packet, tags=tags))
        trace.add(ether(arp(ROUTER, "192.0.2.254", SERVER), dst=BROADCAST, kind=ETH_ARP, tags=tags))
    # All priorities, with and without the drop-eligible bit, popped and translated.
    for bits in range(16):
        for vlan in (100, 110):
            trace.add(ether(packets[0], tags=((ETH_VLAN, bits << 12 | vlan),)))
        trace.add(ether(packets[1], tags=((ETH_QINQ, bits << 12 | 200), 20)))
    # Somebody else's VLANs, a service VLAN under the customers' EtherType, three tags.
    for tags in ((101,), ((ETH_QINQ, 100),), (200,), (0,), (4095,), ((ETH_QINQ, 200), 20, 21), (110, 20)):
        for packet in packets:
            trace.add(ether(packet, tags=tags))
    tagged = ether(packets[0], tags=((ETH_QINQ, 200), 20), pad=False)
    for size in (14, 16, 17, 18, 20, 21, 22, 23):
        trace.add(tagged[:size])
    return trace


# Address translation: hosts inside, the public address, and servers in the world.

PUBLIC, PUBLIC6, INSIDE6 = "192.0.2.1", "2001:db8:1:1::", "fd00:0:0:1::"
WORLD, WORLD6 = "198.51.100.80", "2001:db8:c::80"


def mix(h):
    """A 32-bit mix of all bits: nat.c and vxlan.c have it too."""
    h ^= h >> 16
    h = h * 0x7FEB352D & 0xFFFFFFFF
    h ^= h >> 15
    h = h * 0x846CA68B & 0xFFFFFFFF
    return h ^ h >> 16


def nat_ports(src, dst, sport, dport):
    """The ports that nat.c tries for a flow after its own, in order."""
    saddr, daddr = (int.from_bytes(packed(a), "little") for a in (src, dst))
    swapped = [(port & 0xFF) << 8 | port >> 8 for port in (sport, dport)]
    start = mix(saddr ^ mix(daddr ^ mix(swapped[0] << 16 | swapped[1])))
    return [32768 + (start + i & 16383) for i in range(1, 16)]


def nat():
    trace = Trace(gap=250_000)

    def out(packet, **fields):
        trace.add(ether(packet, HERE, ROUTER, **fields))

    # Connections of several hosts, each from a port of its own.
    for i in range(4):
        for packet, reply in handshake(f"10.0.0.{5 + i}", WORLD, 40000 + i, 80, GET, OK):
            if not reply:
                out(packet)
    # Two hosts from the same port to the same server: the second gets another one, and keeps it. To another server, or
    # from another protocol, the port is free.
    for host in ("10.0.0.21", "10.0.0.22", "10.0.0.23"):
        for flags in ("S", "A", "PA"):
            out(tcp(host, WORLD, 50000, 443, flags, GET if flags == "PA" else b""))
    out(tcp("10.0.0.22", "198.51.100.81", 50000, 443))
    out(udp("10.0.0.22", WORLD, 50000, 443, b"quic"))
    # All the ports that a flow would try are in use.
    unlucky = ("10.1.2.3", WORLD, 51000, 8080)
    for port in [51000] + nat_ports(*unlucky):
        out(tcp("10.1.0.1", WORLD, port, 8080))
    out(tcp(*unlucky))
    out(tcp("10.1.2.3", WORLD, 51001, 8080))
    # UDP: with a checksum, without one, and with one that comes out as 0 and is sent as 0xffff; odd lengths.
    for i in range(4):
        out(udp("10.0.0.5", WORLD, 5000 + i, 53, b"question" + b"?" * i))
        out(udp("10.0.0.5", WORLD, 5000 + i, 53, b"question", l4={"check": 0}))
        sent_on = udp_datagram(PUBLIC, WORLD, 6000 + i, 53, bytes(2))
        out(udp("10.0.0.5", WORLD, 6000 + i, 53, sent_on[6:8]))
    # Wrong checksums stay wrong. IP options move the ports.
    out(tcp("10.0.0.5", WORLD, 40000, 80, "A", l4={"check": 0x1234}))
    out(udp("10.0.0.5", WORLD, 5000, 53, b"?", l4={"check": 0xFFFF}))
    out(tcp("10.0.0.5", WORLD, 40000, 80, "A", check=0xBEEF))
    out(tcp("10.0.0.5", WORLD, 40000, 80, "A", options=b"\x94\x04\0\0"))
    # Pings: by identifier. The second host uses the same one.
    for host in ("10.0.0.5", "10.0.0.6"):
        for sequence in range(3):
            out(ping(host, WORLD, sequence))
    # A datagram in three fragments, and one whose first fragment comes last: its later ones are lost.
    datagram = udp_datagram("10.0.0.5", WORLD, 5005, 6005, bytes(range(256)) * 12)
    for offset in (0, 1480, 2960):
        part, more = datagram[offset:offset + 1480], offset < 2960
        out(ip4("10.0.0.5", WORLD, UDP, part, df=False, mf=more, offset=offset, ident=7))
    for offset in (1480, 0, 1480):
        part, more = datagram[offset:offset + 1480], offset == 0
        out(ip4("10.0.0.6", WORLD, UDP, part, df=False, mf=more, offset=offset, ident=8))
    # Errors from inside, about answers that came in: of flows that stand, and of one that does not; about a ping's.
    answer = udp(WORLD, "10.0.0.5", 53, 5000, b"too late")
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), answer[:28]))
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), answer))
    out(icmp("10.0.0.254", WORLD, 11, 0, bytes(4), tcp(WORLD, "10.0.0.22", 443, 50000, "SA")[:28]))
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), udp(WORLD, "10.0.0.5", 53, 5999, b"?")[:28]))
    pong = icmp(WORLD, "10.0.0.6", 0, 0, struct.pack("!HH", 0x2A, 1), bytes(8))
    out(icmp("10.0.0.254", WORLD, 11, 0, bytes(4), pong))
    out(icmp("10.0.0.254", WORLD, 12, 0, bytes(4), tcp(WORLD, "10.0.0.22", 443, 50000, "SA", options=b"\x94\x04\0\0")))
    # Errors that do not say what about: cut, a fragment, another protocol.
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), answer[:19]))
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), answer[:23]), pad=False)
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), ip4(WORLD, "10.0.0.5", UDP, bytes(8), df=False, offset=1480)))
    out(icmp("10.0.0.5", WORLD, 3, 2, bytes(4), ip4(WORLD, "10.0.0.5", GRE, bytes(8))))
    out(icmp("10.0.0.5", WORLD, 3, 3, bytes(4), udp(WORLD, "10.0.0.5", 53, 5000, version=6)))
    # What cannot be translated, and what need not be.
    out(ip4("10.0.0.5", WORLD, GRE, gre(bytes(20))))
    out(ip4("10.0.0.5", WORLD, ESP, bytes(32)))
    out(icmp("10.0.0.5", WORLD, 0, 0, struct.pack("!HH", 0x2A, 1), bytes(56)))  # an answer to a ping
    out(icmp("10.0.0.5", WORLD, 13, 0, bytes(4), bytes(12)))  # timestamp
    out(tcp("10.0.0.5", "10.9.9.9", 40000, 80))
    out(tcp(PUBLIC, WORLD, 40000, 80))
    out(tcp("192.168.1.1", WORLD, 40000, 80))
    out(tcp("10.0.0.5", WORLD, 40000, 80), tags=(10,))
    out(arp(HERE, PUBLIC, "192.0.2.254"), kind=ETH_ARP)
    # IPv6: prefixes. Checksums of TCP, UDP and ICMPv6; UDP without one; fragments; extension headers hide it.
    host6 = INSIDE6 + "5"
    for packet, reply in handshake(host6, WORLD6, 40000, 80, GET, OK):
        if not reply:
            out(packet)
    for i in range(3):
        out(udp(host6, WORLD6, 5000, 53, b"question" + b"?" * i))
        out(ping(host6, WORLD6, i))
    out(udp(host6, WORLD6, 5000, 53, b"?", l4={"check": 0}))
    sent_on = udp_datagram(PUBLIC6 + "5", WORLD6, 6000, 53, bytes(2))
    out(udp(host6, WORLD6, 6000, 53, sent_on[6:8]))
    out(tcp(host6, WORLD6, 40000, 80, "A", l4={"check": 0x1234}))
    datagram = udp_datagram(host6, WORLD6, 5005, 6005, bytes(range(256)) * 8)
    out(ip6(host6, WORLD6, FRAGMENT, fragment6(UDP, datagram[:1232], more=True)))
    out(ip6(host6, WORLD6, FRAGMENT, fragment6(UDP, datagram[1232:], offset=1232)))
    out(ip6(host6, WORLD6, ESP, bytes(32)))
    out(icmp(host6, WORLD6, 1, 4, bytes(4), udp(WORLD6, host6, 53, 5000, b"too late")))
    out(icmp(INSIDE6 + "fe", WORLD6, 3, 0, bytes(4), tcp(WORLD6, host6, 80, 40000, "A")))
    out(icmp(host6, WORLD6, 1, 4, bytes(4), udp(WORLD6, "2001:db8:c::99", 53, 5000, b"?")))  # not about one of ours
    out(tcp(host6, INSIDE6 + "6", 40000, 80))
    out(tcp("fd00:0:0:2::5", WORLD6, 40000, 80))
    out(tcp(PUBLIC6 + "5", WORLD6, 40000, 80))
    # Malformed: headers that lie or are cut.
    out(tcp("10.0.0.5", WORLD, 40000, 80, ihl=4))
    out(tcp("10.0.0.5", WORLD, 40000, 80, version=5), kind=ETH_IPV4)
    out(tcp("10.0.0.5", WORLD, 40000, 80, ihl=15), pad=False)
    out(tcp(host6, WORLD6, 40000, 80, version=5), kind=ETH_IPV6)
    whole, whole6 = ether(tcp("10.0.0.5", WORLD, 40000, 80), pad=False), ether(tcp(host6, WORLD6, 40000, 80), pad=False)
    for size in (34, 37, 38, 51, 52, 53):
        trace.add(whole[:size])
    for size in (54, 71, 72):
        trace.add(whole6[:size])
    trace.add(ether(udp("10.0.0.5", WORLD, 5000, 53), pad=False)[:41])
    trace.add(ether(ping("10.0.0.5", WORLD), pad=False)[:41])
    trace.add(ether(icmp(host6, WORLD6, 1, 4, bytes(4), udp(WORLD6, host6, 53, 5000)), pad=False)[:80])
    trace.add(ether(ip6(host6, WORLD6, FRAGMENT, fragment6(UDP, b"")), pad=False)[:60])
    return trace


def nat_ingress():
    """What comes back after the trace of nat, and calls from outside."""
    trace = Trace(gap=250_000)

    def back(packet, **fields):
        trace.add(ether(packet, **fields))

    # Answers to the connections, and to those that got other ports.
    for i in range(4):
        for packet, reply in handshake(PUBLIC, WORLD, 40000 + i, 80, GET, OK):
            if reply:
                back(packet)
    taken = []
    for host in ("10.0.0.21", "10.0.0.22", "10.0.0.23"):
        port = next(p for p in [50000] + nat_ports(host, WORLD, 50000, 443) if p not in taken)
        taken.append(port)
        back(tcp(WORLD, PUBLIC, 443, port, "SA"))
        back(tcp(WORLD, PUBLIC, 443, port, "PA", OK))
    back(udp(WORLD, PUBLIC, 443, 50000, b"quic"))
    for i in range(4):
        back(udp(WORLD, PUBLIC, 53, 5000 + i, b"an answer" + b"!" * i))
        back(udp(WORLD, PUBLIC, 53, 5000 + i, b"an answer", l4={"check": 0}))
        sent_on = udp_datagram(WORLD, "10.0.0.5", 53, 6000 + i, bytes(2))
        back(udp(WORLD, PUBLIC, 53, 6000 + i, sent_on[6:8]))
    back(tcp(WORLD, PUBLIC, 80, 40000, "A", l4={"check": 0x1234}))
    back(tcp(WORLD, PUBLIC, 80, 40000, "A", options=b"\x94\x04\0\0"))
    # Answers to pings: of both hosts.
    second = nat_ports("10.0.0.6", WORLD, 0x2A, 0)[0]
    for ident in (0x2A, second):
        for sequence in range(3):
            back(icmp(WORLD, PUBLIC, 0, 0, struct.pack("!HH", ident, sequence), bytes(range(56))))
    # A long answer in fragments, with options in the first alone; an orphan.
    datagram = udp_datagram(WORLD, PUBLIC, 6005, 5005, bytes(range(256)) * 12)
    for offset in (0, 1480, 2960):
        back(ip4(WORLD, PUBLIC, UDP, datagram[offset:offset + 1480], df=False, mf=offset < 2960, offset=offset, ident=7,
                 options=b"" if offset else b"\x94\x04\0\0"))
    back(ip4(WORLD, PUBLIC, UDP, bytes(64), df=False, offset=1480, ident=9))
    # Errors about what went out: from the server, from routers on the way, with much and with little of it.
    router = "198.51.100.1"
    sent = udp(PUBLIC, WORLD, 5000, 53, b"question")
    back(icmp(WORLD, PUBLIC, 3, 3, bytes(4), sent))
    back(icmp(router, PUBLIC, 11, 0, bytes(4), sent[:28]))
    back(icmp(router, PUBLIC, 3, 4, struct.pack("!HH", 0, 1400), tcp(PUBLIC, WORLD, taken[1], 443, "PA", GET)))
    back(icmp(router, PUBLIC, 11, 0, bytes(4), ping(PUBLIC, WORLD)[:28]))
    back(icmp(router, PUBLIC, 11, 0, bytes(4),
              icmp(PUBLIC, WORLD, 8, 0, struct.pack("!HH", second, 1), bytes(56), options=b"\x94\x04\0\0")))
    back(icmp(router, PUBLIC, 11, 0, bytes(4), tcp(PUBLIC, WORLD, 999, 80)))  # of the host itself, perhaps
    back(icmp(router, PUBLIC, 3, 3, bytes(4), sent[:19]))
    back(icmp(router, PUBLIC, 3, 1, bytes(4), ip4(PUBLIC, WORLD, ESP, bytes(8))))
    # Calls for the services inside, and the conversation that follows; for one that there is not.
    for i in range(3):
        for packet, reply in handshake(f"198.51.100.{30 + i}", PUBLIC, 41000 + i, 80, GET, close=False):
            if not reply:
                back(packet)
        back(udp(f"198.51.100.{30 + i}", PUBLIC, 41000 + i, 53, b"question"))
        back(udp(f"198.51.100.{30 + i}", PUBLIC, 41000 + i, 53, b"question", l4={"check": 0}))
    for port in (22, 23, 443, 8080):
        back(tcp("203.0.113.66", PUBLIC, 41000, port))
    back(tcp("203.0.113.66", PUBLIC, 41000, 53))  # TCP has none at this port
    # Guesses at the ports of others: another server's address, another port of the right one.
    back(tcp("203.0.113.66", PUBLIC, 80, 40000, "SA"))
    back(tcp(WORLD, PUBLIC, 81, 40000, "SA"))
    # For the host itself, or for nobody here.
    back(ping(CLIENT, PUBLIC))
    back(icmp("203.0.113.66", PUBLIC, 0, 0, struct.pack("!HH", 0x2A, 1), bytes(56)))
    back(ip4(CLIENT, PUBLIC, GRE, gre(bytes(20))))
    back(tcp(CLIENT, "192.0.2.2", 40000, 80))
    back(tcp(CLIENT, "10.0.0.5", 40000, 80))
    back(tcp(CLIENT, PUBLIC, 40000, 80), tags=(10,))
    back(arp(ROUTER, "192.0.2.254", PUBLIC), dst=BROADCAST, kind=ETH_ARP)
    # IPv6.
    host6 = PUBLIC6 + "5"
    for packet, reply in handshake(host6, WORLD6, 40000, 80, GET, OK):
        if reply:
            back(packet)
    back(udp(WORLD6, host6, 53, 5000, b"an answer"))
    back(udp(WORLD6, host6, 53, 5000, b"an answer", l4={"check": 0}))
    sent_on = udp_datagram(WORLD6, INSIDE6 + "5", 53, 6000, bytes(2))
    back(udp(WORLD6, host6, 53, 6000, sent_on[6:8]))
    back(icmp(WORLD6, host6, 129, 0, struct.pack("!HH", 0x2A, 1), bytes(56)))
    datagram = udp_datagram(WORLD6, host6, 6005, 5005, bytes(range(256)) * 8)
    back(ip6(WORLD6, host6, FRAGMENT, fragment6(UDP, datagram[:1232], more=True)))
    back(ip6(WORLD6, host6, FRAGMENT, fragment6(UDP, datagram[1232:], offset=1232)))
    back(icmp(WORLD6, host6, 1, 4, bytes(4), udp(host6, WORLD6, 5000, 53, b"question")))
    back(icmp("2001:db8:c::1", host6, 2, 0, struct.pack("!I", 1280), tcp(host6, WORLD6, 40000, 80, "A", bytes(1200))))
    back(tcp(WORLD6, "2001:db8:1:2::5", 80, 40000, "SA"))
    # Malformed.
    back(tcp(WORLD, PUBLIC, 80, 40000, "SA", ihl=4))
    whole = ether(tcp(WORLD, PUBLIC, 80, 40000, "SA"), pad=False)
    for size in (34, 37, 51):
        trace.add(whole[:size])
    trace.add(ether(tcp(WORLD6, host6, 80, 40000, "SA"), pad=False)[:70])
    return trace


# A VXLAN: this end, two others, and stations behind them.

ENDS = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
STATIONS = [f"02:00:00:00:01:0{x}" for x in "abcde"]


def vxlan_egress():
    trace = Trace(gap=100_000)
    a, b, c, d, unknown = STATIONS

    def send(packet, dst, src=c, **fields):
        trace.add(ether(packet, src, dst, **fields))

    # Connections to stations behind both ends, IPv4 and IPv6: all packets of one direction have one source port.
    for station, client, server in ((a, "10.5.0.1", "10.5.0.2"), (b, "fd05::1", "fd05::2")):
        for i in range(3):
            for packet, reply in handshake(client, server, 40000 + i, 80, GET, OK):
                if not reply:
                    send(packet, station)
    # Many flows: their source ports differ, as far as a hash can tell them apart.
    for i in range(24):
        send(udp("10.5.0.1", "10.5.0.2", 50000 + i, 53, bytes(i)), a)
        send(udp("fd05::1", "fd05::2", 50000 + i, 53, bytes(i)), b)
    send(ip4("10.5.0.1", "10.5.0.2", SCTP, struct.pack("!HHII", 7, 36412, 1, 2) + bytes(20)), a)
    # Without ports, or with ports that are not there: by addresses.
    send(ping("10.5.0.1", "10.5.0.2"), a)
    send(ping("fd05::1", "fd05::2"), b)
    send(ip4("10.5.0.1", "10.5.0.2", ESP, bytes(32)), a)
    datagram = udp_datagram("10.5.0.1", "10.5.0.2", 5000, 6000, bytes(1700))
    for offset in (0, 1400):
        part, more = datagram[offset:offset + 1400], offset == 0
        send(ip4("10.5.0.1", "10.5.0.2", UDP, part, df=False, mf=more, offset=offset), a)
    send(tcp("10.5.0.1", "10.5.0.2", 40000, 80, options=b"\x94\x04\0\0"), a)
    # The traffic class is taken over, ECN as well.
    for tos in (0x01, 0x02, 0x03, 0xB8, 0xFF):
        send(udp("10.5.0.1", "10.5.0.2", 1, 2, tos=tos), a)
        send(udp("fd05::1", "fd05::2", 1, 2, flow=tos << 20 | 0x12345), b)
    # Groups are flooded, unknown stations are not.
    send(udp("10.5.0.1", "224.0.0.251", 5353, 5353, bytes(40), ttl=255), "01:00:5e:00:00:fb")
    send(icmp("fe80::1", "ff02::1", 134, 0, b"\x40\0\x07\x08", bytes(8), ttl=255), "33:33:00:00:00:01")
    send(udp("10.5.0.1", "255.255.255.255", 68, 67, bytes(240)), BROADCAST)
    for station in (c, unknown, "00:00:00:00:00:01"):
        send(udp("10.5.0.1", "10.5.0.9", 1, 2), station)
    # As long as the path can carry, with 50 bytes more, and one longer.
    for size in (1449, 1450, 1451, 1500, 3000):
        send(udp("10.5.0.1", "10.5.0.2", 1, 2, bytes(size - 28)), a)
        send(udp("fd05::1", "fd05::2", 1, 2, bytes(size - 48)), b)
    # What the helper does not take: ARP, tagged frames, spanning tree.
    send(arp(c, "10.5.0.1", "10.5.0.2"), BROADCAST, kind=ETH_ARP)
    send(udp("10.5.0.1", "10.5.0.2", 1, 2), a, tags=(10,))
    send(b"\x42\x42\x03" + bytes(35), "01:80:c2:00:00:00", kind=38)
    # A VXLAN in it, and headers that lie: they are the receiver's to judge.
    send(udp("10.5.0.1", "10.5.0.2", 50000, 4789, vxlan(ether(ping("10.6.0.1", "10.6.0.2")), 7)), a)
    send(udp("10.5.0.1", "10.5.0.2", 1, 2, length=19), a)
    send(udp("10.5.0.1", "10.5.0.2", 1, 2, ihl=4), a)
    send(udp("10.5.0.1", "10.5.0.2", 1, 2, ihl=15), a, pad=False)
    for size in (34, 36, 38):
        trace.add(ether(tcp("10.5.0.1", "10.5.0.2", 1, 2), c, a)[:size])
    for size in (54, 57, 58):
        trace.add(ether(tcp("fd05::1", "fd05::2", 1, 2), c, a)[:size])
    return trace


def vxlan_ingress():
    trace = Trace(gap=100_000)
    here, one, two = ENDS
    a, b, c, d, unknown = STATIONS

    def receive(frame, vni=100, src=one, dst=here, dport=4789, flags=0x08, l4={"check": 0}, pad=True, **fields):
        trace.add(ether(udp(src, dst, 50000, dport, vxlan(frame, vni, flags), l4=l4, **fields), pad=pad))

    # Answers from both ends, for the three segments that they share; one of those goes to the stack.
    for vni in (100, 101, 102):
        for i in range(3):
            for packet, reply in handshake("10.5.0.1", "10.5.0.2", 40000 + i, 80, GET, OK):
                if reply:
                    receive(ether(packet, a, c, pad=False), vni)
            for packet, reply in handshake("fd05::1", "fd05::2", 40000 + i, 80, GET, OK):
                if reply:
                    receive(ether(packet, b, c, pad=False), vni, two)
    # Frames of all lengths; with a checksum; with the padding of Ethernet in it and behind it.
    for size in (0, 1, 17, 18, 100, 1400):
        receive(ether(udp("10.5.0.2", "10.5.0.1", 1, 2, bytes(size)), a, c, pad=False))
        receive(ether(udp("fd05::2", "fd05::1", 1, 2, bytes(size)), b, c, pad=False))
        receive(ether(udp("10.5.0.2", "10.5.0.1", 1, 2, bytes(size)), a, c))
    receive(ether(ping("10.5.0.2", "10.5.0.1"), a, c), l4={})
    receive(ether(udp("10.5.0.2", "224.0.0.251", 5353, 5353, bytes(40)), a, "01:00:5e:00:00:fb"))
    trace.add(ether(udp(one, here, 50000, 4789, vxlan(ether(ping("10.5.0.2", "10.5.0.1"), a, c), 100), l4={"check": 0}))
              + bytes(6))
    # For the stack: what is no IP, options and fragments without, other ports, other addresses, no VXLAN at all.
    receive(ether(arp(a, "10.5.0.2", "10.5.0.1"), a, c, kind=ETH_ARP))
    receive(ether(udp("10.5.0.2", "10.5.0.1", 1, 2), a, c, tags=(10,)))
    receive(ether(ping("10.5.0.2", "10.5.0.1"), a, c), options=b"\x94\x04\0\0")
    receive(ether(ping("10.5.0.2", "10.5.0.1"), a, c), df=False, mf=True)
    receive(ether(ping("10.5.0.2", "10.5.0.1"), a, c), dport=8472)
    receive(ether(ping("10.5.0.2", "10.5.0.1"), a, c), dst="192.0.2.9")
    trace.add(ether(tcp(one, here, 50000, 4789)))
    trace.add(ether(ping(CLIENT6, SERVER6)))
    trace.add(ether(arp(ROUTER, one, here), dst=BROADCAST, kind=ETH_ARP))
    trace.add(ether(udp(one, here, 50000, 4789, vxlan(ether(ping("10.5.0.2", "10.5.0.1"), a, c), 100)), tags=(10,)))
    # Strangers: an end that nobody knows, segments that an end has no part in, segments that do not exist.
    inner = ether(ping("10.5.0.2", "10.5.0.1"), a, c)
    receive(inner, src="203.0.113.66")
    receive(inner, 103, one)
    receive(inner, 104, one)
    receive(inner, 104, two)
    for vni in (0, 99, 163, 164, 0xFFFFFF):
        receive(inner, vni)
    # Malformed: no flag I, lengths that lie, cut at every header, too little within.
    receive(inner, flags=0)
    receive(inner, flags=0x48)  # other flags are none of its business
    for length in (7, 29, 30, 9999):
        receive(inner, l4={"length": length, "check": 0})
    whole = ether(udp(one, here, 50000, 4789, vxlan(inner, 100), l4={"check": 0}), pad=False)
    for size in (34, 41, 42, 49, 50, 63, 64, 65):
        trace.add(whole[:size])
    for size in (0, 19, 20, 21):
        receive(ether(ping("10.5.0.2", "10.5.0.1"), a, c, pad=False)[:14 + size], pad=False)
    for size in (0, 39, 40, 41):
        receive(ether(ping("fd05::2", "fd05::1"), a, c, pad=False)[:14 + size], pad=False)
    return trace


def dns():
    trace = Trace()
    resolver, resolver6 = "192.0.2.53", "2001:db8:1::53"

    def ask(name, kind=1, sport=50000, tags=(), l4={}, size=None, **fields):
        message = question(name, kind, **fields)
        trace.add(ether(udp(CLIENT, resolver, sport, 53, message[:size], l4=l4), tags=tags))
        trace.add(ether(udp(CLIENT6, resolver6, sport, 53, message[:size], l4=l4), tags=tags))

    # Ordinary: A, AAAA, MX and HTTPS of names without a policy; with EDNS behind the question.
    edns = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    for name in ("example.com", "www.example.com", "a.long.chain.of.labels.example.org", "x", "xn--bcher-kva.example"):
        for kind in (1, 28, 15, 65):
            ask(name, kind, extra=edns)
    ask("", 2)  # the root
    # Names with a policy, names below them, and neighbours that only look alike.
    for name in ("ads.example", "www.ads.example", "a.b.c.ads.example", "good.ads.example", "very.good.ads.example",
                 "bad.ads.example", "notads.example", "ads.example.com", "ads", "example", "xads.example",
                 "games.example", "www.games.example", "internal.test", "host.internal.test", "test", "other.test",
                 "testing", "com.test.example"):
        ask(name)
    # In mixed case, as resolvers send it; bytes that are letters in no alphabet.
    for name in ("AdS.eXaMpLe", "WWW.ADS.EXAMPLE", "GoOd.AdS.ExAmPlE", "GAMES.example"):
        ask(name, 28)
    ask(b"\3\xc3\xa4d\3ads\7example\0")
    ask(b"\3[@`\7example\0")
    # ANY is an amplifier's question, whoever it is about.
    ask("example.com", 255)
    ask("good.ads.example", 255)
    # Names that are made to slip through: a dot or a zero within a label, pointers, lengths without a meaning.
    ask(b"\x0bads.example\0")
    ask(b"\4ads\0\7example\0")
    ask(b"\3ads\xc0\x0c")
    ask(b"\xc0\x0c")
    ask(b"\x40" + b"a" * 64 + b"\0")
    ask(b"\x80\0")
    # Of the greatest length there is, one byte more, and of the greatest number of labels.
    ask(b"\x3f" + b"a" * 63 + (b"\x3f" + b"b" * 63) * 2 + b"\x3d" + b"c" * 61 + b"\0")
    ask(b"\x3f" + b"a" * 63 + (b"\x3f" + b"b" * 63) * 2 + b"\x3e" + b"c" * 62 + b"\0")
    ask(b"\1a" * 127 + b"\0")
    ask(b"\1a" * 30 + b"\3ads\7example\0")  # 32 labels: its own and the last are looked at
    ask(b"\1a" * 32 + b"\3ads\7example\0")  # one label too many
    # Not questions: answers in both directions, updates, notifications. Two questions, and none.
    ask("ads.example", flags=0x8180)
    trace.add(ether(udp(resolver, CLIENT, 53, 50000, question("ads.example", flags=0x8180), ttl=63)))
    ask("ads.example", flags=0x2800)
    ask("ads.example", flags=0x2000)
    ask("ads.example", questions=2, extra=question("www.ads.example")[12:])
    ask("ads.example", questions=0)
    # Elsewhere: TCP, other ports, later fragments, other protocols.
    trace.add(ether(tcp(CLIENT, resolver, 50000, 53, "PA", struct.pack("!H", 29) + question("ads.example"))))
    trace.add(ether(udp(CLIENT, resolver, 50000, 5353, question("ads.example"))))
    trace.add(ether(udp(CLIENT, resolver, 53, 5353, question("ads.example"))))
    datagram = udp_datagram(CLIENT, resolver, 50000, 53, question("ads.example", extra=bytes(1600)))
    trace.add(ether(ip4(CLIENT, resolver, UDP, datagram[:1480], df=False, mf=True, ident=7)))
    trace.add(ether(ip4(CLIENT, resolver, UDP, datagram[1480:], df=False, offset=1480, ident=7)))
    trace.add(ether(ping(CLIENT, resolver)))
    trace.add(ether(ping(CLIENT6, resolver6)))
    trace.add(ether(arp(ROUTER, "192.0.2.254", resolver), dst=BROADCAST, kind=ETH_ARP))
    # Behind tags, IP options and extension headers.
    for tags in ((10,), ((ETH_QINQ, 100), 10)):
        ask("ads.example", tags=tags)
        ask("games.example", tags=tags)
    trace.add(ether(udp(CLIENT, resolver, 50000, 53, question("ads.example"), options=b"\x94\x04\0\0" * 5)))
    datagram = udp_datagram(CLIENT6, resolver6, 50000, 53, question("ads.example"))
    once = options6(UDP, datagram)
    trace.add(ether(ip6(CLIENT6, resolver6, HOPOPTS, once)))
    trace.add(ether(ip6(CLIENT6, resolver6, HOPOPTS, options6(DSTOPTS, once, 16))))
    trace.add(ether(ip6(CLIENT6, resolver6, DSTOPTS, options6(ROUTING, routing6(UDP, datagram)))))
    trace.add(ether(ip6(CLIENT6, resolver6, FRAGMENT, fragment6(UDP, datagram, more=True))))
    trace.add(ether(ip6(CLIENT6, resolver6, FRAGMENT, fragment6(UDP, datagram, offset=1232))))
    trace.add(ether(ip6(CLIENT6, resolver6, DSTOPTS, options6(FRAGMENT, fragment6(UDP, datagram)))))
    chain = once
    for _ in range(4):
        chain = options6(DSTOPTS, chain)
    trace.add(ether(ip6(CLIENT6, resolver6, DSTOPTS, chain)))  # five of them: more than it looks behind
    # Malformed: cut in the middle of everything.
    whole = ether(udp(CLIENT, resolver, 50000, 53, question("ads.example")), pad=False)
    for size in (34, 41, 42, 53, 54, 55, 58, 66, 67, 68, 70):
        trace.add(whole[:size])
    trace.add(ether(udp(CLIENT, resolver, 50000, 53, question("ads.example"), ihl=4)))
    trace.add(ether(udp(CLIENT, resolver, 50000, 53, question("ads.example"), version=5), kind=ETH_IPV4))
    trace.add(ether(udp(CLIENT6, resolver6, 50000, 53, question("ads.example"), version=5), kind=ETH_IPV6))
    whole6 = ether(ip6(CLIENT6, resolver6, HOPOPTS, once), pad=False)
    for size in (54, 55, 61, 62, 69, 70):
        trace.add(whole6[:size])
    trace.add(ether(ip6(CLIENT6, resolver6, FRAGMENT, fragment6(UDP, datagram)), pad=False)[:61])
    for size in (0, 10, 20, 28, 40):
        trace.add(cut(udp(CLIENT, resolver, 50000, 53, question("ads.example")), size))
    for size in (0, 39, 48):
        trace.add(cut(udp(CLIENT6, resolver6, 50000, 53, question("ads.example")), size))
    trace.add(cut(b"", 0)[:16])
    # One long name after another: what is left of the one before is no part of the next.
    ask("www.ads.example")
    ask("x", size=14)
    ask(b"\3www\3ads", size=20)
    return trace


def edge():
    """What a host sends through the chain of fixtures/chains/edge.yaml: nat, pacer, trunk."""
    trace = Trace(gap=2_000_000)
    host6 = INSIDE6 + "5"

    def out(packet, **fields):
        trace.add(ether(packet, HERE, ROUTER, **fields))

    # Translated, paced and tagged: the priority of the tag is that of the DSCP.
    for client, server in (("10.0.0.5", WORLD), (host6, WORLD6)):
        for packet, reply in handshake(client, server, 40000, 80, GET, OK):
            if not reply:
                out(packet)
        out(udp(client, server, 5000, 53, b"question"))
        out(ping(client, server))
    out(udp("10.0.0.5", WORLD, 5060, 5060, bytes(160), tos=46 << 2))
    out(udp(host6, WORLD6, 5060, 5060, bytes(160), flow=46 << 22))
    out(tcp("10.0.0.6", WORLD, 40000, 80))  # the port is taken
    # Dropped by the first: what cannot be translated.
    out(ip4("10.0.0.5", WORLD, GRE, gre(bytes(20))))
    out(tcp("10.0.0.5", WORLD, 40000, 80, ihl=4))
    # Not for the first two, but for the third: frames of other VLANs, of two, ARP.
    for tags in ((10,), (20,), (30,), (40,), ((ETH_VLAN, 0xA00A),), ((ETH_QINQ, 300), 10), (30, 31)):
        out(tcp("10.0.0.5", WORLD, 40000, 80), tags=tags)
    out(arp(HERE, PUBLIC, "192.0.2.254"), kind=ETH_ARP)
    # Dropped by the third: VLANs that have no business here.
    for tags in ((50,), (60,), ((ETH_QINQ, 10),)):
        out(tcp("10.0.0.5", WORLD, 40000, 80), tags=tags)
    # Paced only.
    out(tcp(PUBLIC, WORLD, 40001, 80))
    out(udp(PUBLIC, "192.0.2.33", 1, 2, bytes(1000)))
    return trace


# Traces of chains of programs.
CHAINS = {
    "edge": (edge, "edge.pcap", {}),
}

# As TRACES of generate.py.
CLASSIFIERS = {
    "marker": (marker, "marker.pcap", {}),
    "pacer": (pacer, "pacer.pcapng", {}),
    "trunk": (trunk, "trunk.pcap", {"nanoseconds": True}),
    "trunk_ingress": (trunk_ingress, "trunk_ingress.pcap", {}),
    "nat": (nat, "nat.pcap", {}),
    "nat_ingress": (nat_ingress, "nat_ingress.pcap", {"big_endian": True}),
    "vxlan": (vxlan_egress, "vxlan.pcap", {}),
    "vxlan_ingress": (vxlan_ingress, "vxlan_ingress.pcapng", {"nanoseconds": False}),
    "dns": (dns, "dns.pcap", {}),
}
