import BPFInstructions
import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Datapath
import Testing

@testable import VerdictReport

@Suite(
  "Known causes in the kernel", .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
struct KernelCauseTests {
  /// A program of one map, `m`, on both sides.
  private static func compare(
    _ text: String, type: ProgramType = .xdp, maps: [MapSpec] = [], seeds: [(map: String, entry: MapEntry)] = [],
    frames: [[UInt8]]
  ) throws -> (report: ComparisonReport, standIns: [String]) {
    let assembled = try Assembler().assemble(text)
    var references: [Int: Reference] = [:]
    for (slot, reference) in assembled.references {
      if case .map(let name) = reference { references[slot] = .map(name) }
    }
    let program = ProgramSpec(
      name: "test", section: type.name, type: type, instructions: assembled.instructions, references: references)
    let object = ObjectFile(name: "test", programs: [program], maps: maps, license: "GPL")
    let hook: Hook = type == .xdp ? .xdp : .tcIngress
    return try CPUPinning.withOneCPU { cpu in
      var configuration = MachineConfiguration()
      configuration.cpus = PossibleCPUs.count
      configuration.cpu = cpu ?? 0
      RunningTask.describe(in: &configuration)
      let kernel = try KernelBackend(object: object, program: program, hook: hook)
      func seed(_ maps: [any MapAccess]) throws {
        for (name, entry) in seeds {
          try maps.first { $0.spec.name == name }?.update(entry.key, entry.values, flags: 0)
        }
      }
      try seed(kernel.standIns)
      func simulator(_ configuration: MachineConfiguration) throws -> SimulatorBackend {
        let backend = try SimulatorBackend(object: object, program: program, hook: hook, configuration: configuration)
        try seed(backend.maps)
        return backend
      }
      let backend = try simulator(configuration)
      let comparison = KernelComparison(
        simulator: backend, kernel: kernel,
        variations: try Variation.all(
          for: HelperUse(of: backend, in: object), configuration: configuration, make: simulator), types: nil)
      for map in kernel.standIns where !map.keys.isEmpty { comparison.standIns[map.spec.name] = map.keys }
      let result = comparison.run(FrameList(frames), named: "x")
      #expect(result.faults.isEmpty)
      return (result.report, kernel.standIns.flatMap(\.notes))
    }
  }

  @Test("the socket that BPF_PROG_TEST_RUN makes for a frame is the same on both sides")
  func testRunSocket() throws {
    var four = [UInt8](repeating: 0, count: 60)
    four.replaceSubrange(12..<15, with: [0x08, 0x00, 0x45])
    four.replaceSubrange(26..<34, with: [192, 0, 2, 1, 198, 51, 100, 7])
    var six = [UInt8](repeating: 0, count: 60)
    six.replaceSubrange(12..<15, with: [0x86, 0xdd, 0x60])
    for index in 22..<54 { six[index] = UInt8(index) }
    let report = try Self.compare(
      """
      r6 = r1
      r7 = *(u64 *)(r6 +168)
      if r7 == 0 goto out
      r1 = r7
      call 95
      if r0 == 0 goto out
      r1 = *(u32 *)(r0 +4)
      *(u32 *)(r6 +48) = r1
      r1 = *(u32 *)(r0 +24)
      *(u32 *)(r6 +52) = r1
      r1 = *(u32 *)(r0 +40)
      *(u32 *)(r6 +56) = r1
      r1 = *(u32 *)(r0 +52)
      *(u32 *)(r6 +60) = r1
      r1 = *(u32 *)(r0 +72)
      *(u32 *)(r6 +64) = r1
      r1 = *(u32 *)(r0 +56)
      *(u32 *)(r6 +8) = r1
      out:
      r1 = r6
      call 47
      r7 = r0
      r1 = r6
      call 79
      r0 += r7
      exit
      """, type: .schedCLS, frames: [four, six, [UInt8](repeating: 0, count: 60)]
    ).report
    #expect(report.agreed == 3, "\(report.text)")
  }

  @Test("the running task is the same on both sides")
  func task() throws {
    let report = try Self.compare(
      """
      r6 = r1
      call 14
      r7 = r0
      call 15
      r7 += r0
      call 80
      r7 += r0
      r1 = r10
      r1 += -16
      r2 = 16
      call 16
      r1 = *(u64 *)(r10 -16)
      r7 += r1
      r0 = r7
      exit
      """, frames: [[UInt8](repeating: 0, count: 60)]
    ).report
    #expect(report.agreed == 1)
  }

  private static func frames(_ hosts: some Sequence<Int>) -> [[UInt8]] {
    hosts.map { host in
      var frame = [UInt8](repeating: 0, count: 60)
      frame[29] = UInt8(truncatingIfNeeded: host)
      return frame
    }
  }

  /// Returns 1 for a host that is in the map, else puts it there and returns 2.
  private static let remember = """
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 4)
    r2 = r6
    r2 += 30
    if r2 > r7 goto out
    r0 = *(u8 *)(r6 + 29)
    *(u32 *)(r10 - 4) = r0
    *(u64 *)(r10 - 16) = 1
    r1 = map[m]
    r2 = r10
    r2 += -4
    call 1
    if r0 != 0 goto hit
    r1 = map[m]
    r2 = r10
    r2 += -4
    r3 = r10
    r3 += -16
    r4 = 0
    call 2
    r0 = 2
    exit
    hit:
    r0 = 1
    exit
    out:
    r0 = 0
    exit
    """

  private static func map(_ type: MapType, value: UInt32 = 8, entries: UInt32) -> MapSpec {
    MapSpec(name: "m", rawType: type.rawValue, keySize: 4, valueSize: value, maxEntries: entries)
  }

  @Test("an LRU map that was never full holds the same on both sides")
  func roomyLRU() throws {
    let hosts = (0..<3).flatMap { _ in 0..<100 }
    let report = try Self.compare(
      Self.remember, maps: [Self.map(.lruHash, entries: 4096)], frames: Self.frames(hosts)
    ).report
    #expect(report.agreed == 300 && report.maps.isEmpty && report.comparedMaps == 1)
  }

  @Test("a full LRU map gives up the same elements on both sides")
  func fullLRU() throws {
    // Elements go by the dozen, and hosts come again in another order.
    let hosts = (0..<250).map { $0 } + (0..<250).map { $0 * 7 % 250 }
    let report = try Self.compare(
      Self.remember, maps: [Self.map(.lruHash, entries: 128)], frames: Self.frames(hosts)
    ).report
    #expect(report.agreed == 500 && report.maps.isEmpty, "\(report.text)")
  }

  @Test("a hash that is full refuses elements on both sides alike")
  func fullHash() throws {
    let report = try Self.compare(
      Self.remember, maps: [Self.map(.hash, entries: 16)], frames: Self.frames((0..<40).map { $0 % 25 })
    ).report
    #expect(report.agreed == 40 && report.maps.isEmpty)
  }

  @Test("a helper that the simulator does not have is a known cause")
  func notSimulated() throws {
    // bpf_snprintf_btf needs the kernel's own types.
    let print = "r1 = r10\nr1 += -64\nr2 = 32\nr3 = r10\nr3 += -16\nr4 = 16\nr5 = 0\ncall 149\nr0 = 2\nexit"
    let report = try Self.compare(print, frames: Self.frames(0..<3)).report
    #expect(report.causes[.notSimulated]?.packets == 3)
    #expect(!report.hasFault)
  }

  @Test("lo stands in for interfaces that are not here", arguments: [MapType.devmap, .devmapHash])
  func standIn(type: MapType) throws {
    let redirect = "r1 = map[m]\nr2 = 1\nr3 = 1\ncall 51\nexit"
    let seed = MapEntry(key: [1, 0, 0, 0], values: [[0xff, 0xff, 0xff, 0x7f]])
    let (report, standIns) = try Self.compare(
      redirect, maps: [Self.map(type, value: 4, entries: 4)], seeds: [("m", seed)], frames: Self.frames(0..<2))
    #expect(report.agreed == 2 && report.maps.isEmpty)
    #expect(standIns == ["map m: there is no interface 2147483647 here; lo stands in for it"])
  }

  /// Offsets of the 32-bit fields of `struct __sk_buff` that a classifier may read.
  static let fields = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 64, 68, 72, 160, 164, 176]

  @Test("a classifier finds the same in every field of its context", arguments: fields)
  func contextField(offset: Int) throws {
    let report = try Self.compare(
      "r0 = *(u32 *)(r1 + \(offset))\nexit", type: .schedCLS, frames: Self.frames(0..<2) + [Self.vlan]
    ).report
    #expect(report.agreed == 3, "\(report.text)")
  }

  private static let vlan: [UInt8] =
    [1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 7, 8, 6] + [UInt8](repeating: 0, count: 42)

  @Test(
    "what a classifier writes into its context comes back the same",
    arguments: [
      "*(u32 *)(r1 + 8) = r2", "*(u32 *)(r1 + 32) = r2", "*(u32 *)(r1 + 48) = r2", "*(u8 *)(r1 + 67) = r2",
      "*(u64 *)(r1 + 152) = r2", "*(u32 *)(r1 + 72) = r2", "*(u32 *)(r1 + 44) = r2", "*(u32 *)(r1 + 12) = r2",
    ])
  func contextOut(store: String) throws {
    let report = try Self.compare(
      "r2 = 77\n\(store)\nr0 = 0\nexit", type: .schedCLS, frames: Self.frames(0..<2)
    ).report
    #expect(report.agreed == 2, "\(report.text)")
  }

  @Test("wire_len stays what arrived when the frame is cut")
  func wireLength() throws {
    let cut = "r6 = r1\nr2 = 40\nr3 = 0\ncall 38\nr0 = *(u32 *)(r6 + 160)\nexit"
    let report = try Self.compare(cut, type: .schedCLS, frames: Self.frames(0..<2)).report
    #expect(report.agreed == 2, "\(report.text)")
  }
}
