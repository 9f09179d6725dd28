#!/usr/bin/env python3
"""Asks the running kernel what becomes of frames on hooks with several programs.

    live.py CASES.json > ANSWERS.json        (as root; ip and tc of iproute2)

Each case gets a network namespace of its own with veth devices, maps `log` and `position`, its programs, and its attachments:
tcx through bpf(2), clsact through tc, XDP through a BPF link. Every frame is sent through a packet socket; the answer is what
the programs wrote to `log`, in order, and on which devices the frame came up to the stack.
"""
import ctypes
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
TYPES = {"sched_cls": 3, "sched_act": 4, "xdp": 6}
BEFORE, AFTER, REPLACE = 1 << 3, 1 << 4, 1 << 2
PROTOCOLS = [0x88B5, 0x0800, 0x86DD, 0x8100]


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(152, b"\0"), 152)
    result = libc.syscall(321 if os.uname().machine == "x86_64" else 280, command, buffer, 152)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def make_map(value, entries):
    return bpf(0, struct.pack("<5I", 2, 4, value, entries, 0))


def lookup(fd, key, size):
    k = ctypes.create_string_buffer(struct.pack("<I", key), 4)
    v = ctypes.create_string_buffer(size)
    bpf(1, struct.pack("<IIQQQ", fd, 0, ctypes.addressof(k), ctypes.addressof(v), 0))
    return v.raw


def update(fd, key, value):
    k = ctypes.create_string_buffer(struct.pack("<I", key), 4)
    v = ctypes.create_string_buffer(value, len(value))
    bpf(2, struct.pack("<IIQQQ", fd, 0, ctypes.addressof(k), ctypes.addressof(v), 0))


def load(program, maps):
    code = bytearray.fromhex(program["code"])
    for slot, name in program["references"]:
        code[slot * 8 + 1] = code[slot * 8 + 1] & 0x0F | 1 << 4
        struct.pack_into("<I", code, slot * 8 + 4, maps[name])
    instructions = ctypes.create_string_buffer(bytes(code), len(code))
    log = ctypes.create_string_buffer(1 << 16)
    name = program["name"][:15].encode().ljust(16, b"\0")
    attributes = struct.pack(
        "<IIQQIIQII16s", TYPES[program["type"]], len(code) // 8, ctypes.addressof(instructions),
        ctypes.addressof(ctypes.create_string_buffer(b"GPL")), 1, len(log), ctypes.addressof(log), 0, 0, name)
    try:
        return bpf(5, attributes)
    except OSError as error:
        raise RuntimeError(f"{program['name']}: {error}: {log.value.decode()[-900:]}") from None


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


def attach_tcx(device, direction, entry, programs, indices):
    position = entry.get("position", "last")
    flags, relative, replaced = 0, 0, 0
    if position == "first":
        flags = BEFORE
    elif position != "last":
        word, other = position.split(" ")
        if word == "replacing":
            flags, replaced = REPLACE, programs[other]
        else:
            flags, relative = {"before": BEFORE, "after": AFTER}[word], programs[other]
    bpf(8, struct.pack(
        "<6IQ", indices[device], programs[entry["program"]], 46 if direction == "ingress" else 47, flags, replaced,
        relative, 0))


def attach_filter(device, entry, pins):
    words = ["tc", "filter", "add", "dev", device, entry["direction"]]
    words += ["protocol", entry.get("protocol", "all")]
    if "chain" in entry:
        words += ["chain", str(entry["chain"])]
    if "priority" in entry:
        words += ["prio", str(entry["priority"])]
    if "handle" in entry:
        words += ["handle", hex(entry["handle"])]
    words += ["bpf"] + (["da"] if entry.get("da", True) else []) + ["object-pinned", pins + "/" + entry["program"]]
    if "classid" in entry:
        words += ["classid", entry["classid"]]
    for action in entry.get("actions", []):
        words += ["action"] + action.replace("PINS", pins).split(" ")
    run(*words)


