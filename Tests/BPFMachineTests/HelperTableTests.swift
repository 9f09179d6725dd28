import BPFInstructions
import BPFKernel
import BPFObject
import Testing

@testable import BPFMachine

/// The table of helpers says what the kernel says, and what the machine does.
@Suite struct HelperTableTests {
  static let types: [(type: ProgramType, programs: HelperRow.Programs)] = [
    (.xdp, .xdp), (.schedCLS, .classifier), (.schedACT, .classifier),
  ]

  @Test(
    "a program type may call what the kernel lets it call",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"), arguments: types)
  func callers(of place: (type: ProgramType, programs: HelperRow.Programs)) {
    for row in HelperTable.rows {
      #expect(
        row.programs.contains(place.programs) == KernelProbe.isAvailable(row.id, place.type),
        "bpf_\(row.name) in \(place.type.name)")
      guard row.programs.contains(place.programs) else { continue }
      #expect(row.isGPLOnly == KernelProbe.isGPLOnly(row.id, place.type), "bpf_\(row.name) in \(place.type.name)")
    }
  }

  @Test("a helper that the table calls simulated does something, and another one traps", arguments: types.prefix(2))
  func simulated(by place: (type: ProgramType, programs: HelperRow.Programs)) throws {
    let machine = try Machine(maps: [])
    let frame = [UInt8](repeating: 0, count: 64)
    for row in HelperTable.rows where row.programs.contains(place.programs) {
      let slots = [
        Instruction(opcode: 0x85, immediate: row.id), Instruction(opcode: 0xb7), Instruction(opcode: 0x95),
      ]
      let spec = ProgramSpec(name: row.name, section: "", type: place.type, instructions: slots)
      let index = try machine.load(spec)
      _ = try frame.withUnsafeBytes {
        place.type == .xdp
          ? try machine.run(index, on: $0, timestamp: 1, engine: .reference)
          : try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: .reference)
      }
      #expect(
        (machine.trap?.reason == .unknownHelper(row.id)) == (row.simulation == .none),
        "bpf_\(row.name): \(row.simulation)")
    }
  }

  @Test("numbers, names and releases are in order")
  func order() {
    #expect(HelperTable.rows.count == 211)
    #expect(HelperTable.rows.map(\.id) == Array(1...211))
    #expect(HelperTable.id(named: "bpf_map_lookup_elem") == 1)
    #expect(HelperTable.id(named: "cgrp_storage_delete") == 211)
    let releases = HelperTable.rows.map { $0.since.split(separator: ".").compactMap { Int($0) } }
    for (earlier, later) in zip(releases, releases.dropFirst()) {
      #expect(!later.lexicographicallyPrecedes(earlier), "\(earlier) \(later)")
    }
  }

  @Test("every map type has one row, in the order of its number")
  func maps() {
    #expect(MapTable.rows.map(\.type) == MapType.allCases)
  }
}
