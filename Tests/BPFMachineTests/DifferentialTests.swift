import BPFInstructions
import BPFKernel
import BPFObject
import Foundation
import Testing

@testable import BPFMachine

/// The engines against each other, and against the kernel's, on random programs. VERDICT_RANDOM_PROGRAMS sets how many.
@Suite struct DifferentialTests {
  private static let count =
    ProcessInfo.processInfo.environment["VERDICT_RANDOM_PROGRAMS"].flatMap { Int($0) } ?? 2_000
  private static let seed =
    ProcessInfo.processInfo.environment["VERDICT_RANDOM_SEED"].flatMap { UInt64($0) } ?? 0x5eed

  private static func packet(_ random: inout RandomNumbers, count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  @Test("both engines agree on random programs, to the trap and the instruction count")
  func enginesAgree() throws {
    var trapped = 0
    for number in 0..<UInt64(DifferentialTests.count) {
      let seed = DifferentialTests.seed &+ number
      var random = RandomNumbers(seed: ~seed)
      var generator = WildPrograms(seed: seed)
      let sketch = generator.make()
      let packet = DifferentialTests.packet(&random, count: random.pick([14, 60, 64, 200]))
      func runs(_ sketch: ProgramSketch) throws -> [EngineRun] {
        let code = try sketch.instructions()
        return try EngineKind.allCases.map { try EngineRun(code, packet: packet, engine: $0, budget: 2_000) }
      }
      let pair = try runs(sketch)
      if pair[0].trap != nil { trapped += 1 }
      guard pair[0] != pair[1] else { continue }
      let small = sketch.shrunk { candidate in
        guard let pair = try? runs(candidate) else { return false }
        return pair[0] != pair[1]
      }
      let listing = try small.instructions().map { String($0.rawValue, radix: 16) }.joined(separator: " ")
      let shrunk = try runs(small)
      Issue.record("seed \(seed): \(listing)\nreference \(shrunk[0])\nthreaded  \(shrunk[1])")
      return
    }
    // A generator whose programs all trap, or never do, would test little.
    #expect(trapped > DifferentialTests.count / 20 && trapped < DifferentialTests.count)
  }

  @Test(
    "the engines and the kernel agree on random programs that the verifier accepts",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernelAgrees() throws {
    var accepted = 0
    var executions = 0
    for number in 0..<UInt64(DifferentialTests.count) {
      let seed = DifferentialTests.seed &+ number
      var random = RandomNumbers(seed: ~seed)
      var generator = VerifiablePrograms(seed: seed)
      let sketch = generator.make()
      let packet = DifferentialTests.packet(&random, count: VerifiablePrograms.packetCount)
      func disagreement(_ sketch: ProgramSketch) throws -> String? {
        let code = try sketch.instructions()
        let spec = ProgramSpec(name: "random", section: "xdp", type: .xdp, instructions: code)
        guard let program = try? KernelProgram(spec) else { return nil }
        accepted += 1
        let kernel = try program.testRun(data: packet)
        for engine in EngineKind.allCases {
          let run = try EngineRun(code, packet: packet, engine: engine)
          executions += 1
          if run.trap != nil || run.outcome.returnValue != kernel.returnValue || run.output != kernel.data {
            return "\(engine): \(run)\nkernel: \(kernel)"
          }
        }
        return nil
      }
      guard try disagreement(sketch) != nil else { continue }
      let small = sketch.shrunk { (try? disagreement($0)) ?? nil != nil }
      let listing = try small.instructions().map { String($0.rawValue, radix: 16) }.joined(separator: " ")
      Issue.record("seed \(seed): \(listing)\n\(try disagreement(small) ?? "")")
      return
    }
    #expect(accepted > DifferentialTests.count / 2, "the verifier accepted \(accepted) of \(DifferentialTests.count)")
    print(
      "random programs: \(DifferentialTests.count) made, \(accepted) accepted by the kernel, \(executions) executions, "
        + "no divergence")
  }

  /// Lengths at the edges of the linear part, and beyond it for programs that take fragments.
  private static func packets(_ random: inout RandomNumbers, fragments: Bool) -> [[UInt8]] {
    let lengths = [14, 15, 34, 60, 64, 128, 1500, 3519, 3520] + (fragments ? [3521, 4000, 7616, 7617, 9000] : [])
    return (0..<4).map { _ in packet(&random, count: random.pick(lengths)) }
  }

  @Test(
    "the engines and the kernel agree on random programs with helpers and maps",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernelAgreesOnHelpers() throws {
    let count = max(1, DifferentialTests.count / 4)
    var accepted = 0
    var executions = 0
    var divergences = 0
    try CPUPinning.withOneCPU { cpu in
      for number in 0..<UInt64(count) where divergences < 3 {
        let seed = DifferentialTests.seed &+ number
        var random = RandomNumbers(seed: ~seed)
        var generator = HelperPrograms(seed: seed)
        let sketch = generator.make()
        let packets = DifferentialTests.packets(&random, fragments: generator.takesFragments)
        func disagreement(_ sketch: ProgramSketch) throws -> String? {
          let code = try sketch.instructions()
          guard let kernel = try HelperRun(generator, code, packets: packets) else { return nil }
          accepted += 1
          for engine in EngineKind.allCases {
            let run = try HelperRun(generator, code, packets: packets, engine: engine, cpu: cpu ?? 0)
            executions += packets.count
            if run != kernel { return "\(engine): \(run.difference(from: kernel))" }
          }
          return nil
        }
        guard try disagreement(sketch) != nil else { continue }
        let before = (accepted, executions)
        let small = sketch.shrunk(keeping: HelperPrograms.prologueCount) { (try? disagreement($0)) ?? nil != nil }
        let difference = try disagreement(small) ?? ""
        (accepted, executions) = before
        divergences += 1
        let disassembler = Disassembler()
        let listing = small.lines.enumerated().compactMap { index, line -> String? in
          // What shrinking made harmless says nothing.
          if case .jump(offset: 0, long: false) = line.operation { return nil }
          return "\(index): \(disassembler.text(of: line.operation))\(line.target.map { " -> \($0)" } ?? "")"
        }.joined(separator: "\n")
        let types = generator.maps.map { "\($0.name) \($0.keySize)/\($0.valueSize)/\($0.maxEntries)" }
        Issue.record(
          "seed \(seed), maps \(types), packets of \(packets.map(\.count)):\n\(listing)\n\(difference.prefix(4000))")
      }
    }
    #expect(accepted > count / 2, "the verifier accepted \(accepted) of \(count)")
    print(
      "random programs with helpers: \(count) made, \(accepted) accepted by the kernel, \(executions) executions, "
        + "\(divergences) divergences")
  }
}
