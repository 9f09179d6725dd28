import BPFMachine
import BPFObject
import Capture

/// The hooks of one or several devices, and the way of a packet past them: XDP, tcx links, clsact filters with their actions, and
/// what follows a verdict (net/core/dev.c, __netif_receive_skb_core and __dev_queue_xmit).
///
/// All objects live in one machine: an skb stays where it is from one program to the next, and clock, random numbers and maps are
/// those of one system. Each object has maps of its own; maps that two objects pin by the same name are one.
public final class PacketPath: Backend {
  /// The first program on the way.
  public let program: ProgramSpec
  public let hook = Hook.chain
  public let machine: Machine
  /// Every program and action that is attached, in the order in which a packet would meet them, device by device.
  public let links: [PathLink]
  /// What could not be done as an object says, one line each.
  public let notes: [String]
  let spec: PathSpec
  let engine: EngineKind
  let devices: [PathDevice]
  let objects: [PathObject]
  let counters: LinkCounters
  let entry: PathDevice
  private let entersEgress: Bool
  /// ifindex of every device that there is; nil where nobody said which there are.
  let knownDevices: Set<UInt32>?
  /// The one program, where nothing but an XDP program is attached.
  let onlyXDP: RunLink?
  /// What is attached where frames come to, in reach.
  private let entryXDP: RunLink?
  private let entryLinks: UnsafeBufferPointer<RunLink>
  private let entryFilters: RunFilters

  // MARK: The packet in hand

  let state = UnsafeMutablePointer<PathState>.allocate(capacity: 1)
  let totals = UnsafeMutablePointer<PathTotals>.allocate(capacity: 1)
  /// Steps of the packet, or of the copy, in hand.
  var steps: [Journey.Step] = []
  /// The copies of the packet in hand.
  var copies: [Journey] = []
  /// What came in and waits, in order.
  var backlog: [Waiting] = []
  /// The packet as its own way ended, where copies were taken in after it.
  var kept: (bytes: [UInt8], metadata: Int)?
  var lastTrap: Trap?
  var frameOut: [UInt8] = []

  // MARK: All packets

  /// Packets and copies by where they ended, other than where they came in.
  public var ends: [Journey.End: UInt64] {
    flushEnds()
    return countedEnds
  }
  private var countedEnds: [Journey.End: UInt64] = [:]
  /// Copies that were sent, of all packets.
  public internal(set) var copyCount: UInt64 = 0

  /// Sets up a machine with every object's maps, and loads what is attached.
  /// - Throws: ``BackendError`` for a name that there is not, and for what the kernel would refuse.
  public init(
    _ spec: PathSpec, engine: EngineKind = .threaded, configuration: MachineConfiguration = MachineConfiguration()
  ) throws(BackendError) {
    self.spec = spec
    self.engine = engine
    state.initialize(to: PathState())
    totals.initialize(to: PathTotals())
    entersEgress = spec.direction == .egress
    var configuration = configuration
    let made = spec.devices.map { PathDevice(spec: $0) }
    guard let entry = made.first(where: { $0.spec.name == spec.entry }) else {
      throw BackendError(message: "there is no device \(spec.entry) for frames to come to")
    }
    self.entry = entry
    let others = configuration.network.interfaces.map(\.index)
    knownDevices = others.isEmpty ? nil : Set(others + made.map(\.index))
    configuration.ingressInterface = entry.index
    configuration.deviceAddress = entry.spec.address ?? configuration.deviceAddress
    configuration.socketBuffer.path = entersEgress ? .egress : .ingress
    // The receive path takes a tag out of the frame whatever the device does.
    if !entersEgress { configuration.socketBuffer.takesTag = true }
    let loader = try PathLoader(spec, devices: made, configuration: configuration)
    machine = loader.machine
    program = loader.firstProgram
    objects = loader.objects
    links = loader.links
    notes = loader.notes
    devices = made
    counters = LinkCounters(links: links.count)
    machine.keepsClones = true
    onlyXDP = links.count == 1 && !entersEgress && !entry.spec.isGenericXDP ? entry.xdp : nil
    entryXDP = entersEgress ? nil : entry.xdp
    entryLinks = entersEgress ? entry.tcxEgress : entry.tcxIngress
    entryFilters = entersEgress ? entry.egress : entry.ingress
  }

