import BPFInstructions
import BPFObject

@testable import BPFMachine

/// Everything that a run on one engine shows.
struct EngineRun: Equatable {
  var outcome: Outcome
  var trap: Trap?
  var redirect: Redirect?
  var registers: [UInt64]
  var output: [UInt8]
  var metadataCount: Int

  init(_ instructions: [Instruction], packet: [UInt8], engine: EngineKind, budget: Int = 1_000_000) throws {
    var configuration = MachineConfiguration()
    configuration.budget = budget
    let machine = try Machine(maps: [], configuration: configuration)
    let spec = ProgramSpec(name: "random", section: "xdp", type: .xdp, instructions: instructions)
    let index = try machine.load(spec)
    outcome = try packet.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 7, engine: engine) }
    trap = machine.trap
    redirect = machine.redirect
    registers = (0...10).map { machine.state.registers[$0] }
    // The threaded engine restores what the outermost call saved; r10 and r6-r9 mean nothing after the end.
    if trap == nil { registers.removeLast(5) }
    output = [UInt8](machine.packet.output)
    metadataCount = machine.packet.metadataCount
  }
}
