import BPFObject

/// A simulated machine: guest memory, an object's maps, and loaded programs that run on packets one at a time.
///
/// Not thread-safe. Everything it does follows from its inputs: same object, packets, maps and configuration, same outcomes.
public final class Machine {
  public let configuration: MachineConfiguration
  /// The object's maps, in its order; more may follow that programs made.
  package internal(set) var maps: [BPFMap] = []
  package internal(set) var programs: [LoadedProgram] = []
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
  let findsOwner: Bool
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
  var callbackKeys: [GuestBlock?]
  /// Where samples of user ring buffers are shown, and the dynptr that shows them.
  var sampleBlocks: (data: GuestBlock, dynptr: GuestBlock)?
  /// Timers and work items.
  let deferred = DeferredCalls()
  /// The one whose callback runs.
  var runningItem: DeferredCalls.Item?
  /// What became of them.
  var deferredCounts = DeferredReport()
  let frames: UnsafeMutablePointer<CallFrame>
  let stack: UnsafeMutableRawPointer
  var constants = ConstantPool()
  var constantValues: UnsafeMutablePointer<UInt64>
  let stopInstruction: UnsafeMutablePointer<ThreadedInstruction>
  /// The maps again, for helpers.
  package var mapTable: UnsafeMutablePointer<Unmanaged<BPFMap>> { state.pointee.maps }
  package var mapCount: Int { state.pointee.mapCount }
  var mapCapacity: Int
  /// What could not be done as the maps' definitions say, one line each.
  public internal(set) var notes: [String] = []
  var lastTrap: Trap?
  var mapIndices: [String: Int] = [:]
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
}
