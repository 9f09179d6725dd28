import BPFInstructions
import KernelRecordings

/// Arithmetic, byte order, sign extension, atomics and branches on operands that the verifier does not know.
enum ArithmeticCases {
  static let pairs: [(UInt64, UInt64)] = [
    (0, 0), (1, 0), (7, 3), (.max, 0), (.max, 1), (.max, .max), (1 << 63, .max), (1 << 31, 0xffff_ffff),
    (0x8000_0000_8000_0000, 0xffff_ffff_ffff_ffff), (0x1234_5678_9abc_def0, 0x1_0000_0000), (0xffff_fff9, 2),
    (0xffff_ffff_ffff_fff9, 2), (7, 0xffff_ffff_ffff_fffe), (100, 63), (100, 64), (100, 65), (0xf000_0000, 31), (5, 32),
  ]

  static var operands: (RecordedMap, RecordedOperation) {
    let value = pairs.flatMap { bytes($0.0) + bytes($0.1) }
    return (
      RecordedMap(name: "operands", type: "array", keySize: 4, valueSize: UInt32(value.count), maxEntries: 1),
      RecordedOperation("update", map: 1, key: HexText.text([0, 0, 0, 0]), value: HexText.text(value))
    )
  }

  /// Runs `body` on every pair, in r7 and r8; one result each: r7 after it.
  static func onPairs(_ name: String, _ body: (inout Code, Int) -> Void) -> RecordedCase {
    var code = Code()
    for number in pairs.indices {
      code.mapValue(1, map: 1, offset: Int32(number * 16))
      code.add(Slots.load(.u64, 7, 1, 0), Slots.load(.u64, 8, 1, 8))
      body(&code, number)
      code.report(7)
    }
    code.exit(2)
    let (map, operation) = operands
    return RecordedCase(
      name: name, slots: code.text, maps: [code.resultMap, map], operations: [operation], packet: frame(64))
  }

  static var all: [RecordedCase] { binary + unary + atomics + branches }

  static var binary: [RecordedCase] {
    let operations: [(String, UInt8, Int16)] = [
      ("add", 0x0, 0), ("sub", 0x1, 0), ("mul", 0x2, 0), ("div", 0x3, 0), ("sdiv", 0x3, 1), ("or", 0x4, 0),
      ("and", 0x5, 0), ("lsh", 0x6, 0), ("rsh", 0x7, 0), ("mod", 0x9, 0), ("smod", 0x9, 1), ("xor", 0xa, 0),
      ("mov", 0xb, 0), ("movsx8", 0xb, 8), ("movsx16", 0xb, 16), ("movsx32", 0xb, 32), ("arsh", 0xc, 0),
    ]
    return operations.flatMap { name, code, offset in
      [(UInt8(0x0f), "64"), (0x0c, "32")].filter { !($0.1 == "32" && offset == 32) }.map { base, width in
        onPairs("\(name)\(width) of eighteen pairs") { program, _ in
          program.add(Instruction(opcode: code << 4 | base, destination: 7, source: 8, offset: offset))
        }
      }
    }
  }

