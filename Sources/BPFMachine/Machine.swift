import BPFInstructions
import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A simulated machine: guest memory, an object's maps, and loaded programs that run on packets one at a time.
///
/// Not thread-safe. Everything it does follows from its inputs: same object, packets, maps and configuration, same outcomes.
public final class Machine {
  public let configuration: MachineConfiguration
  /// The object's maps, in its order; more may follow that programs made.
  package private(set) var maps: [BPFMap] = []
  package private(set) var programs: [LoadedProgram] = []
  package let memory: GuestMemory
  package let packet: PacketBuffer
  package let socketBuffer: SocketBuffer
  /// What `bpf_clone_redirect` sent since the skb came in.
  package internal(set) var copies: [SocketBufferCopy] = []
  /// The next hop that the last `bpf_redirect_neigh` named.
  var redirectHop = RedirectHop.route
  /// Keeps those copies whole in ``sentClones``, for whoever sends them on.
  package var keepsClones = false
  package var sentClones: [SentClone] = []
  /// Nanoseconds that `bpf_ktime_get_ns` gives.
  public var clock: UInt64 {
    get { state.pointee.clock }
    set { state.pointee.clock = newValue }
  }
  /// What `bpf_trace_printk` wrote goes here, one line a call.
  public var trace: ((String) -> Void)?
  /// Samples of perf rings and records of ring buffers go here, as ``MachineConfiguration/eventReader`` reads them.
  public var events: ((MachineEvent) -> Void)?
  /// What a redirect helper noted in the last run.
  public internal(set) var redirect: Redirect? {
    get { state.pointee.redirect }
    set { state.pointee.redirect = newValue }
  }

  /// Behind `bpf_get_prandom_u32`.
  package var random: RandomState {
    get { state.pointee.random }
    set { state.pointee.random = newValue }
  }

  /// What helpers ask about the network.
  let routing: Routing
  /// Sockets that helpers find.
  let sockets: SocketTable
  /// Frames may come with a socket.
  private let findsOwner: Bool
  /// Like the frames, on a page of its own: what a run writes all the time shares no cache line with another thread's data.
  let state: StatePointer
  /// Helpers that are calling back, innermost last; as many as ``ExecutionState/callbackDepth``, more may be left over.
  var callbacks: [Callback] = []
  /// What programs allocate.
  let heap: ObjectHeap
  /// Types of the heap by program, per-CPU or not, and BTF id.
  var objectTypes: [(key: UInt64, type: Int)] = []
  /// Types of the heap that are not a program's: bytes, and connections.
  let plainType: Int
  let connectionType: Int
  /// What conntrack knows, once a program has asked.
  var connections: ConnectionTable?
  /// The `struct bpf_spin_lock` that the running program has; 0 when it has none.
  var spinLockHeld: UInt64 = 0
  /// Flows that a program has asked for, by their index.
  var flowAddresses: [Int: UInt64] = [:]
  /// The context as the kernel has it, once a program has asked.
  var kernelContext: KernelContext?
  /// Resilient locks that the running program has, by address.
  var heldLocks: [UInt64] = []
  /// Shows a frame's fragments, once a program has asked for a part of one.
  let fragmentRegion: Int
  /// For the links of a broken tree.
  let treeScratch: UnsafeMutablePointer<UInt64>
  /// The keys that callbacks see, one for each depth of callbacks and one for timers'.
  private var callbackKeys: [GuestBlock?]
  /// Where samples of user ring buffers are shown, and the dynptr that shows them.
  var sampleBlocks: (data: GuestBlock, dynptr: GuestBlock)?
  /// Timers and work items.
  let deferred = DeferredCalls()
  /// The one whose callback runs.
  var runningItem: DeferredCalls.Item?
  /// What became of them.
  var deferredCounts = DeferredReport()
  private let frames: UnsafeMutablePointer<CallFrame>
  private let stack: UnsafeMutableRawPointer
  private var constants = ConstantPool()
  private var constantValues: UnsafeMutablePointer<UInt64>
  private let stopInstruction: UnsafeMutablePointer<ThreadedInstruction>
  /// The maps again, for helpers.
  package var mapTable: UnsafeMutablePointer<Unmanaged<BPFMap>> { state.pointee.maps }
  package var mapCount: Int { state.pointee.mapCount }
  private var mapCapacity: Int
  /// What could not be done as the maps' definitions say, one line each.
  public private(set) var notes: [String] = []
  private var lastTrap: Trap?
  private var mapIndices: [String: Int] = [:]
  /// Addresses of the kernel's variables that programs name.
  var kernelVariables: [String: UInt64] = [:]

