# SPDX-License-Identifier: Apache-2.0
"""End to end: `verdict run` over a large capture, against a loop that only reads it, and memory over ten times as much."""
import os
import subprocess
import sys
import tempfile

import tools

PACKETS = 1_000_000
MILLION = 1_000_000


def capture(folder, is_quick):
    """The capture and its number of packets. The mixed one takes a minute to make and is kept for the next time."""
    if is_quick:
        path = os.path.join(folder, "quick.pcap")
        tools.write_capture(path, PACKETS // 5)
        return path, PACKETS // 5
    path = os.path.join(tempfile.gettempdir(), f"verdict-benchmark-{PACKETS}.pcap")
    maker = os.path.join(tools.SHARED, "tools", "mkbig.py")
    if not os.path.exists(path):
        part = os.path.join(folder, "part.pcap")
        if os.path.exists(maker):
            pcaps = os.path.join(tools.SHARED, "pcaps")
            subprocess.run([sys.executable, maker, pcaps, part, str(PACKETS)], check=True, stdout=subprocess.DEVNULL)
        else:
            tools.write_capture(part, PACKETS)
        os.replace(part, path)
    return path, PACKETS


def blocks(path, times):
    """A capture's bytes, with its records `times` over."""
    with open(path, "rb") as file:
        yield file.read(24)
        for _ in range(times):
            file.seek(24)
            while block := file.read(1 << 20):
                yield block


def run(binaries, folder, programs, rounds, targets, is_quick, trace):
    path, packets = (trace, None) if trace else capture(folder, is_quick)
    verdict = os.path.join(binaries, "verdict")
    firewall = os.path.join(tools.ROOT, "fixtures", "firewall.bpf.o")
    parse = [verdict, "run", programs.object("parse"), "--pcap", path]
    commands = {
        "bare libpcap loop": [os.path.join(binaries, "BareReadLoop"), path],
        "run parse": parse,
        "run firewall": [verdict, "run", firewall, "--pcap", path],
    }
    extra = {
        "run parse --per-packet": parse + ["--per-packet", os.path.join(folder, "log.json")],
        "run parse --write": parse + ["--write", os.path.join(folder, "verdicts")],
    }
    spent = {name: [] for name in (*commands, *extra)}
    for _ in range(rounds):
        for name, command in commands.items():
            spent[name].append(tools.Spent(command))
    for _ in range(max(1, rounds // 4)):
        for name, command in extra.items():
            spent[name].append(tools.Spent(command))

    print(f"\nend to end over {path}, whole processes, least of {rounds} runs")
    bare = min(s.wall for s in spent["bare libpcap loop"])
    for name, runs in spent.items():
        wall = min(s.wall for s in runs)
        rate = f"{packets / wall / 1e6:6.2f} million packets a second" if packets else ""
        print(f"{name:24} {wall * 1e3:8.1f} ms  x {wall / bare:5.2f}  {min(s.cpu for s in runs) * 1e3:8.1f} ms CPU  "
              f"{max(s.size for s in runs) / 1e6:6.1f} MB  {rate}")
    # Over a small capture it is the start of the process that counts.
    if not is_quick:
        targets.expect("verdict run / bare libpcap loop", min(s.wall for s in spent["run parse"]) / bare, 1.5)

    few, many = (MILLION // 10, MILLION) if is_quick else (MILLION, 10 * MILLION)
    bench = [verdict, "bench", programs.object("parse"), "--packet", programs.packet("tcp64"), "--runs", "1", "--repeat"]
    sizes = [tools.Spent([*bench, str(n)]).size for n in (few, many)]
    print(f"\nlargest size: bench {few:,} packets {sizes[0] / 1e6:.1f} MB, {many:,} packets {sizes[1] / 1e6:.1f} MB")
    targets.expect("size of bench, ten times the packets, MB more", (sizes[1] - sizes[0]) / 1e6, 1)
    if not is_quick:
        piped = [verdict, "run", programs.object("parse"), "--pcap", "-"]
        sizes = [tools.Spent(piped, blocks(path, times)).size for times in (1, 10)]
        print(f"largest size: run of the capture through a pipe {sizes[0] / 1e6:.1f} MB, ten times it {sizes[1] / 1e6:.1f} MB")
        targets.expect("size of run, ten times the packets, MB more", (sizes[1] - sizes[0]) / 1e6, 1)
