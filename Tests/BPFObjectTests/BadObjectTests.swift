import BPFInstructions
import BPFObject
import Foundation
import Testing

@Suite("Bad objects")
struct BadObjectTests {
  /// The fixture with some bytes changed, and what is said of it.
  static let edits: [(at: Int, bytes: [UInt8], message: String)] = [
    (0, [0], "x.o: offset 0: not an ELF file; give an object compiled with -target bpf"),
    (4, [1], "x.o: offset 4: a 32-bit object; BPF is 64-bit"),
    (5, [2], "x.o: offset 5: a big-endian object; compile with -target bpfel"),
    (16, [3], "x.o: offset 16: ELF type 3 is not a relocatable object (1)"),
    (18, [62, 0], "x.o: offset 18: machine 62 (x86-64), not BPF (247); compile with -target bpf"),
    (18, [9, 9], "x.o: offset 18: machine 2313, not BPF (247); compile with -target bpf"),
    (58, [40], "x.o: offset 58: section headers of 40 bytes; ELF64 has 64"),
    (62, [200, 0], "x.o: offset 62: section 200 is to hold the section names; there are 14"),
  ]

  @Test("a header that is no BPF object's is refused, with place and remedy", arguments: edits)
  func headers(edit: (at: Int, bytes: [UInt8], message: String)) throws {
    var bytes = try Fixture.bytes("cold.gcc.o")
    bytes.replaceSubrange(edit.at..<edit.at + edit.bytes.count, with: edit.bytes)
    let error = #expect(throws: ObjectError.self) { try ObjectFile(bytes: bytes, name: "x.o") }
    #expect(error?.description == edit.message)
  }

  @Test("an object that ends early is called truncated", arguments: [0, 1, 20, 63, 64, 500, 1800])
  func truncated(count: Int) throws {
    let bytes = Array(try Fixture.bytes("cold.o").prefix(count))
    let error = #expect(throws: ObjectError.self) { try ObjectFile(bytes: bytes, name: "x.o") }
    #expect(error?.kind == (count < 4 ? .notELF : .truncated))
  }

  @Test("a section past the end of the file is named")
  func wildSection() throws {
    var elf = ELFBytes()
    _ = elf.section("xdp", [], type: 1, flags: 6, size: 1 << 40)
    let error = #expect(throws: ObjectError.self) { try ObjectFile(bytes: elf.bytes, name: "x.o") }
    #expect(error?.section == "xdp")
    #expect(error?.message.hasPrefix("1099511627776 bytes at 64 end past the end of the file") == true)
  }

  @Test("zero-filled sections larger than memory are refused")
  func wildZeros() throws {
    var elf = ELFBytes()
    _ = elf.section(".bss", [], type: 8, flags: 3, size: 1 << 50)
    let error = #expect(throws: ObjectError.self) { try ObjectFile(bytes: elf.bytes, name: "x.o") }
    #expect(error?.section == ".bss")
  }

  /// `lddw r1, 0` and `exit`, with one relocation.
  private func relocated(
    to value: UInt64, in name: String, at offset: UInt64 = 0, symbol: Int? = nil, opcode: UInt8 = 0x18
  ) -> [UInt8] {
    var elf = ELFBytes()
    let code = elf.code("xdp", [Instruction(opcode: opcode), Instruction(opcode: 0), Instruction(opcode: 0x95)])
    elf.symbol("program", in: code, type: .function)
    let maps = elf.data("maps", words: [2, 4, 4, 1, 0])
    elf.symbol("map", in: maps, type: .object)
    let place = name == "maps" ? maps : code
    let target = elf.symbol("target", in: place, at: value, type: .none, isLocal: true)
    elf.relocation(in: code, at: offset, to: symbol ?? target)
    return elf.bytes
  }

