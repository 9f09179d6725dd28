import BPFInstructions
import KernelRecordings

/// Helpers whose answers are the same on every machine, on every path to a failure.
enum HelperCases {
  static var all: [RecordedCase] {
    dynptrs + [ringDynptrs, probes, tasks, counters, locks, sockets, mtu, routes, percpu] + cookies
  }

  private static func make(_ name: String, _ code: Code, _ maps: [RecordedMap] = []) -> RecordedCase {
    var code = code
    code.exit(2)
    return RecordedCase(name: name, slots: code.text, maps: [code.resultMap] + maps, packet: frame(64))
  }

  static let array = RecordedMap(name: "values", type: "array", keySize: 4, valueSize: 64, maxEntries: 1)

  // MARK: Dynptrs

  static var dynptrs: [RecordedCase] {
    var reading = Code()
    dynptr(&reading, size: 64)
    reading.report(0)
    for (offset, count, flags) in [
      (0, 8, 0), (56, 8, 0), (57, 8, 0), (64, 8, 0), (8, 16, 0), (0, 8, 1), (63, 1, 0), (64, 1, 0), (-1, 1, 0),
      (0, 16, 0),
    ] as [(Int32, Int32, Int32)] {
      reading.add(Slots.storeImmediate(.u64, 10, -48, -1), Slots.storeImmediate(.u64, 10, -40, -1))
      reading.stackAddress(1, -48)
      reading.add(Slots.mov(2, count))
      reading.stackAddress(3, -16)
      reading.add(Slots.mov(4, offset), Slots.mov(5, flags), Slots.call(201))
      reading.report(0)
      reading.reportStack(-48, words: 2)
    }
    var writing = Code()
    dynptr(&writing, size: 40)
    writing.report(0)
    for (offset, count, flags) in [
      (0, 8, 0), (32, 8, 0), (33, 8, 0), (40, 1, 0), (16, 16, 0), (0, 8, 1), (-1, 1, 0),
    ] as [(Int32, Int32, Int32)] {
      writing.add(Slots.storeImmediate(.u64, 10, -48, offset &+ 100), Slots.storeImmediate(.u64, 10, -40, 0x55))
      writing.stackAddress(1, -16)
      writing.add(Slots.mov(2, offset))
      writing.stackAddress(3, -48)
      writing.add(Slots.mov(4, count), Slots.mov(5, flags), Slots.call(202))
      writing.report(0)
    }
    var data = Code()
    dynptr(&data, size: 64)
    for (offset, count) in [(0, 8), (8, 8), (56, 8), (57, 8), (64, 1), (0, 64), (0, 65), (-1, 1)] as [(Int32, Int32)] {
      let label = "null\(data.results)"
      data.stackAddress(1, -16)
      data.add(Slots.mov(2, offset), Slots.mov(3, count), Slots.call(203), Slots.mov(7, -1))
      data.branch(0x1, 0, 0, to: label)
      data.add(Slots.load(.u8, 7, 0, 0))
      data.label(label)
      data.report(7)
    }
    return [
      make("dynptr_from_mem and dynptr_read", reading, [array]), make("dynptr_write", writing, [array]),
      make("dynptr_data", data, [array]),
    ]
      + [1, -1].map { flags in
        var code = Code()
        dynptr(&code, size: 64, flags: Int32(flags))
        code.report(0)
        code.add(Slots.storeImmediate(.u64, 10, -48, -1))
        code.stackAddress(1, -48)
        code.add(Slots.mov(2, 8))
        code.stackAddress(3, -16)
        code.add(Slots.mov(4, 0), Slots.mov(5, 0), Slots.call(201))
        code.report(0)
        code.reportStack(-48)
        code.stackAddress(1, -16)
        code.add(Slots.mov(2, 0), Slots.mov(3, 1), Slots.call(203))
        code.report(0)
        return make("dynptr_from_mem with flags \(flags)", code, [array])
      }
  }

