import BPFMachine

/// Set-ups whose answers the kernel gave: each return code in each place, orders, what goes from one program to the next, and
/// where frames go.
enum ChainCases {
  static let all: [ChainCase] =
    codes + orders + fields + redirects + neighbours + classic + egress + xdp + otherActions

  // MARK: Parts

  private static let addresses = [
    "va": "02:00:00:00:00:0a", "vb": "02:00:00:00:00:0b", "vc": "02:00:00:00:00:0c", "vd": "02:00:00:00:00:0d",
  ]

  private static func device(
    _ name: String, tcx: [ChainCase.Attachment]? = nil, filters: [ChainCase.FilterLine]? = nil, xdp: String? = nil,
    generic: Bool? = nil
  ) -> ChainCase.Device {
    let index: [String: UInt32] = ["va": 10, "vb": 11, "vc": 12, "vd": 13]
    let peer = ["va": "vb", "vb": "va", "vc": "vd", "vd": "vc"]
    return ChainCase.Device(
      name: name, index: index[name] ?? 0, address: addresses[name] ?? "", peer: peer[name] ?? "", tcx: tcx,
      filters: filters, xdp: xdp, generic: generic)
  }

  private static func pair(_ va: ChainCase.Device) -> [ChainCase.Device] { [va, device("vb")] }

  private static func two(
    _ va: ChainCase.Device, vc: ChainCase.Device? = nil, vd: ChainCase.Device? = nil
  ) -> [ChainCase.Device] {
    [va, device("vb"), vc ?? device("vc"), vd ?? device("vd")]
  }

  /// A frame for va whose bytes from 20 on are `answers`.
  static func frame(
    _ answers: [Int] = [], to destination: String = "02000000000a", type: String = "88b5", tag: String = "",
    length: Int = 64
  ) -> String {
    let head = destination + "020000000099" + tag + type
    let rest = answers.map { String(UInt8(truncatingIfNeeded: $0), radix: 16) }.map { $0.count < 2 ? "0" + $0 : $0 }
    let body = String(repeating: "00", count: 6) + rest.joined()
    return head + body + String(repeating: "5a", count: max(0, length - (head + body).count / 2))
  }

  private static let codeRange = Array(-2...9)

  private static func program(
    _ name: String, _ number: Int, type: String = "sched_cls", body: String = "", _ answer: String
  ) -> ChainProgram {
    ChainProgram(name, type: type, number: number, body: body, answer: answer)
  }

  private static func answering(_ name: String, _ number: Int) -> ChainProgram {
    program(name, number, ChainProgram.byte(19 + number))
  }

  private static func line(
    _ program: String, _ direction: String = "ingress", priority: UInt16? = nil, handle: UInt32? = nil,
    protocol: String? = nil, chain: UInt32? = nil, da: Bool = true, classid: String? = nil, actions: [String]? = nil
  ) -> ChainCase.FilterLine {
    ChainCase.FilterLine(
      program: program, direction: direction, priority: priority, handle: handle, protocol: `protocol`, chain: chain,
      da: da, classid: classid, actions: actions)
  }

  // MARK: Return codes

  private static let three = [answering("p1", 1), answering("p2", 2), answering("p3", 3)]

  private static let codes: [ChainCase] = [
    ChainCase(
      name: "every code of the first of two tcx links, with a filter behind",
      programs: three,
      devices: pair(
        device(
          "va",
          tcx: [.init(program: "p1", direction: "ingress"), .init(program: "p2", direction: "ingress")],
          filters: [line("p3", priority: 1, handle: 1)])),
      frames: codeRange.flatMap { code in [[code, -1, 0], [code, 0, 2], [-1, code, 2]] }.map { frame($0) }),
    ChainCase(
      name: "every code of direct-action filters",
      programs: three,
      devices: pair(
        device(
          "va",
          filters: [
            line("p1", priority: 1, handle: 1), line("p2", priority: 2, handle: 1), line("p3", priority: 3, handle: 1),
          ])),
      frames: codeRange.flatMap { code in [[code, 0, 2], [code, 2, 0], [code, code, 2]] }.map { frame($0) }),
    ChainCase(
      name: "every code of classic filters without actions",
      programs: three,
      devices: pair(
        device(
          "va",
          filters: [
            line("p1", priority: 1, handle: 1, da: false, classid: "1:5"),
            line("p2", priority: 2, handle: 1, da: false, classid: "2:6"), line("p3", priority: 3, handle: 1),
          ])),
      frames: codeRange.flatMap { code in [[code, 0, 2], [0, code, 2]] }.map { frame($0) }),
    ChainCase(
      name: "every code of tcx and filters on the way out",
      programs: three,
      devices: pair(
        device(
          "va", tcx: [.init(program: "p1", direction: "egress")],
          filters: [line("p2", "egress", priority: 1, handle: 1), line("p3", "egress", priority: 2, handle: 1)])),
      direction: "egress",
      frames: codeRange.flatMap { code in [[code, 0, 2], [-1, code, 2], [-1, code, 0]] }.map { frame($0) }),
  ]

