import KernelRecordings

/// Errors and effects of map helpers and of bpf(2)'s element commands.
enum MapCases {
  static let lookup: Int32 = 1
  static let update: Int32 = 2
  static let delete: Int32 = 3

  static var all: [RecordedCase] {
    hashLike + arrays + tries + capacity + queues + userSpace + creation
  }

  /// Steps done by the program; each gives one result: r0 of update and delete, of lookup the value's word or -1.
  enum Step {
    case lookup(Int32)
    case update(Int32, Int32, flags: Int32)
    case delete(Int32)
  }

  static func program(
    _ name: String, _ map: RecordedMap, _ steps: [Step], operations: [RecordedOperation] = []
  ) -> RecordedCase {
    var code = Code()
    for (number, step) in steps.enumerated() {
      switch step {
      case .lookup(let key):
        code.onStack(2, -8, .u32, key)
        code.map(1, 1)
        code.add(Slots.call(lookup), Slots.mov(7, -1))
        code.branch(0x1, 0, 0, to: "missing\(number)")
        code.add(Slots.load(.u32, 7, 0, 0))
        code.label("missing\(number)")
        code.report(7)
      case .update(let key, let value, let flags):
        code.onStack(2, -8, .u32, key)
        code.onStack(3, -16, .u64, value)
        code.map(1, 1)
        code.add(Slots.mov(4, flags), Slots.call(update))
        code.report(0)
      case .delete(let key):
        code.onStack(2, -8, .u32, key)
        code.map(1, 1)
        code.add(Slots.call(delete))
        code.report(0)
      }
    }
    code.exit(2)
    return RecordedCase(
      name: name, slots: code.text, maps: [code.resultMap, map], operations: operations, packet: frame(64))
  }

  static func map(_ type: String, key: UInt32 = 4, value: UInt32 = 8, entries: UInt32 = 4, flags: UInt32 = 0)
    -> RecordedMap
  {
    RecordedMap(name: "subject", type: type, keySize: key, valueSize: value, maxEntries: entries, flags: flags)
  }

  static var hashLike: [RecordedCase] {
    [("hash", 0), ("hash", 1), ("percpu_hash", 0), ("lru_hash", 0), ("lru_percpu_hash", 0)].map { type, flags in
      program(
        "\(type) with map flags \(flags): update flags and missing keys", map(type, entries: 1024, flags: flags),
        [
          .lookup(1), .delete(1), .update(1, 10, flags: 2), .update(1, 11, flags: 1), .lookup(1),
          .update(1, 12, flags: 1), .lookup(1), .update(1, 13, flags: 2), .lookup(1), .update(1, 14, flags: 0),
          .lookup(1), .update(1, 15, flags: 3), .update(1, 16, flags: 4), .update(1, 17, flags: 8),
          .update(1, 17, flags: 16), .update(1, 18, flags: -1), .lookup(1), .delete(1), .delete(1), .lookup(1),
          .update(2, 20, flags: 0), .lookup(2),
        ])
    }
  }

  static var arrays: [RecordedCase] {
    ["array", "percpu_array"].map { type in
      program(
        "\(type): update flags and indices out of range", map(type, entries: 4),
        [
          .lookup(0), .update(0, 10, flags: 0), .lookup(0), .update(0, 11, flags: 1), .lookup(0),
          .update(0, 12, flags: 2), .lookup(0), .update(0, 13, flags: 3), .update(0, 14, flags: 4),
          .update(0, 15, flags: 8), .update(3, 16, flags: 0), .update(4, 17, flags: 0), .update(4, 17, flags: 1),
          .update(4, 17, flags: 3), .update(-1, 18, flags: 0), .lookup(3), .lookup(4), .lookup(-1), .delete(0),
          .delete(4), .lookup(0),
        ])
    }
  }

  /// Keys of a trie: prefix length, then the address as it is on the wire.
  static func trieKey(_ length: UInt32, _ address: [UInt8]) -> String { HexText.text(bytes(length) + address) }

