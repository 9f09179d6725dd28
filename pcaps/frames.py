# SPDX-License-Identifier: Apache-2.0
"""Builds frames, byte by byte, with correct lengths and checksums unless told otherwise.

Every function returns bytes. A field can be forced to a wrong value by keyword, which is how
malformed packets are made: `ip4(..., ihl=3)`, `udp(..., length=2)`.
"""

import socket
import struct

ETH_IPV4, ETH_ARP, ETH_VLAN, ETH_IPV6, ETH_QINQ = 0x0800, 0x0806, 0x8100, 0x86DD, 0x88A8
ETH_LLDP = 0x88CC
HOPOPTS, ICMP, IPIP, TCP, UDP, ROUTING, FRAGMENT, GRE = 0, 1, 4, 6, 17, 43, 44, 47
ESP, AH, ICMPV6, NO_NEXT, DSTOPTS, SCTP = 50, 51, 58, 59, 60, 132

FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20}


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


# The machine that filters, and its neighbour through which most traffic comes.
HERE, ROUTER = "02:00:00:00:00:01", "02:00:00:00:00:fe"
BROADCAST = "ff:ff:ff:ff:ff:ff"
# A server of our own and a client of it.
SERVER, SERVER6 = "192.0.2.10", "2001:db8:1::10"
CLIENT, CLIENT6 = "198.51.100.7", "2001:db8:c::7"
GET, OK = b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"


