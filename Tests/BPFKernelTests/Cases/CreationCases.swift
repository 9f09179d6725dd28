import KernelRecordings

/// Which sizes and flags `BPF_MAP_CREATE` takes for each type of map, and with which errno it refuses the others.
enum CreationCases {
  /// A shape that each type takes.
  static let plain: [(type: String, key: UInt32, value: UInt32, entries: UInt32, flags: UInt32)] = [
    ("hash", 4, 8, 4, 0), ("array", 4, 8, 4, 0), ("prog_array", 4, 4, 4, 0), ("perf_event_array", 4, 4, 4, 0),
    ("percpu_hash", 4, 8, 4, 0), ("percpu_array", 4, 8, 4, 0), ("stack_trace", 4, 64, 4, 0),
    ("cgroup_array", 4, 4, 4, 0),
    ("lru_hash", 4, 8, 4, 0), ("lru_percpu_hash", 4, 8, 4, 0), ("lpm_trie", 8, 8, 4, 1), ("devmap", 4, 4, 4, 0),
    ("sockmap", 4, 4, 4, 0), ("cpumap", 4, 4, 4, 0), ("xskmap", 4, 4, 4, 0), ("sockhash", 4, 4, 4, 0),
    ("reuseport_sockarray", 4, 4, 4, 0), ("queue", 0, 8, 4, 0), ("stack", 0, 8, 4, 0), ("devmap_hash", 4, 4, 4, 0),
    ("ringbuf", 0, 0, 4096, 0), ("bloom_filter", 0, 8, 4, 0), ("user_ringbuf", 0, 0, 4096, 0),
  ]

  static var all: [RecordedCase] {
    var maps: [RecordedMap] = []
    for shape in plain {
      func add(
        key: UInt32? = nil, value: UInt32? = nil, entries: UInt32? = nil, flags: UInt32? = nil, extra: UInt64? = nil
      ) {
        maps.append(
          RecordedMap(
            name: "subject", type: shape.type, keySize: key ?? shape.key, valueSize: value ?? shape.value,
            maxEntries: entries ?? shape.entries, flags: flags ?? shape.flags, extra: extra))
      }
      add()
      for key in [0, 1, 3, 4, 5, 8, 512, 513, 260, 261, 1 << 16] as [UInt32] where key != shape.key { add(key: key) }
      for value in [0, 1, 4, 7, 8, 12, 32768, 32769, 1 << 22, (1 << 22) + 1] as [UInt32] where value != shape.value {
        add(value: value, entries: shape.type.contains("ringbuf") ? nil : 1)
      }
      add(value: .max, entries: 1)
      for entries in [0, 1, 5, 8192, 12288] as [UInt32] { add(entries: entries) }
      for bit in 0..<20 as Range<UInt32> where bit != 2 { add(flags: shape.flags ^ 1 << bit) }
      add(flags: shape.flags | 3 << 3)
      add(flags: shape.flags | 3 << 7)
      for extra in [1, 15, 16] as [UInt64] { add(extra: extra) }
    }
    return maps.map {
      RecordedCase(
        name: "creating \($0.type): key \($0.keySize), value \($0.valueSize), \($0.maxEntries) entries, "
          + "flags 0x\(String($0.flags, radix: 16)), extra \($0.extra ?? 0)", maps: [$0])
    }
  }
}
