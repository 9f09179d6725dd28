import BPFInstructions
import BPFObject
import Testing

@testable import BPFMachine

/// `BPF_PROG_TEST_RUN` gives each packet a page of zeros: what a program wrote into the headroom is not there for the next one.
@Suite struct HeadroomTests {
  /// Takes eight bytes of headroom, returns what is in them, and fills them.
  private static func program(_ helper: Int32, start: Int, end: Int) throws -> [Instruction] {
    try Assembler().assemble(
      """
      r6 = r1
      r2 = -8
      call \(helper)
      r1 = *(u32 *)(r6 + \(start))
      r2 = *(u32 *)(r6 + \(end))
      r3 = r1
      r3 += 8
      if r3 > r2 goto pc+3
      r0 = *(u64 *)(r1 + 0)
      *(u64 *)(r1 + 0) = -1
      exit
      r0 = 77
      exit
      """
    ).instructions
  }

  @Test(
    "headroom that a program opens holds zeros, whatever the packet before left there",
    arguments: [("adjust_head", 44 as Int32, 0, 4), ("adjust_meta", 54, 8, 0)], EngineKind.allCases)
  func headroomIsClear(opening: (name: String, helper: Int32, start: Int, end: Int), engine: EngineKind) throws {
    let machine = try Machine(maps: [])
    let code = try HeadroomTests.program(opening.helper, start: opening.start, end: opening.end)
    let index = try machine.load(ProgramSpec(name: "test", section: "xdp", type: .xdp, instructions: code))
    let packet = [UInt8](repeating: 0xaa, count: 60)
    for _ in 0..<3 {
      let outcome = try packet.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 0, engine: engine) }
      #expect(outcome.returnValue == 0)
    }
  }
}
