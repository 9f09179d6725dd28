import BPFKernel
import BPFObject
import Testing

@testable import BPFMachine

/// The kernel's flow hash is keyed at random, so that its values say nothing; which frames have the same one does.
@Suite(.enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
struct FlowHashAgainstKernelTests {
  private static let addresses: [[UInt8]] = [[192, 0, 2, 1], [198, 51, 100, 7]]
  private static let ports: [[UInt8]] = [[0x30, 0x39], [0, 80]]

  /// Ports, or whatever else the protocol has there, and twenty more bytes.
  private static func transport(_ random: inout RandomNumbers) -> [UInt8] {
    random.pick(ports) + random.pick(ports) + [0, 20] + [UInt8](repeating: 0, count: 18)
  }

  private static func internet4(_ random: inout RandomNumbers, _ proto: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let fragment = random.pick([0, 0, 0, 0, 0x20, 0x01] as [UInt8])
    let total = 20 + payload.count
    return [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, random.pick([1, 2]), fragment, 0, 64, proto, 0, 0]
      + random.pick(addresses) + random.pick(addresses) + payload
  }

  private static func internet6(_ random: inout RandomNumbers, _ proto: UInt8, _ payload: [UInt8]) -> [UInt8] {
    func address() -> [UInt8] { [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 8) + random.pick(addresses) }
    return [0x60, 0, 0, random.pick([0, 0, 0, 5]), UInt8(payload.count >> 8), UInt8(payload.count & 255), proto, 64]
      + address() + address() + payload
  }

  private static func packet(_ random: inout RandomNumbers, depth: Int = 0) -> (type: [UInt8], bytes: [UInt8]) {
    if depth < 2, random.pick([0, 0, 0, 1] as [Int]) == 1 {
      let inner = packet(&random, depth: depth + 1)
      let isFour = inner.type == [8, 0]
      if random.pick([true, false]) {
        return ([8, 0], internet4(&random, isFour ? 4 : 41, inner.bytes))
      }
      let key = random.pick([0, 0x20] as [UInt8])
      let header = [key, 0] + inner.type + (key == 0 ? [] : [0, 0, 0, random.pick([1, 2] as [UInt8])])
      return ([8, 0], internet4(&random, 47, header + inner.bytes))
    }
    let proto = random.pick([6, 17, 17, 1, 132, 99] as [UInt8])
    if random.pick([true, true, false]) { return ([8, 0], internet4(&random, proto, transport(&random))) }
    let options = random.pick([0, 0, 1] as [Int]) == 1
    let payload = (options ? [proto, 0, 1, 4, 0, 0, 0, 0] : []) + transport(&random)
    return ([0x86, 0xdd], internet6(&random, options ? 60 : proto, payload))
  }

  private static func frame(_ random: inout RandomNumbers) -> [UInt8] {
    let (type, bytes) = packet(&random)
    let tag = random.pick([[], [], [], [0x81, 0, 0, 5], [0x88, 0xa8, 0, 6, 0x81, 0, 0, 5]] as [[UInt8]])
    return [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2] + tag + type + bytes
  }

  @Test("Frames have the same hash where the kernel gives them the same")
  func sameFlows() throws {
    var sketch = ProgramSketch()
    sketch.add(.callHelper(34))
    sketch.add(.exit)
    let program = ProgramSpec(name: "hash", section: "tc", type: .schedCLS, instructions: try sketch.instructions())
    let kernel = try KernelProgram(program, maps: [])
    let machine = try Machine(maps: [])
    let index = try machine.load(program)
    var random = RandomNumbers(seed: 1)
    var frames: [(bytes: [UInt8], theirs: UInt32, ours: UInt32)] = []
    for _ in 0..<400 {
      let frame = Self.frame(&random)
      let theirs = try kernel.testRun(data: frame).returnValue
      let ours = try frame.withUnsafeBytes {
        try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: .threaded)
      }
      frames.append((frame, theirs, ours.returnValue))
    }
    var same = 0
    for (number, frame) in frames.enumerated() {
      for other in frames[..<number] {
        if frame.theirs == other.theirs { same += 1 }
        guard (frame.ours == other.ours) != (frame.theirs == other.theirs) else { continue }
        Issue.record("\(frame.theirs == other.theirs ? "one" : "two") in the kernel: \(frame.bytes) and \(other.bytes)")
        return
      }
    }
    #expect(same > 500)
  }
}