  /// A machine with the maps of `object`, each with its initial contents; programs are loaded one by one.
  /// - Throws: ``MachineError`` when a map cannot be made.
  public init(maps specs: [MapSpec], configuration: MachineConfiguration = MachineConfiguration()) throws(MachineError)
  {
    self.configuration = configuration
    routing = Routing(configuration.network, seed: configuration.seed)
    findsOwner = configuration.socketBuffer.path == .testRun || !configuration.network.sockets.isEmpty
    memory = GuestMemory()
    do {
      sockets = try SocketTable(configuration.network.sockets, memory: memory)
      packet = try PacketBuffer(memory: memory)
      socketBuffer = try SocketBuffer(memory: memory)
      stack = try memory.hostBlock(byteCount: CallFrame.room * CallFrame.stackBytes)
      callbackKeys =
        [try Machine.keyBlock(of: 1 << 16, in: memory)] + [GuestBlock?](repeating: nil, count: CallFrame.maximum)
      let frameBytes = CallFrame.room * MemoryLayout<CallFrame>.stride
      let hot = try memory.hostBlock(byteCount: frameBytes + MemoryLayout<ExecutionState>.size)
      frames = hot.bindMemory(to: CallFrame.self, capacity: CallFrame.room)
      state = (hot + frameBytes).bindMemory(to: ExecutionState.self, capacity: 1)
    } catch {
      throw MachineError(kind: .memory, message: "cannot reserve memory for packet and stack")
    }
    guard let region = memory.reserveRegions(1) else {
      throw MachineError(kind: .memory, message: "cannot reserve memory for packet and stack")
    }
    fragmentRegion = region
    heap = ObjectHeap(memory: memory)
    plainType = heap.add(ObjectType(size: 0))
    connectionType = heap.add(ObjectType(size: 0))
    treeScratch = .allocate(capacity: 3)
    stopInstruction = .allocate(capacity: 3)
    stopInstruction.initialize(repeating: ThreadedInstruction(Control.stop), count: 2)
    (stopInstruction + 2).initialize(to: ThreadedInstruction(Control.continueCallback))
    frames.initialize(
      repeating: CallFrame(saved: .zero, resume: UnsafeRawPointer(stopInstruction + 1)), count: CallFrame.room)
    constantValues = .allocate(capacity: 1)
    constantValues.initialize(to: 0)
    mapCapacity = max(specs.count, 1)
    state.initialize(
      to: ExecutionState(
        nextFrame: frames, endOfFrames: frames + CallFrame.maximum, constants: UnsafePointer(constantValues),
        machine: Unmanaged<Machine>.fromOpaque(UnsafeRawPointer(stack)), stop: UnsafeRawPointer(stopInstruction),
        target: UnsafeRawPointer(stopInstruction), maps: .allocate(capacity: max(specs.count, 1)),
        random: RandomState(seed: configuration.seed), starts: .allocate(capacity: 1),
        callbackReturns: .allocate(capacity: CallFrame.maximum),
        callbackEnd: UnsafeRawPointer(stopInstruction + 2), resumeFrame: stack))
    state.pointee.machine = Unmanaged.passUnretained(self)
    memory.setRegion(
      GuestMemory.stackRegion, base: stack, lower: GuestMemory.address(region: GuestMemory.stackRegion),
      count: CallFrame.stackBytes, writable: true)
    prepareSocketBuffer(configuration.socketBuffer)
    try addObject(maps: specs)
  }

