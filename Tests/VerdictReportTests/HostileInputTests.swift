import BPFObject
import Testing

@testable import VerdictReport

/// xorshift64*: the same bytes for the same seed.
private struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }
}

@Suite("Hostile types and seeds")
struct HostileInputTests {
  private func path(_ name: String) -> String {
    #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/" + name
  }

  @Test(
    "Whatever types say, any value is shown without a crash and can be written back as it was",
    arguments: ["firewall", "tunnel", "sampler"])
  func types(fixture: String) throws {
    let btf = try #require(try ObjectFile(path: path("fixtures/\(fixture).bpf.o")).btf)
    var random = Random(state: 0x5eed)
    for round in 0..<80 {
      var bytes = btf
      // The header stays; a few bytes of types and strings change, but none in the first round.
      for _ in 0..<(round == 0 ? 0 : Int.random(in: 1...8, using: &random)) {
        bytes[Int.random(in: 24..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let types = try? TypeInfo(bytes: bytes) else { continue }
      for id in types.ids {
        guard let size = types.size(of: id), size <= 4096, let shape = Shape(of: id, in: types, size: size) else {
          continue
        }
        let value = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        let json = shape.decode(value).json
        var back = [UInt8](repeating: 0, count: size)
        try shape.encode(JSON(parsing: Array(json.text.utf8)), into: &back, at: 0, path: "")
        #expect(back == value, "seed 0x5eed, round \(round), type \(id)")
      }
    }
  }

  @Test("Text that is nearly a seed is taken or refused, never a crash")
  func seeds() throws {
    let object = try ObjectFile(path: path("fixtures/firewall.bpf.o"))
    let spec = try #require(object.map(named: "port_rules"))
    let text = Array(
      #"[{"key": {"protocol": 6, "port": "0x0017"}, "value": {"action": -1, "id": 1e3}}, {"values": ["ü\n"]}]"#.utf8)
    var random = Random(state: 0x5eed)
    var refused = 0
    let rounds = 2000
    for _ in 0..<rounds {
      var bytes = text
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: at)
        }
      }
      let map = FakeMap(
        .hash, key: spec.keySize, value: spec.valueSize, keyType: spec.keyTypeID, valueType: spec.valueTypeID)
      do {
        try MapSeed(parsing: bytes, file: "seed.json").load(into: map, types: object.types)
      } catch {
        refused += 1
        #expect(error.description.hasPrefix("seed.json: "))
      }
    }
    // The text itself names a per-CPU value, which this map has not.
    #expect(refused == rounds)
  }
}
