import BPFMachine
import BPFObject
import Testing

@testable import VerdictReport

@Suite("Map seeds and dumps")
struct MapSeedTests {
  private func seed(_ text: String) throws -> MapSeed { try MapSeed(parsing: Array(text.utf8), file: "seed.json") }

  @Test(
    "A value is a number, an address, hex or an array of bytes, in the order written",
    arguments: [
      ("1", [1, 0, 0, 0]), ("-2", [0xfe, 0xff, 0xff, 0xff]), ("4294967295", [0xff, 0xff, 0xff, 0xff]),
      (#""192.0.2.1""#, [192, 0, 2, 1]), (#""0x0A00002a""#, [10, 0, 0, 42]), ("[1, 2, 3, 255]", [1, 2, 3, 255]),
      (#"["0x01", "0x00", "0xff", 7]"#, [1, 0, 255, 7]),
    ] as [(String, [UInt8])])
  func values(text: String, bytes: [UInt8]) throws {
    let map = FakeMap(.hash, key: 4, value: 4)
    try seed("[{\"key\": \(text), \"value\": \(text)}]").load(into: map, types: nil)
    #expect(map.stored == [MapEntry(key: bytes, values: [bytes])])
  }

  @Test(
    "Prefixes are keys of LPM tries: length, then address",
    arguments: [
      ("192.0.2.0/24", [24, 0, 0, 0, 192, 0, 2, 0]), ("0.0.0.0/0", [0, 0, 0, 0, 0, 0, 0, 0]),
      ("2001:db8::/32", [32, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ] as [(String, [UInt8])])
  func prefixes(text: String, bytes: [UInt8]) throws {
    let map = FakeMap(.lpmTrie, key: UInt32(bytes.count), value: 1)
    try seed("[{\"key\": \"\(text)\", \"value\": 1}]").load(into: map, types: nil)
    #expect(map.stored.map(\.key) == [bytes])
    let dump = try MapDump(map, types: nil)
    #expect(dump.json["entries"] == .array([.object([("key", .string(text)), ("value", .string("0x01"))])]))
  }

  @Test("What bpftool dumps is a seed: with and without its formatted part, and per CPU")
  func bpftool() throws {
    let plain = FakeMap(.hash, key: 2, value: 1)
    try seed(
      #"[{"key":["0x01","0x00"],"value":["0x05"],"formatted":{"key":1,"value":5}},{"key":2,"value":6}]"#
    ).load(into: plain, types: nil)
    #expect(plain.stored == [MapEntry(key: [1, 0], values: [[5]]), MapEntry(key: [2, 0], values: [[6]])])

    let perCPU = FakeMap(.percpuArray, key: 4, value: 2)
    try seed(#"[{"key":0,"values":[{"cpu":0,"value":["0x01","0x00"]},{"cpu":1,"value":["0x02","0x00"]}]}]"#)
      .load(into: perCPU, types: nil)
    #expect(perCPU.stored == [MapEntry(key: [0, 0, 0, 0], values: [[1, 0], [2, 0]])])
  }

  @Test(
    "A wrong seed is refused with file, entry and member",
    arguments: [
      ("[", "seed.json: line 1, column 2: a value expected, the text ends"),
      ("{}", "seed.json: an array of entries expected, found an object"),
      ("7", "seed.json: an array of entries expected, found 7"),
      ("[7]", "seed.json: entry 1: an object with key and value expected, found 7"),
      (#"[{"key": 1, "value": 2}, {"value": 2}]"#, "seed.json: entry 2, key: missing"),
      (#"[{"key": 1}]"#, "seed.json: entry 1, value: missing"),
      (#"[{"key": 1, "value": 2, "valeu": 3}]"#, "seed.json: entry 1, valeu: an entry has a key and a value"),
      (#"[{"key": 70000, "value": 2}]"#, "seed.json: entry 1, key: 70000 does not fit 2 bytes"),
      (#"[{"key": "0x01", "value": 2}]"#, "seed.json: entry 1, key: \"0x01\" is 1 byte, 2 bytes expected"),
      (#"[{"key": "192.0.2.1", "value": 2}]"#, "seed.json: entry 1, key: \"192.0.2.1\" is 4 bytes, 2 bytes expected"),
      (
        #"[{"key": [1, 256], "value": 2}]"#, "seed.json: entry 1, key[1]: a byte expected, 0…255 or \"0x00\", found 256"
      ),
      (#"[{"key": 1, "value": {"a": 1}}]"#, "seed.json: entry 1, value: the object has no type for it"),
      (#"[{"key": 1, "values": [1]}]"#, "seed.json: entry 1, values: the map has one value for all CPUs"),
      (#"{"maps": []}"#, "seed.json: the report has no map 'm'"),
    ])
  func faults(text: String, message: String) {
    do {
      try seed(text).load(into: FakeMap(.hash, key: 2, value: 4), types: nil)
      Issue.record("accepted")
    } catch {
      #expect("\(error)".hasPrefix(message), "\(error)")
    }
  }

  @Test("A map that refuses an entry is heard")
  func fullMap() throws {
    let entries = (0..<20).map { "{\"key\": \($0), \"value\": 0}" }.joined(separator: ",")
    let error = #expect(throws: SeedError.self) {
      try seed("[\(entries)]").load(into: FakeMap(.hash, key: 1, value: 1), types: nil)
    }
    #expect(error?.entry == 17)
  }

  @Test("Prog arrays take names of programs, and show them")
  func programs() throws {
    let map = FakeMap(.progArray, key: 4, value: 4)
    try seed(#"[{"key": 2, "value": "parse_tcp"}]"#).load(into: map, types: nil, program: { ["parse_tcp": 5][$0] })
    #expect(map.stored == [MapEntry(key: [2, 0, 0, 0], values: [[5, 0, 0, 0]])])
    let dump = try MapDump(map, types: nil) { [5: "parse_tcp"][$0] }
    #expect(dump.text == "map m (prog_array): 1 entry\n  2: parse_tcp\n")
    let error = #expect(throws: SeedError.self) {
      try seed(#"[{"key": 2, "value": "parse_udp"}]"#).load(into: map, types: nil)
    }
    #expect(error?.description == "seed.json: entry 1, value: there is no program 'parse_udp' in the object")
  }

  @Test("A dump is a seed for the same map, even as part of a whole report")
  func roundTrip() throws {
    let source = FakeMap(
      .percpuHash, key: 3, value: 9,
      entries: [
        MapEntry(key: [1, 2, 3], values: [[1, 2, 3, 4, 5, 6, 7, 8, 9], [UInt8](repeating: 0, count: 9)]),
        MapEntry(key: [0, 0, 0], values: [[UInt8](repeating: 0xff, count: 9), [UInt8](repeating: 7, count: 9)]),
      ])
    let report = Report(
      program: "p", hook: .xdp, capture: "c", distribution: .init(counts: []), maps: [try MapDump(source, types: nil)])
    let target = FakeMap(.percpuHash, key: 3, value: 9)
    try seed(JSONRenderer().render(report)).load(into: target, types: nil)
    #expect(Set(target.stored) == Set(source.stored))
  }

  @Test("Arrays are listed whole in JSON; in text, elements of zeros are only counted")
  func arrays() throws {
    let map = FakeMap(
      .array, key: 4, value: 1,
      entries: (0..<5).map { MapEntry(key: [$0, 0, 0, 0], values: [[$0 == 3 ? 9 : 0]]) })
    let dump = try MapDump(map, types: nil)
    guard case .array(let entries)? = dump.json["entries"] else {
      Issue.record("no entries")
      return
    }
    #expect(entries.count == 5)
    #expect(dump.text == "map m (array): 5 entries\n  3: 0x09\n  4 entries of zeros not shown\n")
  }

  @Test("Variables are set by name in their section; others keep their value")
  func globalData() throws {
    var builder = TypeBuilder()
    let word = builder.int("int", 4, signed: true)
    let text = builder.array(builder.int("char", 1, signed: true), 4)
    let section = builder.section(
      ".rodata", 12,
      [
        (builder.variable("limit", word), 0, 4), (builder.variable("tag", text), 4, 4),
        (builder.variable("burst", word), 8, 4),
      ])
    let types = try builder.build()
    var spec = MapSpec(
      name: "p.rodata", rawType: 2, keySize: 4, valueSize: 12, maxEntries: 1, valueTypeID: section, section: ".rodata",
      initialContents: [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], isReadOnly: true)
    try seed(#"{"limit": -1, "tag": "ab"}"#).set(in: &spec, types: types)
    #expect(spec.initialContents == [0xff, 0xff, 0xff, 0xff, 97, 98, 0, 0, 2, 0, 0, 0])
    let error = #expect(throws: SeedError.self) { try seed(#"{"limt": 1}"#).set(in: &spec, types: types) }
    #expect(error?.description == "seed.json: there is no member 'limt'; there are limit, tag, burst")
  }
}
