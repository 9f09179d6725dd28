import BPFInstructions
import BPFMachine
import BPFObject
import Testing

@testable import BPFKernel

@Suite("Maps in the kernel", .needsKernel)
struct MapTests {
  @Test(
    "An element is stored, found, listed and removed", arguments: [MapType.hash, .lruHash, .percpuHash, .lruPercpuHash])
  func hash(type: MapType) throws {
    let map = try KernelMap(.test("flows", type, key: 4, value: 5, entries: 1024))
    let cpus = type.isPerCPU ? PossibleCPUs.count : 1
    #expect(try map.lookup([1, 0, 0, 0]) == nil)
    try map.update([2, 0, 0, 0], [[9, 8, 7, 6, 5]], flags: 0)
    try map.update([1, 0, 0, 0], [[1, 2, 3, 4, 5]], flags: 1)
    #expect(try map.lookup([2, 0, 0, 0]) == Array(repeating: [9, 8, 7, 6, 5], count: cpus))
    #expect(try map.entries().map(\.key) == [[1, 0, 0, 0], [2, 0, 0, 0]])
    try map.delete([2, 0, 0, 0])
    #expect(try map.entries().count == 1)
    #expect(throws: MapError.self) { try map.delete([2, 0, 0, 0]) }
  }

  @Test("An array lists every index, and a per-CPU one every CPU's value")
  func array() throws {
    let array = try KernelMap(.test("counters", .array, value: 8, entries: 3))
    try array.update(bytes(UInt32(1)), [bytes(UInt64(7))], flags: 0)
    #expect(try array.entries().map { $0.values } == [[bytes(UInt64(0))], [bytes(UInt64(7))], [bytes(UInt64(0))]])
    let perCPU = try KernelMap(.test("percpu", .percpuArray, value: 12, entries: 1))
    let values = (0..<PossibleCPUs.count).map { cpu in [UInt8](repeating: UInt8(cpu + 1), count: 12) }
    try perCPU.update(bytes(UInt32(0)), values, flags: 0)
    #expect(try perCPU.lookup(bytes(UInt32(0))) == values)
  }

  @Test("A key or value of a wrong size is refused before the kernel reads past it")
  func sizes() throws {
    let map = try KernelMap(.test("flows", .hash, key: 4, value: 8))
    #expect(throws: MapError.self) { try map.lookup([1]) }
    #expect(throws: MapError.self) { try map.update([1, 2, 3, 4], [[1]], flags: 0) }
    #expect(throws: MapError.self) { try map.update([1, 2, 3, 4], [], flags: 0) }
  }

  @Test("Global data begins as the object has it and is frozen when read-only")
  func globalData() throws {
    var spec = MapSpec.test(".rodata", .array, value: 8, entries: 1)
    spec.initialContents = [1, 2, 3, 4, 5, 6, 7, 8]
    spec.isReadOnly = true
    let map = try KernelMap(spec)
    #expect(try map.lookup([0, 0, 0, 0]) == [[1, 2, 3, 4, 5, 6, 7, 8]])
    let error = #expect(throws: MapError.self) { try map.update([0, 0, 0, 0], [[0, 0, 0, 0, 0, 0, 0, 0]], flags: 0) }
    #expect(error?.errno == ErrorNumber.operationNotPermitted.rawValue)
    // return *(u32 *)(rodata + 4)
    let program = try KernelProgram(
      .test(
        references: [0: .mapValue(".rodata", offset: 4)], Slots.wide(1) + [Slots.load(.u32, 0, 1, 0), Slots.exit]),
      maps: [map])
    #expect(try program.testRun(data: ProgramTests.frame).returnValue == 0x0807_0605)
    // A store to it is refused.
    #expect(throws: KernelError.self) {
      try KernelProgram(
        .test(
          references: [0: .mapValue(".rodata", offset: 4)],
          Slots.wide(1) + [Slots.storeImmediate(.u32, 1, 0, 1), Slots.mov(0, 0), Slots.exit]), maps: [map])
    }
  }

  @Test("A program counts in a map, and user space reads the count")
  func counter() throws {
    let map = try KernelMap(.test("hits", .array, value: 8, entries: 1))
    let program = try KernelProgram(
      .test(
        references: [3: .map("hits")],
        [Slots.storeImmediate(.u32, 10, -4, 0), Slots.movReg(2, 10), Slots.add(2, -4)] + Slots.wide(1) + [
          Slots.call(1), Slots.branch(0x1, 0, 0, 2), Slots.mov(1, 1),
          Instruction(opcode: 0xdb, destination: 0, source: 1), Slots.mov(0, 2), Slots.exit,
        ]), maps: [map])
    for _ in 0..<5 { _ = try program.testRun(data: ProgramTests.frame) }
    #expect(try map.lookup(bytes(UInt32(0))) == [bytes(UInt64(5))])
  }

  @Test("A full hash says E2BIG by name")
  func full() throws {
    let map = try KernelMap(.test("flows", .hash, entries: 1))
    try map.update([0, 0, 0, 0], [bytes(UInt64(0))], flags: 0)
    let error = #expect(throws: MapError.self) { try map.update([1, 0, 0, 0], [bytes(UInt64(0))], flags: 0) }
    #expect(error?.errno == ErrorNumber.tooBig.rawValue)
    #expect(error?.message == "map flows: update of key 01 00 00 00: E2BIG")
  }

  @Test("A map that the kernel refuses is named with its shape")
  func refused() throws {
    let error = #expect(throws: KernelError.self) { try KernelMap(.test("lpm", .lpmTrie, key: 8, value: 4)) }
    #expect(error?.errno == .invalidArgument)
    #expect(error?.message.contains("map lpm (lpm_trie, key 8, value 4, 4 entries, flags 0)") == true)
  }

  @Test("Possible CPUs are counted from the kernel's list", arguments: [("0\n", 1), ("0-3\n", 4), ("0-3,8-11,15", 9)])
  func possibleCPUs(list: String, count: Int) {
    #expect(PossibleCPUs.parse(Array(list.utf8)) == count)
  }

  @Test("A list of CPUs that is none is not counted", arguments: ["", "x", "3-1", "0-", "1-2-3"])
  func brokenCPUList(list: String) {
    #expect(PossibleCPUs.parse(Array(list.utf8)) == nil)
  }
}
