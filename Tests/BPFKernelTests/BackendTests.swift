import BPFInstructions
import BPFMachine
import BPFObject
import Capture
import Datapath
import Foundation
import Testing

@testable import BPFKernel

@Suite("The kernel as a backend", .needsKernel)
struct BackendTests {
  /// The package directory.
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func objects(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasSuffix(".o") }.sorted().map { directory + "/" + $0 }
  }

  /// Where Debian's xdp-tools and libxdp1 put theirs.
  static let installed = objects(in: "/usr/lib/x86_64-linux-gnu/bpf")
  static let fixtures = objects(in: package.appendingPathComponent("fixtures").path)

  /// An Ethernet frame with IPv4 and UDP, 60 bytes.
  static let udp: [UInt8] = {
    let ethernet: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
    let ip: [UInt8] = [0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1]
    let udp: [UInt8] = [0x30, 0x39, 0, 53, 0, 26, 0, 0]
    return ethernet + ip + udp + [UInt8](repeating: 0, count: 18)
  }()

  static func withFrame<R>(_ bytes: [UInt8], number: Int = 1, _ body: (Frame) throws -> R) throws -> R {
    try bytes.withUnsafeBytes {
      try body(Frame(bytes: $0, wireLength: $0.count, timestamp: 0, number: number))
    }
  }

  static func runAll(_ path: String) throws -> [String] {
    let object = try ObjectFile(path: path)
    var ran: [String] = []
    for program in object.programs where program.type == .xdp || program.type == .schedCLS || program.type == .schedACT
    {
      let backend = try KernelBackend(object: object, program: program, hook: program.type == .xdp ? .xdp : .tcIngress)
      try withFrame(udp) { (frame: Frame) throws in
        let outcome = try backend.run(frame)
        #expect(!Verdict(hook: backend.hook, returnValue: outcome.returnValue).name.isEmpty)
        #expect(backend.output.count >= 14)
      }
      #expect(backend.notes == [], "\(program.name)")
      for map in backend.maps { _ = try map.entries() }
      ran.append(program.name)
    }
    return ran
  }

  @Test("Every example program loads with its types and runs", .enabled(if: !fixtures.isEmpty), arguments: fixtures)
  func fixture(path: String) throws {
    #expect(try !Self.runAll(path).isEmpty)
  }

  @Test(
    "Every XDP program of xdp-tools loads with its types and runs",
    .enabled(if: !installed.isEmpty, "xdp-tools' objects are not installed"), arguments: installed)
  func xdpTools(path: String) throws {
    _ = try Self.runAll(path)
  }

  static let loaderFixtures = package.appendingPathComponent("Tests/BPFObjectTests/Fixtures").path

  @Test("A callback is called, with the function's type")
  func callback() throws {
    let object = try ObjectFile(path: Self.loaderFixtures + "/linking.o")
    let program = try #require(object.program(named: "looping"))
    #expect(!program.references.values.filter { if case .function = $0 { true } else { false } }.isEmpty)
    let backend = try KernelBackend(object: object, program: program, hook: .xdp)
    #expect(backend.notes == [])
    let kernel = try Self.withFrame(Self.udp) { (frame: Frame) throws in try backend.run(frame) }
    #expect(kernel.returnValue == 137)
  }

  @Test("CO-RE by the kernel and by the loader come to the same", arguments: ["types", "guarded"])
  func coreRelocations(name: String) throws {
    let object = try ObjectFile(path: Self.loaderFixtures + "/core.o")
    let program = try #require(object.program(named: name))
    #expect(!program.coreRelocations.isEmpty)
    let relocated = program.relocated(against: try TypeInfo.runningKernel())
    let verdicts = try [program, relocated].map { program in
      let backend = try KernelBackend(object: object, program: program, hook: .xdp)
      return try Self.withFrame(Self.udp) { (frame: Frame) throws in try backend.run(frame).returnValue }
    }
    #expect(verdicts[0] == verdicts[1])
  }

  @Test("A type that this kernel lacks is named when the verifier reaches its use")
  func coreRejection() throws {
    let object = try ObjectFile(path: Self.loaderFixtures + "/core.o")
    let program = try #require(object.program(named: "fields"))
    let error = #expect(throws: KernelError.self) {
      try KernelBackend(object: object, program: program, hook: .xdp)
    }
    let rejection = try #require(error?.rejection)
    #expect(rejection.reason.contains("struct"))
    #expect(rejection.source?.hasSuffix("core.c:65") == true)
  }

  @Test("Output and metadata are what the program left")
  func output() throws {
    let program = ProgramSpec.test([
      Slots.movReg(6, 1), Slots.mov(2, -4), Slots.call(54), Slots.mov(0, 3), Slots.exit,
    ])
    let backend = try KernelBackend(
      object: ObjectFile(name: "test", programs: [program], license: "GPL"), program: program, hook: .xdp)
    try Self.withFrame(Self.udp) { (frame: Frame) throws in
      let outcome = try backend.run(frame)
      #expect(outcome == Outcome(returnValue: 3, instructions: 0))
    }
    #expect(backend.outputMetadataLength == 4)
    #expect(backend.output.count == 64)
    #expect(Array(backend.output.dropFirst(4)) == Self.udp)
  }

  @Test("A frame that the kernel cannot be given is named by its number", arguments: [0, 13, 3520 + 17 * 4096 + 1])
  func frameLimits(length: Int) throws {
    let program = ProgramSpec.test([Slots.mov(0, 2), Slots.exit])
    let backend = try KernelBackend(object: ObjectFile(name: "test", programs: [program]), program: program, hook: .xdp)
    let error = try Self.withFrame([UInt8](repeating: 0, count: length), number: 9) { (frame: Frame) throws in
      #expect(throws: BackendError.self) { try backend.run(frame) }
    }
    #expect(error?.errno == 22)
    #expect(error?.message.hasPrefix("packet 9: \(length) bytes: BPF_PROG_TEST_RUN takes no frame") == true)
  }

  @Test(
    "A frame that the kernel refuses to a classifier is explained",
    arguments: [(20, "whole IP header"), (70_000, "a page")])
  func classifierLimits(length: Int, phrase: String) throws {
    let program = ProgramSpec.test(type: .schedCLS, [Slots.mov(0, 0), Slots.exit])
    let backend = try KernelBackend(
      object: ObjectFile(name: "test", programs: [program]), program: program, hook: .tcIngress)
    let bytes = Self.udp.prefix(length) + [UInt8](repeating: 0, count: max(0, length - Self.udp.count))
    let error = try Self.withFrame(Array(bytes)) { (frame: Frame) throws in
      #expect(throws: BackendError.self) { try backend.run(frame) }
    }
    #expect(error?.errno == 22)
    #expect(error?.message.contains(phrase) == true)
    #expect(error?.isFrameLimit == true)
  }

  @Test("The longest frame that is said to run does")
  func longestFrame() throws {
    let program = ProgramSpec.test(flags: ProgramFlags.xdpHasFrags, [Slots.mov(0, 2), Slots.exit])
    let backend = try KernelBackend(object: ObjectFile(name: "test", programs: [program]), program: program, hook: .xdp)
    let bytes = (0..<3520 + 17 * 4096).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Self.withFrame(bytes) { (frame: Frame) throws in
      #expect(try backend.run(frame).returnValue == 2)
    }
    #expect(Array(backend.output) == bytes)
  }

  @Test("A fault at one frame leaves the next ones to be run")
  func faultInBetween() throws {
    let program = ProgramSpec.test([Slots.mov(0, 1), Slots.exit])
    let backend = try KernelBackend(object: ObjectFile(name: "test", programs: [program]), program: program, hook: .xdp)
    try Self.withFrame(Self.udp, number: 3) { (frame: Frame) throws in
      let error = BPFSyscall.$mock.withValue({ _, _ in -12 }) {
        #expect(throws: BackendError.self) { try backend.run(frame) }
      }
      #expect(
        error
          == BackendError(
            message: "packet 3: running test on 60 bytes: BPF_PROG_TEST_RUN: ENOMEM", errno: 12))
      #expect(backend.output.isEmpty)
      #expect(try backend.run(frame).returnValue == 1)
    }
  }

  @Test("A program for devmap entries runs as plain XDP, unless it asks where it leaves")
  func devmapProgram() throws {
    func backend(_ slots: [Instruction]) throws -> KernelBackend {
      let program = ProgramSpec.test(attachType: AttachType.xdpDevmap.rawValue, slots)
      return try KernelBackend(object: ObjectFile(name: "test", programs: [program]), program: program, hook: .xdp)
    }
    let plain = try backend([Slots.mov(0, 1), Slots.exit])
    try Self.withFrame(Self.udp) { (frame: Frame) throws in #expect(try plain.run(frame).returnValue == 1) }
    // Offset of egress_ifindex in struct xdp_md.
    let error = #expect(throws: KernelError.self) { try backend([Slots.load(.u32, 0, 1, 20), Slots.exit]) }
    #expect(error?.message.contains("BPF_PROG_TEST_RUN does not run programs for devmap") == true)
    #expect(error?.rejection != nil)
  }

  /// `runqueues` is a per-CPU variable of every kernel with SMP; no machine has 100,000 CPUs.
  @Test("A per-CPU variable of the kernel has an address on each CPU and none past the last")
  func perCPUVariable() throws {
    func program(cpu: Int32) -> ProgramSpec {
      var program = ProgramSpec.test([
        Instruction(opcode: 0x18, destination: 1, source: 3), Instruction(opcode: 0), Slots.mov(2, cpu),
        Instruction(opcode: 0x85, immediate: 153), Instruction(opcode: 0x15, destination: 0, offset: 1),
        Slots.mov(0, 2),
        Slots.exit,
      ])
      program.references = [0: .kernelVariable("runqueues", weak: false)]
      return program
    }
    for (cpu, expected) in [(0, 2), (100_000, 0)] as [(Int32, UInt32)] {
      let program = program(cpu: cpu)
      let object = ObjectFile(name: "test", programs: [program], license: "GPL")
      var backends: [any Backend] = [
        try SimulatorBackend(object: object, program: program, hook: .xdp),
        try SimulatorBackend(object: object, program: program, hook: .xdp, engine: .reference),
      ]
      // Kernels without CONFIG_KALLSYMS_ALL do not know the addresses of their data.
      if try String(contentsOfFile: "/proc/kallsyms", encoding: .utf8).contains(" runqueues\n") {
        backends.append(try KernelBackend(object: object, program: program, hook: .xdp))
      }
      for backend in backends {
        try Self.withFrame(Self.udp) { (frame: Frame) throws in
          #expect(try backend.run(frame).returnValue == expected, "\(cpu)")
        }
      }
    }
  }

  /// Each of the 34 runs of the program adds one, once the tail call that is one too many has failed.
  @Test("Tail calls from a subprogram nest as deep as their number allows, in both")
  func nestedTailCalls() throws {
    let path = Self.package.appendingPathComponent("Tests/BPFObjectTests/Fixtures/nesting.o").path
    var object = try ObjectFile(path: path)
    object.maps[0].initialSlots = [0: "program"]
    let program = try #require(object.programs.first)
    let backends: [any Backend] = [
      try KernelBackend(object: object, program: program, hook: .xdp),
      try SimulatorBackend(object: object, program: program, hook: .xdp),
      try SimulatorBackend(object: object, program: program, hook: .xdp, engine: .reference),
    ]
    for backend in backends {
      try Self.withFrame(Self.udp) { (frame: Frame) throws in
        #expect(try backend.run(frame).returnValue == 35)
        #expect(backend.trap == nil)
      }
    }
  }

  /// What slots.c says: shorter than 40 bytes is dropped, what is left and odd is sent back, the rest passes.
  @Test("Programs in the slots of a dispatcher run in its place, with their own maps, in both")
  func replacedFunctions() throws {
    let fixtures = Self.package.appendingPathComponent("Tests/BPFObjectTests/Fixtures").path
    var object = try ObjectFile(path: fixtures + "/dispatcher.o")
    let slots = try ObjectFile(path: fixtures + "/slots.o")
    for (function, name) in [("first", "long_enough"), ("second", "odd")] {
      try object.replace(function, with: try #require(slots.program(named: name)), of: slots)
    }
    let program = try #require(object.program(named: "dispatch"))
    let backends: [any Backend] = [
      try KernelBackend(object: object, program: program, hook: .xdp),
      try SimulatorBackend(object: object, program: program, hook: .xdp),
      try SimulatorBackend(object: object, program: program, hook: .xdp, engine: .reference),
    ]
    for backend in backends {
      for length in 36...45 {
        try Self.withFrame([UInt8](repeating: 0, count: length)) { (frame: Frame) throws in
          let expected: UInt32 = length < 40 ? 1 : length % 2 == 1 ? 3 : 2
          #expect(try backend.run(frame).returnValue == expected, "\(length)")
        }
      }
      // Ten frames came to the first slot, six of them to the second.
      let counts = try #require(backend.maps.first { $0.spec.name == ".bss" })
      #expect(try counts.lookup([0, 0, 0, 0])?.first == bytes(UInt32(10)) + bytes(UInt32(6)))
      let own = try #require(backend.maps.first { $0.spec.name == "slots.o/.bss" })
      #expect(try own.lookup([0, 0, 0, 0])?.first?[4..<8] == bytes(UInt32(10))[...])
      let seen = try #require(backend.maps.first { $0.spec.name == "seen" })
      #expect(try seen.lookup([1, 0, 0, 0])?.first == bytes(UInt64(10)))
    }
  }

  @Test("A symbol without a type is its address in /proc/kallsyms")
  func symbolAddress() throws {
    var program = ProgramSpec.test([
      Instruction(opcode: 0x18, destination: 0), Instruction(opcode: 0), Slots.exit,
    ])
    program.references = [0: .kernelVariable("_stext", weak: false)]
    let backend = try KernelBackend(
      object: ObjectFile(name: "test", programs: [program], license: "GPL"), program: program, hook: .xdp)
    let symbols = try String(contentsOfFile: "/proc/kallsyms", encoding: .utf8)
    let line = try #require(symbols.split(separator: "\n").first { $0.hasSuffix(" _stext") })
    let address = try #require(UInt64(line.prefix { $0 != " " }, radix: 16))
    try Self.withFrame(Self.udp) { (frame: Frame) throws in
      #expect(try backend.run(frame).returnValue == UInt32(truncatingIfNeeded: address))
    }
  }

  @Test("A prog array holds its programs from the start, and one put there later is found by name")
  func progArray() throws {
    var table = MapSpec.test("table", .progArray, value: 4, entries: 4)
    table.initialSlots = [2: "second"]
    let first = ProgramSpec.test(
      name: "first", references: [0: .map("table")],
      Slots.wide(2) + [Slots.mov(3, 2), Slots.call(12), Slots.mov(0, 0), Slots.exit])
    let second = ProgramSpec.test(name: "second", [Slots.mov(0, 3), Slots.exit])
    let third = ProgramSpec.test(name: "third", [Slots.mov(0, 1), Slots.exit])
    let object = ObjectFile(name: "test", programs: [first, second, third], maps: [table])
    let backend = try KernelBackend(object: object, program: first, hook: .xdp)
    try Self.withFrame(Self.udp) { (frame: Frame) throws in
      #expect(try backend.run(frame).returnValue == 3)
      let number = try #require(try backend.object.programNumber(named: "third"))
      try backend.maps[0].update(bytes(UInt32(2)), [bytes(number)], flags: 0)
      #expect(try backend.run(frame).returnValue == 1)
      let shown = try #require(try backend.maps[0].lookup(bytes(UInt32(2)))?.first)
      let id = shown.reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
      #expect(backend.programName(number: id) == "third")
      try backend.maps[0].delete(bytes(UInt32(2)))
      #expect(try backend.run(frame).returnValue == 0)
    }
    #expect(try backend.object.programNumber(named: "fourth") == nil)
  }

  @Test("A map of maps holds its maps from the start", arguments: [MapType.arrayOfMaps, .hashOfMaps])
  func mapOfMaps(type: MapType) throws {
    var outer = MapSpec.test("outer", type, value: 4, entries: 2)
    outer.inner = [.test("template", .array, value: 8, entries: 1)]
    outer.initialSlots = [1: "inner"]
    let inner = MapSpec.test("inner", .array, value: 8, entries: 1)
    // inner = outer[1]; return *inner[0]
    let program = ProgramSpec.test(
      references: [3: .map("outer")],
      [Slots.storeImmediate(.u32, 10, -4, 1), Slots.movReg(2, 10), Slots.add(2, -4)] + Slots.wide(1) + [
        Slots.call(1), Slots.branch(0x5, 0, 0, 2), Slots.mov(0, 0), Slots.exit,
        Slots.storeImmediate(.u32, 10, -4, 0), Slots.movReg(2, 10), Slots.add(2, -4), Slots.movReg(1, 0), Slots.call(1),
        Slots.branch(0x5, 0, 0, 2), Slots.mov(0, 0), Slots.exit, Slots.load(.u32, 0, 0, 0), Slots.exit,
      ])
    let backend = try KernelBackend(
      object: ObjectFile(name: "test", programs: [program], maps: [outer, inner]), program: program, hook: .xdp)
    try backend.maps[1].update(bytes(UInt32(0)), [bytes(UInt64(4))], flags: 0)
    try Self.withFrame(Self.udp) { (frame: Frame) throws in
      #expect(try backend.run(frame).returnValue == 4)
    }
  }

  static let releases: [(String, UInt32)] = [
    ("6.18.44-fc-v669\n", 0x06122c), ("5.4", 0x050400), ("4.9.337+", 0x0409ff), ("", 0),
  ]

  @Test("A kernel's release is read as KERNEL_VERSION has it", arguments: releases)
  func release(text: String, code: UInt32) {
    #expect(KernelRelease(text).code == code)
  }
}