  // MARK: Orders

  private static let four = (1...4).map { program("p\($0)", $0, ChainProgram.constant(-1)) }

  private static func tcx(_ name: String, _ attachments: [(String, String)]) -> ChainCase {
    ChainCase(
      name: "tcx order: \(name)", programs: four,
      devices: pair(
        device("va", tcx: attachments.map { .init(program: $0.0, direction: "ingress", position: $0.1) })),
      frames: [frame()])
  }

  private static let orders: [ChainCase] = [
    tcx("as they come", [("p3", "last"), ("p1", "last"), ("p2", "last")]),
    tcx("first", [("p1", "last"), ("p2", "first"), ("p3", "first")]),
    tcx("before and after", [("p1", "last"), ("p2", "last"), ("p3", "before p2"), ("p4", "after p1")]),
    tcx("before the first and after the last", [("p1", "last"), ("p2", "before p1"), ("p3", "after p1")]),
    tcx("in the place of another", [("p1", "last"), ("p2", "last"), ("p3", "replacing p1"), ("p1", "last")]),
    tcx("twice", [("p1", "last"), ("p1", "last"), ("p2", "last")]),
    tcx(
      "beside one that is not there", [("p1", "last"), ("p2", "before p3"), ("p3", "after p4"), ("p4", "replacing p2")]),
    ChainCase(
      name: "filter order: priorities", programs: four,
      devices: pair(
        device(
          "va",
          filters: [
            line("p1", priority: 30, handle: 1), line("p2", priority: 10, handle: 1),
            line("p3", priority: 20, handle: 1),
          ])),
      frames: [frame()]),
    ChainCase(
      name: "filter order: handles of one priority", programs: four,
      devices: pair(
        device(
          "va",
          filters: [
            line("p1", priority: 10, handle: 2), line("p2", priority: 10, handle: 1),
            line("p3", priority: 10, handle: 3),
            line("p4", priority: 10),
          ])),
      frames: [frame()]),
    ChainCase(
      name: "filter order: priorities that the kernel chooses", programs: four,
      devices: pair(
        device("va", filters: [line("p1"), line("p2"), line("p3", priority: 7), line("p4")])), frames: [frame()]),
    ChainCase(
      name: "filter order: protocols", programs: four,
      devices: pair(
        device(
          "va",
          filters: [
            line("p1", priority: 1, protocol: "ip"), line("p2", priority: 2, protocol: "802.1q"),
            line("p3", priority: 3, protocol: "all"), line("p4", priority: 4, protocol: "34997"),
          ])),
      frames: [
        frame(), frame(type: "0800"), frame(tag: "81000005"), frame(type: "0800", tag: "81002005"),
        frame(tag: "8100000581000006"), frame(tag: "88a80007"),
      ]),
    ChainCase(
      name: "ingress and egress do not see each other", programs: four,
      devices: pair(
        device(
          "va",
          tcx: [.init(program: "p1", direction: "ingress"), .init(program: "p2", direction: "egress")],
          filters: [line("p3", "ingress", priority: 1), line("p4", "egress", priority: 1)])),
      frames: [frame()]),
  ]

  // MARK: What goes from one to the next

  private static let setting = """
    r1 = 5
    *(u32 *)(r6 +8) = r1
    r1 = 7
    *(u32 *)(r6 +32) = r1
    r1 = 9
    *(u32 *)(r6 +48) = r1
    r1 = 11
    *(u32 *)(r6 +44) = r1
    r1 = 19
    *(u32 *)(r6 +72) = r1
    """

