import BPFInstructions
import BPFKernel
import BPFObject
import Foundation
import Testing

@testable import BPFMachine

/// Random sequences of skb helpers on random frames: results, bytes and fields of `struct __sk_buff` as the kernel has them.
@Suite(.enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
struct SocketBufferAgainstKernelTests {
  private static let count =
    ProcessInfo.processInfo.environment["VERDICT_RANDOM_PROGRAMS"].flatMap { Int($0) } ?? 500

  /// A call with its arguments after the skb; nil stands for a pointer to 64 bytes of stack.
  private struct Call: CustomStringConvertible {
    var helper: Int32
    var arguments: [UInt64?]
    var description: String {
      "\(HelperTable.name(helper) ?? "")(\(arguments.map { $0.map { String(Int64(bitPattern: $0)) } ?? "stack" }.joined(separator: ", ")))"
    }
  }

  private static let fields = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 64, 72, 160, 164, 176]

  private static let differences: [Int64] = [
    -60, -40, -28, -20, -14, -8, -4, 0, 1, 4, 8, 14, 20, 24, 28, 36, 40, 50, 200, 4095, 4096,
  ]
  private static let types: [[UInt8]] = [
    [0x08, 0x00], [0x08, 0x00], [0x86, 0xdd], [0x86, 0xdd], [0x81, 0x00], [0x88, 0xa8], [0x08, 0x06], [0x00, 0x26],
  ]

  private static func call(_ random: inout RandomNumbers) -> Call {
    func offset() -> UInt64 {
      random.pick(
        [0, 2, 6, 12, 13, 14, 16, 18, 24, 26, 30, 34, 36, 40, 50, 60, 64, 100, 0xffff, 0x1_0000, 0xffff_ffff]
          as [UInt64])
    }
    func length() -> UInt64 { random.pick([1, 2, 4, 6, 8, 16, 20, 40, 64] as [UInt64]) }
    func difference() -> UInt64 {
      UInt64(bitPattern: random.pick(differences))
    }
    let helpers: [Int32] = [
      9, 10, 11, 18, 19, 20, 21, 26, 29, 30, 31, 32, 38, 39, 40, 41, 43, 48, 50, 50, 50, 68, 97, 135, 192,
    ]
    switch random.pick(helpers) {
    case 9: return Call(helper: 9, arguments: [offset(), nil, length(), random.pick([0, 0, 1, 2, 3, 4] as [UInt64])])
    case 10:
      return Call(
        helper: 10,
        arguments: [
          offset(), random.pick([0, 0x1234, 0xffff, 0xc0a8_0001] as [UInt64]), 0x0a00_002a,
          random.pick([0, 2, 4, 3, 0x10] as [UInt64]),
        ])
    case 11:
      return Call(
        helper: 11,
        arguments: [
          offset(), random.pick([0, 0x1234, 0xffff, 0xc0a8_0001] as [UInt64]),
          random.pick([0x0a00_002a, 0xffff, 0] as [UInt64]),
          random.pick([0, 2, 4, 0x10, 0x12, 0x14, 0x22, 0x34, 0x54, 0x74, 0x100] as [UInt64]),
        ])
    case 20: return Call(helper: 20, arguments: [nil, random.pick([8, 24, 28, 44, 44]), random.pick([0, 1, 16, 17])])
    case 21:
      return Call(helper: 21, arguments: [nil, random.pick([8, 24, 28, 44, 44]), random.pick([0, 1, 2, 12, 17, 32])])
    case 29: return Call(helper: 29, arguments: [nil, random.pick([4, 8, 16, 64])])
    case 30: return Call(helper: 30, arguments: [nil, random.pick([4, 8, 6, 64])])
    case 97: return Call(helper: 97, arguments: [])
    case 135: return Call(helper: 135, arguments: [random.pick([0, 1, 1, 2, 3, 4])])
    case 192: return Call(helper: 192, arguments: [random.pick([0, 5, .max]), random.pick([0, 1, 2, 3])])
    case 18:
      return Call(
        helper: 18,
        arguments: [
          random.pick([0x81, 0xa888, 0x08, 0] as [UInt64]), random.pick([0, 5, 0x2fff, 0xffff] as [UInt64]),
        ])
    case 19: return Call(helper: 19, arguments: [])
    case 26: return Call(helper: 26, arguments: [offset(), nil, length()])
    case 31:
      return Call(
        helper: 31,
        arguments: [random.pick([0x08, 0xdd86, 0x0608] as [UInt64]), random.pick([0, 0, 0, 1] as [UInt64])])
    case 32: return Call(helper: 32, arguments: [random.pick([0, 1, 2, 3, 4, 7] as [UInt64])])
    case 38:
      return Call(
        helper: 38,
        arguments: [
          random.pick([0, 13, 14, 20, 33, 34, 54, 60, 100, 300, 16064, 16065, 66000] as [UInt64]),
          random.pick([0, 0, 0, 1] as [UInt64]),
        ])
    case 39: return Call(helper: 39, arguments: [random.pick([0, 14, 34, 60, 100, 1000, 0xffff_ffff] as [UInt64])])
    case 40: return Call(helper: 40, arguments: [1])
    case 41: return Call(helper: 41, arguments: [])
    case 43:
      return Call(
        helper: 43,
        arguments: [
          random.pick([0, 4, 14, 50, 300, 15400, 30000] as [UInt64]), random.pick([0, 0, 0, 1] as [UInt64]),
        ])
    case 48: return Call(helper: 48, arguments: [0x1234_5678])
    case 68: return Call(helper: 68, arguments: [offset(), nil, length(), random.pick([0, 1, 2] as [UInt64])])
    default:
      return Call(
        helper: 50,
        arguments: [
          difference(), random.pick([0, 1, 1, 2] as [UInt64]),
          random.pick(
            [0, 0, 1, 2, 4, 6, 0x0a, 0x12, 0x14, 0x1a, 32, 64, 66, 0x0e00_0000_0000_0042, 128, 256, 384, 512]
              as [UInt64]),
        ])
    }
  }

  private static func frame(_ random: inout RandomNumbers) -> [UInt8] {
    var frame = (0..<random.pick([60, 64, 98, 150, 600] as [Int])).map { _ in UInt8.random(in: 0...255, using: &random)
    }
    let type = random.pick(types)
    frame.replaceSubrange(12..<14, with: type)
    if type[0] == 0x81 || type[0] == 0x88 {
      frame.replaceSubrange(16..<18, with: random.pick([[0x08, 0x00], [0x81, 0x00], [0x86, 0xdd]] as [[UInt8]]))
    }
    frame[14] = type == [0x86, 0xdd] ? 0x60 : 0x45
    frame.replaceSubrange(
      0..<6,
      with: random.pick(
        [[0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1], [255, 255, 255, 255, 255, 255], [1, 0, 94, 0, 0, 1]] as [[UInt8]]))
    return frame
  }

  /// ctx_in: sometimes segments, a time, an interface that the frame came from.
  private static func context(_ random: inout RandomNumbers, _ length: Int) -> [UInt8] {
    var context = [UInt8](repeating: 0, count: 192)
    func set(_ offset: Int, _ value: UInt32) {
      withUnsafeBytes(of: value.littleEndian) { context.replaceSubrange(offset..<offset + 4, with: $0) }
    }
    set(36, random.pick([0, 1, 7]))
    set(48, random.pick([0, 0x1234_5678]))
    set(152, random.pick([0, 1_000_000]))
    set(160, random.pick([0, UInt32(length), 3000]))
    set(164, random.pick([0, 0, 3]))
    set(176, random.pick([0, 0, 0, 500]))
    set(184, random.pick([0, 77]))
    return context
  }

  /// The program: each call, its result stored, the stack's first word after it, then the fields.
  private static func program(_ calls: [Call]) throws -> ProgramSpec {
    var sketch = ProgramSketch()
    sketch.add(.alu(.mov, .w64, .r6, .register(.r1)))
    sketch.add(.loadImmediate(.r9, .value, 0))
    sketch.add(.store(.u32, base: .r6, offset: 8, .immediate(77)))
    sketch.add(.store(.u32, base: .r6, offset: 48, .immediate(5)))
    sketch.add(.store(.u32, base: .r6, offset: 64, .immediate(-1)))
    sketch.add(.store(.u32, base: .r6, offset: 32, .immediate(3)))
    sketch.add(.store(.u32, base: .r6, offset: 12, .immediate(9)))
    sketch.add(.store(.u32, base: .r6, offset: 44, .immediate(0x1_2345)))
    sketch.add(.store(.u32, base: .r6, offset: 72, .immediate(-2)))
    for slot in 1...8 {
      // The word with tunnel_ext and tunnel_label, which a key may not have.
      let value = slot == 6 ? 0x0101 : Int32(slot) * 0x0101_0101
      sketch.add(.store(.u64, base: .r10, offset: Int16(slot * -8), .immediate(value)))
    }
    var offset: Int16 = 0
    for call in calls {
      sketch.add(.alu(.mov, .w64, .r1, .register(.r6)))
      for (index, argument) in call.arguments.enumerated() {
        guard let register = Register(rawValue: UInt8(index + 2)) else { continue }
        if let argument {
          sketch.add(.loadImmediate(register, .value, argument))
        } else {
          sketch.add(.alu(.mov, .w64, register, .register(.r10)))
          sketch.add(.alu(.add, .w64, register, .immediate(-64)))
        }
      }
      sketch.add(.callHelper(call.helper))
      sketch.add(.store(.u64, base: .r9, offset: offset, .register(.r0)))
      sketch.add(.load(.u64, signed: false, .r1, base: .r10, offset: -64))
      sketch.add(.store(.u64, base: .r9, offset: offset + 8, .register(.r1)))
      offset += 16
    }
    sketch.add(.load(.u64, signed: false, .r1, base: .r6, offset: 152))
    sketch.add(.store(.u64, base: .r9, offset: offset, .register(.r1)))
    offset += 8
    for field in fields {
      sketch.add(.load(.u32, signed: false, .r1, base: .r6, offset: Int16(field)))
      sketch.add(.store(.u64, base: .r9, offset: offset, .register(.r1)))
      offset += 8
    }
    sketch.add(.load(.u32, signed: false, .r1, base: .r6, offset: 80))
    sketch.add(.load(.u32, signed: false, .r2, base: .r6, offset: 76))
    sketch.add(.alu(.sub, .w64, .r1, .register(.r2)))
    sketch.add(.store(.u64, base: .r9, offset: offset, .register(.r1)))
    sketch.add(.alu(.mov, .w64, .r0, .immediate(0)))
    sketch.add(.exit)
    var instructions = try sketch.instructions()
    instructions[1].source = 2
    return ProgramSpec(
      name: "helpers", section: "tc", type: .schedCLS, instructions: instructions,
      references: [1: .mapValue("results", offset: 0)])
  }

  @Test("skb helpers leave what the kernel's leave")
  func sameResults() throws {
    let spec = MapSpec(
      name: "results", rawType: MapType.array.rawValue, keySize: 4, valueSize: 512, maxEntries: 1)
    var accepted = 0
    for seed in 0..<UInt64(SocketBufferAgainstKernelTests.count) {
      var random = RandomNumbers(seed: seed)
      let calls = (0..<Int.random(in: 1...4, using: &random)).map { _ in SocketBufferAgainstKernelTests.call(&random) }
      let frame = SocketBufferAgainstKernelTests.frame(&random)
      let program = try SocketBufferAgainstKernelTests.program(calls)
      let kernelMap = try KernelMap(spec)
      guard let kernel = try? KernelProgram(program, maps: [kernelMap]) else { continue }
      let context = SocketBufferAgainstKernelTests.context(&random, frame.count)
      guard let run = try? kernel.testRun(data: frame, context: context, contextCapacity: 192) else { continue }
      accepted += 1
      let key: [UInt8] = [0, 0, 0, 0]
      let theirs = try #require(try kernelMap.lookup(key)).first
      for engine in EngineKind.allCases {
        var configuration = MachineConfiguration()
        configuration.socketBuffer = SocketBufferSetup(context: context)
        let machine = try Machine(maps: [spec], configuration: configuration)
        let index = try machine.load(program)
        _ = try frame.withUnsafeBytes { try machine.runSocketBuffer(index, on: $0, timestamp: 1, engine: engine) }
        let ours = try #require(try machine.maps[0].lookup(key)).first
        let trap = machine.trap.map { machine.describe($0).reason } ?? ""
        let place: Comment = "seed \(seed), \(engine): \(calls) \(trap)"
        func words(_ bytes: [UInt8]?) -> [Int64] {
          (bytes ?? []).withUnsafeBytes { raw in
            (0..<raw.count / 8).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
          }
        }
        #expect(words(ours) == words(theirs), place)
        let output = [UInt8](machine.socketBuffer.output)
        let difference = zip(output, run.data).enumerated().first { $1.0 != $1.1 }?.offset
        #expect(output.count == run.data.count && difference == nil, place)
        #expect(machine.socketBuffer.contextOut == run.context, place)
        guard ours == theirs, [UInt8](machine.socketBuffer.output) == run.data else { return }
      }
    }
    #expect(accepted > SocketBufferAgainstKernelTests.count * 3 / 4)
    print("skb helper sequences: \(SocketBufferAgainstKernelTests.count) made, \(accepted) run by the kernel")
  }
}