  static var unary: [RecordedCase] {
    [
      ("neg64", Instruction(opcode: 0x87, destination: 7)), ("neg32", Instruction(opcode: 0x84, destination: 7)),
      ("le16", Instruction(opcode: 0xd4, destination: 7, immediate: 16)),
      ("le32", Instruction(opcode: 0xd4, destination: 7, immediate: 32)),
      ("le64", Instruction(opcode: 0xd4, destination: 7, immediate: 64)),
      ("be16", Instruction(opcode: 0xdc, destination: 7, immediate: 16)),
      ("be32", Instruction(opcode: 0xdc, destination: 7, immediate: 32)),
      ("be64", Instruction(opcode: 0xdc, destination: 7, immediate: 64)),
      ("bswap16", Instruction(opcode: 0xd7, destination: 7, immediate: 16)),
      ("bswap32", Instruction(opcode: 0xd7, destination: 7, immediate: 32)),
      ("bswap64", Instruction(opcode: 0xd7, destination: 7, immediate: 64)),
      ("ldxb", Instruction(opcode: 0x71, destination: 7, source: 1)),
      ("ldxsb", Instruction(opcode: 0x91, destination: 7, source: 1)),
      ("ldxsh", Instruction(opcode: 0x89, destination: 7, source: 1)),
      ("ldxsw", Instruction(opcode: 0x81, destination: 7, source: 1)),
      ("add64 -1", Instruction(opcode: 0x07, destination: 7, immediate: -1)),
      ("add32 -1", Instruction(opcode: 0x04, destination: 7, immediate: -1)),
      ("and64 -2", Instruction(opcode: 0x57, destination: 7, immediate: -2)),
      ("or32 INT_MIN", Instruction(opcode: 0x44, destination: 7, immediate: .min)),
      ("sdiv64 -1", Instruction(opcode: 0x37, destination: 7, offset: 1, immediate: -1)),
      ("sdiv32 -1", Instruction(opcode: 0x34, destination: 7, offset: 1, immediate: -1)),
      ("smod64 -1", Instruction(opcode: 0x97, destination: 7, offset: 1, immediate: -1)),
      ("smod32 -1", Instruction(opcode: 0x94, destination: 7, offset: 1, immediate: -1)),
      ("div64 -1", Instruction(opcode: 0x37, destination: 7, immediate: -1)),
      ("div32 -1", Instruction(opcode: 0x34, destination: 7, immediate: -1)),
      ("mod64 -7", Instruction(opcode: 0x97, destination: 7, immediate: -7)),
      ("mul32 -7", Instruction(opcode: 0x24, destination: 7, immediate: -7)),
      ("mov64 -7", Instruction(opcode: 0xb7, destination: 7, immediate: -7)),
      ("mov32 -7", Instruction(opcode: 0xb4, destination: 7, immediate: -7)),
      ("lsh32 31", Instruction(opcode: 0x64, destination: 7, immediate: 31)),
      ("arsh32 31", Instruction(opcode: 0xc4, destination: 7, immediate: 31)),
      ("arsh64 63", Instruction(opcode: 0xc7, destination: 7, immediate: 63)),
    ].map { name, instruction in
      onPairs("\(name) of eighteen numbers") { program, _ in program.add(instruction) }
    }
  }

  /// Results in pairs: the word in memory and the register after the operation.
  static var atomics: [RecordedCase] {
    let kinds: [(String, Int32)] = [
      ("add", 0x00), ("fetch_add", 0x01), ("or", 0x40), ("fetch_or", 0x41), ("and", 0x50), ("fetch_and", 0x51),
      ("xor", 0xa0), ("fetch_xor", 0xa1), ("xchg", 0xe1),
    ]
    var cases = kinds.flatMap { name, code in
      [(UInt8(0xdb), "64"), (0xc3, "32")].map { opcode, width in
        onPairs("atomic \(name)\(width)") { program, _ in
          program.add(
            Slots.store(.u64, 10, -8, 7),
            Instruction(opcode: opcode, destination: 10, source: 8, offset: -8, immediate: code),
            Slots.load(.u64, 7, 10, -8))
          program.report(8)
        }
      }
    }
    for (opcode, width) in [(UInt8(0xdb), "64"), (0xc3, "32")] {
      for expected in [0, 1] {
        cases.append(
          onPairs("atomic cmpxchg\(width), expecting \(expected == 0 ? "the first" : "the second") number") {
            program, _ in
            program.add(
              Slots.store(.u64, 10, -8, 7), Slots.movReg(0, expected == 0 ? 7 : 8),
              Instruction(opcode: opcode, destination: 10, source: 8, offset: -8, immediate: 0xf1),
              Slots.load(.u64, 7, 10, -8))
            program.report(0)
          })
      }
    }
    return cases
  }

  static var branches: [RecordedCase] {
    let conditions: [(String, UInt8)] = [
      ("jeq", 0x1), ("jgt", 0x2), ("jge", 0x3), ("jset", 0x4), ("jne", 0x5), ("jsgt", 0x6), ("jsge", 0x7), ("jlt", 0xa),
      ("jle", 0xb), ("jslt", 0xc), ("jsle", 0xd),
    ]
    return conditions.flatMap { name, code in
      [(UInt8(0x0d), "64"), (0x0e, "32")].flatMap { base, width in
        [
          onPairs("\(name)\(width) of eighteen pairs: 1 when taken") { program, _ in
            program.add(
              Instruction(opcode: code << 4 | base, destination: 7, source: 8, offset: 2), Slots.mov(7, 0),
              Slots.jump(1),
              Slots.mov(7, 1))
          },
          onPairs("\(name)\(width) of eighteen numbers with -7: 1 when taken") { program, _ in
            program.add(
              Instruction(opcode: code << 4 | (base & 0x07), destination: 7, offset: 2, immediate: -7), Slots.mov(7, 0),
              Slots.jump(1), Slots.mov(7, 1))
          },
        ]
      }
    }
  }
}
