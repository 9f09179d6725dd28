import BPFObject
import Foundation
import Testing

@Suite("BTF")
struct TypeInfoTests {
  /// `struct flow { unsigned port; unsigned :3-bit kind; color c; flow *next; char name[4]; union { int a; }; }`.
  private func flow() throws -> TypeInfo {
    var btf = BTFBytes()
    let unsigned = btf.add("unsigned int", 1, 4, [32])
    let int = btf.add("int", 1, 4, [1 << 24 | 32])
    let char = btf.add("char", 1, 1, [1 << 24 | 8])
    let color = btf.add(
      "color", 6, flag: true, count: 2, 4, [btf.string("RED"), 0, btf.string("NONE"), UInt32(bitPattern: -1)])
    let array = btf.add("", 3, 0, [char, unsigned, 4])
    let inner = btf.add("", 5, count: 1, 4, [btf.string("a"), int, 0])
    let flow = btf.count + 2
    let pointer = btf.add("", 2, flow)
    btf.add(
      "flow", 4, flag: true, count: 6, 32,
      [
        btf.string("port"), unsigned, 0,
        btf.string("kind"), unsigned, 3 << 24 | 32,
        btf.string("c"), color, 64,
        btf.string("next"), pointer, 128,
        btf.string("name"), array, 192,
        0, inner, 224,
      ])
    let alias = btf.add("flow_t", 8, flow)
    btf.add("", 10, alias)
    return try TypeInfo(bytes: btf.bytes)
  }

  @Test("members keep name, bit offset and bit-field width")
  func members() throws {
    let types = try flow()
    let id = try #require(types.id(named: "flow", kind: .structure))
    let members = types.members(of: id)
    #expect(members.map(\.name) == ["port", "kind", "c", "next", "name", ""])
    #expect(members.map(\.bitOffset) == [0, 32, 64, 128, 192, 224])
    #expect(members.map(\.bitFieldSize) == [0, 3, 0, 0, 0, 0])
    #expect(members.map { types.size(of: $0.type) } == [4, 4, 4, 8, 4, 4])
    #expect(types.declaration(of: members[3].type) == "struct flow *")
    #expect(types.declaration(of: members[4].type) == "char [4]")
  }

  @Test("typedefs and qualifiers are seen through")
  func resolved() throws {
    let types = try flow()
    let flow = try #require(types.id(named: "flow"))
    let const = types.ids.upperBound - 1
    #expect(types.kind(of: const) == .const)
    #expect(types.resolved(const) == flow)
    #expect(types.size(of: const) == 32)
    #expect(types.declaration(of: const) == "const flow_t")
  }

  @Test("signedness, text and enumerators are told")
  func scalars() throws {
    let types = try flow()
    let int = try #require(types.id(named: "int"))
    #expect(types[int] == .int(BTFInt(size: 4, bits: 32, isSigned: true)))
    #expect(types.isCharacter(try #require(types.id(named: "char"))))
    let color = try #require(types.id(named: "color", kind: .enumeration))
    #expect(types.enumeratorName(of: -1, in: color) == "NONE")
    #expect(types.enumeratorName(of: 7, in: color) == nil)
  }

  @Test("types that contain themselves end")
  func cycles() throws {
    var btf = BTFBytes()
    btf.add("loop", 8, 2)
    btf.add("", 10, 1)
    btf.add("", 3, 0, [3, 1, 2])
    btf.add("", 2, 4)
    let types = try TypeInfo(bytes: btf.bytes)
    #expect(types.resolved(1) == nil)
    #expect(types.size(of: 1) == nil)
    #expect(types.size(of: 3) == nil)
    #expect(types.declaration(of: 4).hasPrefix("… *"))
    #expect(types[99] == nil)
    #expect(types.name(of: 99) == "")
  }

  @Test(
    "bytes that are no BTF are refused, with the place",
    arguments: [
      ([], nil, "0 bytes are too few for a BTF header of 24"),
      ([0xeb, 0x9f] + [UInt8](repeating: 0, count: 30), 0, "types are big-endian; compile with -target bpfel"),
      ([UInt8](repeating: 7, count: 32), 0, "magic 0x707 is not BTF's 0xeb9f"),
    ] as [([UInt8], Int?, String)])
  func refused(bytes: [UInt8], offset: Int?, message: String) {
    let error = #expect(throws: ObjectError.self) { try TypeInfo(bytes: bytes) }
    #expect(error?.kind == .badTypes)
    #expect(error?.offset == offset)
    #expect(error?.message == message)
  }

  @Test("every cut of a good .BTF is refused or read, never a crash")
  func cuts() throws {
    let bytes = try flow().bytes
    for count in 0..<bytes.count {
      #expect(throws: ObjectError.self) { try TypeInfo(bytes: Array(bytes[..<count])) }
    }
  }

  @Test(
    "the running kernel's types are read",
    .enabled(if: FileManager.default.isReadableFile(atPath: "/sys/kernel/btf/vmlinux"), "this kernel shows no BTF"))
  func kernel() throws {
    let data = try #require(FileManager.default.contents(atPath: "/sys/kernel/btf/vmlinux"))
    let types = try TypeInfo(bytes: Array(data))
    let context = try #require(types.id(named: "xdp_md", kind: .structure))
    #expect(
      types.members(of: context).map(\.name) == [
        "data", "data_end", "data_meta", "ingress_ifindex", "rx_queue_index", "egress_ifindex",
      ])
    #expect(types.size(of: context) == 24)
  }
}
