import BPFInstructions
import BPFObject
import Testing

@testable import BPFMachine

/// The address of a callback that no loader gave is no place to go to.
@Suite struct ForgedFunctionTests {
  @Test(
    "a function that a program made up stops it", arguments: [(0, 0xff_ffff), (0, 7), (99, 0)], EngineKind.allCases)
  func loop(place: (program: Int, element: Int), engine: EngineKind) throws {
    let machine = try Machine(maps: [])
    let address = GuestFunction(program: place.program, element: place.element).address
    let code = try Assembler().assemble(
      """
      r1 = 5
      r2 = \(Int64(bitPattern: address)) ll
      r3 = 0
      r4 = 0
      call 181
      exit
      """
    ).instructions
    let index = try machine.load(ProgramSpec(name: "test", section: "xdp", type: .xdp, instructions: code))
    let packet = [UInt8](repeating: 0, count: 60)
    let outcome = try packet.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 0, engine: engine) }
    #expect(outcome.isTrapped)
    #expect(machine.trap?.reason == .badCallTarget(address))
  }
}
