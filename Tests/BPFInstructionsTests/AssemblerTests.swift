import Testing

@testable import BPFInstructions

@Suite("Assembler of the kernel's syntax")
struct AssemblerTests {
  static let helpers: [String: Int32] = ["bpf_map_lookup_elem": 1, "bpf_probe_read": 4, "bpf_redirect": 23]
  static let assembler = Assembler { helpers[$0] }

  @Test("What Linux prints assembles to the bytes that it printed")
  func kernel() throws {
    for (bytes, text) in kernelText {
      #expect(try Self.assembler.assemble(text).instructions == slots(bytes), "\(text)")
    }
  }

  @Test("Any defined instruction survives disassembly and assembly")
  func roundTrip() throws {
    var generator = SeededGenerator(seed: 1)
    let disassembler = Disassembler()
    for _ in 0..<fuzzRounds(5000) {
      let slots = generator.slots()
      let text = disassembler.text(of: try Operation.decode(slots, at: 0).operation)
      #expect(try Self.assembler.assemble(text).instructions == slots, "\(text)")
    }
  }

  @Test("Any program survives its listing, with labels and without", arguments: [true, false])
  func listing(showsLabels: Bool) throws {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<fuzzRounds(100) {
      let program = generator.program()
      _ = try DecodedProgram(program)
      let lines = Listing(program, functions: [0: "main"], showsLabels: showsLabels).lines()
      let assembled = try Self.assembler.assemble(lines.joined(separator: "\n"))
      #expect(assembled.instructions == program)
      if showsLabels { #expect(assembled.labels["main"] == 0) }
    }
  }

  @Test("Labels, comments, names and lines")
  func program() throws {
    let text = """
      # drops what is shorter than an Ethernet header
      xdp_short:   // the main function
        r2 = *(u32 *)(r1 +4)      ; data_end
        r1 = *(u32*)(r1)
        r1 += 14
        r3 = 0x1122334455667788
        r4 = map[flows]
        if r1 > r2 goto drop
        call bpf_map_lookup_elem
        call sub
        exit
      drop: w0 = 1
        exit
      sub:
        r0 = 2 ll
        exit\r
      """
    let program = try Self.assembler.assemble(text)
    #expect(
      program.instructions
        == slots(
          """
          61 12 04 00 00 00 00 00  61 11 00 00 00 00 00 00  07 01 00 00 0e 00 00 00
          18 03 00 00 88 77 66 55 00 00 00 00 44 33 22 11  18 14 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          2d 21 03 00 00 00 00 00  85 00 00 00 01 00 00 00  85 10 00 00 03 00 00 00  95 00 00 00 00 00 00 00
          b4 00 00 00 01 00 00 00  95 00 00 00 00 00 00 00
          18 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00  95 00 00 00 00 00 00 00
          """))
    #expect(program.labels == ["xdp_short": 0, "drop": 11, "sub": 13])
    #expect(program.references == [5: .map("flows")])
    #expect(program.lines[7] == 8)
    _ = try DecodedProgram(program.instructions)
  }