  deinit {
    state.deallocate()
    totals.deallocate()
  }

  /// The names of the programs, in the order of ``links``.
  public var title: String {
    let names = links.filter { $0.object != nil }.map(\.name)
    return names.isEmpty ? program.name : names.joined(separator: ", ")
  }

  /// How often link number `index` ran and decided.
  public func count(ofLink index: Int) -> LinkCount { counters.count(index) }

  // MARK: Running

  @inline(__always)
  public func run(_ frame: Frame) throws(BackendError) -> Outcome {
    if let onlyXDP { return try runXDPAlone(onlyXDP, frame) }
    return try runAll(frame)
  }

  /// Nothing but one XDP program: what a plain run costs, and a few additions.
  @inline(__always)
  private func runXDPAlone(_ run: RunLink, _ frame: Frame) throws(BackendError) -> Outcome {
    var outcome: Outcome
    do {
      outcome = try machine.run(run.program, on: frame.bytes, timestamp: frame.timestamp, engine: engine)
    } catch {
      throw noRoom(frame)
    }
    let code = outcome.returnValue
    // A verdict other than a redirect is its fate's number already.
    if _fastPath(code < 4 && !outcome.isTrapped && !totals.pointee.keepsSteps) {
      counters.ran(run.link, Int32(bitPattern: code))
      counters.decided(run.link)
      totals.pointee.codeAlone = Int32(bitPattern: code)
      outcome.isRedirected = false
      return outcome
    }
    totals.pointee.codeAlone = -1
    begin()
    totals.pointee.instructions = outcome.instructions
    counters.ran(run.link, Int32(bitPattern: code))
    finish(finishXDP(run, outcome))
    return ended()
  }

  @inline(__always)
  private func runAll(_ frame: Frame) throws(BackendError) -> Outcome {
    begin()
    do {
      finish(entersEgress ? try leave(frame) : try arrive(frame))
    } catch {
      throw noRoom(frame)
    }
    return ended()
  }

  private func noRoom(_ frame: Frame) -> BackendError {
    BackendError(message: "packet \(frame.number): cannot reserve \(frame.bytes.count) bytes for the frame")
  }

  @inline(__always)
  func begin() {
    if _slowPath(totals.pointee.hasDetails) { forgetDetails() }
    state.pointee = PathState()
    totals.pointee.instructions = 0
    totals.pointee.hasTrapped = false
  }

  @inline(never)
  private func forgetDetails() {
    steps.removeAll(keepingCapacity: true)
    copies.removeAll()
    totals.pointee.copies = 0
    totals.pointee.hasDetails = false
    kept = nil
  }

  /// The packet's, or the copy's, way has come to its end, or goes on later.
  @inline(__always)
  func finish(_ fate: Fate) {
    if _slowPath(state.pointee.isWaiting) { return }
    state.pointee.fate = fate
    if decider >= 0 { counters.decided(decider) }
    if _slowPath(fate != .pass) { noteEnd() }
    if _slowPath(state.pointee.copy != nil), let copy = state.pointee.copy { copies[copy] = journeyInHand }
  }

  private func noteEnd() {
    let end = state.pointee.end
    if end == .here { return }
    if _slowPath(end != totals.pointee.lastEnd) {
      flushEnds()
      totals.pointee.lastEnd = end
    }
    totals.pointee.lastEndCount &+= 1
  }

  /// A program that redirects to any number of devices does not grow the memory.
  private func flushEnds() {
    let (end, count) = (totals.pointee.lastEnd, totals.pointee.lastEndCount)
    totals.pointee.lastEndCount = 0
    guard count > 0 else { return }
    countedEnds[countedEnds.count < 1000 || countedEnds[end] != nil ? end : .elsewhere, default: 0] += count
  }

