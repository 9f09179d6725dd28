# SPDX-License-Identifier: Apache-2.0
"""Writes captures: pcap in its four dialects, and pcapng with several interfaces."""

import struct

# 2026-01-01 00:00:00 UTC, in nanoseconds.
START = 1_767_225_600 * 10**9
ETHERNET = 1


class Trace:
    """Frames with their times, in order. Times are nanoseconds since 1970."""

    def __init__(self, gap=1_000_000):
        self.frames = []
        self.now = START
        self.gap = gap

    def add(self, frame, gap=None, snap=None, interface=0):
        """Appends `frame`, `gap` nanoseconds after the one before; `snap` cuts what the capture keeps of it."""
        if self.frames:
            self.now += self.gap if gap is None else gap
        self.frames.append((self.now, frame[:snap], len(frame), interface))

    def write_pcap(self, path, nanoseconds=False, big_endian=False):
        order = ">" if big_endian else "<"
        magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
        with open(path, "wb") as out:
            out.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, ETHERNET))
            for time, data, length, _ in self.frames:
                seconds, rest = divmod(time, 10**9)
                fraction = rest if nanoseconds else rest // 1000
                out.write(struct.pack(order + "IIII", seconds, fraction, len(data), length) + data)

    def write_pcapng(self, path, interfaces=("eth0",), nanoseconds=True):
        def option(code, value):
            return struct.pack("<HH", code, len(value)) + value.ljust((len(value) + 3) // 4 * 4, b"\0")

        def block(kind, body):
            body = body.ljust((len(body) + 3) // 4 * 4, b"\0")
            return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

        end = option(0, b"")
        with open(path, "wb") as out:
            out.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
            for name in interfaces:
                out.write(block(1, struct.pack("<HHI", ETHERNET, 0, 262144) + option(2, name.encode())
                                + option(9, bytes([9 if nanoseconds else 6])) + end))
            for time, data, length, interface in self.frames:
                stamp = time if nanoseconds else time // 1000
                head = struct.pack("<IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(data), length)
                out.write(block(6, head + data))