  @Test(
    "An error names line, column and what was expected",
    arguments: [
      ("", "1:1: there are no instructions"),
      ("exit\nr1 = ", "2:6: expected an operand, but the line ends"),
      ("r11 = 1", "1:1: expected a register, r0 to r10 or w0 to w10, found 'r11'"),
      ("r1 ? 1", "1:4: expected an instruction, found '?'"),
      ("r1 = é", "1:6: expected an instruction, found 'é'"),
      ("mov r1, 1", "1:1: expected an instruction, found 'mov'"),
      ("r1 += w2", "1:7: expected a 64-bit register (r), found 'w2'"),
      ("w1 = -r1", "1:7: expected 'w1', found 'r1'"),
      (
        "r1 = 5000000000",
        "1:6: 5000000000 is out of range: -2147483648 to 2147483647; with ll after it, it is a 64-bit load"
      ),
      ("r1 += 0xffffffff", "1:7: 0xffffffff is out of range: -2147483648 to 2147483647"),
      ("r1 = 0x10000000000000000", "1:6: 0x10000000000000000 is out of range: 64 bits"),
      ("r1 = 0xfg", "1:6: expected an operand, found '0xfg'"),
      ("r1 = *(u8 *)(r1 +40000)", "1:17: 40000 is out of range: -32768 to 32767"),
      ("r1 = *(u8 *)(r1 + 4", "1:20: expected ')', but the line ends"),
      ("r1 = *(s64 *)(r1 +0)", "1:1: the operation has no encoding"),
      ("lock *(u8 *)(r1 +0) += r2", "1:1: the operation has no encoding"),
      ("r2 = atomic_fetch_add((u64 *)(r1 +0), r2)", "1:6: atomic_fetch_add does not work on u64"),
      ("r2 = atomic_fetch_add((u32 *)(r1 +0), r3)", "1:39: expected 'r2', found 'r3'"),
      ("r10 = 1", "1:1: r10 is read only"),
      ("w1 = 5 ll", "1:8: expected the end of the line, found 'll'"),
      ("w1 = le16 w1", "1:4: this needs the 64-bit register name"),
      ("goto out", "1:6: label 'out' is not defined"),
      ("goto 3", "1:6: expected a label or a signed number, found '3'"),
      ("goto pc+40000", "1:6: the target is 40000 slots away, more than a 16-bit offset reaches; use gotol"),
      ("a: exit\nb: a: exit", "2:4: label 'a' is already defined on line 1"),
      ("call nothing", "1:6: 'nothing' is neither a label nor a known helper; a helper's number works: call 12"),
      ("call bpf_redirect#1", "1:19: bpf_redirect is helper 23, not 1"),
      ("if r1 = 5 goto pc+1", "1:7: expected a comparison, found '='"),
      ("if r1 == 5 jump pc+1", "1:12: expected 'goto', found 'jump'"),
      ("exit exit", "1:6: expected the end of the line, found 'exit'"),
      ("r1 = map[flows][1]+4", "1:17: 1 is out of range: only element 0 has a fixed address"),
      ("r1 = *(u8 *)skb[4]", "1:6: a load from skb is unsigned and goes to r0"),
    ])
  func errors(text: String, message: String) {
    let error = #expect(throws: AssemblyError.self) { try Self.assembler.assemble(text) }
    #expect(error?.description == message)
  }

  @Test("Text that is nearly right is assembled or refused, never worse")
  func fuzz() throws {
    var generator = SeededGenerator(seed: 3)
    let lines =
      kernelText.map(\.text) + ["x: goto x", "r1 = map[fd:3][0]+8", "r1 = subprog[x]", "call pc-1 ; x", "r1 = 5 ll"]
    let pieces = [
      "s", "(", ")", "[", "]", "*", "0x", "-", "+", "ll", ":", "#", "map", "u64", "\n", "é", "\0",
      "9999999999999999999",
    ]
    var assembled = 0
    for _ in 0..<fuzzRounds(5000) {
      var text = Array((lines.randomElement(using: &generator) ?? "").utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0...text.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: text.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 1: text.insert(contentsOf: Array((pieces.randomElement(using: &generator) ?? "").utf8), at: place)
        case 2: text.removeSubrange(place..<min(place + 2, text.count))
        default: text += [UInt8(ascii: "\n")] + Array((lines.randomElement(using: &generator) ?? "").utf8)
        }
      }
      do throws(AssemblyError) {
        let program = try Self.assembler.assemble(String(decoding: text, as: UTF8.self))
        #expect(Listing(program.instructions).lines().allSatisfy { !$0.contains(") invalid") })
        assembled += 1
      } catch {
        #expect(error.line >= 1 && error.column >= 1 && !error.reason.isEmpty)
      }
    }
    #expect(assembled > 0)
  }
}

@Suite("Decoding of arbitrary bytes")
struct DecodingFuzzTests {
  @Test("Any slots are decoded or refused; what is decoded encodes to the same slots")
  func fuzz() throws {
    var generator = SeededGenerator(seed: 4)
    var decoded = 0
    for _ in 0..<fuzzRounds(20000) {
      var slots = generator.slots()
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        let index = Int.random(in: 0..<slots.count, using: &generator)
        slots[index] = Instruction(
          rawValue: slots[index].rawValue ^ (1 << UInt64.random(in: 0..<64, using: &generator)))
      }
      do {
        let (operation, count) = try Operation.decode(slots, at: 0)
        #expect(try operation.encoded() == Array(slots.prefix(count)))
        decoded += 1
      } catch {
        #expect(!"\(error)".isEmpty)
      }
    }
    #expect(decoded > 0)
  }

  @Test("Any program is checked and listed without a fault")
  func programs() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<fuzzRounds(200) {
      var program = generator.program()
      for _ in 0..<3 {
        let index = Int.random(in: 0..<program.count, using: &generator)
        program[index] = Instruction(
          rawValue: program[index].rawValue ^ (1 << UInt64.random(in: 0..<64, using: &generator)))
      }
      _ = try? DecodedProgram(program)
      #expect(Listing(program).lines().count >= program.count / 2)
    }
  }
}