  private static let fields: [ChainCase] = [
    ChainCase(
      name: "fields through tcx, filters, and the way through another device",
      programs: [
        program("set", 1, body: setting, ChainProgram.constant(-1)), program("tcx", 2, ChainProgram.constant(-1)),
        program("filter", 3, body: "r1 = 33\n*(u32 *)(r6 +72) = r1", ChainProgram.constant(-1)),
        program("send", 4, ChainProgram.redirect(12)), program("out", 5, ChainProgram.constant(0)),
        program("in", 6, ChainProgram.constant(0)),
      ],
      devices: two(
        device(
          "va",
          tcx: [.init(program: "set", direction: "ingress"), .init(program: "tcx", direction: "ingress")],
          filters: [
            line("filter", priority: 1, classid: "1:23"), line("send", priority: 2, classid: "3:44"),
          ]),
        vc: device("vc", tcx: [.init(program: "out", direction: "egress")]),
        vd: device("vd", tcx: [.init(program: "in", direction: "ingress")])),
      frames: [
        frame(), frame(length: 300), frame(tag: "8100a005"), frame(to: "ffffffffffff"), frame(to: "0100000000aa"),
      ]),
    ChainCase(
      name: "fields into another device",
      programs: [
        program("set", 1, body: setting, ChainProgram.redirect(12, flags: 1)),
        program("in", 6, ChainProgram.constant(0)),
      ],
      devices: two(
        device("va", filters: [line("set", priority: 1)]),
        vc: device("vc", filters: [line("in", priority: 1)])),
      frames: [frame(), frame(to: "02000000000c"), frame(tag: "8100a005")]),
    ChainCase(
      name: "fields on the way out and through a veth pair",
      programs: [
        program("set", 1, body: setting, ChainProgram.constant(-1)), program("out", 2, ChainProgram.constant(0)),
        program("in", 3, ChainProgram.constant(0)),
      ],
      devices: [
        device(
          "va", tcx: [.init(program: "set", direction: "egress")], filters: [line("out", "egress", priority: 1)]),
        device("vb", filters: [line("in", priority: 1)]),
      ],
      direction: "egress",
      frames: [frame(to: "02000000000b"), frame(), frame(tag: "81000005"), frame(length: 1000)]),
    ChainCase(
      name: "fields that mirred leaves",
      programs: [
        program("set", 1, body: setting, ChainProgram.constant(-1)), program("out", 2, ChainProgram.constant(0)),
        program("in", 3, ChainProgram.constant(0)), program("after", 4, ChainProgram.constant(0)),
      ],
      devices: two(
        device(
          "va",
          filters: [
            line("set", priority: 1, da: false, classid: "1:1", actions: ["mirred egress mirror dev vc continue"]),
            line("after", priority: 2),
          ]),
        vc: device("vc", filters: [line("out", "egress", priority: 1)]),
        vd: device("vd", filters: [line("in", priority: 1)])),
      frames: [frame(), frame(tag: "81000005")]),
  ]

  // MARK: Where frames go

  private static let observers = [
    program("out", 8, ChainProgram.constant(0)), program("in", 9, ChainProgram.constant(0)),
  ]
  private static let observed = two(
    device("va"),
    vc: device("vc", tcx: [.init(program: "out", direction: "egress"), .init(program: "in", direction: "ingress")]),
    vd: device("vd"))

  private static func redirecting(_ name: String, _ programs: [ChainProgram], _ va: ChainCase.Device) -> ChainCase {
    var devices = observed
    devices[0] = va
    return ChainCase(name: "redirect: \(name)", programs: programs + observers, devices: devices, frames: [frame()])
  }

