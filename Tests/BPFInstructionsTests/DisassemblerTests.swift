import Testing

@testable import BPFInstructions

@Suite("Disassembler")
struct DisassemblerTests {
  static let disassembler = Disassembler(symbols: .init(helper: { $0 == 4 ? "bpf_probe_read" : nil }))

  @Test("Instructions read as Linux prints them")
  func kernel() throws {
    #expect(kernelText.count > 200)
    for (bytes, text) in kernelText {
      let operation = try Operation.decode(slots(bytes), at: 0).operation
      #expect("(\(bytes.prefix(2))) " + Self.disassembler.text(of: operation) == text)
    }
  }

  @Test("The kernel's text covers every row of the opcode table but what it prints no text for")
  func coverage() throws {
    let seen = Set(try kernelText.map { try Operation.decode(slots($0.bytes), at: 0).operation.form })
    let missing = Set(Encoding.table.map(\.form)).subtracting(seen)
    let pseudo = WideImmediate.allCases.filter { $0 != .value }.map { Form.loadImmediate($0) }
    #expect(missing == Set(pseudo + [.callRegister, .callKernelFunction]))
  }

  @Test(
    "What the kernel resolves before it prints is written by what the file says",
    arguments: [
      ("18 11 00 00 03 00 00 00 00 00 00 00 00 00 00 00", "r1 = map[fd:3]"),
      ("18 21 00 00 03 00 00 00 00 00 00 00 08 00 00 00", "r1 = map[fd:3][0]+8"),
      ("18 31 00 00 07 00 00 00 00 00 00 00 02 00 00 00", "r1 = ksym[id:7 module:2]"),
      ("18 41 00 00 05 00 00 00 00 00 00 00 00 00 00 00", "r1 = subprog[+5]"),
      ("18 51 00 00 03 00 00 00 00 00 00 00 00 00 00 00", "r1 = map[idx:3]"),
      ("18 61 00 00 03 00 00 00 00 00 00 00 08 00 00 00", "r1 = map[idx:3]+8"),
      ("85 20 00 00 07 00 00 00", "call kernel-function#7"),
      ("85 20 02 00 07 00 00 00", "call kernel-function#7 module 2"),
      ("8d 02 00 00 00 00 00 00", "callx r2"),
    ])
  func pseudo(bytes: String, text: String) throws {
    #expect(Self.disassembler.text(of: try Operation.decode(slots(bytes), at: 0).operation) == text)
  }

  @Test("A listing shows functions, labels, source lines, names, and slots without a meaning")
  func listing() throws {
    let program = slots(
      """
      18 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      85 00 00 00 01 00 00 00
      15 00 01 00 00 00 00 00
      85 10 00 00 02 00 00 00
      95 00 00 00 00 00 00 00
      99 00 00 00 00 00 00 00
      b7 00 00 00 00 00 00 00
      05 00 fe ff 00 00 00 00
      """)
    let listing = Listing(
      program,
      symbols: .init(
        helper: { $0 == 1 ? "bpf_map_lookup_elem" : nil }, reference: { $0 == 0 ? .map("flows") : nil }),
      functions: [0: "xdp_main"],
      sourceLines: [
        0: .init(text: "\tlookup(&flows);", place: "a.c:3"), 2: .init(text: "\tlookup(&flows);", place: "a.c:3"),
        5: .init(text: "", place: "a.c:4"),
      ])
    #expect(
      listing.lines() == [
        "xdp_main:",
        "; lookup(&flows); @ a.c:3",
        "   0: (18) r1 = map[flows]",
        "   2: (85) call bpf_map_lookup_elem#1",
        "   3: (15) if r0 == 0x0 goto L5",
        "   4: (85) call F7",
        "L5:",
        "; @ a.c:4",
        "   5: (95) exit",
        "   6: (99) invalid: opcode 0x99 is not defined",
        "F7:",
        "   7: (b7) r0 = 0",
        "   8: (05) goto F7",
      ])
    var plain = Listing(Array(program.prefix(3)), showsLabels: false, showsBytes: true)
    plain.functions = [:]
    #expect(
      plain.lines() == [
        "   0: 18 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00  (18) r1 = map[fd:0]",
        "   2: 85 00 00 00 01 00 00 00                          (85) call unknown#1",
      ])
  }
}
