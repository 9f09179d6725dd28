import BPFInstructions
import BPFObject
import Foundation
import Testing

@Suite("CO-RE")
struct CORETests {
  @Test("relocated instructions are libbpf's, for types that differ in everything")
  func asLibbpf() throws {
    let target = try TypeInfo(path: Fixture.path("core_target.o"))
    let object = try Fixture.object("core.o").relocated(against: target)
    let expected = try Fixture.loaded("core")
    #expect(object.programs.count == expected.programs.count)
    for program in object.programs { #expect(program.loaded == expected.programs[program.name], "\(program.name)") }
  }

  @Test("with the object's own types, the compiler's numbers stand")
  func ownTypes() throws {
    let object = try Fixture.object("core.o")
    let types = try #require(object.types)
    for program in object.programs {
      let relocated = program.relocated(against: types)
      #expect(!program.coreRelocations.isEmpty)
      #expect(relocated.coreRelocations.isEmpty)
      #expect(relocated.instructions == program.instructions, "\(program.name)")
    }
  }

  @Test("what the target lacks is a call to nowhere that names it")
  func missing() throws {
    let target = try TypeInfo(path: Fixture.path("core_target.o"))
    let object = try Fixture.object("core.o")
    let program = try #require(object.program(named: "guarded")).relocated(against: target)
    let reasons = program.references.values.compactMap { reference in
      if case .unresolved(let reason) = reference { reason } else { nil }
    }
    #expect(
      Set(reasons) == [
        "struct packet.gone is not in the target's types", "enum wide.NO_VALUE is not in the target's types",
      ])
    for (slot, reference) in program.references {
      guard case .unresolved = reference else { continue }
      #expect(program.instructions[slot] == Instruction(opcode: 0x85, immediate: 195_896_080))
    }
  }

  @Test("an access to an array element is named with its index")
  func arrayName() throws {
    var target = BTFBytes()
    let char = target.add("char", 1, 1, [1 << 24 | 8])
    target.add("packet", 4, count: 1, 8, [target.string("other"), char, 0])
    let object = try Fixture.object("core.o")
    let program = try #require(object.program(named: "guarded"))
    let relocated = program.relocated(against: try TypeInfo(bytes: target.bytes))
    #expect(relocated.references.values.contains(.unresolved("struct packet.cb[2] is not in the target's types")))
  }

  @Test("types come from files of BTF and from ELF files; others are refused by name")
  func files() throws {
    #expect(try TypeInfo(path: Fixture.path("core.o")).id(named: "packet", kind: .structure) != nil)
    let error = #expect(throws: ObjectError.self) { try TypeInfo(path: Fixture.path("linking.bare.o")) }
    #expect(error?.description == "\(Fixture.path("linking.bare.o")): the file has no section .BTF; compile with -g")
    let missing = #expect(throws: ObjectError.self) { try TypeInfo(path: Fixture.path("nowhere")) }
    #expect(missing?.kind == .unreadable(errno: ENOENT))
  }
}