  private static let redirects: [ChainCase] = [
    redirecting(
      "tcx, out of a device", [program("p1", 1, ChainProgram.redirect(12))],
      device("va", tcx: [.init(program: "p1", direction: "ingress")])),
    redirecting(
      "tcx, into a device", [program("p1", 1, ChainProgram.redirect(12, flags: 1))],
      device("va", tcx: [.init(program: "p1", direction: "ingress")])),
    redirecting(
      "out of the own device", [program("p1", 1, ChainProgram.redirect(10))],
      device("va", filters: [line("p1", priority: 1)])),
    redirecting(
      "noted by one filter, taken up by the next",
      [
        program("p1", 1, ChainProgram.redirect(12) + "\nr0 = -1"), program("p2", 2, ChainProgram.constant(7)),
      ], device("va", filters: [line("p1", priority: 1), line("p2", priority: 2)])),
    redirecting(
      "noted by a tcx link, taken up by a filter",
      [
        program("p1", 1, ChainProgram.redirect(12) + "\nr0 = -1"), program("p2", 2, ChainProgram.constant(7)),
      ],
      device("va", tcx: [.init(program: "p1", direction: "ingress")], filters: [line("p2", priority: 1)])),
    redirecting(
      "without a target", [program("p1", 1, ChainProgram.constant(7))],
      device("va", filters: [line("p1", priority: 1)])),
    redirecting(
      "to no device", [program("p1", 1, ChainProgram.redirect(77))],
      device("va", tcx: [.init(program: "p1", direction: "ingress")])),
    redirecting(
      "wrong flags", [program("p1", 1, ChainProgram.redirect(12, flags: 2))],
      device("va", tcx: [.init(program: "p1", direction: "ingress")])),
    redirecting(
      "a copy out of a device, and the frame goes on",
      [
        program("p1", 1, body: "r1 = r6\nr2 = 12\nr3 = 0\ncall 13", ChainProgram.constant(-1)),
        program("p2", 2, ChainProgram.constant(0)),
      ],
      device("va", tcx: [.init(program: "p1", direction: "ingress"), .init(program: "p2", direction: "ingress")])),
    redirecting(
      "a copy into a device, and the frame is dropped",
      [program("p1", 1, body: "r1 = r6\nr2 = 12\nr3 = 1\ncall 13", ChainProgram.constant(2))],
      device("va", tcx: [.init(program: "p1", direction: "ingress")])),
    ChainCase(
      name: "redirect: out of itself on the way out, again and again",
      programs: [program("p1", 1, ChainProgram.redirect(10))],
      devices: pair(device("va", tcx: [.init(program: "p1", direction: "egress")])), direction: "egress",
      frames: [frame(to: "02000000000b")]),
    ChainCase(
      name: "redirect: egress drops what ingress redirects",
      programs: [program("p1", 1, ChainProgram.redirect(12)), program("p2", 2, ChainProgram.constant(2))],
      devices: two(
        device("va", tcx: [.init(program: "p1", direction: "ingress")]),
        vc: device("vc", filters: [line("p2", "egress", priority: 1)])),
      frames: [frame()]),
    ChainCase(
      name: "redirect: from egress into another device",
      programs: [
        program("p1", 1, body: setting, ChainProgram.redirect(12, flags: 1)),
        program("p2", 2, ChainProgram.constant(0)),
      ],
      devices: two(
        device("va", tcx: [.init(program: "p1", direction: "egress")]),
        vc: device("vc", tcx: [.init(program: "p2", direction: "ingress")])),
      direction: "egress", frames: [frame(to: "02000000000c"), frame()]),
  ]

  // MARK: Neighbours

  /// An IPv4 frame for that address.
  private static func packet(_ destination: [UInt8], to link: String = "02000000000a") -> String {
    let header: [UInt8] = [0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1] + destination
    return link + "020000000099" + "0800" + HexBytes.text(header) + String(repeating: "5a", count: 26)
  }

  private static func hop(_ address: [UInt8]) -> String {
    let word = address.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return """
      r1 = 0
      *(u64 *)(r10 -24) = r1
      *(u64 *)(r10 -16) = r1
      r1 = 2
      *(u32 *)(r10 -32) = r1
      r1 = \(word)
      *(u32 *)(r10 -28) = r1
      r1 = 12
      r2 = r10
      r2 += -32
      r3 = 20
      r4 = 0
      call 152
      """
  }

  private static let noHop = "r1 = 12\nr2 = 0\nr3 = 0\nr4 = 0\ncall 152"

  @Sendable private static func neighbourhood(_ network: inout NetworkModel) {
    for (name, index, address) in [("va", 10, 0xa), ("vb", 11, 0xb), ("vc", 12, 0xc), ("vd", 13, 0xd)] {
      var device = NetworkModel.Interface(index: UInt32(index), name: name)
      device.linkAddress = 0x0200_0000_0000 | UInt64(address)
      network.interfaces.append(device)
    }
    func address(_ bytes: [UInt8]) -> IPAddress { IPAddress(bytes) ?? .unspecified(isIPv6: false) }
    for (last, link) in [(UInt8(9), UInt64(0x99)), (8, 0x88)] {
      network.neighbours[.init(interface: 12, address: address([10, 0, 0, last]))] = 0x0200_0000_0000 | link
    }
    network.neighbours[.init(interface: 12, address: address([10, 77, 0, 1]))] = 0x0200_0000_0077
    for (prefix, length, gateway) in [
      ([UInt8](arrayLiteral: 10, 0, 0, 0), 24, nil), ([10, 9, 0, 0], 16, [UInt8](arrayLiteral: 10, 0, 0, 9)),
    ] {
      var hop = NetworkModel.Hop(interface: 12)
      hop.gateway = gateway.map(address)
      network.routes.append(NetworkModel.Route(to: IPPrefix(address(prefix), length: length), hops: [hop]))
    }
  }

