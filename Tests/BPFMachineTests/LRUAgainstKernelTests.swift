import BPFInstructions
import BPFKernel
import BPFObject
import Glibc
import Testing

@testable import BPFMachine

/// LRU maps after overflow hold what the kernel's hold, when the same program does the same things on one CPU.
@Suite(.enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
struct LRUAgainstKernelTests {
  /// A map, how many keys come up, and how often which operation.
  struct Kind: CustomTestStringConvertible, Sendable {
    var type: MapType
    var entries: UInt32
    var keys: UInt32
    var flags: UInt32 = 0
    var testDescription: String { "\(type.name) of \(entries) entries, \(keys) keys, \(MapFlags.text(flags))" }
  }

  static let kinds: [Kind] = [MapType.lruHash, .lruPercpuHash].flatMap { type in
    [(1, 3), (2, 5), (4, 9), (10, 15), (100, 150), (300, 400), (1000, 1500), (1000, 5000)].flatMap { entries, keys in
      [0, MapFlags.noCommonLRU].map { Kind(type: type, entries: entries, keys: keys, flags: $0) }
    }
  }

  /// The packet says what to do: operation, key, flags, value; a lookup writes what it found into it.
  static let program = """
      r6 = *(u32 *)(r1 +0)
      r7 = *(u32 *)(r1 +4)
      r2 = r6
      r2 += 40
      if r2 > r7 goto missing
      r1 = *(u32 *)(r6 +4)
      *(u32 *)(r10 -8) = r1
      r1 = *(u64 *)(r6 +16)
      *(u64 *)(r10 -16) = r1
      r8 = *(u32 *)(r6 +0)
      r4 = *(u32 *)(r6 +8)
      r1 = map[subject]
      r2 = r10
      r2 += -8
      r3 = r10
      r3 += -16
      if r8 == 1 goto update
      if r8 == 2 goto delete
      call 1
      if r0 == 0 goto missing
      r1 = *(u64 *)(r0 +0)
      *(u64 *)(r6 +24) = r1
      r0 = 1
      exit
    update:
      call 2
      exit
    delete:
      call 3
      exit
    missing:
      r0 = 0
      exit
    """

  private static func packet(_ operation: UInt32, _ key: UInt32, _ flags: UInt32, _ value: UInt64) -> [UInt8] {
    var packet = [UInt8](repeating: 0, count: 64)
    packet.withUnsafeMutableBytes {
      $0.storeBytes(of: operation, as: UInt32.self)
      $0.storeBytes(of: key, toByteOffset: 4, as: UInt32.self)
      $0.storeBytes(of: flags, toByteOffset: 8, as: UInt32.self)
      $0.storeBytes(of: value, toByteOffset: 16, as: UInt64.self)
    }
    return packet
  }

  /// `sched_getaffinity` and `sched_setaffinity`, which are not imported: process, size of the set, set.
  private typealias Affinity = @convention(c) (Int32, Int, UnsafeMutableRawPointer) -> Int32

  private static func affinity(_ name: String) throws -> Affinity {
    unsafeBitCast(try #require(dlsym(nil, name)), to: Affinity.self)
  }

  /// Keeps this thread on the first CPU while `body` runs.
  private static func onFirstCPU(_ body: () throws -> Void) throws {
    let set = try affinity("sched_setaffinity")
    var before = [UInt64](repeating: 0, count: 16)
    try #require(try affinity("sched_getaffinity")(0, 128, &before) == 0)
    var first = [UInt64](repeating: 0, count: 16)
    first[0] = 1
    try #require(set(0, 128, &first) == 0)
    defer { _ = set(0, 128, &before) }
    try body()
  }

  @Test("the same elements are evicted as in the kernel", arguments: kinds)
  func sameEvictions(kind: Kind) throws {
    let assembled = try Assembler().assemble(LRUAgainstKernelTests.program)
    let references = assembled.references.mapValues { _ in Reference.map("subject") }
    let spec = ProgramSpec(
      name: "lru", section: "xdp", type: .xdp, instructions: assembled.instructions, references: references,
      functions: [FunctionSpec(name: "lru", slot: 0, count: assembled.instructions.count)])
    let map = MapSpec(
      name: "subject", rawType: kind.type.rawValue, keySize: 4, valueSize: 8, maxEntries: kind.entries,
      flags: kind.flags)
    for seed in 0..<3 as Range<UInt64> {
      var random = RandomNumbers(seed: seed)
      let kernelMap = try KernelMap(map)
      let kernelProgram = try KernelProgram(spec, maps: [kernelMap])
      var configuration = MachineConfiguration()
      configuration.cpus = PossibleCPUs.count
      let machine = try Machine(maps: [map], configuration: configuration)
      let index = try machine.load(spec)
      let simulated = machine.maps[0]
      // Lookups are what the order of use depends on; some runs have few and some many.
      let lookups = [1, 4, 12][Int(seed)]
      try LRUAgainstKernelTests.onFirstCPU {
        for step in 0..<3000 {
          let key = UInt32.random(in: 0..<kind.keys, using: &random)
          let place: Comment = "seed \(seed), step \(step), key \(key)"
          let bytes = withUnsafeBytes(of: key.littleEndian) { Array($0) }
          switch Int.random(in: 0..<6 + lookups, using: &random) {
          case 0..<4:
            try run(1, key, random.pick([0, 0, 0, 1, 2]))
          case 4:
            if random.once(in: 3) { try run(2, key, 0) } else { try run(1, key, 0) }
          case 5:
            // User space: its lookups do not count as a use.
            #expect(try kernelMap.lookup(bytes) == simulated.lookup(bytes), place)
            if random.once(in: 4) {
              try kernelMap.update(bytes, [[1, 2, 3, 4, 5, 6, 7, 8]], flags: 0)
              try simulated.update(bytes, [[1, 2, 3, 4, 5, 6, 7, 8]], flags: 0)
            }
          default:
            try run(0, key, 0)
          }
          func run(_ operation: UInt32, _ key: UInt32, _ flags: UInt32) throws {
            let packet = LRUAgainstKernelTests.packet(operation, key, flags, random.next())
            let theirs = try kernelProgram.testRun(data: packet, outputCapacity: 64)
            let ours = try packet.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 1, engine: .threaded) }
            #expect(ours.returnValue == theirs.returnValue, "operation \(operation), flags \(flags), \(place)")
            #expect([UInt8](machine.packet.output) == theirs.data, "operation \(operation), \(place)")
          }
        }
        let theirs = try kernelMap.entries()
        let ours = try simulated.entries().sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(ours == theirs, "seed \(seed)")
      }
    }
  }
}