  @Test("a relocation to nowhere tells section, offset and symbol")
  func wildRelocations() {
    func message(_ bytes: [UInt8]) -> String? {
      #expect(throws: ObjectError.self) { try ObjectFile(bytes: bytes, name: "x.o") }?.description
    }
    #expect(
      message(relocated(to: 12, in: "maps"))
        == "x.o: section xdp offset 0: relocation to target points to byte 12 of maps, where no map is")
    #expect(
      message(relocated(to: 800, in: "xdp"))
        == "x.o: section xdp offset 0: relocation to target points to byte 800 of xdp, where no function is")
    #expect(
      message(relocated(to: 0, in: "maps", at: 4096))
        == "x.o: section xdp offset 4096: relocation 0 of .relxdp, to target, lies past the section's end, 24 bytes")
    #expect(
      message(relocated(to: 0, in: "maps", symbol: 77))
        == "x.o: section xdp offset 0: relocation 0 of .relxdp names symbol 77; there are 4")
    #expect(
      message(relocated(to: 0, in: "maps", opcode: 0xb7))
        == "x.o: section xdp offset 0: relocation to target is at an instruction that takes none, opcode 0xb7")
  }

  @Test("a function that is not in its section is refused")
  func wildFunction() {
    var elf = ELFBytes()
    let code = elf.code("xdp", ELFBytes.exit)
    elf.symbol("program", in: code, at: 8, size: 16, type: .function)
    let error = #expect(throws: ObjectError.self) { try ObjectFile(bytes: elf.bytes, name: "x.o") }
    #expect(
      error?.description
        == "x.o: section xdp offset 8: function program of 16 bytes ends past the section's end, 16 bytes")
  }

  @Test("calls of nothing wait until a packet reaches them")
  func undefinedCall() throws {
    var elf = ELFBytes()
    let code = elf.code("xdp", [Instruction(opcode: 0x85, source: 1, immediate: -1), Instruction(opcode: 0x95)])
    elf.symbol("program", in: code, type: .function)
    let nowhere = elf.symbol("nowhere", in: 0, type: .none)
    elf.relocation(in: code, at: 0, to: nowhere, type: 10)
    let program = try #require(try ObjectFile(bytes: elf.bytes, name: "x.o").programs.first)
    #expect(program.references == [0: .unresolved("function nowhere is defined nowhere")])
    #expect(program.instructions[0] == Instruction(opcode: 0x85, immediate: 195_896_080))
  }

  @Test("addends in relocations count as those in instructions")
  func explicitAddends() throws {
    var elf = ELFBytes()
    let code = elf.code(
      "xdp",
      [
        Instruction(opcode: 0x18), Instruction(opcode: 0), Instruction(opcode: 0x85, source: 1),
        Instruction(opcode: 0x95),
      ])
    elf.symbol("program", in: code, type: .function)
    let text = elf.code(".text", ELFBytes.exit + ELFBytes.exit)
    elf.symbol("one", in: text, size: 16, type: .function, isLocal: true)
    elf.symbol("two", in: text, at: 16, size: 16, type: .function, isLocal: true)
    let data = elf.data(".data", words: [1, 2, 3])
    let dataSymbol = elf.symbol("", in: data, type: .section, isLocal: true)
    let textSymbol = elf.symbol("", in: text, type: .section, isLocal: true)
    elf.relocation(in: code, at: 0, to: dataSymbol, addend: 8)
    elf.relocation(in: code, at: 16, to: textSymbol, type: 10, addend: 16)
    let program = try #require(try ObjectFile(bytes: elf.bytes, name: "x.o").program(named: "program"))
    #expect(program.references == [0: .mapValue(".data", offset: 8)])
    #expect(program.calls(of: "program") == ["two"])
  }

  @Test("an object without function symbols, or without any symbols, has its sections as programs")
  func noFunctions() throws {
    var elf = ELFBytes()
    let code = elf.code("xdp", ELFBytes.exit)
    elf.symbol("labelled", in: code, type: .none)
    _ = elf.code("tc", ELFBytes.exit)
    let object = try ObjectFile(bytes: elf.bytes, name: "x.o")
    #expect(object.programs.map(\.name) == ["labelled", "tc"])
    #expect(object.programs.map(\.type) == [.xdp, .schedCLS])
  }

  @Test("a call that leaves its section is left for the packet that reaches it")
  func wildCall() throws {
    var elf = ELFBytes()
    let code = elf.code(
      "xdp", [Instruction(opcode: 0x85, source: 1, immediate: 1000), Instruction(opcode: 0x95)])
    elf.symbol("program", in: code, type: .function)
    let program = try #require(try ObjectFile(bytes: elf.bytes, name: "x.o").programs.first)
    #expect(program.references == [0: .unresolved("a call of slot 1001 of xdp, where no function is")])
  }

  @Test("a chain of twenty thousand calls is linked, and does not exhaust the stack")
  func longChain() throws {
    var elf = ELFBytes()
    let count = 20_000
    let slots = (0..<count).flatMap { _ in
      [Instruction(opcode: 0x85, source: 1, immediate: 1), Instruction(opcode: 0x95)]
    }
    let code = elf.code(".text", slots + ELFBytes.exit)
    for index in 0..<count {
      elf.symbol("f\(index)", in: code, at: UInt64(16 * index), size: 16, type: .function, isLocal: index > 0)
    }
    elf.symbol("last", in: code, at: UInt64(16 * count), size: 16, type: .function, isLocal: true)
    let object = try ObjectFile(bytes: elf.bytes, name: "x.o")
    #expect(object.programs.map(\.name) == ["f0"])
    #expect(object.programs.first?.functions.count == count + 1)
  }

  @Test("sections that mean nothing here are noted")
  func notes() throws {
    var elf = ELFBytes()
    let code = elf.code("xdp", ELFBytes.exit)
    elf.symbol("program", in: code, type: .function)
    _ = elf.data("features", words: [1])
    #expect(try ObjectFile(bytes: elf.bytes, name: "x.o").notes == ["section features is ignored, 4 bytes"])
  }
}
