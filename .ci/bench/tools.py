# SPDX-License-Identifier: Apache-2.0
"""What every part of the benchmark needs: the built executables, processes that are measured, traffic, and the verdicts."""
import os
import random
import struct
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SHARED = os.path.realpath(os.path.join(ROOT, "..", "shared"))
sys.path.insert(0, os.path.join(ROOT, "pcaps"))
import frames  # noqa: E402

# As README.md builds it, so that nothing is built twice. Frame pointers cost a register in every handler.
RELEASE = ["swift", "build", "-c", "release", "--omit-frame-pointers"]


def build():
    """Builds what is measured; the folder of the executables."""
    for product in ("verdict", "BareReadLoop", "PacketLoop"):
        subprocess.run([*RELEASE, "--product", product], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return subprocess.check_output([*RELEASE, "--show-bin-path"], cwd=ROOT, text=True).strip()


class Spent:
    """What a process took: seconds on the clock and of CPU, and its largest size in bytes."""

    def __init__(self, command, feed=None):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.PIPE if feed else None)
        if feed:
            for block in feed:
                process.stdin.write(block)
            process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"benchmark: {' '.join(command)} ended with {process.returncode}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.size = usage.ru_maxrss * 1024


class Targets:
    """The figures that issue 3 asks for, and whether they were met."""

    def __init__(self):
        self.missed = 0

    def expect(self, what, figure, limit, is_at_least=False):
        met = figure >= limit if is_at_least else figure <= limit
        self.missed += not met
        sign = ">=" if is_at_least else "<="
        print(f"{'pass' if met else 'FAIL'}  {what}: {figure:.2f} (target {sign} {limit:g})")


def tcp64():
    return frames.ether(frames.tcp("10.0.0.1", "10.0.0.2", 40000, 443, "A")).ljust(64, b"\0")


def udp1500():
    return frames.ether(frames.udp("10.0.0.1", "10.0.0.2", 40000, 5000, bytes(1500 - 42)))


def noise(count=2048):
    return random.Random(7).randbytes(count)


def write_capture(path, count):
    """A classic pcap file of `count` frames of TCP and UDP in the usual sizes, a microsecond apart."""
    choice = random.Random(1)
    known = []
    for _ in range(1024):
        port, payload = choice.choice([22, 53, 80, 123, 443, 8080, 50000]), bytes(choice.choice([0, 0, 64, 500, 1400]))
        source = f"10.{choice.randrange(256)}.{choice.randrange(256)}.{choice.randrange(1, 255)}"
        build = frames.udp if choice.random() < 0.4 else lambda *a: frames.tcp(*a[:4], "A", *a[4:])
        known.append(frames.ether(build(source, "192.0.2.1", 40000, port, payload)))
    with open(path, "wb", 1 << 20) as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number in range(count):
            frame = known[number * 7919 % len(known)]
            seconds, micros = divmod(number, 1_000_000)
            file.write(struct.pack("<IIII", 1_700_000_000 + seconds, micros, len(frame), len(frame)) + frame)
