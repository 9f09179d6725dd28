import KernelRecordings

/// What bpf_redirect and bpf_redirect_map return; the target itself is not shown by BPF_PROG_TEST_RUN.
///
/// Interface 1 is the loopback device, which is always there, and CPU 0.
enum RedirectCases {
  static let redirect: Int32 = 23
  static let redirectMap: Int32 = 51

  static var all: [RecordedCase] { byInterface + byMap + lookups }

  static var byInterface: [RecordedCase] {
    let targets: [(Int32, Int32)] = [
      (1, 0), (1, 1), (1, 2), (1, 3), (1, 8), (0, 0), (999_999, 0), (-1, 0), (1, -1),
    ]
    return targets.map { target, flags in
      var code = Code(results: false)
      code.add(Slots.mov(1, target), Slots.mov(2, flags), Slots.call(redirect), Slots.exit)
      return RecordedCase(
        name: "bpf_redirect to \(target) with flags \(flags)", slots: code.text, packet: frame(64))
    }
  }

  static let tables: [RecordedMap] = [
    RecordedMap(name: "devmap", type: "devmap", keySize: 4, valueSize: 4, maxEntries: 4),
    RecordedMap(name: "devmap", type: "devmap", keySize: 4, valueSize: 8, maxEntries: 4),
    RecordedMap(name: "devmap_hash", type: "devmap_hash", keySize: 4, valueSize: 4, maxEntries: 4),
    RecordedMap(name: "cpumap", type: "cpumap", keySize: 4, valueSize: 4, maxEntries: 2),
    RecordedMap(name: "xskmap", type: "xskmap", keySize: 4, valueSize: 4, maxEntries: 4),
  ]

  static var byMap: [RecordedCase] {
    var cases: [RecordedCase] = []
    for table in tables {
      let kind = "\(table.type) (values of \(table.valueSize))"
      // A queue of 192 frames for a cpumap, interface 1 for a devmap.
      let value = table.type == "cpumap" ? bytes(UInt32(192)) : bytes(UInt32(1))
      let present = RecordedOperation(
        "update", map: 0, key: HexText.text(bytes(UInt32(0))),
        value: HexText.text(value + [UInt8](repeating: 0, count: Int(table.valueSize) - 4)))
      let keys: [(UInt64, String)] = [
        (0, "entry 0"), (1, "empty entry 1"), (1000, "key 1000, out of range"), (1 << 32, "key 1 << 32"),
      ]
      for (key, place) in keys {
        let flags: [UInt64] =
          key == 0 || key == 1 ? [0, 1, 2, 3, 4, 8, 9, 16, 24, 32, 1 << 32, 1 << 63] : [0, 2, 3]
        for flag in flags {
          var code = Code(results: false)
          code.map(1, 0)
          code.constant(2, key)
          code.constant(3, flag)
          code.add(Slots.call(redirectMap), Slots.exit)
          cases.append(
            RecordedCase(
              name: "bpf_redirect_map by \(kind), \(place), flags 0x\(String(flag, radix: 16))", slots: code.text,
              maps: [table], operations: table.type == "xskmap" ? [] : [present], packet: frame(64)))
        }
      }
    }
    return cases
  }

  /// What user space may store and read back, and what a program may look up.
  static var lookups: [RecordedCase] {
    var cases: [RecordedCase] = []
    func key(_ value: UInt32) -> String { HexText.text(bytes(value)) }
    for table in tables where table.type.hasPrefix("devmap") {
      let rest = [UInt8](repeating: 0, count: Int(table.valueSize) - 4)
      cases.append(
        RecordedCase(
          name: "\(table.type) (values of \(table.valueSize)) from user space", maps: [table],
          operations: [
            RecordedOperation("lookup", map: 0, key: key(0)),
            RecordedOperation("update", map: 0, key: key(0), value: HexText.text(bytes(UInt32(1)) + rest)),
            RecordedOperation("lookup", map: 0, key: key(0)),
            RecordedOperation("update", map: 0, key: key(0), value: HexText.text(bytes(UInt32(1)) + rest), flags: 1),
            RecordedOperation("update", map: 0, key: key(0), value: HexText.text(bytes(UInt32(1)) + rest), flags: 2),
            RecordedOperation("update", map: 0, key: key(0), value: HexText.text(bytes(UInt32(1)) + rest), flags: 3),
            RecordedOperation("update", map: 0, key: key(1), value: HexText.text(bytes(UInt32(1)) + rest), flags: 1),
            RecordedOperation("update", map: 0, key: key(2), value: HexText.text(bytes(UInt32(1)) + rest), flags: 2),
            RecordedOperation("update", map: 0, key: key(3), value: HexText.text(bytes(UInt32(999_999)) + rest)),
            RecordedOperation("update", map: 0, key: key(3), value: HexText.text(bytes(UInt32(0)) + rest)),
            RecordedOperation("update", map: 0, key: key(4), value: HexText.text(bytes(UInt32(1)) + rest)),
            RecordedOperation("lookup", map: 0, key: key(4)),
            RecordedOperation("delete", map: 0, key: key(0)),
            RecordedOperation("delete", map: 0, key: key(0)),
            RecordedOperation("delete", map: 0, key: key(9)),
            RecordedOperation("lookup", map: 0, key: key(0)),
          ]))
    }
    for table in tables where table.type != "xskmap" {
      var code = Code()
      code.onStack(2, -4, .u32, 0)
      code.map(1, 1)
      code.add(Slots.call(1), Slots.mov(7, -1))
      code.branch(0x1, 0, 0, to: "missing")
      code.add(Slots.load(.u32, 7, 0, 0))
      code.label("missing")
      code.report(7)
      code.exit(2)
      let value = table.type == "cpumap" ? bytes(UInt32(192)) : bytes(UInt32(1))
      cases.append(
        RecordedCase(
          name: "a program looks up \(table.type) (values of \(table.valueSize))", slots: code.text,
          maps: [code.resultMap, table],
          operations: [
            RecordedOperation(
              "update", map: 1, key: key(0),
              value: HexText.text(value + [UInt8](repeating: 0, count: Int(table.valueSize) - 4)))
          ], packet: frame(64)))
    }
    for table in tables {
      var code = Code(results: false)
      code.onStack(2, -4, .u32, 0)
      code.onStack(3, -16, .u64, 1)
      code.map(1, 0)
      code.add(Slots.mov(4, 0), Slots.call(2), Slots.exit)
      cases.append(
        RecordedCase(
          name: "a program may not update \(table.type) (values of \(table.valueSize))", slots: code.text,
          maps: [table],
          packet: frame(64)))
    }
    return cases
  }
}