  /// A dynptr at r10-16 to the value of map 1, which counts from 1.
  private static func dynptr(_ code: inout Code, size: Int32, flags: Int32 = 0) {
    code.mapValue(1, map: 1)
    for offset in 0..<8 as Range<Int16> {
      code.constant(2, 0x0807_0605_0403_0201 &+ UInt64(offset) &* 0x0808_0808_0808_0808)
      code.add(Slots.store(.u64, 1, offset * 8, 2))
    }
    code.add(Slots.mov(2, size), Slots.mov(3, flags))
    code.stackAddress(4, -16)
    code.add(Slots.call(197))
  }

  static var ringDynptrs: RecordedCase {
    var code = Code()
    for (size, flags, end) in [
      (16, 0, 199), (16, 0, 200), (4088, 0, 199), (4089, 0, 199), (8, 1, 199), (0x100_0000, 0, 199), (4000, 0, 199),
      (40, 0, 199), (8, 0, 199),
    ] as [(Int32, Int32, Int32)] {
      code.map(1, 1)
      code.add(Slots.mov(2, size), Slots.mov(3, flags))
      code.stackAddress(4, -16)
      code.add(Slots.call(198))
      code.report(0)
      code.stackBytes(-40, Array("0123456789".utf8))
      code.stackAddress(1, -16)
      code.add(Slots.mov(2, 0))
      code.stackAddress(3, -40)
      code.add(Slots.mov(4, 10), Slots.mov(5, 0), Slots.call(202))
      code.report(0)
      code.stackAddress(1, -16)
      code.add(Slots.mov(2, 0), Slots.call(end), Slots.mov(0, 0))
      EventCases.reportState(&code)
    }
    return make("ringbuf_reserve_dynptr, submit and discard", code, [EventCases.ring])
  }

  // MARK: Tasks and memory

