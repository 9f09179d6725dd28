import KernelRecordings

/// What programs see and do that BPF_PROG_TEST_RUN cannot show: the paths of real frames, partial checksums, sums, segments.
enum LiveCases {
  static let all: [LiveCase] =
    LiveState.allCases.flatMap { state in
      calls.filter { !isVirtual($0.0, state) }.map { name, calls in state.case(name, code(calls)) }
    } + tunnels

  /// What a VXLAN device of metadata tells of the tunnel that a frame came through.
  private static let tunnels: [LiveCase] = [8, 22, 24, 28, 44].flatMap { size in
    [0, 1, 16, 17, 2].map { flags in
      var code = SocketBufferCode(stack: [1])
      code.call(40, .value(0))
      code.call(20, .stack(-128), .value(Int64(size)), .value(Int64(flags)))
      code.reportStack(-128, words: 6)
      code.call(29, .stack(-64), .value(16))
      code.call(30, .stack(-64), .value(8))
      code.call(21, .stack(-128), .value(44), .value(0))
      code.call(30, .stack(-64), .value(8))
      code.call(20, .stack(-128), .value(44), .value(16))
      code.reportStack(-128, words: 6)
      return LiveState.receivedSummed.case("skb_get_tunnel_key of \(size), flags \(flags)", code)
    }
  }

  /// What depends on the sender being on the same machine: a veth hands over the transport header that it found, and takes the
  /// tag out of the frame only after the device.
  private static func isVirtual(_ name: String, _ state: LiveState) -> Bool {
    state == .received && ["change_tail(33)", "change_tail(14)"].contains(name)
      || state == .receivedTagged && name == "change_tail(13)"
  }

  private typealias Call = (helper: Int32, arguments: [SocketBufferCode.Argument])

  private static func call(_ helper: Int32, _ arguments: Int64...) -> Call {
    (helper, arguments.map { .value($0) })
  }

  /// `bpf_skb_store_bytes` of eight bytes or fewer.
  private static func store(_ offset: Int64, _ count: Int64, _ flags: Int64) -> Call {
    (9, [.value(offset), .stack(-128), .value(count), .value(flags)])
  }

  private static let calls: [(String, [Call])] =
    [
      ("fields", []),
      ("store_bytes", [store(40, 8, 0)]), ("store_bytes with a sum", [store(40, 8, 1)]),
      ("store_bytes at an odd place", [store(41, 5, 1)]), ("store_bytes in the Ethernet header", [store(4, 8, 1)]),
      ("store_bytes of one byte", [store(55, 1, 3)]),
      ("vlan_push", [call(18, 0x81, 5)]), ("vlan_push twice", [call(18, 0x81, 5), call(18, 0xa888, 6)]),
      ("vlan_push and pop", [call(18, 0x81, 5), call(18, 0x81, 6), call(19), call(19)]), ("vlan_pop", [call(19)]),
      ("adjust_room(20)", [call(50, 20, 1, 0)]), ("adjust_room(20, net)", [call(50, 20, 0, 0)]),
      ("adjust_room(20) fixed", [call(50, 20, 1, 1)]), ("adjust_room(-20)", [call(50, -20, 1, 0)]),
      ("adjust_room(-8) fixed", [call(50, -8, 0, 1)]), ("adjust_room(28) for UDP in IPv4", [call(50, 28, 1, 2 | 16)]),
      ("adjust_room(20) twice", [call(50, 20, 1, 2), call(50, 20, 1, 2), call(50, 20, 1, 0)]),
      ("adjust_room(48) for UDP in IPv6", [call(50, 48, 1, 4 | 16)]),
      ("adjust_room and change_tail", [call(50, 20, 1, 0), call(38, 60, 0)]),
      ("change_tail(54)", [call(38, 54, 0)]), ("change_tail(53)", [call(38, 53, 0)]),
      ("change_tail(52)", [call(38, 52, 0)]), ("change_tail(51)", [call(38, 51, 0)]),
      ("change_tail(34)", [call(38, 34, 0)]), ("change_tail(33)", [call(38, 33, 0)]),
      ("change_tail(14)", [call(38, 14, 0)]), ("change_tail(13)", [call(38, 13, 0)]),
      ("change_tail(130)", [call(38, 130, 0)]), ("change_tail(120)", [call(38, 120, 0)]),
      ("change_head(14)", [call(43, 14, 0)]), ("change_head and vlan_push", [call(43, 14, 0), call(18, 0x81, 5)]),
      ("change_head(16000)", [call(43, 16000, 0)]),
      ("change_proto", [call(31, 0xdd86, 0)]), ("change_proto and back", [call(31, 0xdd86, 0), call(31, 0x08, 0)]),
      ("change_type", [call(32, 3)]), ("pull_data", [call(39, 60)]),
      ("skb_ecn_set_ce", [call(97)]), ("set_tstamp", [call(192, 5, 1)]), ("set_hash", [call(48, 7), call(34)]),
      ("csum_level", [call(135, 1), call(135, 1), call(135, 2)]), ("csum_update", [call(40, 0x1234_5678)]),
      ("l3_csum_replace", [call(10, 24, 0x1234, 0x4321, 4)]),
    ]
    + [0x14, 0x94, 0x04, 0x34].map { flags in
      ("l4_csum_replace of 4, flags \(flags)", [call(11, 50, 0xc000_0201, 0x0a00_0001, flags)])
    }
    + [0x12, 0x92, 0x02].map { flags in
      ("l4_csum_replace of 2, flags \(flags)", [call(11, 50, 0x1234, 0x4321, flags)])
    }
    + [0x10, 0x90, 0x00].map { flags in
      ("l4_csum_replace by difference, flags \(flags)", [call(11, 50, 0, 0x8765_4321, flags)])
    }

  private static let fields: [(Int16, Slots.Size)] = [
    (0, .u32), (4, .u32), (12, .u32), (16, .u32), (20, .u32), (24, .u32), (28, .u32), (36, .u32), (40, .u32),
    (68, .u32),
    (160, .u32), (164, .u32), (176, .u32), (152, .u64), (184, .u64),
  ]

  private static func code(_ calls: [Call]) -> SocketBufferCode {
    var code = SocketBufferCode(stack: [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88])
    code.call(40, .value(0))
    for call in calls {
      switch call.arguments.count {
      case 0: code.call(call.helper)
      case 1: code.call(call.helper, call.arguments[0])
      case 2: code.call(call.helper, call.arguments[0], call.arguments[1])
      case 3: code.call(call.helper, call.arguments[0], call.arguments[1], call.arguments[2])
      default: code.call(call.helper, call.arguments[0], call.arguments[1], call.arguments[2], call.arguments[3])
      }
    }
    code.call(40, .value(0))
    code.call(135, .value(0))
    for (offset, size) in fields { code.field(offset, size) }
    code.call(26, .value(0), .stack(-128), .value(112))
    code.reportStack(-128, words: 14)
    return code
  }
}
