#!/usr/bin/env python3
"""Asks the running kernel what TC programs see of real frames: skb.py CASES.json > ANSWERS.json (as root; needs iproute2).

In a network namespace of its own, v0 and v1 are a veth pair and g0 is a VXLAN device of metadata behind v1. A case has a program,
the device and direction that it is attached to (tcx), and a frame that v0 sends, perhaps with a virtio header that says what
is to be done about checksum and segments. The answer is the program's first map after the frame."""
import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
INGRESS, EGRESS = 46, 47
SETUP = """
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link add v0 index 3 type veth peer name v1 index 2
ip link set v0 address 02:00:00:00:00:01
ip link set v1 address 02:00:00:00:00:02
ip link set v0 up
ip link set v1 up
ip address add 10.0.0.2/24 dev v1
ip neighbour add 10.0.0.1 lladdr 02:00:00:00:00:01 dev v1
ip link add g0 index 4 type vxlan external dstport 4789
ip link set g0 address 02:00:00:00:00:22
ip link set g0 up
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.v1.rp_filter=0 net.ipv4.conf.all.accept_local=1
"""


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(152, b"\0"), 152)
    result = libc.syscall(321 if os.uname().machine == "x86_64" else 280, command, buffer, 152)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def load(slots, results):
    code = bytearray.fromhex(slots)
    for at in range(0, len(code), 8):
        if code[at] == 0x18 and code[at + 1] >> 4 == 6:
            code[at + 1] = code[at + 1] & 0x0F | 2 << 4
            struct.pack_into("<I", code, at + 4, results)
    instructions = ctypes.create_string_buffer(bytes(code), len(code))
    log = ctypes.create_string_buffer(1 << 18)
    licence = ctypes.create_string_buffer(b"GPL")
    try:
        return bpf(5, struct.pack(
            "<IIQQIIQII", 3, len(code) // 8, ctypes.addressof(instructions), ctypes.addressof(licence), 1, len(log),
            ctypes.addressof(log), 0, 0))
    except OSError as error:
        raise RuntimeError(f"{error}: {log.value.decode()[-400:]}")


def contents(results, size):
    key = ctypes.create_string_buffer(4)
    value = ctypes.create_string_buffer(size)
    bpf(1, struct.pack("<IIQQQ", results, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
    return value.raw


def settled(results, size):
    """What the program wrote, once it writes no more; zeros when it wrote nothing within a second."""
    value = contents(results, size)
    for _ in range(100):
        before = value
        time.sleep(0.001 if any(value) else 0.01)
        value = contents(results, size)
        if any(value) and value == before:
            break
    return value


def answer(case):
    results = bpf(0, struct.pack("<5I", 2, 4, case["size"], 1, 0))
    program = load(case["slots"], results)
    link = bpf(28, struct.pack(
        "<IIIIIIQ", program, socket.if_nametoindex(case["device"]), EGRESS if case["isEgress"] else INGRESS, 0, 0, 0, 0))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        header = bytes.fromhex(case["header"])
        if header:
            sender.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
        sender.bind(("v0", 0))
        for _ in range(5):  # A busy machine may lose a frame, or take its time.
            try:
                sender.send(header + bytes.fromhex(case["frame"]))
            except OSError:
                pass  # What the program made of the frame could not be sent on.
            value = settled(results, case["size"])
            if any(value):
                break
    for descriptor in (link, program, results):
        os.close(descriptor)
    return {"name": case["name"], "results": value.hex()}


def main():
    with open(sys.argv[1]) as file:
        cases = json.load(file)
    if libc.unshare(0x40000000) != 0:
        sys.exit("no network namespace can be had")
    subprocess.run(["sh", "-ec", SETUP], check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    answers = []
    for case in cases:
        try:
            answers.append(answer(case))
        except (OSError, RuntimeError) as error:
            answers.append({"name": case["name"], "failed": str(error)})
    json.dump({"kernel": os.uname().release, "answers": answers}, sys.stdout)


main()