def checksum(data):
    """The Internet checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def is_ipv6(address):
    return ":" in address


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if is_ipv6(address) else socket.AF_INET, address)


def pseudo_header(src, dst, protocol, length):
    if is_ipv6(src):
        return packed(src) + packed(dst) + struct.pack("!IxxxB", length, protocol)
    return packed(src) + packed(dst) + struct.pack("!xBH", protocol, length)


def ether(payload, src=ROUTER, dst=HERE, kind=None, tags=(), pad=True):
    """An Ethernet frame. `tags` are VLAN ids, or (EtherType, TCI), from the outside in."""
    if kind is None:
        kind = ETH_IPV6 if payload[:1] and payload[0] >> 4 == 6 else ETH_IPV4
    frame = mac(dst) + mac(src)
    for tag in tags:
        frame += struct.pack("!HH", *(tag if isinstance(tag, tuple) else (ETH_VLAN, tag)))
    frame += struct.pack("!H", kind) + payload
    return frame.ljust(60, b"\0") if pad else frame


def ip4(src, dst, protocol, payload=b"", *, ttl=64, ident=0, df=True, mf=False, offset=0, tos=0, options=b"",
        version=4, ihl=None, length=None, check=None):
    """IPv4; `offset` is the fragment offset in bytes."""
    options = options.ljust((len(options) + 3) // 4 * 4, b"\0")
    ihl = 5 + len(options) // 4 if ihl is None else ihl
    length = 20 + len(options) + len(payload) if length is None else length
    fragment = (0x4000 if df else 0) | (0x2000 if mf else 0) | offset // 8
    head = struct.pack("!BBHHHBBH4s4s", version << 4 | ihl, tos, length, ident, fragment, ttl, protocol, 0,
                       packed(src), packed(dst)) + options
    check = checksum(head) if check is None else check
    return head[:10] + struct.pack("!H", check) + head[12:] + payload


def ip6(src, dst, protocol, payload=b"", *, ttl=64, flow=0, version=6, length=None):
    length = len(payload) if length is None else length
    head = struct.pack("!IHBB", version << 28 | flow, length, protocol, ttl)
    return head + packed(src) + packed(dst) + payload


def ip(src, dst, protocol, payload=b"", **fields):
    """IPv4 or IPv6, as the addresses are."""
    return (ip6 if is_ipv6(src) else ip4)(src, dst, protocol, payload, **fields)


def tcp_segment(src, dst, sport, dport, flags="S", payload=b"", *, seq=1000, ack=0, window=64240, doff=None,
                options=b"", check=None):
    options = options.ljust((len(options) + 3) // 4 * 4, b"\0")
    doff = 5 + len(options) // 4 if doff is None else doff
    bits = sum(FLAGS[flag] for flag in flags)
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, doff << 4, bits, window, 0, 0) + options + payload
    if check is None:
        check = checksum(pseudo_header(src, dst, TCP, len(segment)) + segment)
    return segment[:16] + struct.pack("!H", check) + segment[18:]


def udp_datagram(src, dst, sport, dport, payload=b"", *, length=None, check=None):
    length = 8 + len(payload) if length is None else length
    datagram = struct.pack("!HHHH", sport, dport, length, 0) + payload
    if check is None:
        check = checksum(pseudo_header(src, dst, UDP, len(datagram)) + datagram) or 0xFFFF
    return datagram[:6] + struct.pack("!H", check) + datagram[8:]


def icmp_message(src, dst, kind, code=0, rest=b"\0\0\0\1", payload=b"", *, check=None):
    message = struct.pack("!BBH", kind, code, 0) + rest + payload
    if check is None:
        pseudo = pseudo_header(src, dst, ICMPV6, len(message)) if is_ipv6(src) else b""
        check = checksum(pseudo + message)
    return message[:2] + struct.pack("!H", check) + message[4:]


# Whole IP packets. `l4` holds what concerns the transport header, the other keywords the IP header.

def tcp(src, dst, sport, dport, flags="S", payload=b"", l4={}, **fields):
    return ip(src, dst, TCP, tcp_segment(src, dst, sport, dport, flags, payload, **l4), **fields)


def udp(src, dst, sport, dport, payload=b"", l4={}, **fields):
    return ip(src, dst, UDP, udp_datagram(src, dst, sport, dport, payload, **l4), **fields)


def icmp(src, dst, kind, code=0, rest=b"\0\0\0\1", payload=b"", l4={}, **fields):
    protocol = ICMPV6 if is_ipv6(src) else ICMP
    return ip(src, dst, protocol, icmp_message(src, dst, kind, code, rest, payload, **l4), **fields)


def ping(src, dst, sequence=1, size=56, **fields):
    """An echo request."""
    data = bytes(i & 0xFF for i in range(size))
    return icmp(src, dst, 128 if is_ipv6(src) else 8, 0, struct.pack("!HH", 0x2A, sequence), data, **fields)


def arp(src_mac, src, dst, operation=1):
    body = struct.pack("!HHBBH", 1, ETH_IPV4, 6, 4, operation)
    return body + mac(src_mac) + packed(src) + bytes(6) + packed(dst)


def gre(payload, kind=ETH_IPV4, key=None, flags=0):
    flags |= 0x2000 if key is not None else 0
    return struct.pack("!HH", flags, kind) + (struct.pack("!I", key) if key is not None else b"") + payload


# IPv6 extension headers: each takes what follows it, with its protocol number.

def options6(protocol, payload, size=8):
    """Hop-by-hop or destination options, `size` bytes of them, all padding."""
    padding, left = b"", size - 2
    while left:
        step = min(left, 257) - (left == 258)  # never leave a single byte
        padding += struct.pack("!BB", 1, step - 2) + bytes(step - 2)
        left -= step
    return struct.pack("!BB", protocol, size // 8 - 1) + padding + payload


def routing6(protocol, payload, kind=0, left=1, addresses=("2001:db8:f::1",)):
    return (struct.pack("!BBBBI", protocol, len(addresses) * 2, kind, left, 0)
            + b"".join(packed(a) for a in addresses) + payload)


def fragment6(protocol, payload, offset=0, more=False, ident=1):
    return struct.pack("!BBHI", protocol, 0, offset | int(more), ident) + payload


def authentication6(protocol, payload, size=24):
    return struct.pack("!BBHII", protocol, size // 4 - 2, 0, 0x100, 1).ljust(size, b"\xaa") + payload


def handshake(client, server, sport, dport, request=b"", reply=b"", close=True):
    """A TCP connection as (packet, is_reply) pairs: set-up, one exchange, and the end."""
    c, s = 1000, 5000
    yield tcp(client, server, sport, dport, "S", l4={"seq": c, "options": b"\x02\x04\x05\xb4"}), False
    yield tcp(server, client, dport, sport, "SA", l4={"seq": s, "ack": c + 1, "options": b"\x02\x04\x05\xb4"}), True
    c, s = c + 1, s + 1
    yield tcp(client, server, sport, dport, "A", l4={"seq": c, "ack": s}), False
    if request:
        yield tcp(client, server, sport, dport, "PA", request, l4={"seq": c, "ack": s}), False
        c += len(request)
    if reply:
        yield tcp(server, client, dport, sport, "PA", reply, l4={"seq": s, "ack": c}), True
        s += len(reply)
    if close:
        yield tcp(client, server, sport, dport, "FA", l4={"seq": c, "ack": s}), False
        yield tcp(server, client, dport, sport, "FA", l4={"seq": s, "ack": c + 1}), True
        yield tcp(client, server, sport, dport, "A", l4={"seq": c + 1, "ack": s + 1}), False


def vxlan(frame, vni, flags=0x08):
    """A frame behind a VXLAN header."""
    return struct.pack("!BxxxI", flags, vni << 8) + frame


def question(name, kind=1, *, ident=0x1234, flags=0x0100, questions=1, extra=b""):
    """A DNS message with one question. `name` is text, or the bytes of a name as they are to be."""
    if isinstance(name, str):
        labels = [label.encode() for label in name.split(".") if label]
        name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!HHHHHH", ident, flags, questions, 0, 0, 0) + name + struct.pack("!HH", kind, 1) + extra