  /// Makes the maps of one more object; programs that are loaded from now on mean these by their names.
  /// - Parameter shared: The index of a map that stands for one of the object's, such as one pinned under the same name.
  /// - Throws: ``MachineError`` when a map cannot be made.
  package func addObject(maps specs: [MapSpec], shared: (MapSpec) throws(MachineError) -> Int? = { _ in nil })
    throws(MachineError)
  {
    mapIndices = [:]
    var made: [Int] = []
    for spec in specs {
      if let index = try shared(spec) { mapIndices[spec.name] = index } else { made.append(try addMap(spec)) }
    }
    for map in made.map({ maps[$0] }) where map.type == .arrayOfMaps || map.type == .hashOfMaps { fill(map) }
  }

  deinit {
    socketBuffer.deallocate()
    heap.deallocate()
    treeScratch.deallocate()
    state.pointee.starts.deallocate()
    state.pointee.callbackReturns.deallocate()
    stopInstruction.deallocate()
    constantValues.deallocate()
    state.pointee.maps.deallocate()
  }

  /// Makes one more map, for example an inner map that user space would make.
  /// - Returns: its index.
  /// - Throws: ``MachineError`` for a definition that the kernel would refuse.
  @discardableResult
  package func addMap(_ spec: MapSpec) throws(MachineError) -> Int {
    let map: BPFMap
    do {
      map = try BPFMap.make(spec, index: maps.count, memory: memory, cpus: configuration.cpus)
    } catch {
      throw MachineError(kind: .map, message: "map \(error.map): \(error.message)")
    }
    if mapCount == mapCapacity {
      let larger = UnsafeMutablePointer<Unmanaged<BPFMap>>.allocate(capacity: mapCapacity * 2)
      larger.moveInitialize(from: mapTable, count: mapCount)
      mapTable.deallocate()
      state.pointee.maps = larger
      mapCapacity *= 2
    }
    mapIndices[spec.name] = maps.count
    maps.append(map)
    if let arena = map as? ArenaMap, state.pointee.arenaUser == 0 {
      state.pointee.arenaUser = arena.userAddress & ~0xffff_ffff
      state.pointee.arenaGuest = arena.guestAddress & ~0xffff_ffff
    }
    if map.layout.fields.contains(where: { $0.kind.ownsObjects }) { map.objects = Unmanaged.passUnretained(self) }
    (mapTable + mapCount).initialize(to: Unmanaged.passUnretained(map))
    state.pointee.mapCount += 1
    (map as? MapOfMaps).map(connect)
    (map as? MapOfMaps)?.definition = { [unowned self] number in
      number > 0 && Int(number) <= mapCount ? maps[Int(number) - 1].spec : nil
    }
    return map.index
  }

  /// Lets a map of maps make and find what it holds.
  private func connect(_ outer: MapOfMaps) {
    let names = mapIndices
    outer.find = { [unowned self] name in (names[name] ?? mapIndices[name]).map { maps[$0] } }
    outer.map = { [unowned self] number in number > 0 && Int(number) <= mapCount ? maps[Int(number) - 1] : nil }
    outer.make = { [unowned self] spec throws(MapError) in
      let known = mapIndices
      defer { mapIndices = known }
      do throws(MachineError) {
        return maps[try addMap(spec)]
      } catch {
        throw MapError(map: spec.name, errno: EINVAL, message: error.message)
      }
    }
  }

