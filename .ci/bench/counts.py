# SPDX-License-Identifier: Apache-2.0
"""Allocations and reference counting of the run loop: calls that valgrind counts in N and in 2 N rounds over a capture.
The difference is what N rounds cost. A few calls a run may differ, those that a packet makes would differ by thousands."""
import collections
import glob
import os
import re
import shutil
import subprocess

import tools

ROUNDS = 20
COUNTED = {
    "allocations": re.compile(r"^(malloc|calloc|realloc|posix_memalign|aligned_alloc|swift_allocObject|swift_slowAlloc)$"),
    "retains": re.compile(r"^swift_(bridgeObjectR|r)etain(_n)?$"),
    "releases": re.compile(r"^swift_(bridgeObjectR|r)elease(_n)?$"),
    "tracked accesses": re.compile(r"^swift_beginAccess$"),
}


def calls(profile):
    """Calls by callee's name, from a file of callgrind's format: numbers stand for names that were given before."""
    names, counts, callee = {}, collections.Counter(), None
    with open(profile) as lines:
        for line in lines:
            named = re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line)
            if named:
                if named[3]:
                    names[named[2]] = named[3].strip()
                if named[1]:
                    callee = names[named[2]]
            elif line.startswith("calls="):
                counts[callee] += int(line[6:].split()[0])
    return counts


def count(loop, folder, object, capture, program):
    """What a packet costs, by kind."""
    def profile(rounds):
        path = os.path.join(folder, f"callgrind.{rounds}")
        arguments = [loop, object, capture, str(rounds), *([program] if program else [])]
        ran = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}", *arguments],
                             capture_output=True, text=True)
        printed = re.search(r"(\d+) packets", ran.stdout)
        return (calls(path), int(printed[1])) if ran.returncode == 0 and printed else None

    few, many = profile(ROUNDS), profile(2 * ROUNDS)
    if not few or not many:
        return None
    packets = many[1] - few[1]
    difference = {name: many[0][name] - few[0][name] for name in many[0]}
    return {kind: sum(n for name, n in difference.items() if pattern.match(name)) / packets
            for kind, pattern in COUNTED.items()}


def run(binaries, folder, parse, targets, everything):
    print("\ncalls a packet in the run loop, counted by valgrind")
    if not shutil.which("valgrind") or not shutil.which("strip"):
        print("skipped: needs valgrind and strip")
        return
    # valgrind does not understand all that debug information says.
    loop = os.path.join(folder, "PacketLoop")
    subprocess.run(["strip", "--strip-debug", "-o", loop, os.path.join(binaries, "PacketLoop")], check=True)
    cases = [("parse", parse, os.path.join(tools.ROOT, "pcaps", "firewall.pcap"), None)] if parse else []
    for object in sorted(glob.glob(os.path.join(tools.ROOT, "fixtures", "*.bpf.o" if everything else "firewall.bpf.o"))):
        name = os.path.basename(object).removesuffix(".bpf.o")
        captures = glob.glob(os.path.join(tools.ROOT, "pcaps", name + ".pcap*"))
        if captures:
            cases.append((name, object, captures[0], "parsers" if name == "parsers" else None))
    for name, object, capture, program in cases:
        counts = count(loop, folder, object, capture, program)
        if counts is None:
            print(f"{name:12} skipped: does not run under this valgrind")
            continue
        print(f"{name:12} " + ", ".join(f"{value:.3f} {kind}" for kind, value in counts.items()))
        if name in ("parse", "firewall"):
            targets.expect(f"{name}, allocations, retains and releases a packet",
                           counts["allocations"] + counts["retains"] + counts["releases"], 0.005)
