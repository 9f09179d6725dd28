import Testing

@testable import BPFInstructions

/// The slots of a program written as the bytes of its object file.
func slots(_ hexadecimal: String) -> [Instruction] {
  let digits = hexadecimal.compactMap(\.hexDigitValue)
  return Instruction.slots(
    in: stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
}

@Suite("Decoding")
struct DecodingTests {
  @Test(
    "Instructions mean what RFC 9669 says",
    arguments: [
      ("07 01 00 00 ff ff ff ff", Operation.alu(.add, .w64, .r1, .immediate(-1))),
      ("0c 21 00 00 00 00 00 00", .alu(.add, .w32, .r1, .register(.r2))),
      ("37 03 01 00 02 00 00 00", .alu(.sdiv, .w64, .r3, .immediate(2))),
      ("9c 43 01 00 00 00 00 00", .alu(.smod, .w32, .r3, .register(.r4))),
      ("bf a6 00 00 00 00 00 00", .alu(.mov, .w64, .r6, .register(.r10))),
      ("bf 12 20 00 00 00 00 00", .moveSignExtended(.w64, from: .u32, .r2, .r1)),
      ("bc 12 08 00 00 00 00 00", .moveSignExtended(.w32, from: .u8, .r2, .r1)),
      ("84 05 00 00 00 00 00 00", .negate(.w32, .r5)),
      ("d4 01 00 00 10 00 00 00", .byteSwap(.toLittle, .u16, .r1)),
      ("dc 01 00 00 20 00 00 00", .byteSwap(.toBig, .u32, .r1)),
      ("d7 01 00 00 40 00 00 00", .byteSwap(.swap, .u64, .r1)),
      ("71 10 0c 00 00 00 00 00", .load(.u8, signed: false, .r0, base: .r1, offset: 12)),
      ("81 10 fe ff 00 00 00 00", .load(.u32, signed: true, .r0, base: .r1, offset: -2)),
      ("62 0a fc ff 07 00 00 00", .store(.u32, base: .r10, offset: -4, .immediate(7))),
      ("7b 1a f8 ff 00 00 00 00", .store(.u64, base: .r10, offset: -8, .register(.r1))),
      ("db 21 08 00 00 00 00 00", .atomic(.add, fetch: false, .u64, base: .r1, offset: 8, .r2)),
      ("c3 21 08 00 41 00 00 00", .atomic(.or, fetch: true, .u32, base: .r1, offset: 8, .r2)),
      ("db 21 00 00 e1 00 00 00", .atomic(.exchange, fetch: true, .u64, base: .r1, offset: 0, .r2)),
      ("db 21 00 00 f1 00 00 00", .atomic(.compareExchange, fetch: true, .u64, base: .r1, offset: 0, .r2)),
      ("d3 12 04 00 00 01 00 00", .loadAcquire(.u8, .r2, base: .r1, offset: 4)),
      ("db 21 00 00 10 01 00 00", .storeRelease(.u64, base: .r1, offset: 0, .r2)),
      ("18 01 00 00 88 77 66 55 00 00 00 00 44 33 22 11", .loadImmediate(.r1, .value, 0x1122_3344_5566_7788)),
      ("18 21 00 00 03 00 00 00 00 00 00 00 08 00 00 00", .loadImmediate(.r1, .mapValue, 0x8_0000_0003)),
      ("20 00 00 00 0c 00 00 00", .loadAbsolute(.u32, 12)),
      ("48 30 00 00 0c 00 00 00", .loadIndirect(.u16, .r3, 12)),
      ("05 00 fe ff 00 00 00 00", .jump(offset: -2, long: false)),
      ("06 00 00 00 00 00 01 00", .jump(offset: 65536, long: true)),
      ("2d 21 03 00 00 00 00 00", .branch(.greater, .w64, .r1, .register(.r2), offset: 3)),
      ("c6 01 03 00 ff ff ff ff", .branch(.signedLess, .w32, .r1, .immediate(-1), offset: 3)),
      ("e5 00 03 00 00 00 00 00", .mayGoto(offset: 3)),
      ("85 00 00 00 05 00 00 00", .callHelper(5)),
      ("85 10 00 00 05 00 00 00", .callSubprogram(offset: 5)),
      ("85 20 01 00 05 00 00 00", .callKernelFunction(id: 5, module: 1)),
      ("8d 02 00 00 00 00 00 00", .callRegister(.r2)),
      ("95 00 00 00 00 00 00 00", .exit),
    ])
  func meaning(bytes: String, operation: Operation) throws {
    let instructions = slots(bytes)
    let decoded = try Operation.decode(instructions, at: 0)
    #expect(decoded.operation == operation)
    #expect(decoded.slots == instructions.count)
    #expect(try operation.encoded() == instructions)
  }

  @Test(
    "What Linux refuses for its encoding is refused",
    arguments: [
      ("1f 00 01 00 00 00 00 00", InstructionError.Kind.badField(.offset, value: 1, allowed: [0])),
      ("0f 00 ff ff 00 00 00 00", .badField(.offset, value: -1, allowed: [0])),
      ("37 00 ff ff 01 00 00 00", .badField(.offset, value: -1, allowed: [0, 1])),
      ("85 02 00 00 05 00 00 00", .badField(.destination, value: 2, allowed: [0])),
      ("85 30 00 00 05 00 00 00", .badField(.source, value: 3, allowed: [0, 1, 2])),
      ("85 20 ff ff 01 00 00 00", .badField(.offset, value: -1, allowed: [0])),
      ("18 10 00 00 ff ff ff ff 00 00 00 00 05 00 00 00", .badWideLoad),
      ("18 00 00 00 01 00 00 00 00 00 01 00 05 00 00 00", .badWideLoad),
      ("18 00 00 00 01 00 00 00", .truncatedWideLoad),
      (
        "18 70 00 00 01 00 00 00 00 00 00 00 00 00 00 00", .badField(.source, value: 7, allowed: [0, 1, 2, 3, 4, 5, 6])
      ),
      ("e5 10 00 00 00 00 00 00", .badField(.source, value: 1, allowed: [0])),
      ("b7 0a 00 00 01 00 00 00", .framePointerWrite),
      ("b7 0b 00 00 01 00 00 00", .badRegister(.destination, number: 11)),
      ("bf b0 00 00 00 00 00 00", .badRegister(.source, number: 11)),
      ("7a 0f f8 ff 00 00 00 00", .badRegister(.destination, number: 15)),
      ("d3 0a f8 ff 00 00 00 00", .badField(.immediate, value: 0, allowed: [0x100, 0x110])),
      (
        "db 0a f8 ff f0 00 00 00",
        .badField(.immediate, value: 0xf0, allowed: [0, 1, 64, 65, 80, 81, 160, 161, 225, 241, 256, 272])
      ),
      ("db aa f8 ff 01 00 00 00", .framePointerWrite),
      ("d7 00 00 00 08 00 00 00", .badField(.immediate, value: 8, allowed: [16, 32, 64])),
      ("df 00 00 00 10 00 00 00", .undefinedOpcode),
      ("99 00 00 00 00 00 00 00", .undefinedOpcode),
      ("00 00 00 00 00 00 00 00", .undefinedOpcode),
      ("bc 11 02 00 00 00 00 00", .badField(.offset, value: 2, allowed: [0, 8, 16])),
      ("bc 11 20 00 00 00 00 00", .badField(.offset, value: 32, allowed: [0, 8, 16])),
      ("95 00 01 00 00 00 00 00", .badField(.offset, value: 1, allowed: [0])),
      ("8d 02 00 00 01 00 00 00", .badField(.immediate, value: 1, allowed: [0])),
    ])
  func refused(bytes: String, kind: InstructionError.Kind) throws {
    let error = #expect(throws: InstructionError.self) { try Operation.decode(slots(bytes), at: 0) }
    #expect(error?.kind == kind)
    #expect(error?.instruction == slots(bytes).first)
  }

  @Test("An error names the place, the bytes, the name and what is allowed")
  func message() throws {
    let program = slots("b7 00 00 00 00 00 00 00 07 00 01 00 01 00 00 00 95 00 00 00 00 00 00 00")
    let error = #expect(throws: InstructionError.self) { try DecodedProgram(program) }
    #expect(error?.description == "instruction 1 (07 00 01 00 01 00 00 00, add): offset is 1, must be 0")
  }

  @Test("Every row of the table has its own form, and decodes to it from a slot that holds its fixed values")
  func table() throws {
    #expect(Set(Encoding.table.map(\.form)).count == Encoding.table.count)
    for row in Encoding.table {
      func value(_ field: Encoding.Field, operand: Int32) -> Int32 {
        if case .fixed(let value) = row.content(of: field) { value } else { operand }
      }
      let instruction = Instruction(
        opcode: row.opcode, destination: UInt8(value(.destination, operand: 1)),
        source: UInt8(value(.source, operand: 2)), offset: Int16(value(.offset, operand: 3)),
        immediate: value(.immediate, operand: 4))
      let pair = instruction.isWide ? [instruction, Instruction(opcode: 0)] : [instruction]
      let operation = try Operation.decode(pair, at: 0).operation
      #expect(operation.form == row.form)
      #expect(try operation.encoded() == pair)
    }
  }
}

@Suite("Control flow of a program")
struct DecodedProgramTests {
  static let exit = "95 00 00 00 00 00 00 00"
  static let wide = "18 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00"

  @Test(
    "Jumps and calls that leave the program are refused",
    arguments: [
      ("", InstructionError.Kind.missing, 0),
      ("b7 00 00 00 00 00 00 00", .fallsOffEnd, 0),
      ("05 00 01 00 00 00 00 00" + exit, .jumpOutOfRange(target: 2), 0),
      ("05 00 fe ff 00 00 00 00" + exit, .jumpOutOfRange(target: -1), 0),
      ("06 00 00 00 ff ff ff 7f" + exit, .jumpOutOfRange(target: 0x8000_0000), 0),
      ("15 01 01 00 00 00 00 00" + wide + exit, .targetInsideWideLoad(target: 2), 0),
      ("85 10 00 00 07 00 00 00" + exit, .callOutOfRange(target: 8), 0),
      ("85 10 00 00 01 00 00 00" + wide + exit, .targetInsideWideLoad(target: 2), 0),
      // A jump from the main function into a subprogram, and a main function that runs into one.
      (
        "15 00 01 00 00 00 00 00 85 10 00 00 01 00 00 00" + exit + exit + "05 00 fb ff 00 00 00 00",
        .jumpOutOfRange(target: 0), 4
      ),
      ("85 10 00 00 00 00 00 00" + exit, .fallsOffEnd, 0),
      (exit + wide, .fallsOffEnd, 1),
    ])
  func refused(bytes: String, kind: InstructionError.Kind, slot: Int) {
    let error = #expect(throws: InstructionError.self) { try DecodedProgram(slots(bytes)) }
    #expect(error?.kind == kind)
    #expect(error?.slot == slot)
  }

  @Test("Slots, functions and targets of a sound program")
  func sound() throws {
    let program = try DecodedProgram(
      slots(Self.wide + "85 10 00 00 01 00 00 00" + Self.exit + "05 00 00 00 00 00 00 00" + Self.exit))
    #expect(program.instructions.map(\.slot) == [0, 2, 3, 4, 5])
    #expect(program.functions == [0, 4])
    #expect(program.index(of: 1) == nil)
    #expect(program.index(of: 2) == 1)
    #expect(program.index(of: 6) == nil)
    #expect(program.instructions[3].jumpTarget == 5)
    #expect(program.function(of: 5) == 4)
  }

  @Test("A call that the loader left open is not followed")
  func unresolved() throws {
    let program = slots("85 10 00 00 ff ff ff ff" + Self.exit)
    #expect(try DecodedProgram(program, unresolved: [0]).functions == [0])
  }
}
