/// Running programs on packets.
extension Machine {
  /// Runs a loaded XDP program on a frame that arrives at `timestamp`.
  /// - Parameters:
  ///   - index: What ``load(_:)`` returned.
  ///   - metadataCount: How many of the first bytes are metadata in front of the frame.
  ///   - linearCount: How many bytes are directly readable, metadata included.
  ///   - timestamp: Nanoseconds; the clock follows it, and never goes back.
  /// - Throws: ``MemoryError`` when the frame finds no room.
  @inline(__always)
  package func run(
    _ index: Int, on frame: UnsafeRawBufferPointer, metadataCount: Int = 0, linearCount: Int = .max, timestamp: UInt64,
    engine: EngineKind
  ) throws(MemoryError) -> Outcome {
    advance(to: timestamp, engine)
    try packet.receive(
      frame, metadataCount: metadataCount, linearCount: linearCount, ingress: configuration.ingressInterface,
      queue: configuration.receiveQueue)
    if _slowPath(state.pointee.runsOnSocketBuffer) {
      packet.claimContext()
      state.pointee.runsOnSocketBuffer = false
    }
    return run(index, engine: engine)
  }

  /// Takes a frame in as an skb, on which ``runSocketBuffer(_:engine:)`` then runs programs one after another: each finds what
  /// the one before it left.
  /// - Parameters:
  ///   - frame: Metadata, then the frame.
  ///   - metadataCount: How many of the first bytes are metadata, which programs find at `data_meta`.
  ///   - linearCount: How many bytes of the frame can be accessed directly, when ``SocketBufferSetup`` allows more.
  ///   - timestamp: Nanoseconds; the clock follows it, and never goes back.
  /// - Throws: ``MemoryError`` when the frame finds no room.
  package func receiveSocketBuffer(
    _ frame: UnsafeRawBufferPointer, metadataCount: Int = 0, linearCount: Int = .max, timestamp: UInt64,
    engine: EngineKind = .threaded
  ) throws(MemoryError) {
    // 0 when the frame comes from XDP: one packet, between whose programs no timer runs.
    if timestamp > 0 { advance(to: timestamp, engine) }
    try socketBuffer.receive(frame, metadataCount: metadataCount, linearCount: linearCount)
    if _slowPath(findsOwner) { findOwner() }
    if _slowPath(!state.pointee.runsOnSocketBuffer) {
      socketBuffer.claimContext()
      state.pointee.runsOnSocketBuffer = true
    }
    if _slowPath(state.pointee.hasCopies) { dropCopies() }
  }

  @inline(never)
  private func dropCopies() {
    copies.removeAll()
    state.pointee.hasCopies = false
  }

  /// Says what an skb is like that comes in from now on: ``MachineConfiguration/socketBuffer`` unless told otherwise.
  package func prepareSocketBuffer(_ setup: SocketBufferSetup) {
    let device = configuration.network.interfaces.first {
      $0.index == setup.interface ?? configuration.ingressInterface
    }
    let address = device.flatMap { $0.linkAddress == 0 ? nil : $0.linkAddress }
    socketBuffer.prepare(
      setup, interface: configuration.ingressInterface, address: configuration.deviceAddress ?? address)
  }

  /// Makes an skb of the frame that an XDP program passed, with its metadata and its linear part.
  /// - Throws: ``MemoryError`` when the frame finds no room.
  package func receiveSocketBufferFromPacket() throws(MemoryError) {
    try receiveSocketBuffer(
      packet.output, metadataCount: packet.metadataCount, linearCount: packet.end - packet.data, timestamp: 0)
  }

  /// Runs a loaded TC program on the skb that ``receiveSocketBuffer(_:metadataCount:linearCount:timestamp:engine:)`` made, as the
  /// programs before left it.
  @inline(__always)
  package func runSocketBuffer(_ index: Int, engine: EngineKind) -> Outcome {
    state.pointee.currentProgram = index
    return run(index, engine: engine)
  }

  /// Runs a loaded TC program on a frame that arrives at, or leaves at, `timestamp`.
  /// - Throws: ``MemoryError`` when the frame finds no room.
  @inline(__always)
  package func runSocketBuffer(
    _ index: Int, on frame: UnsafeRawBufferPointer, timestamp: UInt64, engine: EngineKind
  ) throws(MemoryError) -> Outcome {
    try receiveSocketBuffer(frame, timestamp: timestamp, engine: engine)
    return runSocketBuffer(index, engine: engine)
  }

  /// Sets the clock, which never goes back; what is due by then comes first.
  @inline(__always)
  private func advance(to timestamp: UInt64, _ engine: EngineKind) {
    let time = max(timestamp, state.pointee.clock)
    if _slowPath(state.pointee.nextExpiry <= time) { runDue(at: time, engine: engine) }
    state.pointee.clock = time
  }

  /// Runs a function of a program from its start, with arguments in the registers.
  func run(_ function: GuestFunction, engine: EngineKind) -> Outcome {
    let program = programs[function.program]
    return switch engine {
    case .threaded: runThreaded(UnsafeRawPointer(program.threaded.base + function.element))
    case .reference: runReference(program, from: function.element)
    }
  }