  private static func neighbour(_ name: String, _ answer: String, frames: [String]) -> ChainCase {
    ChainCase(
      name: "neighbour: \(name)", programs: [program("p1", 1, answer)] + observers,
      devices: two(
        device("va", tcx: [.init(program: "p1", direction: "ingress")]),
        vc: device("vc", tcx: [.init(program: "out", direction: "egress")]),
        vd: device("vd", tcx: [.init(program: "in", direction: "ingress")])),
      frames: frames,
      commands: [
        "addr add 10.0.0.1/24 dev vc", "neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev vc nud permanent",
        "neigh add 10.0.0.8 lladdr 02:00:00:00:00:88 dev vc nud permanent",
        "neigh add 10.77.0.1 lladdr 02:00:00:00:00:77 dev vc nud permanent",
        "route add 10.9.0.0/16 via 10.0.0.9 dev vc",
      ],
      network: neighbourhood)
  }

  private static let neighbours: [ChainCase] = [
    neighbour(
      "by the routes", noHop,
      frames: [
        packet([10, 0, 0, 8]), packet([10, 9, 1, 2]), packet([10, 77, 0, 1]), frame(),
        packet([10, 0, 0, 8], to: "0100000000aa"),
      ]),
    neighbour(
      "that the program names", hop([10, 0, 0, 8]), frames: [packet([10, 9, 1, 2]), packet([192, 0, 2, 1])]),
  ]

  // MARK: Classic filters with actions

  private static func acting(_ name: String, _ actions: [String], answers: [[Int]] = [[-1, 0]]) -> ChainCase {
    ChainCase(
      name: "actions: \(name)",
      programs: [answering("p1", 1), answering("p2", 2), program("other", 5, ChainProgram.constant(0))] + observers,
      devices: two(
        device(
          "va",
          filters: [
            line("p1", priority: 1, handle: 1, da: false, classid: "1:5", actions: actions),
            line("p2", priority: 2, handle: 1), line("other", priority: 1, handle: 1, chain: 3),
          ]),
        vc: device("vc", tcx: [.init(program: "out", direction: "egress"), .init(program: "in", direction: "ingress")])),
      frames: answers.map { frame($0) })
  }

  private static let controls = [
    "pass", "drop", "continue", "pipe", "trap", "reclassify", "goto chain 3", "goto chain 9", "jump 1",
  ]

  private static let classic: [ChainCase] =
    controls.map {
      acting("a copy, then \($0)", ["mirred egress mirror dev vc \($0)"], answers: [[-1, 0], [5, 2], [0, 0]])
    }
    + [
      acting("redirect out of a device", ["mirred egress redirect dev vc"]),
      acting("redirect into a device", ["mirred ingress redirect dev vc"]),
      acting("a copy into a device", ["mirred ingress mirror dev vc"]),
      acting(
        "two copies, the second passes", ["mirred egress mirror dev vc pipe", "mirred ingress mirror dev vc pass"]),
      acting(
        "jump over a copy",
        ["mirred egress mirror dev vc jump 1", "mirred ingress mirror dev vc pipe", "mirred egress mirror dev vc drop"]),
      ChainCase(
        name: "actions: mirred out of itself on the way out", programs: [program("p1", 1, ChainProgram.constant(-1))],
        devices: pair(
          device(
            "va",
            filters: [
              line(
                "p1", "egress", priority: 1, da: false, classid: "1:1", actions: ["mirred egress redirect dev va"])
            ])),
        direction: "egress", frames: [frame(to: "02000000000b")]),
      ChainCase(
        name: "actions: copies of copies between two devices",
        programs: [program("p1", 1, ChainProgram.constant(-1)), program("p2", 2, ChainProgram.constant(-1))],
        devices: two(
          device(
            "va",
            filters: [
              line("p1", "egress", priority: 1, da: false, classid: "1:1", actions: ["mirred egress mirror dev vc"])
            ]),
          vc: device(
            "vc",
            filters: [
              line("p2", "egress", priority: 1, da: false, classid: "1:1", actions: ["mirred egress mirror dev va"])
            ])),
        direction: "egress", frames: [frame(to: "02000000000b")]),
    ]

