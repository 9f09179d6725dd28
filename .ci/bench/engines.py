# SPDX-License-Identifier: Apache-2.0
"""Time a packet and an instruction, on both engines and on the yardsticks, all in one session and in turn, so that what
disturbs the machine disturbs them all. Every figure is the least of all rounds."""
import json
import os
import re
import shutil
import subprocess

import tools

# Program, packet, packets of a measured run.
CASES = [
    ("alu", "noise", 100), ("csum", "noise", 2000), ("prime", "noise", 200), ("sort", "noise", 1000),
    ("call", "noise", 500), ("parse", "tcp64", 200_000), ("parse", "udp1500", 200_000), ("empty", "tcp64", 400_000),
    ("xdp", "tcp64", 200_000), ("xdp", "udp1500", 200_000), ("tc", "tcp64", 200_000), ("tc", "udp1500", 200_000),
]
# Sources of this folder even where the shared ones are: the same parser on an XDP frame and on an skb.
OWN = {"xdp": "parse", "tc": "parse_tc"}
LOOPS = ("alu", "csum", "prime", "sort", "call")
# The reference engine is some thirty times slower.
REFERENCE_SHARE = 30
# A system call a packet.
CALLS = 20_000


class Programs:
    """Objects and packets: the shared ones with their yardsticks where they are at hand, else those of this folder."""

    def __init__(self, folder):
        self.folder = folder
        self.has_yardsticks = self._build_shared()
        if not self.has_yardsticks:
            for name, frame in (("tcp64", tools.tcp64()), ("udp1500", tools.udp1500()), ("noise", tools.noise())):
                with open(self.packet(name), "wb") as file:
                    file.write(frame)

    def _build_shared(self):
        source = os.path.join(tools.SHARED, "bench")
        if not os.path.exists(os.path.join(source, "build.sh")):
            print(f"{source} is not here: the project's own programs, and no yardsticks")
            return False
        copy = os.path.join(self.folder, "source")
        shutil.copytree(source, copy)
        environment = {**os.environ, "OUT": self.folder}
        built = subprocess.run(["bash", os.path.join(copy, "build.sh")], env=environment, capture_output=True, text=True)
        if built.returncode != 0:
            print(f"the yardsticks do not build here: {built.stderr.strip().splitlines()[-1:]}")
            return False
        os.rename(os.path.join(self.folder, "rand2048.pkt"), self.packet("noise"))
        return True

    def packet(self, name):
        return os.path.join(self.folder, name + ".pkt")

    def object(self, name):
        if self.has_yardsticks and name not in OWN:
            return os.path.join(self.folder, name + ".k.o")
        return os.path.join(os.path.dirname(__file__), "programs", OWN.get(name, name) + ".c")


def engine(executable, programs, case, engine, count):
    name, packet, _ = case
    command = [executable, "bench", programs.object(name), "--packet", programs.packet(packet), "--engine", engine,
               "--repeat", str(count), "--runs", "5", "--format", "json"]
    answer = json.loads(subprocess.check_output(command, text=True))
    return answer["ns_per_packet"]["min"], answer["instructions"] / answer["packets"]


def yardstick(programs, command, pattern):
    """The figure that a C runner prints; None when it cannot run here."""
    path = os.path.join(programs.folder, command[0])
    ran = subprocess.run([path, *map(str, command[1:])], cwd=programs.folder, capture_output=True, text=True)
    found = re.search(pattern, ran.stdout)
    return float(found[1]) if ran.returncode == 0 and found else None


def measure(executable, programs, rounds):
    """By case: the least of each figure."""
    least = {}

    def note(case, what, figure):
        if figure is not None:
            least[case, what] = min(figure, least.get((case, what), figure))

    for round in range(rounds):
        for case in CASES:
            name, packet, count = case
            file = packet + ".pkt"
            figure, instructions = engine(executable, programs, case, "threaded", count)
            note(case, "threaded", figure)
            note(case, "instructions", instructions)
            if programs.has_yardsticks and name not in OWN:
                minimum = r" min ([0-9.]+)"
                note(case, "floor", yardstick(programs, ["fi_checked", f"{name}.u.bin", file, count, 5], minimum))
                note(case, "native", yardstick(programs, ["nb", name, file, count, 5], minimum))
                if name in ("parse", "empty"):
                    note(case, "call", yardstick(
                        programs, ["kb", "percall", f"{name}.k.bin", file, CALLS, 3], r"cpu med [0-9.]+ min ([0-9.]+)"))
                note(case, "kernel", yardstick(
                    programs, ["kb", "repeat", f"{name}.k.bin", file, count, 3], r"cpu med [0-9.]+ min ([0-9.]+)"))
            if round == 0:
                slow = engine(executable, programs, case, "reference", max(1, count // REFERENCE_SHARE))
                note(case, "reference", slow[0])
    return least


def table(least):
    def cell(value, digits=2):
        return "-" if value is None else f"{value:,.{digits}f}"

    def ratio(a, b):
        return None if a is None or b is None else a / b

    heads = ["program", "packet", "instr.", "reference", "threaded", "ns/instr.", "C floor", "native", "kernel",
             "kernel call", "/floor", "/native", "call/"]
    rows = [heads]
    for case in CASES:
        def get(what):
            return least.get((case, what))
        rows.append([
            case[0], case[1], cell(get("instructions"), 0), cell(get("reference"), 1), cell(get("threaded"), 1),
            cell(get("threaded") / get("instructions"), 3), cell(get("floor"), 1), cell(get("native"), 1),
            cell(get("kernel"), 1), cell(get("call"), 0), cell(ratio(get("threaded"), get("floor"))),
            cell(ratio(get("threaded"), get("native")), 1), cell(ratio(get("call"), get("threaded")), 1)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    for row in rows:
        print("  ".join(text.ljust(width) if i < 2 else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))))


def run(executable, folder, rounds, targets):
    programs = Programs(folder)
    least = measure(executable, programs, rounds)
    print("nanoseconds a packet, thread CPU time, least of all runs")
    table(least)
    for case in CASES:
        threaded, floor, call = (least.get((case, what)) for what in ("threaded", "floor", "call"))
        if floor and case[0] != "empty":
            targets.expect(f"{case[0]} {case[1]}, threaded / checked C floor", threaded / floor,
                           1.25 if case[0] in LOOPS else 1.4)
        if call and case[0] == "parse":
            targets.expect(f"{case[0]} {case[1]}, a BPF_PROG_TEST_RUN call / threaded", call / threaded, 15, True)
    for packet in ("tcp64", "udp1500"):
        xdp, tc = (least[case, "threaded"] for case in CASES if case[1] == packet and case[0] in OWN)
        targets.expect(f"parse {packet}, an skb / an XDP frame", tc / xdp, 1.3)
    return programs