  /// What a map of maps holds for the map of that index: never 0.
  package static func mapNumber(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index + 1) }

  /// Sets the inner maps that a map's definition names.
  private func fill(_ map: BPFMap) {
    for (key, name) in map.spec.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let inner = mapIndices[name] else {
        notes.append("\(map.spec.name)[\(key)]: there is no map \(name) to put there")
        continue
      }
      do {
        try map.update(
          withUnsafeBytes(of: key.littleEndian) { Array($0) },
          [withUnsafeBytes(of: Machine.mapNumber(inner).littleEndian) { Array($0) }], flags: 0)
      } catch {
        notes.append("\(map.spec.name)[\(key)]: \(error.message)")
      }
    }
  }

  /// The map of that name.
  package func map(named name: String) -> BPFMap? { mapIndices[name].map { maps[$0] } }

  /// Loads a program: decodes it, binds its references to this machine's maps, compiles it.
  /// - Returns: its index, for ``run(_:engine:)``.
  /// - Throws: ``MachineError`` for an undefined instruction or a jump to nowhere.
  public func load(_ spec: ProgramSpec) throws(MachineError) -> Int {
    var unresolved: Set<Int> = []
    for (slot, reference) in spec.references where !canResolve(reference, in: spec) { unresolved.insert(slot) }
    let decoded: DecodedProgram
    do {
      decoded = try DecodedProgram(spec.instructions, unresolved: unresolved)
    } catch {
      throw MachineError(kind: .instruction, message: "program \(spec.name): \(error)")
    }
    let program = LoadedProgram(
      spec: spec, index: programs.count, decoded: decoded, unresolved: unresolved, constants: &constants
    ) { slot, kind, value in self.resolve(spec.references[slot], kind: kind, value: value) }
    programs.append(program)
    constantValues.deallocate()
    constantValues = .allocate(capacity: max(constants.values.count, 1))
    constantValues.initialize(from: constants.values, count: constants.values.count)
    state.pointee.constants = UnsafePointer(constantValues)
    state.pointee.starts.deallocate()
    state.pointee.starts = .allocate(capacity: programs.count)
    state.pointee.programCount = programs.count
    state.pointee.starts.initialize(from: programs.map { UnsafeRawPointer($0.threaded.base) }, count: programs.count)
    return program.index
  }

  private func canResolve(_ reference: Reference, in spec: ProgramSpec) -> Bool {
    switch reference {
    case .map(let name), .mapValue(let name, _): mapIndices[name] != nil
    case .function: true
    // A weak symbol that the kernel lacks has address 0 (libbpf), which the program tests before it uses it.
    case .kernelVariable(let name, let weak):
      weak || KernelFunctionTable.address(name) != nil || kernelVariable(name) != nil
    case .kernelFunction(let name, _): KernelFunctionTable.function(name, for: spec.type) != nil
    case .unresolved: false
    }
  }

  private func resolve(_ reference: Reference?, kind: WideImmediate, value: UInt64) -> UInt64? {
    switch reference {
    case .map(let name):
      return mapIndices[name].map { GuestMap.address(index: $0) }
    case .mapValue(let name, let offset):
      if let arena = map(named: name) as? ArenaMap { return arena.userAddress &+ UInt64(offset) }
      guard let map = map(named: name) as? ArrayMap else { return nil }
      return map.slab.guest(0) &+ UInt64(offset)
    case .function(let slot):
      _ = slot
      return nil
    case .kernelVariable(let name, let weak):
      // The address of a kfunc (bpf_ksym_exists), which is tested and never read.
      if let address = KernelFunctionTable.address(name) { return address }
      return weak ? 0 : kernelVariable(name)
    default:
      return nil
    }
  }

  private static func keyBlock(of count: Int, in memory: GuestMemory) throws(MemoryError) -> GuestBlock {
    try memory.allocate(byteCount: count, stride: count, access: .readOnly)
  }

  /// Copies a key to where callbacks of that depth see it, readable to its end and no further.
  /// - Returns: its guest address; 0 when no memory can be had.
  func presentKey(_ key: UnsafeRawBufferPointer, depth: Int) -> UInt64 {
    if callbackKeys[depth].map({ $0.byteCount < key.count }) ?? true {
      callbackKeys[depth] = try? Machine.keyBlock(of: max(key.count, 512), in: memory)
    }
    guard let block = callbackKeys[depth], let source = key.baseAddress else { return 0 }
    block.host.copyMemory(from: source, byteCount: key.count)
    memory.regions[block.firstRegion].bounds = Region.bounds(count: key.count, writable: false)
    return block.address
  }

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

/// A machine or a program that cannot be set up.
public struct MachineError: Error, Hashable, Sendable {
  public var kind: Kind
  /// What, where, and what to do, in one line.
  public var message: String

  public init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  /// What failed.
  public enum Kind: Hashable, Sendable {
    case memory
    case map
    case instruction
  }
}