  /// The way of the packet, or of the copy, in hand.
  var journeyInHand: Journey {
    var journey = Journey()
    journey.steps = steps
    journey.fate = state.pointee.fate
    journey.decider = decider < 0 ? nil : decider
    journey.end = state.pointee.end
    return journey
  }

  @inline(__always)
  private func ended() -> Outcome {
    if _slowPath(totals.pointee.copies > 0) {
      if !isWaiting { keepOutput() }
      emptyBacklog()
    }
    return Outcome(
      returnValue: UInt32(bitPattern: state.pointee.fate.rawValue), instructions: totals.pointee.instructions,
      isTrapped: totals.pointee.hasTrapped, isRedirected: state.pointee.fate == .redirect)
  }

  /// Keeps a step of the way in hand.
  @inline(__always)
  func note(_ link: Int, _ code: Int32) {
    if _slowPath(totals.pointee.keepsSteps) {
      steps.append(Journey.Step(link: link, code: code))
      totals.pointee.hasDetails = true
    }
  }

  /// The frame comes in from the wire.
  private func arrive(_ frame: Frame) throws(MemoryError) -> Fate {
    if let xdp = entryXDP {
      let outcome = try machine.run(xdp.program, on: frame.bytes, timestamp: frame.timestamp, engine: engine)
      totals.pointee.instructions = outcome.instructions
      counters.ran(xdp.link, Int32(bitPattern: outcome.returnValue))
      let fate = finishXDP(xdp, outcome)
      if fate == .tx, entry.spec.isGenericXDP { return try sendBack(entry) }
      guard fate == .pass, machine.packet.count >= 14 else { return fate }
      if entryLinks.isEmpty, entryFilters.isEmpty { return .pass }
      try machine.receiveSocketBufferFromPacket()
    } else {
      try machine.receiveSocketBuffer(frame.bytes, timestamp: frame.timestamp, engine: engine)
    }
    isSocketBuffer = true
    let code = verdict(entryLinks, entryFilters)
    return _fastPath(code == .ok || code == .unspec) ? .pass : carryOut(code, at: entry)
  }

  /// The frame comes from the stack, on its way out.
  private func leave(_ frame: Frame) throws(MemoryError) -> Fate {
    try machine.receiveSocketBuffer(frame.bytes, timestamp: frame.timestamp, engine: engine)
    isSocketBuffer = true
    atIngress = false
    return carryOut(verdict(entryLinks, entryFilters), at: entry)
  }

  /// What an XDP verdict came to, where the packet is still in a driver's buffer.
  private func finishXDP(_ run: RunLink, _ outcome: Outcome) -> Fate {
    let code = Int32(bitPattern: outcome.returnValue)
    note(run.link, code)
    if _slowPath(outcome.isTrapped) { return stop() }
    return xdpFate(run, code)
  }

  /// A trap ends the packet's way.
  func stop() -> Fate {
    isStopped = true
    totals.pointee.hasTrapped = true
    lastTrap = machine.trap
    current.end = .lost(.stopped)
    decider = -1
    return .aborted
  }

  /// The fate that an XDP verdict means; a redirect is done.
  func xdpFate(_ run: RunLink, _ code: Int32) -> Fate {
    decider = run.link
    switch code {
    case 1: return .drop
    case 2: return .pass
    case 3: return .tx
    case 4:
      // xdp_do_redirect without a target: EINVAL, and the driver drops the frame.
      guard let target = machine.redirect else { return lost(.noTarget) }
      done = target
      guard case .interface(let index, _) = target else {
        current.end = .target
        return .redirect
      }
      guard isThere(index) else { return lost(.noDevice) }
      current.end = .device(index, .egress)
      return .redirect
    default: return .aborted
    }
  }

  /// The packet is dropped for want of something.
  func lost(_ loss: Journey.Loss) -> Fate {
    current.end = .lost(loss)
    return .drop
  }
}