  static var tries: [RecordedCase] {
    let trie = map("lpm_trie", key: 8, value: 8, entries: 16, flags: 1)
    func put(_ length: UInt32, _ address: [UInt8], _ value: UInt64, flags: UInt64 = 0) -> RecordedOperation {
      RecordedOperation(
        "update", map: 0, key: trieKey(length, address), value: HexText.text(bytes(value)), flags: flags)
    }
    func find(_ length: UInt32, _ address: [UInt8]) -> RecordedOperation {
      RecordedOperation("lookup", map: 0, key: trieKey(length, address))
    }
    func remove(_ length: UInt32, _ address: [UInt8]) -> RecordedOperation {
      RecordedOperation("delete", map: 0, key: trieKey(length, address))
    }
    let filled = [
      put(8, [10, 0, 0, 0], 1), put(16, [10, 1, 0, 0], 2), put(24, [10, 1, 2, 0], 3), put(32, [10, 1, 2, 3], 4),
      put(0, [0, 0, 0, 0], 5), put(12, [172, 16, 0, 0], 6),
    ]
    var cases = [
      RecordedCase(
        name: "lpm_trie: the longest prefix wins", maps: [trie],
        operations: filled + [
          find(32, [10, 1, 2, 3]), find(32, [10, 1, 2, 4]), find(32, [10, 1, 3, 4]), find(32, [10, 2, 0, 0]),
          find(32, [11, 0, 0, 0]), find(32, [172, 31, 255, 255]), find(32, [172, 32, 0, 0]),
        ]),
      RecordedCase(
        name: "lpm_trie: a lookup with a shorter prefix finds no longer entry", maps: [trie],
        operations: filled + [
          find(24, [10, 1, 2, 3]), find(23, [10, 1, 2, 3]), find(16, [10, 1, 2, 3]), find(8, [10, 1, 2, 3]),
          find(7, [10, 1, 2, 3]), find(0, [10, 1, 2, 3]),
        ]),
      RecordedCase(
        name: "lpm_trie: prefix lengths out of range", maps: [trie],
        operations: filled + [
          put(33, [10, 0, 0, 0], 9), find(33, [10, 1, 2, 3]), remove(33, [10, 0, 0, 0]), put(.max, [10, 0, 0, 0], 9),
          find(.max, [10, 1, 2, 3]),
        ]),
      RecordedCase(
        name: "lpm_trie: update flags", maps: [trie],
        operations: filled + [
          put(8, [10, 0, 0, 0], 11, flags: 1), put(8, [10, 0, 0, 0], 12, flags: 2),
          put(9, [10, 0, 0, 0], 13, flags: 2),
          put(9, [10, 0, 0, 0], 14, flags: 1), put(8, [10, 0, 0, 0], 15, flags: 3),
          put(8, [10, 0, 0, 0], 16, flags: 4),
          find(8, [10, 0, 0, 0]), find(32, [10, 0, 0, 1]),
        ]),
      RecordedCase(
        name: "lpm_trie: host bits beyond the prefix are kept as they were given", maps: [trie],
        operations: [
          put(8, [10, 9, 9, 9], 1), find(32, [10, 0, 0, 1]), put(8, [10, 8, 8, 8], 2), find(32, [10, 0, 0, 1]),
        ]),
      RecordedCase(
        name: "lpm_trie: deleting", maps: [trie],
        operations: filled + [
          remove(16, [10, 1, 0, 0]), remove(16, [10, 1, 0, 0]), find(32, [10, 1, 3, 4]), remove(9, [10, 0, 0, 0]),
          remove(0, [0, 0, 0, 0]), find(32, [11, 0, 0, 0]),
        ]),
      RecordedCase(
        name: "lpm_trie: full", maps: [map("lpm_trie", key: 8, value: 8, entries: 2, flags: 1)],
        operations: [
          put(8, [10, 0, 0, 0], 1), put(8, [11, 0, 0, 0], 2), put(8, [12, 0, 0, 0], 3), put(8, [10, 0, 0, 0], 4),
          remove(8, [10, 0, 0, 0]), put(8, [12, 0, 0, 0], 5),
        ]),
    ]
    var code = Code()
    for (number, key) in [(32, 0x0302_010a), (16, 0x0302_010a), (33, 0x0302_010a), (32, 0x0000_000b)].enumerated() {
      code.add(Slots.storeImmediate(.u32, 10, -8, Int32(key.0)), Slots.storeImmediate(.u32, 10, -4, Int32(key.1)))
      code.map(1, 1)
      code.add(Slots.movReg(2, 10), Slots.add(2, -8), Slots.call(lookup), Slots.mov(7, -1))
      code.branch(0x1, 0, 0, to: "missing\(number)")
      code.add(Slots.load(.u64, 7, 0, 0))
      code.label("missing\(number)")
      code.report(7)
    }
    code.exit(2)
    cases.append(
      RecordedCase(
        name: "lpm_trie: a program's lookups", slots: code.text, maps: [code.resultMap, trie],
        operations: filled.map {
          var operation = $0
          operation.map = 1
          return operation
        }, packet: frame(64)))
    return cases
  }

  static var capacity: [RecordedCase] {
    [("hash", 0), ("hash", 1), ("percpu_hash", 0), ("percpu_hash", 1)].map { type, flags in
      program(
        "\(type) with map flags \(flags): full", map(type, entries: 2, flags: flags),
        [
          .update(1, 1, flags: 0), .update(2, 2, flags: 0), .update(3, 3, flags: 0), .update(3, 3, flags: 1),
          .update(3, 3, flags: 2), .update(1, 4, flags: 0), .update(1, 4, flags: 1), .lookup(1), .delete(2),
          .update(3, 3, flags: 0), .lookup(3),
        ])
    }
  }