def set_up(case, pins):
    devices = case["devices"]
    indices = {device["name"]: device["index"] for device in devices}
    made = set()
    for device in devices:
        if device["name"] in made:
            continue
        peer = next(other for other in devices if other["name"] == device["peer"])
        run("ip", "link", "add", device["name"], "index", str(device["index"]), "address", device["address"], "type", "veth",
            "peer", "name", peer["name"], "index", str(peer["index"]), "address", peer["address"])
        made |= {device["name"], peer["name"]}
    for device in devices:
        run("ip", "link", "set", device["name"], "up")
    for command in case.get("commands", []):
        run("ip", *command.split(" "))
    maps = {"log": make_map(64, 64), "position": make_map(4, 1)}
    programs = {}
    for program in case["programs"]:
        programs[program["name"]] = load(program, maps)
        path = ctypes.create_string_buffer(f"{pins}/{program['name']}".encode())
        bpf(6, struct.pack("<QI", ctypes.addressof(path), programs[program["name"]]))
    refusals = []
    for device in devices:
        name = device["name"]
        if device.get("filters"):
            run("tc", "qdisc", "add", "dev", name, "clsact")
        for entry in device.get("tcx", []):
            try:
                attach_tcx(name, entry["direction"], entry, programs, indices)
            except OSError as error:
                refusals.append([entry["program"], error.errno])
        for entry in device.get("filters", []):
            attach_filter(name, entry, pins)
        if "xdp" in device:
            mode = 2 if device.get("generic") else 4
            bpf(28, struct.pack("<4I", programs[device["xdp"]], indices[name], 37, mode))
    return maps, refusals


def answer(case, pins):
    libc.unshare(CLONE_NEWNET | CLONE_NEWNS)
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "bpf", "bpf", pins)
    for family in ("ipv6",):
        for scope in ("all", "default"):
            try:
                open(f"/proc/sys/net/{family}/conf/{scope}/disable_ipv6", "w").write("1")
            except OSError:
                pass
    try:
        maps, refusals = set_up(case, pins)
    except RuntimeError as error:
        return {"name": case["name"], "unsupported": str(error).replace(pins, "pins")}
    taps = {}
    for device in case["devices"]:
        for protocol in PROTOCOLS:
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
            tap.bind((device["name"], protocol))
            tap.setblocking(False)
            taps[tap] = device["name"]
    device = next(device for device in case["devices"] if device["name"] == case["entry"])
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind((device["peer"] if case["direction"] == "ingress" else device["name"], 0))
    results = []
    for frame in case["frames"]:
        update(maps["position"], 0, struct.pack("<I", 0))
        try:
            sender.send(bytes.fromhex(frame))
        except OSError as error:
            # What egress drops is reported to who sent it.
            if error.errno != 105:
                raise
        arrived = []
        wait = 0.025
        while True:
            ready, _, _ = select.select(list(taps), [], [], wait)
            if not ready:
                break
            wait = 0.005
            for tap in ready:
                data, address = tap.recvfrom(65536)
                if address[2] != 4:
                    arrived.append([taps[tap], data.hex()])
        count = struct.unpack("<I", lookup(maps["position"], 0, 4))[0]
        entries = [list(struct.unpack("<16I", lookup(maps["log"], slot, 64))) for slot in range(min(count, 64))]
        results.append({"log": entries, "arrived": sorted(arrived)})
    return {"name": case["name"], "refusals": refusals, "frames": results}


def main():
    answers = []
    for case in json.load(open(sys.argv[1])):
        with tempfile.TemporaryDirectory() as pins:
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reader)
                try:
                    text = json.dumps(answer(case, pins))
                except BaseException as error:
                    text = json.dumps({"name": case["name"], "failed": repr(error)})
                with os.fdopen(writer, "w") as out:
                    out.write(text)
                os._exit(0)
            os.close(writer)
            with os.fdopen(reader) as source:
                answers.append(json.loads(source.read()))
            os.waitpid(child, 0)
    json.dump({"kernel": os.uname().release, "answers": answers}, sys.stdout)


main()
