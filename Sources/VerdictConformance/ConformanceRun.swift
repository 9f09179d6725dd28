import BPFInstructions
import BPFMachine
import BPFObject

/// Runs a program as the public bpf_conformance suite asks: r1 holds the address of a memory block, 0 when it is empty, and
/// r2 its length; helper 5 gives its first argument back.
package struct ConformanceRun {
  package var engine: EngineKind

  package init(engine: EngineKind) {
    self.engine = engine
  }

  /// r0 at exit.
  /// - Throws: ``ConformanceFailure`` when the program is refused or stopped.
  package func result(of program: [Instruction], memory: [UInt8]) throws(ConformanceFailure) -> UInt64 {
    let machine: Machine
    var address: UInt64 = 0
    do {
      machine = try Machine(maps: [])
      if !memory.isEmpty {
        let block = try machine.memory.allocate(byteCount: memory.count, stride: 1, access: .readWrite)
        memory.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(start: block.host, count: memory.count).copyMemory(from: $0)
        }
        address = block.address
      }
    } catch {
      throw ConformanceFailure(message: "\(error)")
    }
    let index: Int
    do {
      // Checked on its own first, so that errors name the program's own slots.
      _ = try DecodedProgram(program)
      let entry = try entry(address: address, count: memory.count)
      index = try machine.load(
        ProgramSpec(
          name: "conformance", section: "xdp", type: .xdp, instructions: entry + program.map(Self.withSuiteHelper)))
    } catch let error as MachineError {
      throw ConformanceFailure(message: error.message)
    } catch {
      throw ConformanceFailure(message: "\(error)")
    }
    _ = machine.run(index, engine: engine)
    if let trap = machine.trap {
      let slot = trap.slot - Self.entrySlots
      throw ConformanceFailure(message: "instruction \(slot): \(machine.describe(trap).reason)")
    }
    return machine.result
  }

  /// Slots of ``entry(address:count:)``.
  private static let entrySlots = 4

  /// What puts the arguments into r1 and r2 before the program's first instruction.
  private func entry(address: UInt64, count: Int) throws(InstructionError) -> [Instruction] {
    try Operation.loadImmediate(.r1, .value, address).encoded()
      + Operation.loadImmediate(.r2, .value, UInt64(count)).encoded()
  }

  /// `call 5` is a move in the suite; in Linux, helper 5 is the clock.
  private static func withSuiteHelper(_ instruction: Instruction) -> Instruction {
    guard instruction == Instruction(opcode: 0x85, immediate: 5) else { return instruction }
    return Instruction(opcode: 0xbf, destination: 0, source: 1)
  }
}

/// A program that was refused or stopped, in one line.
package struct ConformanceFailure: Error, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}
