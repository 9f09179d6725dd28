import BPFInstructions
import BPFObject
import Testing

@testable import BPFKernel

@Suite("Programs in the kernel", .needsKernel)
struct ProgramTests {
  static let frame = (0..<64).map { UInt8($0) }

  @Test("A verdict comes back as the program returned it", arguments: [0, 1, 2, 3, 4, 5, -1] as [Int32])
  func verdict(code: Int32) throws {
    let program = try KernelProgram(.test([Slots.mov(0, code), Slots.exit]))
    let run = try program.testRun(data: Self.frame)
    #expect(run.returnValue == UInt32(bitPattern: code))
    #expect(run.data == Self.frame)
  }

  @Test("A frame that the program writes to comes back changed")
  func rewrittenFrame() throws {
    let program = try KernelProgram(
      .test([
        Slots.load(.u32, 2, 1, 0), Slots.load(.u32, 3, 1, 4), Slots.movReg(4, 2), Slots.add(4, 14),
        Slots.branchReg(0x2, 4, 3, 1), Slots.storeImmediate(.u8, 2, 5, 0xaa), Slots.mov(0, 3), Slots.exit,
      ]))
    var expected = Self.frame
    expected[5] = 0xaa
    let run = try program.testRun(data: Self.frame)
    #expect(run.data == expected)
    #expect(run.returnValue == 3)
  }

  @Test("Metadata that the program makes stands in front of the frame, and the context tells its length")
  func metadata() throws {
    let program = try KernelProgram(
      .test([
        Slots.movReg(6, 1), Slots.mov(2, -8), Slots.call(54), Slots.branch(0x5, 0, 0, 6),
        Slots.load(.u32, 2, 6, 8), Slots.load(.u32, 3, 6, 0), Slots.movReg(4, 2), Slots.add(4, 8),
        Slots.branchReg(0x2, 4, 3, 1), Slots.storeImmediate(.u64, 2, 0, 0x11223344), Slots.mov(0, 2), Slots.exit,
      ]))
    let run = try program.testRun(data: Self.frame, contextCapacity: 24)
    #expect(run.data == [0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0] + Self.frame)
    #expect(Array(run.context.prefix(8)) == bytes(UInt32(8)) + bytes(UInt32(72)))
  }

  @Test("A frame shorter than an Ethernet header is refused by name")
  func shortFrame() throws {
    let program = try KernelProgram(.test([Slots.mov(0, 2), Slots.exit]))
    let error = #expect(throws: KernelError.self) { try program.testRun(data: [UInt8](repeating: 0, count: 13)) }
    #expect(error?.errno == .invalidArgument)
    #expect(error?.message == "running test on 13 bytes: BPF_PROG_TEST_RUN: EINVAL")
  }

