import KernelRecordings

/// Helpers of TC programs beside those that ``ClassifierCases`` has: tunnels, checksum levels, ECN, hashes, segments, room.
enum SocketBufferHelperCases {
  static var all: [RecordedCase] {
    tunnelKeys + tunnelOptions + levels + congestion + hashes + clones + rooms + segments + checksums + loads + others
  }

  private static let getTunnelKey: Int32 = 20
  private static let setTunnelKey: Int32 = 21
  private static let getTunnelOptions: Int32 = 29
  private static let setTunnelOptions: Int32 = 30

  /// `struct bpf_tunnel_key`: 44 bytes that count up, without those that must be 0.
  private static func key(label: Bool, ext: Bool = false) -> [UInt8] {
    var key = (1...44).map { UInt8($0) }
    if !ext { key[22...23] = [0, 0] }
    if !label { key[24...27] = [0, 0, 0, 0] }
    return key
  }

  /// Set with a size and flags, get with others; results: both return values, 48 bytes.
  static var tunnelKeys: [RecordedCase] {
    let sizes = [4, 8, 20, 22, 24, 28, 40, 44]
    let set: [Int64] = [0, 1, 2, 4, 8, 16, 31, 32]
    var cases: [RecordedCase] = []
    for size in sizes {
      for flags in set {
        for label in [false, true] {
          var code = SocketBufferCode(stack: key(label: label))
          code.call(setTunnelKey, .stack(-128), .value(Int64(size)), .value(flags))
          code.call(getTunnelKey, .stack(-64), .value(44), .value(flags & 1 | 16))
          code.reportStack(-64, words: 6)
          cases.append(code.case("skb_set_tunnel_key of \(size), flags \(flags)\(label ? ", with a label" : "")"))
        }
      }
      for flags in [0, 1, 16, 17, 2] as [Int64] {
        for family in [0, 1] as [Int64] {
          var code = SocketBufferCode(stack: key(label: family == 1))
          code.call(setTunnelKey, .stack(-128), .value(44), .value(family))
          code.call(getTunnelKey, .stack(-64), .value(Int64(size)), .value(flags))
          code.reportStack(-64, words: 6)
          cases.append(
            code.case("skb_get_tunnel_key of \(size), flags \(flags), after \(family == 1 ? "IPv6" : "IPv4")"))
        }
      }
    }
    var code = SocketBufferCode(stack: [UInt8](repeating: 0xff, count: 64))
    code.call(getTunnelKey, .stack(-128), .value(44), .value(0))
    code.reportStack(-128, words: 6)
    cases.append(code.case("skb_get_tunnel_key without one"))
    code = SocketBufferCode(stack: key(label: false, ext: true))
    code.call(setTunnelKey, .stack(-128), .value(44), .value(0))
    cases.append(code.case("skb_set_tunnel_key with tunnel_ext"))
    code = SocketBufferCode(stack: key(label: false))
    code.call(setTunnelKey, .stack(-128), .value(44), .value(0))
    code.call(31, .value(0xdd86), .value(0))
    code.call(getTunnelKey, .stack(-64), .value(44), .value(0))
    cases.append(code.case("skb_get_tunnel_key after skb_change_proto"))
    return cases
  }

  /// Results: return values of get, set, set key, set, get; the bytes; tunnel flags.
  static var tunnelOptions: [RecordedCase] {
    [(4, 4), (8, 8), (8, 4), (8, 16), (6, 8), (24, 24), (1, 1)].map { given, taken in
      var code = SocketBufferCode(stack: (1...64).map { UInt8($0) })
      code.call(getTunnelOptions, .stack(-64), .value(Int64(taken)))
      code.call(setTunnelOptions, .stack(-128), .value(Int64(given)))
      code.call(setTunnelKey, .stack(-96 + 32), .value(44), .value(0))
      code.call(getTunnelOptions, .stack(-64), .value(Int64(taken)))
      code.call(setTunnelOptions, .stack(-128), .value(Int64(given)))
      code.call(getTunnelOptions, .stack(-64), .value(Int64(taken)))
      code.reportStack(-64, words: 4)
      code.call(getTunnelKey, .stack(-64), .value(44), .value(16))
      code.reportStack(-64, words: 3)
      return code.case("skb_set_tunnel_opt of \(given), skb_get_tunnel_opt of \(taken)")
    }
  }