  static var probes: RecordedCase {
    var code = Code()
    for helper in [112, 113, 114, 115] as [Int32] {
      for size in [0, 1, 3, 8, 16] as [Int32] {
        for kind in 0..<2 {
          code.stackBytes(-40, Array("hello".utf8) + [0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
          code.stackBytes(-64, [UInt8](repeating: 0xff, count: 24))
          code.stackAddress(1, -64)
          code.add(Slots.mov(2, size))
          code.stackAddress(3, -40)
          if kind == 1 { code.add(Slots.mov(3, 0)) }
          code.add(Slots.call(helper))
          code.report(0)
          code.reportStack(-64, words: 2)
        }
      }
    }
    return make("probe_read_kernel, probe_read_user and their _str forms", code)
  }

  /// What does not depend on the task: failures.
  static var tasks: RecordedCase {
    var code = Code()
    for (device, inode, size) in [(0, 0, 8), (1, 2, 8), (1, 2, 16)] as [(Int32, Int32, Int32)] {
      code.stackBytes(-16, [UInt8](repeating: 0xff, count: 16))
      code.add(Slots.mov(1, device), Slots.mov(2, inode))
      code.stackAddress(3, -16)
      code.add(Slots.mov(4, size), Slots.call(120))
      code.report(0)
      code.reportStack(-16, words: 2)
    }
    for index in [0, 3, 4, -1] as [Int32] {
      code.map(1, 1)
      code.add(Slots.mov(2, index), Slots.call(37))
      code.report(0)
    }
    return make(
      "get_ns_current_pid_tgid of no name space, current_task_under_cgroup of an empty map", code,
      [RecordedMap(name: "cgroups", type: "cgroup_array", keySize: 4, valueSize: 4, maxEntries: 4)])
  }

  static var counters: RecordedCase {
    var code = Code()
    for flags in [0xffff_ffff, 0, 3, 4, 1 << 32, 1 << 32 | 0xffff_ffff, .max] as [UInt64] {
      code.map(1, 1)
      code.constant(2, flags)
      code.add(Slots.call(22))
      code.report(0)
      for size in [24, 8] as [Int32] {
        code.stackBytes(-24, [UInt8](repeating: 0xff, count: 24))
        code.map(1, 1)
        code.constant(2, flags)
        code.stackAddress(3, -24)
        code.add(Slots.mov(4, size), Slots.call(55))
        code.report(0)
        code.reportStack(-24, words: 3)
      }
    }
    return make(
      "perf_event_read and perf_event_read_value without counters", code,
      [RecordedMap(name: "events", type: "perf_event_array", keySize: 4, valueSize: 4, maxEntries: 4)])
  }

  /// BPF_F_LOCK where values have no lock.
  static var locks: RecordedCase {
    MapCases.program(
      "array: BPF_F_LOCK without a lock, with every other flag", MapCases.map("array"),
      [
        .update(0, 1, flags: 4), .update(0, 1, flags: 5), .update(0, 1, flags: 6), .update(0, 1, flags: 7),
        .update(9, 1, flags: 4), .update(9, 1, flags: 5),
      ])
  }

  static var percpu: RecordedCase {
    var code = Code()
    for key in [0, 3, 4] as [Int32] {
      for cpu in [0, 1, 4095, -1] as [Int32] {
        let label = "null\(code.results)"
        code.onStack(2, -8, .u32, key)
        code.map(1, 1)
        code.add(Slots.mov(3, cpu), Slots.call(195), Slots.mov(7, -1))
        code.branch(0x1, 0, 0, to: label)
        code.add(Slots.load(.u64, 7, 0, 0))
        code.label(label)
        // Whether there is a second CPU is the machine's affair.
        if cpu != 1 { code.report(7) }
      }
    }
    return make("map_lookup_percpu_elem of a percpu_array", code, [MapCases.map("percpu_array")])
  }

  // MARK: Network

  static var sockets: RecordedCase {
    var code = Code()
    for helper in [84, 85, 99] as [Int32] {
      for (size, netns, flags) in [(12, -1, 0), (36, -1, 0), (11, -1, 0), (12, -1, 1), (12, 77_777, 0)]
        as [(Int32, Int32, Int32)]
      {
        let label = "null\(code.results)"
        for offset in stride(from: -40, to: 0, by: 8) { code.onStack(8, Int32(offset), .u64, 0x0505_0505) }
        code.add(Slots.movReg(1, 6))
        code.stackAddress(2, -40)
        code.add(Slots.mov(3, size), Slots.mov(4, netns), Slots.mov(5, flags), Slots.call(helper), Slots.mov(7, 1))
        code.branch(0x1, 0, 0, to: label)
        code.add(Slots.movReg(1, 0), Slots.call(86), Slots.mov(7, 2))
        code.label(label)
        code.report(7)
      }
    }
    return make("sk_lookup_tcp, sk_lookup_udp and skc_lookup_tcp of sockets that are not there", code)
  }

  static var mtu: RecordedCase {
    var code = Code()
    for (index, length, difference, flags) in [
      (0, 0, 0, 0), (1, 0, 0, 0), (1, 65536, 0, 0), (1, 65537, 0, 0), (1, 65536, 1, 0), (1, 65537, -1, 0), (1, 0, 0, 1),
      (99_999, 0, 0, 0), (1, 0, 65536, 0), (1, 0, 65537, 0), (1, 0, -1000, 0), (0, 0, 65486, 0), (0, 0, 65487, 0),
    ] as [(Int32, Int32, Int32, Int32)] {
      code.add(Slots.storeImmediate(.u64, 10, -8, 0), Slots.storeImmediate(.u32, 10, -8, length))
      code.add(Slots.movReg(1, 6), Slots.mov(2, index))
      code.stackAddress(3, -8)
      code.add(Slots.mov(4, difference), Slots.mov(5, flags), Slots.call(163))
      code.report(0)
      code.reportStack(-8)
    }
    return make("check_mtu on the loopback device", code)
  }

  /// Without forwarding, as on the loopback device.
  static var routes: RecordedCase {
    var code = Code()
    for (family, index, size, flags) in [
      (2, 1, 64, 0), (10, 1, 64, 0), (3, 1, 64, 0), (0, 1, 64, 0), (2, 99_999, 64, 0), (10, 99_999, 64, 0),
      (2, 1, 63, 0),
      (2, 1, 64, 64), (2, 1, 64, 1), (10, 1, 64, 2), (2, 1, 64, -1),
    ] as [(Int32, Int32, Int32, Int32)] {
      for offset in stride(from: -64, to: 0, by: 8) { code.onStack(8, Int32(offset), .u64, 0) }
      code.add(
        Slots.storeImmediate(.u8, 10, -64, family), Slots.storeImmediate(.u32, 10, -56, index),
        Slots.storeImmediate(.u32, 10, -32, 0x0102_000a))
      code.add(Slots.movReg(1, 6))
      code.stackAddress(2, -64)
      code.add(Slots.mov(3, size), Slots.mov(4, flags), Slots.call(69))
      code.report(0)
      code.reportStack(-64, words: 8)
    }
    return make("fib_lookup on the loopback device", code)
  }

  /// Cookies themselves differ from boot to boot; whether one is good, and the segment size that it tells, do not.
  static var cookies: [RecordedCase] {
    [(204, 206, "ipv4"), (205, 207, "ipv6")].flatMap { make, check, name in
      [
        [], [2, 4, 5, 0xb4], [2, 4, 2, 0x18], [2, 4, 2, 0x17], [2, 4, 0, 0], [2, 4, 0xff, 0xff],
        [1, 1, 2, 4, 5, 0x14, 0, 0],
        [2, 3, 5, 0], [3, 3, 7, 2, 4, 5, 0xa0, 0], [4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8], [0, 2, 4, 5],
        [2, 4, 0x23, 0],
        [2, 4, 5, 0x78], [2, 4, 4, 0xc4], [5, 0, 2, 4],
      ].map { options in
        let options = options.map { UInt8($0) } + [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
        var code = Code()
        let header: [UInt8] = name == "ipv4" ? ipv4 : ipv6
        let segment = syn(options)
        code.stackBytes(-104, header)
        code.stackBytes(-64, segment)
        for size in [segment.count, segment.count + 4, 19] {
          code.stackAddress(1, -104)
          code.stackAddress(2, -64)
          code.add(Slots.mov(3, Int32(size)), Slots.call(Int32(make)), Slots.movReg(7, 0))
          let label = "good\(code.results)"
          code.branch(0x7, 7, 0, to: label)
          code.report(7)
          code.label(label)
          if size != segment.count { continue }
          code.add(Slots.movReg(8, 7), Slots.alu(0x7, 8, 32))
          code.report(8)
          // The ACK of the SYN-ACK: both numbers one up.
          for (more, sequence) in [(1, 1), (2, 1), (1, 2), (0, 0)] as [(Int32, Int32)] {
            code.add(
              Slots.storeImmediate(
                .u32, 10, -60, Int32(bitPattern: (0x0102_0304 + UInt32(bitPattern: sequence)).byteSwapped)),
              Slots.movReg(8, 7), Slots.add(8, more), Instruction(opcode: 0xdc, destination: 8, immediate: 32),
              Slots.store(.u32, 10, -56, 8))
            code.stackAddress(1, -104)
            code.stackAddress(2, -64)
            code.add(Slots.call(Int32(check)))
            code.report(0)
          }
          code.add(Slots.storeImmediate(.u32, 10, -60, Int32(bitPattern: UInt32(0x0102_0304).byteSwapped)))
        }
        return self.make("syncookie \(name) with options \(HexText.text(options))", code)
      }
    }
  }

  private static let ipv4: [UInt8] = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]
  private static let ipv6: [UInt8] =
    [0x60, 0, 0, 0, 0, 20, 6, 64] + (0..<32).map { UInt8($0) }

  private static func syn(_ options: [UInt8]) -> [UInt8] {
    [0x12, 0x34, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, UInt8(5 + options.count / 4) << 4, 2, 0xff, 0xff, 0, 0, 0, 0] + options
  }
}