  // MARK: Egress

  private static let egress: [ChainCase] = [
    ChainCase(
      name: "both ends of a veth pair",
      programs: four,
      devices: [
        device(
          "va", tcx: [.init(program: "p1", direction: "egress")], filters: [line("p2", "egress", priority: 1)]),
        device("vb", tcx: [.init(program: "p3", direction: "ingress")], filters: [line("p4", priority: 1)]),
      ], direction: "egress", frames: [frame(to: "02000000000b")])
  ]

  // MARK: XDP before TC

  private static let metadata = """
    r1 = r6
    r2 = -8
    call 54
    r1 = *(u32 *)(r6 +8)
    r2 = *(u32 *)(r6 +0)
    r3 = r1
    r3 += 8
    if r3 > r2 goto answer
    r3 = 77
    *(u32 *)(r1 +0) = r3
    r3 = 88
    *(u32 *)(r1 +4) = r3
    """
  /// In the place of pkt_type and mark: bytes of metadata, and their first word.
  private static let readMetadata = """
    r2 = *(u32 *)(r6 +140)
    r1 = *(u32 *)(r6 +76)
    r3 = r1
    r3 -= r2
    *(u32 *)(r8 +8) = r3
    r3 = r2
    r3 += 8
    if r3 > r1 goto answer
    r3 = *(u32 *)(r2 +0)
    *(u32 *)(r8 +12) = r3
    """

  private static func xdpByte(_ offset: Int) -> String {
    """
    r1 = *(u32 *)(r6 +0)
    r2 = *(u32 *)(r6 +4)
    r0 = 2
    r3 = r1
    r3 += \(offset + 1)
    if r3 > r2 goto end
    r0 = *(u8 *)(r1 +\(offset))
    r0 <<= 56
    r0 s>>= 56
    end:
    """
  }

  private static func withXDP(_ name: String, generic: Bool) -> [ChainCase] {
    [
      ChainCase(
        name: "\(name) XDP: every code, with TC behind",
        programs: [
          program("first", 1, type: "xdp", xdpByte(20)), answering("p2", 2),
        ],
        devices: pair(device("va", tcx: [.init(program: "p2", direction: "ingress")], xdp: "first", generic: generic)),
        frames: [-1, 0, 1, 2, 3, 5, 9].map { frame([$0, 0]) } + [frame([2, 2])]),
      ChainCase(
        name: "\(name) XDP: metadata for TC",
        programs: [
          program("first", 1, type: "xdp", body: metadata, "r0 = 2"),
          program("p2", 2, body: readMetadata, ChainProgram.constant(-1)),
          program("p3", 3, body: readMetadata, ChainProgram.constant(0)),
        ],
        devices: pair(
          device(
            "va", tcx: [.init(program: "p2", direction: "ingress")], filters: [line("p3", priority: 1)], xdp: "first",
            generic: generic)),
        frames: [frame(), frame(tag: "81000005")]),
    ]
  }

  private static let xdp: [ChainCase] =
    withXDP("native", generic: false) + withXDP("generic", generic: true) + [
      ChainCase(
        name: "generic XDP of a device that is redirected into",
        programs: [
          program("first", 1, type: "xdp", "r0 = 2"),
          program("send", 2, body: setting, ChainProgram.redirect(12, flags: 1)),
          program("p3", 3, ChainProgram.constant(0)),
        ],
        devices: two(
          device("va", tcx: [.init(program: "send", direction: "ingress")]),
          vc: device("vc", tcx: [.init(program: "p3", direction: "ingress")], xdp: "first", generic: true)),
        frames: [frame()])
    ]

  // MARK: Actions that few kernels have

  private static let otherActions: [ChainCase] =
    controls.map { acting("gact \($0)", ["gact \($0)"], answers: [[-1, 0], [5, 2]]) }
    + [
      acting("skbedit, then the frame goes on", ["skbedit mark 66 priority 1:2", "gact continue"]),
      ChainCase(
        name: "actions: act_bpf, every code",
        programs: [
          answering("p1", 1), ChainProgram("act", type: "sched_act", number: 7, answer: ChainProgram.byte(22)),
          answering("p2", 2),
        ],
        devices: pair(
          device(
            "va",
            filters: [
              line("p1", priority: 1, da: false, classid: "1:5", actions: ["bpf object-pinned PINS/act"]),
              line("p2", priority: 2),
            ])),
        frames: codeRange.map { frame([-1, 0, $0]) }),
    ]
}