  static var queues: [RecordedCase] {
    let push: Int32 = 87
    let pop: Int32 = 88
    let peek: Int32 = 89
    func steps(_ name: String, _ map: RecordedMap, _ steps: [(helper: Int32, value: Int32, flags: Int32)])
      -> RecordedCase
    {
      var code = Code()
      for step in steps {
        code.onStack(2, -8, .u64, step.value)
        code.map(1, 1)
        if step.helper == push { code.add(Slots.mov(3, step.flags)) }
        code.add(Slots.call(step.helper))
        code.report(0)
        code.add(Slots.load(.u64, 1, 10, -8))
        code.report(1)
      }
      code.exit(2)
      return RecordedCase(name: name, slots: code.text, maps: [code.resultMap, map], packet: frame(64))
    }
    return ["queue", "stack"].map { type in
      steps(
        "\(type): push, pop and peek; each result is followed by the value's word", map(type, key: 0, entries: 3),
        [
          (pop, 99, 0), (peek, 99, 0), (push, 1, 0), (push, 2, 0), (push, 3, 1), (push, 3, 0), (push, 4, 0),
          (push, 5, 2), (peek, 99, 0), (pop, 99, 0), (pop, 99, 0), (pop, 99, 0), (pop, 99, 0), (push, 6, 4),
        ])
    } + [
      steps(
        "bloom_filter: push and peek; each result is followed by the value's word",
        map("bloom_filter", key: 0, entries: 64),
        [(peek, 1, 0), (push, 1, 0), (peek, 1, 0), (push, 2, 1), (push, 2, 2), (peek, 2, 0)])
    ]
  }

  /// bpf(2)'s own element commands.
  static var userSpace: [RecordedCase] {
    func key(_ value: UInt32) -> String { HexText.text(bytes(value)) }
    func value(_ number: UInt64) -> String { HexText.text(bytes(number)) }
    let types = ["hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "array", "percpu_array"]
    return types.map { type in
      RecordedCase(
        name: "\(type) from user space", maps: [map(type, entries: type.hasPrefix("lru") ? 1024 : 2)],
        operations: [
          RecordedOperation("lookup", map: 0, key: key(0)),
          RecordedOperation("delete", map: 0, key: key(0)),
          RecordedOperation("update", map: 0, key: key(0), value: value(1), flags: 2),
          RecordedOperation("update", map: 0, key: key(0), value: value(2), flags: 1),
          RecordedOperation("update", map: 0, key: key(0), value: value(3), flags: 1),
          RecordedOperation("update", map: 0, key: key(0), value: value(4), flags: 0),
          RecordedOperation("update", map: 0, key: key(0), value: value(5), flags: 3),
          RecordedOperation("update", map: 0, key: key(0), value: value(6), flags: 4),
          RecordedOperation("lookup", map: 0, key: key(0)),
          RecordedOperation("update", map: 0, key: key(1), value: value(7)),
          RecordedOperation("update", map: 0, key: key(2), value: value(8)),
          RecordedOperation("lookup", map: 0, key: key(2)),
          RecordedOperation("delete", map: 0, key: key(1)),
          RecordedOperation("delete", map: 0, key: key(1)),
        ])
    }
  }

  /// Which shapes `BPF_MAP_CREATE` refuses.
  static var creation: [RecordedCase] {
    [
      map("hash", key: 0), map("hash", value: 0), map("hash", entries: 0), map("hash", key: 513),
      map("hash", flags: 1 << 30),
      map("array", key: 8), map("array", value: 0), map("array", entries: 0), map("array", flags: 1),
      map("lpm_trie", key: 8, value: 8), map("lpm_trie", key: 4, value: 8, flags: 1),
      map("lpm_trie", key: 5, value: 8, flags: 1), map("lpm_trie", key: 260, value: 8, flags: 1),
      map("lpm_trie", key: 261, value: 8, flags: 1), map("lru_hash", flags: 1), map("percpu_hash", flags: 1),
      map("percpu_array", value: 32768), map("percpu_array", value: 32769), map("prog_array", value: 8),
      map("prog_array", value: 4), map("devmap", value: 4), map("devmap", value: 8), map("devmap", value: 12),
      map("cpumap", value: 4), map("cpumap", value: 8), map("cpumap", value: 12), map("xskmap", value: 8),
      map("queue", key: 4), map("queue", key: 0), map("bloom_filter", key: 0),
      map("ringbuf", key: 0, value: 0, entries: 4096),
      map("ringbuf", key: 0, value: 0, entries: 8192), map("perf_event_array", value: 4),
    ].map {
      RecordedCase(
        name:
          "creating \($0.type): key \($0.keySize), value \($0.valueSize), \($0.maxEntries) entries, flags \($0.flags)",
        maps: [$0])
    }
  }
}
