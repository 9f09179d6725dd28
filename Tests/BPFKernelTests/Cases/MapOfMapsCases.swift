import BPFInstructions
import KernelRecordings

/// Maps of maps: what user space may put in, and what programs find.
enum MapOfMapsCases {
  static var all: [RecordedCase] { updates + lookups + creation }

  static func inner(
    _ name: String, _ type: String = "array", key: UInt32 = 4, value: UInt32 = 8, entries: UInt32 = 3, flags: UInt32 = 0
  ) -> RecordedMap {
    RecordedMap(name: name, type: type, keySize: key, valueSize: value, maxEntries: entries, flags: flags)
  }

  static func outer(_ type: String, template: Int, entries: UInt32 = 4, flags: UInt32 = 0) -> RecordedMap {
    RecordedMap(
      name: "outer", type: type, keySize: 4, valueSize: 4, maxEntries: entries, flags: flags, inner: template)
  }

  static func key(_ number: UInt32) -> String { HexText.text(bytes(number)) }

  static var updates: [RecordedCase] {
    ["array_of_maps", "hash_of_maps"].flatMap { type in
      [0, 1 << 12].map { (flags: UInt32) in
        let candidates = [
          inner("template", flags: flags), inner("same", flags: flags), inner("more", entries: 9, flags: flags),
          inner("wide", value: 16, flags: flags), inner("hash", "hash", flags: 0), inner("flags", flags: 1 << 10),
          inner("cpus", "percpu_array"),
        ]
        let subject = candidates.count
        func put(_ index: UInt32, _ map: Int, flags: UInt64 = 0) -> RecordedOperation {
          RecordedOperation("update", map: subject, key: key(index), inner: map, flags: flags)
        }
        return RecordedCase(
          name: "\(type) of arrays with flags \(flags): updates and deletes",
          maps: candidates + [outer(type, template: 0, entries: 2)],
          operations: [
            RecordedOperation("delete", map: subject, key: key(0)), put(0, 1), put(0, 2), put(1, 3), put(1, 4),
            put(1, 5), put(1, 6), put(1, subject), put(1, 0), put(2, 0), put(.max, 0), put(0, 1, flags: 1),
            put(0, 1, flags: 2), put(1, 1, flags: 1), put(1, 1, flags: 3), put(1, 1, flags: 4),
            RecordedOperation("update", map: subject, key: key(0), value: HexText.text(bytes(Int32(-1)))),
            RecordedOperation("delete", map: subject, key: key(0)),
            RecordedOperation("delete", map: subject, key: key(0)),
            RecordedOperation("delete", map: subject, key: key(7)), put(1, 0, flags: 2), put(0, 0, flags: 2),
          ])
      }
    }
  }

  /// Looks keys up in the outer map, then key 1 in the inner one, which it updates as well.
  static var lookups: [RecordedCase] {
    ["array_of_maps", "hash_of_maps"].flatMap { type in
      [("array", 0), ("hash", 0), ("lru_hash", 0), ("percpu_array", 0), ("hash", 1), ("queue", 0)].map {
        innerType, flags in
        let isQueue = innerType == "queue"
        var code = Code()
        for (number, index) in [0, 1, 2, 3, 4, -1].enumerated() {
          code.onStack(2, -8, .u32, Int32(index))
          code.map(1, 3)
          code.add(Slots.call(MapCases.lookup), Slots.mov(7, -1))
          code.branch(0x1, 0, 0, to: "missing\(number)")
          code.add(Slots.movReg(8, 0))
          code.onStack(2, -8, .u32, 1)
          code.onStack(3, -16, .u64, Int32(100 + number))
          code.add(Slots.movReg(1, 8), Slots.mov(4, 0))
          if isQueue {
            code.add(Slots.movReg(2, 3), Slots.mov(3, 0), Slots.call(QueueCases.push), Slots.movReg(7, 0))
          } else {
            code.add(Slots.call(MapCases.update))
            code.onStack(2, -8, .u32, 1)
            code.add(Slots.movReg(1, 8), Slots.call(MapCases.lookup), Slots.mov(7, -2))
            code.branch(0x1, 0, 0, to: "missing\(number)")
            code.add(Slots.load(.u64, 7, 0, 0))
          }
          code.label("missing\(number)")
          code.report(7)
        }
        code.exit(2)
        let members = ["first", "second"].map {
          inner($0, innerType, key: isQueue ? 0 : 4, flags: UInt32(flags))
        }
        return RecordedCase(
          name: "\(type) of \(innerType) with flags \(flags): a program's lookups", slots: code.text,
          maps: [code.resultMap] + members + [outer(type, template: 1)],
          operations: [(0, 1), (2, 2), (3, 1)].map {
            RecordedOperation("update", map: 3, key: key($0.0), inner: $0.1)
          }, packet: frame(64))
      }
    }
  }

  /// Which maps can be inner maps.
  static var creation: [RecordedCase] {
    ["array_of_maps", "hash_of_maps"].flatMap { type in
      CreationCases.plain.map { shape in
        RecordedCase(
          name: "\(type) of \(shape.type)",
          maps: [
            inner(
              "template", shape.type, key: shape.key, value: shape.value, entries: shape.entries, flags: shape.flags),
            outer(type, template: 0),
          ])
      } + [
        RecordedCase(
          name: "\(type) of maps of maps",
          maps: [inner("template"), outer("hash_of_maps", template: 0), outer(type, template: 1)])
      ]
    }
  }
}
