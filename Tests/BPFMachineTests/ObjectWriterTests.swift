import BPFInstructions
import BPFObject
import Testing

@Suite("Assembled programs as objects")
struct ObjectWriterTests {
  @Test("An object reads back as the program, its section, its license and its function")
  func simple() throws {
    let program = try Assembler().assemble("xdp_drop:\n r0 = 1\n exit")
    let bytes = try ObjectWriter(section: "xdp.frags", license: "Dual MIT/GPL").object(of: program)
    let object = try ObjectFile(bytes: bytes, name: "drop.o")
    #expect(object.license == "Dual MIT/GPL")
    #expect(object.maps.isEmpty)
    #expect(object.programs.map(\.name) == ["xdp_drop"])
    #expect(object.programs.first?.section == "xdp.frags")
    #expect(object.programs.first?.type == .xdp)
    #expect(object.programs.first?.instructions == program.instructions)
  }

  @Test("Functions that are called, and functions whose address is taken, are linked again to the same slots")
  func functions() throws {
    let program = try Assembler().assemble(
      """
      main:
        r6 = subprog[callback]
        call first
        call callback
        exit
      first:
        call callback
        exit
      callback:
        r0 = 7
        exit
      """)
    let object = try ObjectFile(bytes: try ObjectWriter().object(of: program), name: "calls.o")
    let main = try #require(object.programs.first { $0.name == "main" })
    #expect(main.functions.map(\.name).sorted() == ["callback", "first", "main"])
    let linked = try DecodedProgram(main.instructions)
    #expect(linked.functions.count == 3)
    #expect(main.instructions.count == program.instructions.count)
    // The linker may order the functions otherwise: what is called must be the same code.
    func callees(_ program: DecodedProgram) -> [[Operation]] {
      program.instructions.compactMap { $0.functionTarget }.map { target in
        Array(program.instructions.drop { $0.slot < target }.prefix(2).map(\.operation))
      }
    }
    let expected = try callees(DecodedProgram(program.instructions)).map { $0.last }
    #expect(callees(linked).map { $0.last } == expected)
  }

  @Test(
    "What an object cannot express is refused",
    arguments: [
      (
        "r1 = map[flows]\nexit",
        "instruction 0: map[flows] has no definition; only programs without maps can be written"
      ),
      ("a: call a\nexit", "instruction 0: the main function is called; an object cannot express that"),
      ("r0 = 1", "instruction 0 (b7 00 00 00 01 00 00 00, mov): the function ends without exit or jump"),
    ])
  func refused(text: String, message: String) throws {
    let program = try Assembler().assemble(text)
    let error = #expect(throws: ObjectWriterError.self) { try ObjectWriter().object(of: program) }
    #expect(error?.description == message)
  }
}
