import BPFObject
import Testing

@testable import VerdictReport

@Suite("Values typed through BTF")
struct ShapeTests {
  /// The types of a rule with a bit of everything.
  private struct Rule {
    let types: TypeInfo
    let id: UInt32
    static let size = 72

    init() throws {
      var builder = TypeBuilder()
      let char = builder.int("char", 1, signed: true)
      let byte = builder.typedef("__u8", builder.int("unsigned char", 1))
      let short = builder.typedef("__u16", builder.int("unsigned short", 2))
      let word = builder.typedef("__u32", builder.int("unsigned int", 4))
      let signed = builder.int("int", 4, signed: true)
      let long = builder.typedef("__u64", builder.int("unsigned long long", 8))
      let bool = builder.int("_Bool", 1, bool: true)
      let port = builder.typedef("__be16", short)
      let address = builder.typedef("__be32", word)
      let action = builder.enumeration("action", [("DENY", 0), ("ALLOW", 1)])
      let name = builder.array(char, 8)
      let ethernet = builder.array(byte, 6)
      let inet6 = builder.structure("in6_addr", 16, [("bytes", builder.array(byte, 16), [0])])
      let anonymous = builder.structure(
        "", 4, union: true, [("raw", word, [0]), ("half", builder.array(short, 2), [0])])
      id = builder.structure(
        "rule", UInt32(Self.size),
        [
          ("saddr", address, [0]), ("dport", port, [32]), ("proto", port, [48]), ("mac", ethernet, [64]),
          ("enabled", bool, [112]), ("flags", byte, [120, 3]), ("level", signed, [123, 5]), ("in6", inet6, [128]),
          ("name", name, [256]), ("action", action, [320]), ("delta", signed, [352]), ("", anonymous, [384]),
          ("count", long, [448]), ("seq", address, [512]), ("plain", word, [544]),
        ])
      types = try builder.build()
    }
  }

  private let bytes: [UInt8] =
    [192, 0, 2, 1] + [0x01, 0xbb] + [0x08, 0x00] + [2, 0, 0, 0, 0, 0xfe] + [1] + [0b11110_101]
    + [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] + Array("ssh\0\0\0\0\0".utf8) + [1, 0, 0, 0]
    + [0xfe, 0xff, 0xff, 0xff] + [1, 0, 2, 0] + [0, 0, 0, 0] + [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    + [0, 0, 0x12, 0x34] + [42, 0, 0, 0]

  @Test("Members are shown by name: addresses, ports, enumerations, bit fields, text, unions")
  func decode() throws {
    let rule = try Rule()
    let shape = try #require(Shape(of: rule.id, in: rule.types, size: Rule.size))
    let value = shape.decode(bytes)
    #expect(
      value.text
        == "{saddr: 192.0.2.1, dport: 443, proto: 0x0800, mac: 02:00:00:00:00:fe, enabled: true, flags: 5, level: -2, "
        + "in6: 2001:db8::1, name: \"ssh\", action: ALLOW, delta: -2, raw: 131073, half: [1, 2], "
        + "count: 18446744073709551615, seq: 0x00001234, plain: 42}")
    #expect(value.json["dport"] == .string("0x01bb"))
    #expect(value.json["action"] == .string("ALLOW"))
  }

  @Test("What is shown can be written back, to the byte")
  func roundTrip() throws {
    let rule = try Rule()
    let shape = try #require(Shape(of: rule.id, in: rule.types, size: Rule.size))
    var back = [UInt8](repeating: 0, count: Rule.size)
    try shape.encode(JSON(parsing: Array(shape.decode(bytes).json.text.utf8)), into: &back, at: 0, path: "")
    #expect(back == bytes)
  }

  @Test(
    "A char array that is no text is a list of its bytes",
    arguments: [[0x41, 0, 0x42, 0], [0xff, 0x41, 0, 0]] as [[UInt8]])
  func notText(bytes: [UInt8]) throws {
    var builder = TypeBuilder()
    let array = builder.array(builder.int("char", 1, signed: true), 4)
    let shape = try #require(Shape(of: array, in: try builder.build(), size: 4))
    #expect(shape.decode(bytes).text == "[" + bytes.map(String.init).joined(separator: ", ") + "]")
  }

  @Test("Bytes that the types do not account for are shown in hex, so that nothing is lost")
  func padding() throws {
    let rule = try Rule()
    let shape = try #require(Shape(of: rule.id, in: rule.types, size: Rule.size))
    var padded = bytes
    padded[52] = 1  // between the union and `count`
    #expect(shape.decode(padded).text == Hex.text(padded))
  }

  @Test(
    "A value that does not fit is refused with the member's name and what was expected",
    arguments: [
      (#"{"sadr": "192.0.2.1"}"#, "value", "there is no member 'sadr'; there are saddr, dport"),
      (#"{"saddr": "2001:db8::1"}"#, "value.saddr", "\"2001:db8::1\" is 16 bytes, 4 bytes expected"),
      (#"{"saddr": "nobody"}"#, "value.saddr", "an IPv4 address expected, found \"nobody\""),
      (#"{"dport": 65536}"#, "value.dport", "65536 does not fit 2 bytes"),
      (#"{"flags": 8}"#, "value.flags", "a number that fits 3 bits expected, found 8"),
      (#"{"level": -17}"#, "value.level", "a number that fits 5 bits expected, found -17"),
      (#"{"action": "MAYBE"}"#, "value.action", "'MAYBE' is none of DENY, ALLOW"),
      (#"{"name": "much too long"}"#, "value.name", "text of 13 bytes does not fit 8"),
      (#"{"half": [1]}"#, "value.half", "2 elements expected, found 1"),
      (#"{"half": [1, 65536]}"#, "value.half[1]", "65536 does not fit 2 bytes"),
      (#"{"enabled": "yes"}"#, "value.enabled", "true or false expected, found \"yes\""),
      (#"{"count": -9223372036854775809}"#, "", ""),
      (#"{"plain": 1.5}"#, "value.plain", "a number expected, found 1.5"),
      (#"{"plain": null}"#, "value.plain", "a number expected, found null"),
    ])
  func faults(text: String, path: String, message: String) throws {
    let rule = try Rule()
    let shape = try #require(Shape(of: rule.id, in: rule.types, size: Rule.size))
    guard let json = try? JSON(parsing: Array(text.utf8)) else {
      #expect(path.isEmpty)
      return
    }
    var back = [UInt8](repeating: 0, count: Rule.size)
    do {
      try shape.encode(json, into: &back, at: 0, path: "value")
      Issue.record("accepted")
    } catch {
      #expect(error.path == path)
      #expect(error.message.hasPrefix(message), "\(error.message)")
    }
  }

  @Test("A hostile type has no shape: members outside, sizes that lie, types in a circle, bit fields without room")
  func hostile() throws {
    var builder = TypeBuilder()
    let word = builder.int("int", 4)
    let outside = builder.structure("a", 4, [("x", word, [16])])
    let lies = builder.structure("b", 8, [("x", builder.array(word, 0xffff_ffff), [0])])
    let wide = builder.structure("c", 4, [("x", word, [24, 16])])
    let circle = builder.structure("d", 4, [("x", 6, [0])])
    let types = try builder.build()
    #expect(Shape(of: outside, in: types, size: 4) == nil)
    #expect(Shape(of: lies, in: types, size: 8) == nil)
    #expect(Shape(of: wide, in: types, size: 4) == nil)
    #expect(Shape(of: circle, in: types, size: 4) == nil)
    #expect(Shape(of: 99, in: types, size: 4) == nil)
    #expect(Shape(of: word, in: types, size: 8) == nil)
  }
}