  /// Runs a loaded program on the packet and context that ``packet`` holds.
  @inline(__always)
  package func run(_ index: Int, engine: EngineKind) -> Outcome {
    begin()
    let outcome =
      switch engine {
      case .threaded: runThreaded(state.pointee.starts[index])
      case .reference: runReference(programs[index])
      }
    if _slowPath(state.pointee.hasRecords) { drainRings() }
    return _slowPath(state.pointee.hasLeftovers) ? finish(outcome, of: index) : outcome
  }

  /// Sees to what a run has left over; a lock among it is a trap, told where the program takes its first.
  @inline(never)
  func finish(_ outcome: Outcome, of program: Int) -> Outcome {
    finishKernelFunctions()
    guard !outcome.isTrapped, state.pointee.trap != nil else { return outcome }
    let element = programs[program].operations.firstIndex { $0 == .callHelper(93) }
    return trapped(outcome.instructions, program: program, slot: programs[program].slot(ofElement: element ?? 0))
  }

  /// Registers, stack and everything that lasts one run.
  @inline(__always)
  func begin() {
    state.pointee.registers = Registers()
    state.registers[1] = PacketBuffer.contextAddress
    state.registers[10] = GuestMemory.address(region: GuestMemory.stackRegion) + UInt64(CallFrame.stackBytes)
    memory.regions[GuestMemory.stackRegion].bounds = Region.bounds(count: CallFrame.stackBytes, writable: true)
    state.pointee.nextFrame = frames + 1
    state.pointee.endOfFrames = frames + CallFrame.maximum
    state.pointee.trap = nil
    state.pointee.tailCalls = 0
    state.pointee.callbackDepth = 0
    state.pointee.loopCredit = Machine.loopLimit
    redirect = nil
  }

  /// `BPF_MAX_LOOPS`: what a `may_goto` counter starts with.
  static let loopLimit = 8 << 20

  @inline(__always)
  private func runThreaded(_ start: UnsafeRawPointer) -> Outcome {
    let stride = MemoryLayout<ThreadedInstruction>.stride
    let budget = min(configuration.budget, 1 << 48)
    BPFMachine.run(
      start, UnsafeMutableRawPointer(state), Int(bitPattern: start) &+ budget &* stride,
      stack + CallFrame.stackBytes, UnsafeMutableRawPointer(memory.regions))
    let left = state.pointee.stopMark &- Int(bitPattern: state.pointee.stop) &- stride
    let executed = budget &- left / stride
    if _slowPath(state.pointee.trap != nil) { return trapped(executed) }
    return finished(executed)
  }

  /// The outcome of a run that ended with `exit`.
  @inline(__always)
  private func finished(_ executed: Int) -> Outcome {
    Outcome(
      returnValue: UInt32(truncatingIfNeeded: state.registers[0]), instructions: executed,
      isRedirected: state.pointee.redirect != nil)
  }

  /// The outcome of a run that the threaded engine stopped.
  @inline(never)
  private func trapped(_ executed: Int) -> Outcome {
    let (program, slot) = place(of: state.pointee.stop)
    return trapped(executed, program: program, slot: slot)
  }

  private func trapped(_ executed: Int, program: Int, slot: Int) -> Outcome {
    var reason = state.pointee.trap ?? .fellOffEnd
    if case .badRead(let address, let size) = reason, sockets.isKernelStructure(address) {
      reason = .kernelStructure(address: address, size: size)
    }
    lastTrap = Trap(reason: reason, slot: slot, program: program)
    return Outcome(returnValue: 0, instructions: executed, isTrapped: true)
  }

  /// What stopped the last run, if it was stopped.
  public var trap: Trap? { state.pointee.trap == nil ? nil : lastTrap }

  /// Gives a program that a tail call goes to as many calls as one that begins.
  func renewFrames() {
    state.pointee.endOfFrames = min(state.pointee.nextFrame + CallFrame.maximum - 1, frames + CallFrame.room)
  }

  /// Calls that have not returned (threaded), and where call number `depth` goes on, from 1.
  var frameDepth: Int { state.pointee.nextFrame - frames - 1 }
  func frameResume(_ depth: Int) -> UnsafeRawPointer { UnsafeRawPointer(frames[depth].resume) }

  private func place(of address: UnsafeRawPointer) -> (program: Int, slot: Int) {
    for program in programs {
      if let element = program.threaded.element(at: address) {
        return (program.index, program.slot(ofElement: element))
      }
    }
    return (0, 0)
  }

  private func runReference(_ program: LoadedProgram, from element: Int = 0) -> Outcome {
    var engine = ReferenceEngine(
      state: state, memory: memory, programs: programs, start: program, budget: configuration.budget)
    let ending = engine.run(from: element)
    guard state.pointee.trap != nil else { return finished(ending.executed) }
    return trapped(
      ending.executed, program: ending.program.index, slot: ending.program.slot(ofElement: ending.element))
  }

  /// r0 after the last run, all 64 bits.
  package var result: UInt64 { state.registers[0] }
}