  /// Results: the return value of each change and, after it, of a query.
  static var levels: [RecordedCase] {
    [[0], [1], [2], [3], [4], [1, 1, 1, 1, 1], [1, 1, 2, 2, 2], [1, 1, 3], [2, 1, 3, 1], [-1], [1 << 32]].map {
      changes in
      var code = SocketBufferCode()
      for change in changes {
        code.call(135, .value(Int64(change)))
        code.call(135, .value(0))
      }
      code.call(40, .value(5))
      return code.case("csum_level \(changes)")
    }
      + [0, 32].map { flags in
        var code = SocketBufferCode()
        code.call(135, .value(1))
        code.call(50, .value(20), .value(1), .value(Int64(flags)))
        code.call(135, .value(0))
        return code.case("csum_level after skb_adjust_room with flags \(flags)")
      }
  }

  static var congestion: [RecordedCase] {
    (0..<4).flatMap { service in
      [([8, 0], 1), ([0x86, 0xdd], 1), ([0x81, 0, 0, 5, 8, 0], 1), ([8, 6], 1)].map { type, byte in
        var packet = HexText.bytes(ClassifierCases.packet(etherType: type.map { UInt8($0) }))
        packet[12 + type.count + byte - 1 + (type.count > 2 ? 0 : 1)] =
          type == [0x86, 0xdd] ? UInt8(service << 4) : UInt8(service)
        packet[24] = 0xff
        packet[25] = UInt8(0xfd + service % 3)
        var code = SocketBufferCode()
        code.call(97)
        return code.case("skb_ecn_set_ce of \(service) in \(type)", packet: HexText.text(packet))
      }
    }
      + [([8, 0], 33), ([0x86, 0xdd], 54), ([8, 0], 34)].map { type, length in
        var packet = HexText.bytes(ClassifierCases.packet(length, etherType: type.map { UInt8($0) }))
        packet[15] |= 0x11
        var code = SocketBufferCode()
        code.call(97)
        return code.case("skb_ecn_set_ce on \(length) bytes of \(type)", packet: HexText.text(packet))
      }
  }

  /// Hashes that the program sets; results: the hash after each.
  static var hashes: [RecordedCase] {
    [0, 7, -1].map { value in
      var code = SocketBufferCode()
      code.call(48, .value(Int64(value)))
      code.field(68)
      code.call(34)
      code.field(68)
      code.call(41)
      code.field(68)
      return code.case("set_hash(\(value))")
    }
  }

  static var clones: [RecordedCase] {
    [(1, 0), (1, 1), (1, 2), (0, 0), (999_999, 0), (999_999, 1), (1, 3), (1, 1 << 32)].map { target, flags in
      var code = SocketBufferCode()
      code.call(13, .value(Int64(target)), .value(Int64(flags)))
      code.field(0)
      code.reportLinear()
      return code.case("clone_redirect to \(target) with flags \(flags)")
    }
  }

  /// Results: return value, protocol, len, linear, and whether a second encapsulation goes.
  static var rooms: [RecordedCase] {
    let flags: [UInt64] = [
      0, 1, 2, 3, 4, 6, 2 | 8, 2 | 16, 2 | 8 | 16, 4 | 8, 4 | 16, 8, 16, 32, 2 | 32, 64, 64 | 14 << 56,
      2 | 64 | 14 << 56,
      2 | 64, 2 | 64 | 13 << 56, 2 | 16 | 64 | 22 << 56, 2 | 30 << 56, 128, 256, 384, 128 | 1, 256 | 32, 128 | 2, 512,
    ]
    let sizes: [Int64] = [8, 20, 50, -8, -20, -27, 4095, 4096]
    return flags.flatMap { flags in
      [0, 1, 2].flatMap { mode in
        [([8, 0], "IPv4"), ([0x86, 0xdd], "IPv6")].flatMap { type, name in
          sizes.compactMap { size in
            // Every size with every flag says little new in mode 0 and 2.
            guard mode == 1 || (size == 20 || size == -20) && name == "IPv4" else { return nil }
            var code = SocketBufferCode()
            code.call(50, .value(size), .value(Int64(mode)), .value(Int64(bitPattern: flags)))
            code.field(16)
            code.field(0)
            code.reportLinear()
            code.call(50, .value(8), .value(1), .value(2))
            return code.case(
              "skb_adjust_room(\(size), \(mode), \(flags)) on \(name)",
              packet: ClassifierCases.packet(80, etherType: type.map { UInt8($0) }))
          }
        }
      }
    }
  }

