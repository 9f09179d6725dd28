import BPFInstructions
import BPFObject
import Foundation
import Testing

@testable import BPFMachine

/// Kfuncs called one after another on one machine, whatever each says, with what earlier ones gave: long chains of objects,
/// links that were overwritten, references given back twice. Nothing crashes, and nothing is left at the end.
@Suite("Kfuncs called by themselves")
struct KernelFunctionCallTests {
  private static func object() throws -> ObjectFile {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../DatapathTests/Objects/kfuncs/objects.bpf.o")
    return try ObjectFile(bytes: [UInt8](Data(contentsOf: url)), name: "objects.bpf.o")
  }

  private static let objectFunctions: [KernelFunction] = [
    .objectNew, .objectNew, .objectNew, .listPushBack, .listPushFront, .listPopBack, .listPopFront, .treeAdd, .treeAdd,
    .treeRemove, .treeFirst, .treeRoot, .treeLeft, .treeRight, .objectAcquire, .objectDrop, .percpuObjectNew,
  ]

  @Test("do no harm in any order", arguments: 0..<12 as Range<UInt64>)
  func anyOrder(seed: UInt64) throws {
    var random = RandomNumbers(seed: seed)
    let object = try Self.object()
    let types = try #require(object.types)
    let machine = try Machine(maps: object.maps)
    _ = try machine.load(try #require(object.program(named: "lists")))
    let frame = [UInt8](repeating: 0x45, count: 128)
    _ = try frame.withUnsafeBytes { try machine.run(0, on: $0, timestamp: 1, engine: .reference) }

    let roots = try [(".data.A", 8), (".data.B", 8), (".data.C", 8), (".data.C", 24)].map { name, offset in
      (try #require(machine.map(named: name) as? ArrayMap)).slab.guest(0) + UInt64(offset)
    }
    let structs = ["item", "entry", "shared", "bag", "tally"].compactMap { types.id(named: $0, kind: .structure) }
    let stack = GuestMemory.address(region: GuestMemory.stackRegion) + 256
    let less = GuestFunction(program: 0, element: 0).address
    var known: [UInt64] = [0, stack, PacketBuffer.contextAddress]
    var linked = 0
    for step in 0..<12_000 {
      let isAboutObjects = Int.random(in: 0..<8, using: &random) > 0
      let function = random.pick(isAboutObjects ? Self.objectFunctions : KernelFunction.allCases)
      if function == .throwException { continue }
      for register in 1...5 {
        machine.registers[register] =
          switch Int.random(in: 0..<8, using: &random) {
          case 0: random.pick(roots)
          case 1: UInt64(random.pick(structs))
          case 2: less
          case 3: stack + 8 * UInt64.random(in: 0...20, using: &random)
          default: random.pick(known) &+ random.pick([0, 0, 0, 8, 16, 24, 32, 40] as [UInt64])
          }
      }
      switch function {
      case .objectNew, .percpuObjectNew: machine.registers[1] = UInt64(random.pick(structs))
      case .listPushBack, .listPushFront, .listPopBack, .listPopFront, .treeAdd, .treeRemove, .treeFirst, .treeRoot:
        machine.registers[1] = random.pick(roots)
      default: break
      }
      machine.state.pointee.callbackDepth = 0
      machine.state.pointee.trap = nil
      var sequel = machine.callKernelFunction(function.call(from: 0))
      var rounds = 0
      while sequel == .called, rounds < 100 {
        machine.registers[0] = UInt64.random(in: 0...1, using: &random)
        sequel = machine.continueCallback()
        rounds += 1
      }
      let result = machine.registers[0]
      let links = [.listPushBack, .listPushFront, .treeAdd, .treeRemove].contains(function)
      if links, sequel == .goOn, result == 0 { linked += 1 }
      if sequel == .goOn, result > 1 << 33 || known.count < 8 { known.append(result) }
      if known.count > 60 { known.remove(at: Int.random(in: 3..<known.count, using: &random)) }
      if step % 97 == 0, let host = machine.memory.write(random.pick(known), 8) {
        host.storeBytes(of: random.pick(known), as: UInt64.self)
      }
      if step % 1000 == 999 {
        machine.finishKernelFunctions()
        #expect(machine.heap.held == 0)
      }
    }
    machine.finishKernelFunctions()
    #expect(machine.heap.held == 0)
    #expect(linked > 100)
  }
}
