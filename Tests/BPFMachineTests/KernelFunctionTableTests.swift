import BPFInstructions
import BPFKernel
import BPFObject
import Testing

@testable import BPFMachine

/// The table of kfuncs says what the kernel says, and what the machine does.
@Suite struct KernelFunctionTableTests {
  static let types: [(type: ProgramType, programs: HelperRow.Programs)] = [(.xdp, .xdp), (.schedCLS, .classifier)]

  /// Why the kernel does not let a program of that type call a kfunc at all; nil when it does, whatever it says of the arguments.
  private static func refusal(_ name: String, _ type: ProgramType) -> String? {
    let slots = [
      Instruction(opcode: 0x85, source: 2), Instruction(opcode: 0xb7), Instruction(opcode: 0x95),
    ]
    let spec = ProgramSpec(
      name: "asks", section: "", type: type, instructions: slots,
      references: [0: .kernelFunction(name, weak: false)])
    do throws(KernelError) {
      _ = try KernelProgram(spec)
      return nil
    } catch {
      let log = error.rejection?.log ?? error.message
      return ["is not allowed", "sleepable to call", "in its BTF", "device-bound"].first { log.contains($0) }
    }
  }

  @Test(
    "a program type may call what the kernel lets it call",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"), arguments: types)
  func callers(of place: (type: ProgramType, programs: HelperRow.Programs)) {
    var asked = 0
    for row in KernelFunctionTable.rows {
      let refusal = Self.refusal(row.name, place.type)
      // Kernels are built with and without conntrack, crypto, tunnels.
      if refusal == "in its BTF" { continue }
      asked += 1
      if row.flags.contains(.sleepable) {
        #expect(refusal == "sleepable to call", "\(row.name) in \(place.type.name)")
      } else if refusal == "device-bound" {
        #expect(row.name.hasPrefix("bpf_xdp_metadata_rx_"))
      } else {
        #expect(row.programs.contains(place.programs) == (refusal == nil), "\(row.name) in \(place.type.name)")
      }
    }
    #expect(asked > 100)
  }

  @Test("a kfunc that the table calls simulated does something, and another one traps", arguments: types)
  func simulated(by place: (type: ProgramType, programs: HelperRow.Programs)) throws {
    let machine = try Machine(maps: [])
    let frame = [UInt8](repeating: 0, count: 64)
    for row in KernelFunctionTable.rows where row.programs.contains(place.programs) {
      let spec = ProgramSpec(
        name: row.name, section: "", type: place.type,
        instructions: [
          Instruction(opcode: 0x85, source: 2), Instruction(opcode: 0xb7), Instruction(opcode: 0x95),
        ], references: [0: .kernelFunction(row.name, weak: false)])
      let index = try machine.load(spec)
      for engine in EngineKind.allCases {
        _ = try frame.withUnsafeBytes {
          place.type == .xdp
            ? try machine.run(index, on: $0, timestamp: 1, engine: engine)
            : try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: engine)
        }
        let isUnknown = machine.trap?.reason == .unresolvedReference || machine.trap?.reason == .unknownKernelFunction
        #expect(isUnknown == (row.simulation == .none), "\(row.name): \(row.simulation)")
        guard isUnknown, let trap = machine.trap else { continue }
        #expect(machine.describe(trap).reason == "kfunc \(row.name) is not simulated: \(row.note)")
      }
    }
  }

  @Test("names are in order and each is there once, and every kfunc that can run is named")
  func order() {
    let names = KernelFunctionTable.rows.map(\.name)
    #expect(names == names.sorted() && Set(names).count == names.count)
    #expect(KernelFunctionTable.rows.allSatisfy { ($0.function == nil) == ($0.simulation == .none) })
    #expect(KernelFunctionTable.row("bpf_throw___again")?.name == "bpf_throw")
    #expect(KernelFunctionTable.row("bpf_throw__again") == nil)
  }

  @Test("a program whose section tells no type may call what programs of some type may")
  func untyped() {
    for row in KernelFunctionTable.rows {
      #expect(KernelFunctionTable.function(row.name, for: nil) == row.function, "\(row.name)")
      let isForXDP = row.programs.contains(.xdp)
      #expect((KernelFunctionTable.function(row.name, for: .xdp) != nil) == (isForXDP && row.function != nil))
    }
  }

  @Test(
    "a kfunc that cannot be called says why",
    arguments: [
      ("bpf_dynptr_from_skb", "kfunc bpf_dynptr_from_skb can be called by TC programs only"),
      ("bpf_no_such_thing", "Linux 6.18 has no kfunc bpf_no_such_thing that XDP or TC programs may call"),
      (
        "bpf_arena_alloc_pages",
        "kfunc bpf_arena_alloc_pages is not simulated: only programs that may sleep can call it"
      ),
    ])
  func reasons(name: String, reason: String) throws {
    let machine = try Machine(maps: [])
    let index = try machine.load(
      ProgramSpec(
        name: name, section: "", type: .xdp,
        instructions: [Instruction(opcode: 0x85, source: 2), Instruction(opcode: 0x95)],
        references: [0: .kernelFunction(name, weak: false)]))
    let frame = [UInt8](repeating: 0, count: 64)
    _ = try frame.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 1, engine: .threaded) }
    #expect(machine.trap.map { machine.describe($0).reason } == reason)
  }
}