  /// Frames with gso_size; results: return values, gso_segs, gso_size.
  static var segments: [RecordedCase] {
    let calls: [(String, Int32, [Int64])] = [
      ("skb_adjust_room(20)", 50, [20, 1, 0]), ("skb_adjust_room(20) fixed", 50, [20, 1, 1]),
      ("skb_adjust_room(-20)", 50, [-20, 1, 0]), ("skb_change_tail(60)", 38, [60, 0]),
      ("skb_change_tail(64)", 38, [64, 0]), ("skb_change_head(14)", 43, [14, 0]),
      ("skb_change_head(16000)", 43, [16000, 0]), ("skb_change_proto", 31, [0xdd86, 0]), ("skb_vlan_pop", 19, []),
    ]
    return calls.flatMap { name, helper, arguments in
      [(1000, 3), (0, 3), (1000, 0)].map { size, count in
        var code = SocketBufferCode()
        switch arguments.count {
        case 0: code.call(helper)
        case 2: code.call(helper, .value(arguments[0]), .value(arguments[1]))
        default: code.call(helper, .value(arguments[0]), .value(arguments[1]), .value(arguments[2]))
        }
        code.field(164)
        code.field(176)
        code.field(0)
        return code.case(
          "\(name) with gso_size \(size), gso_segs \(count)",
          context: ClassifierCases.context([(164, UInt32(count)), (176, UInt32(size))]))
      }
    }
  }

  /// l4_csum_replace with each size and flag; results: return value, and the frame has the sum.
  static var checksums: [RecordedCase] {
    let values: [(Int64, Int64)] = [
      (0, 0x1234), (0x3930, 0x5000), (0xc000_0201, 0x0a00_0001), (0, 0), (0xffff, 0xffff), (0, 0xffff_ffff),
      (0x1_0000, 0x2_0000), (0x1_0000_0000, 5),
    ]
    return [0, 2, 4, 1, 0x10, 0x12, 0x14, 0x20, 0x22, 0x62, 0x60, 0x80, 0x90, 0x94, 0x100].flatMap { flags in
      values.flatMap { from, to in
        [0xbeef, 0].map { sum in
          var packet = HexText.bytes(ClassifierCases.packet())
          packet[40] = UInt8(sum >> 8)
          packet[41] = UInt8(sum & 0xff)
          var code = SocketBufferCode()
          code.call(11, .value(40), .value(from), .value(to), .value(Int64(flags)))
          code.call(10, .value(24), .value(from), .value(to), .value(Int64(flags & 0xf)))
          return code.case(
            "l4_csum_replace of \(from) by \(to), flags \(flags), sum \(sum)", packet: HexText.text(packet))
        }
      }
    }
  }

  /// LD_ABS with the offsets that stand for the network and link layers, and LD_IND; results: r0, when the program goes on.
  static var loads: [RecordedCase] {
    let network: Int32 = -0x10_0000
    let link: Int32 = -0x20_0000
    return [
      0, 60, 61, -1, network, network + 9, network + 46, network + 47, link, link + 12, link - 1, link + 60, .min,
    ]
    .flatMap { (offset: Int32) in
      [(UInt8(0x20), 4), (0x28, 2), (0x30, 1)].map { opcode, size in
        var code = SocketBufferCode()
        code.add { code in
          var slot = Slots.mov(0, offset)
          slot.opcode = opcode
          code.add(slot)
          code.report(0)
        }
        return code.case("LD_ABS of \(size) at \(offset)")
      }
        + [(UInt8(0x40), 4), (0x50, 1)].map { opcode, size in
          var code = SocketBufferCode()
          code.add { code in
            code.add(Slots.mov(7, offset &- 3))
            var slot = Slots.mov(0, 3)
            slot.opcode = opcode
            slot.source = 7
            code.add(slot)
            code.report(0)
          }
          return code.case("LD_IND of \(size) at \(offset)")
        }
    }
  }

  /// What a frame of BPF_PROG_TEST_RUN has not.
  static var others: [RecordedCase] {
    var code = SocketBufferCode(stack: [UInt8](repeating: 0xff, count: 64))
    code.call(66, .value(0), .stack(-128), .value(28), .value(0))
    code.reportStack(-128, words: 4)
    var plain = SocketBufferCode()
    for helper in [17, 24, 47, 79, 151] as [Int32] { plain.call(helper) }
    var twice = SocketBufferCode()
    twice.call(50, .value(20), .value(1), .value(2))
    twice.call(50, .value(-20), .value(1), .value(128))
    twice.call(50, .value(20), .value(1), .value(2))
    twice.call(38, .value(100), .value(0))
    return [
      code.case("skb_get_xfrm_state without IPsec"),
      plain.case("get_cgroup_classid, get_route_realm, get_socket_uid, skb_cgroup_id, skb_cgroup_classid"),
      twice.case("encapsulation, decapsulation, encapsulation"),
    ] + ["sched_act"].map { plain.case("an action's helpers", type: $0) }
  }
}
