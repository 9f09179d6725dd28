import BPFInstructions
import BPFObject
import Testing

@testable import BPFMachine

/// An skb goes from one program to the next, and comes from an XDP program with what that left.
@Suite struct SocketBufferHandOverTests {
  private func program(_ type: ProgramType, _ body: (inout ProgramSketch) -> Void) throws -> ProgramSpec {
    var sketch = ProgramSketch()
    body(&sketch)
    sketch.add(.exit)
    return ProgramSpec(name: "program", section: "tc", type: type, instructions: try sketch.instructions())
  }

  private let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + [UInt8](repeating: 0x45, count: 46)

  @Test("A program finds the mark that the one before it set", arguments: EngineKind.allCases)
  func keepsFields(engine: EngineKind) throws {
    let machine = try Machine(maps: [])
    let first = try machine.load(
      program(.schedCLS) {
        $0.add(.store(.u32, base: .r1, offset: 8, .immediate(77)))
        $0.add(.alu(.mov, .w64, .r0, .immediate(-1)))
      })
    let second = try machine.load(
      program(.schedCLS) { $0.add(.load(.u32, signed: false, .r0, base: .r1, offset: 8)) })
    try frame.withUnsafeBytes { try machine.receiveSocketBuffer($0, timestamp: 1) }
    #expect(machine.runSocketBuffer(first, engine: engine).returnValue == 0xffff_ffff)
    #expect(machine.runSocketBuffer(second, engine: engine).returnValue == 77)
    try frame.withUnsafeBytes { try machine.receiveSocketBuffer($0, timestamp: 2) }
    #expect(machine.runSocketBuffer(second, engine: engine).returnValue == 0)
  }

  @Test("Nothing of one frame is left for the next, whatever a program did to it", arguments: EngineKind.allCases)
  func nothingLeft(engine: EngineKind) throws {
    let machine = try Machine(maps: [])
    let calls: [(helper: Int32, arguments: [Int32])] = [
      (18, [0x81, 5]), (43, [14, 0]), (50, [20, 1, 2]), (31, [0xdd86, 0]), (32, [0]), (48, [7]), (192, [5, 1]),
      (135, [1]), (38, [80, 0]), (39, [50]), (34, []),
    ]
    let plain = try machine.load(program(.schedCLS) { $0.add(.alu(.mov, .w64, .r0, .immediate(0))) })
    func state() throws -> ([UInt8], [UInt8], Int) {
      try frame.withUnsafeBytes { try machine.receiveSocketBuffer($0, linearCount: 40, timestamp: 1) }
      _ = machine.runSocketBuffer(plain, engine: engine)
      let buffer = machine.socketBuffer
      return ([UInt8](buffer.contextBytes), [UInt8](buffer.output), buffer.networkOffset)
    }
    let before = try state()
    for call in calls {
      let index = try machine.load(
        program(.schedCLS) { sketch in
          for (number, argument) in call.arguments.enumerated() {
            if let register = Register(rawValue: UInt8(number + 2)) {
              sketch.add(.alu(.mov, .w64, register, .immediate(argument)))
            }
          }
          sketch.add(.callHelper(call.helper))
          sketch.add(.alu(.mov, .w64, .r0, .immediate(0)))
        })
      _ = try frame.withUnsafeBytes { try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: engine) }
      let after = try state()
      #expect(after == before, "\(HelperTable.name(call.helper) ?? "")")
    }
    #expect(MemoryLayout<SocketBuffer.Beside>.size <= 192)
  }

  @Test("Metadata that XDP wrote is at data_meta, and XDP runs again after TC", arguments: EngineKind.allCases)
  func handsOnMetadata(engine: EngineKind) throws {
    let machine = try Machine(maps: [])
    let xdp = try machine.load(
      program(.xdp) {
        $0.add(.alu(.mov, .w64, .r6, .register(.r1)))
        $0.add(.alu(.mov, .w64, .r2, .immediate(-4)))
        $0.add(.callHelper(54))
        $0.add(.load(.u32, signed: false, .r2, base: .r6, offset: 8))
        $0.add(.store(.u32, base: .r2, offset: 0, .immediate(0x1234)))
        $0.add(.alu(.mov, .w64, .r0, .immediate(2)))
      })
    let classifier = try machine.load(
      program(.schedCLS) {
        $0.add(.load(.u32, signed: false, .r2, base: .r1, offset: 140))
        $0.add(.load(.u32, signed: false, .r3, base: .r1, offset: 76))
        $0.add(.load(.u32, signed: false, .r0, base: .r2, offset: 0))
        $0.add(.alu(.sub, .w64, .r3, .register(.r2)))
        $0.add(.alu(.lsh, .w64, .r3, .immediate(16)))
        $0.add(.alu(.or, .w64, .r0, .register(.r3)))
      })
    for time in 1...2 {
      let passed = try frame.withUnsafeBytes {
        try machine.run(xdp, on: $0, timestamp: UInt64(time), engine: engine)
      }
      #expect(passed.returnValue == 2 && machine.packet.metadataCount == 4)
      try machine.receiveSocketBufferFromPacket()
      #expect(machine.runSocketBuffer(classifier, engine: engine).returnValue == 0x4_1234)
      #expect([UInt8](machine.socketBuffer.output) == frame)
    }
  }
}