  @Test("A rejection carries the verifier's reason, the slot and the log")
  func rejection() throws {
    let error = #expect(throws: KernelError.self) {
      try KernelProgram(.test([Slots.load(.u32, 2, 1, 0), Slots.load(.u8, 0, 2, 0), Slots.exit]))
    }
    let rejection = try #require(error?.rejection)
    #expect(rejection.reason == "R2 offset is outside of the packet")
    #expect(rejection.slot == 1)
    #expect(rejection.log.contains("invalid access to packet, off=0 size=1"))
    #expect(error?.errno == .accessDenied)
  }

  @Test("A rejection names the source line when the object has one")
  func rejectionWithSource() throws {
    var spec = ProgramSpec.test([Slots.load(.u32, 2, 1, 0), Slots.load(.u8, 0, 2, 0), Slots.exit])
    spec.sourceLines = [
      SourceLine(slot: 0, file: "a.c", text: "int x;", line: 3, column: 1),
      SourceLine(slot: 1, file: "a.c", text: "return data[0];", line: 4, column: 1),
    ]
    let error = #expect(throws: KernelError.self) { try KernelProgram(spec) }
    #expect(error?.rejection?.source == "a.c:4")
    #expect(error?.rejection?.sourceText == "return data[0];")
    #expect(error?.message.hasSuffix("at a.c:4") == true)
  }

  @Test("A map that is not there is named before the kernel is asked")
  func missingMap() throws {
    let error = #expect(throws: KernelError.self) {
      try KernelProgram(.test(references: [0: .map("flows")], Slots.wide(1) + [Slots.mov(0, 2), Slots.exit]))
    }
    #expect(error?.message.contains("flows") == true)
    #expect(error?.errno == nil)
  }

  @Test("A classifier reads and writes its socket buffer's fields")
  func classifier() throws {
    // mark + 1; cb[0] = len
    let program = try KernelProgram(
      .test(
        type: .schedCLS,
        [
          Slots.load(.u32, 2, 1, 8), Slots.add(2, 1), Slots.store(.u32, 1, 8, 2), Slots.load(.u32, 2, 1, 0),
          Slots.store(.u32, 1, 48, 2), Slots.mov(0, -1), Slots.exit,
        ]))
    var context = [UInt8](repeating: 0, count: 192)
    context[8] = 41
    let run = try program.testRun(data: Self.frame, context: context, contextCapacity: 192)
    #expect(run.returnValue == UInt32.max)
    #expect(run.context[8] == 42)
    #expect(run.context[48] == 64)
  }

  @Test("A subprogram is called")
  func subprogram() throws {
    let program = try KernelProgram(
      .test([Slots.mov(1, 20), Slots.callSubprogram(1), Slots.exit, Slots.movReg(0, 1), Slots.add(0, 1), Slots.exit]))
    #expect(try program.testRun(data: Self.frame).returnValue == 21)
  }

  @Test("Repeats run on the same packet")
  func repeats() throws {
    let program = try KernelProgram(
      .test([
        Slots.load(.u32, 2, 1, 0), Slots.load(.u32, 3, 1, 4), Slots.movReg(4, 2), Slots.add(4, 14),
        Slots.branchReg(0x2, 4, 3, 3), Slots.load(.u8, 5, 2, 0), Slots.add(5, 1), Slots.store(.u8, 2, 0, 5),
        Slots.mov(0, 2), Slots.exit,
      ]))
    let run = try program.testRun(data: [UInt8](repeating: 0, count: 64), repeatCount: 7)
    #expect(run.data[0] == 7)
  }

  @Test("A kfunc is found by name in the kernel's BTF, and a missing one is named")
  func kernelFunctions() throws {
    let call = [
      Slots.mov(0, 0), Instruction(opcode: 0x85, source: 2, immediate: -1), Slots.mov(0, 2), Slots.exit,
    ]
    let error = #expect(throws: KernelError.self) {
      try KernelProgram(.test(references: [1: .kernelFunction("no_such_kfunc", weak: false)], call))
    }
    #expect(error?.message.contains("no_such_kfunc") == true)
    // A weak one that is missing stays a call that must not be reached.
    let reached = #expect(throws: KernelError.self) {
      try KernelProgram(.test(references: [1: .kernelFunction("no_such_kfunc", weak: true)], call))
    }
    #expect(reached?.rejection?.reason == "this kernel has no kfunc no_such_kfunc")
    let skipped = [Slots.mov(1, 0), Slots.branch(0x1, 1, 0, 2)] + call
    let program = try KernelProgram(
      .test(references: [3: .kernelFunction("no_such_kfunc", weak: true)], skipped))
    #expect(try program.testRun(data: Self.frame).returnValue == 2)
    if KernelSymbols.shared.function("bpf_rcu_read_lock") != nil {
      let lock = [
        Instruction(opcode: 0x85, source: 2, immediate: -1), Instruction(opcode: 0x85, source: 2, immediate: -1),
        Slots.mov(0, 1), Slots.exit,
      ]
      let program = try KernelProgram(
        .test(
          references: [
            0: .kernelFunction("bpf_rcu_read_lock", weak: false),
            1: .kernelFunction("bpf_rcu_read_unlock", weak: false),
          ], lock))
      #expect(try program.testRun(data: Self.frame).returnValue == 1)
    }
  }

  @Test("A call that the loader could not resolve is named when the verifier reaches it")
  func unresolved() throws {
    let error = #expect(throws: KernelError.self) {
      try KernelProgram(
        .test(
          references: [0: .unresolved("no function helper_of_mine")], [Slots.call(-1), Slots.mov(0, 2), Slots.exit]))
    }
    #expect(error?.rejection?.reason == "no function helper_of_mine")
    #expect(error?.rejection?.slot == 0)
  }
}
