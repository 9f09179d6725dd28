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
  public internal(set) var links: [PathLink] = []
  /// What could not be done as an object says, one line each.
  public internal(set) var notes: [String] = []
  /// Keeps every step of a packet's way, for who asks for ``journey``.
  public var keepsSteps = false

  let spec: PathSpec
  let engine: EngineKind
  var devices: [PathDevice] = []
  var objects: [PathObject] = []
  var counters = LinkCounters(links: 0)
  let entry: PathDevice
  private let entersEgress: Bool
  /// The one program, where nothing but an XDP program is attached.
  private var onlyXDP: RunLink?

  // MARK: The packet in hand

  /// The way of the packet, or of the copy, in hand.
  var current = Journey()
  /// Instructions that the packet took so far.
  var instructions = 0
  /// Who has the last word so far: the link, or -1.
  var decider = -1
  /// What a redirect helper noted and nobody took up yet (`bpf_redirect_info`).
  var pending: Redirect?
  /// The target of the redirect that was done.
  var done: Redirect?
  /// A program was stopped by a trap.
  var isStopped = false
  /// The packet is on the way in.
  var atIngress = true
  /// Sends within sends (`dev_xmit_recursion`).
  var transmitDepth = 0
  /// act_mirred within act_mirred.
  var mirredDepth = 0
  /// From one device to the next.
  var hops = 0
  /// Packets and copies by where they ended, other than where they came in.
  public internal(set) var ends: [Journey.End: UInt64] = [:]
  /// Copies that were sent, of all packets.
  public internal(set) var copyCount: UInt64 = 0
  /// The copies of the packet in hand.
  var copies: [Journey] = []
  /// Which of them is in hand; nil for the packet itself.
  var copyInHand: Int?
  /// What came in and waits, in order.
  var backlog: [Waiting] = []
  /// The packet or copy in hand has gone there.
  var isWaiting = false
  /// The packet as its own way ended, where copies were taken in after it.
  private var kept: (bytes: [UInt8], metadata: Int)?
  /// The packet is an skb, not in a driver's buffer.
  var isSocketBuffer = false
  private var lastTrap: Trap?
  private var frameOut: [UInt8] = []

  /// Sets up a machine with every object's maps, and loads what is attached.
  /// - Throws: ``BackendError`` for a name that there is not, and for what the kernel would refuse.
  public init(
    _ spec: PathSpec, engine: EngineKind = .threaded, configuration: MachineConfiguration = MachineConfiguration()
  ) throws(BackendError) {
    self.spec = spec
    self.engine = engine
    entersEgress = spec.direction == .egress
    var configuration = configuration
    let made = spec.devices.map { PathDevice(spec: $0) }
    guard let entry = made.first(where: { $0.spec.name == spec.entry }) else {
      throw BackendError(message: "there is no device \(spec.entry) for frames to come to")
    }
    self.entry = entry
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
    if links.count == 1, !entersEgress, !entry.spec.isGenericXDP { onlyXDP = entry.xdp }
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
    let code = Int32(bitPattern: outcome.returnValue)
    counters.ran(run.link, code)
    // A verdict other than a redirect is its fate's number already.
    if _fastPath(code != 4 && code >= 0 && code <= 3 && !keepsSteps) {
      if _fastPath(!outcome.isTrapped) { counters.decided(run.link) }
      if _slowPath(isSocketBuffer || current.fate.rawValue != code || decider != run.link) { remember(run, code) }
      outcome.isRedirected = false
      return outcome
    }
    begin()
    instructions = outcome.instructions
    finish(finishXDP(run, outcome))
    return ended()
  }

  private func remember(_ run: RunLink, _ code: Int32) {
    begin()
    decider = run.link
    current.decider = run.link
    current.fate = Fate(rawValue: code) ?? .aborted
  }

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

  private func begin() {
    current.steps.removeAll(keepingCapacity: true)
    if _slowPath(!copies.isEmpty) {
      current.copies = []
      copies.removeAll()
      kept = nil
    }
    isWaiting = false
    current.end = .here
    current.decider = nil
    instructions = 0
    decider = -1
    pending = nil
    done = nil
    isStopped = false
    transmitDepth = 0
    mirredDepth = 0
    hops = 0
    isSocketBuffer = false
  }

  /// The packet's, or the copy's, way has come to its end, or goes on later.
  func finish(_ fate: Fate) {
    if isWaiting { return }
    current.fate = fate
    current.decider = decider < 0 ? nil : decider
    if decider >= 0 { counters.decided(decider) }
    if current.end != .here { ends[current.end, default: 0] += 1 }
    if let copyInHand { copies[copyInHand] = current }
  }

  private func ended() -> Outcome {
    if _slowPath(!copies.isEmpty) {
      if !isWaiting { keepOutput() }
      emptyBacklog()
      current.copies = copies
    }
    return Outcome(
      returnValue: UInt32(bitPattern: current.fate.rawValue), instructions: instructions, isTrapped: isStopped,
      isRedirected: current.fate == .redirect)
  }

  /// The frame comes in from the wire.
  private func arrive(_ frame: Frame) throws(MemoryError) -> Fate {
    atIngress = true
    if let xdp = entry.xdp {
      let outcome = try machine.run(xdp.program, on: frame.bytes, timestamp: frame.timestamp, engine: engine)
      instructions = outcome.instructions
      counters.ran(xdp.link, Int32(bitPattern: outcome.returnValue))
      let fate = finishXDP(xdp, outcome)
      if fate == .tx, entry.spec.isGenericXDP { return try sendBack(entry) }
      guard fate == .pass, machine.packet.count >= 14 else { return fate }
      if entry.tcxIngress.isEmpty, entry.ingress.isEmpty { return .pass }
      try machine.receiveSocketBufferFromPacket()
    } else {
      try machine.receiveSocketBuffer(frame.bytes, timestamp: frame.timestamp, engine: engine)
    }
    isSocketBuffer = true
    return ingress(entry)
  }

  /// The frame comes from the stack, on its way out.
  private func leave(_ frame: Frame) throws(MemoryError) -> Fate {
    try machine.receiveSocketBuffer(frame.bytes, timestamp: frame.timestamp, engine: engine)
    isSocketBuffer = true
    return egress(entry)
  }

  /// What an XDP verdict came to, where the packet is still in a driver's buffer.
  private func finishXDP(_ run: RunLink, _ outcome: Outcome) -> Fate {
    let code = Int32(bitPattern: outcome.returnValue)
    if keepsSteps { current.steps.append(Journey.Step(link: run.link, code: code)) }
    if _slowPath(outcome.isTrapped) { return stop() }
    return xdpFate(run, code)
  }

  /// A trap ends the packet's way.
  func stop() -> Fate {
    isStopped = true
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

  // MARK: What the last packet came to

  /// The way of the last packet; its steps only with ``keepsSteps``.
  public var journey: Journey? { current }
  public var trap: Trap? { isStopped ? lastTrap : onlyXDP != nil ? machine.trap : nil }
  public var redirect: Redirect? { done }
  public var maps: [any MapAccess] { machine.maps }

  /// The frame as it was when its way ended, the tag beside it put back in.
  public var output: UnsafeRawBufferPointer {
    // The array is kept, and nothing changes it before the next run.
    if _slowPath(kept != nil), let bytes = kept?.bytes { return bytes.withUnsafeBytes { $0 } }
    return outputInHand
  }

  /// Copies are taken in after the packet, in the same buffers.
  func keepOutput() { kept = ([UInt8](outputInHand), isSocketBuffer ? 0 : machine.packet.metadataCount) }

  private var outputInHand: UnsafeRawBufferPointer {
    guard isSocketBuffer else { return machine.packet.output }
    let buffer = machine.socketBuffer
    guard let tag = buffer.tag, buffer.count >= 12 else { return buffer.output }
    frameOut.removeAll(keepingCapacity: true)
    frameOut.append(contentsOf: buffer.output[..<12])
    for word in [tag.protocolNumber, tag.control] {
      frameOut.append(UInt8(word >> 8))
      frameOut.append(UInt8(word & 0xff))
    }
    frameOut.append(contentsOf: buffer.output[12...])
    // The array is kept, and nothing changes it before the next run.
    return frameOut.withUnsafeBytes { $0 }
  }

  public func settle(for duration: UInt64) { machine.settle(for: duration, engine: engine) }

  public var deferredReport: DeferredReport? { machine.deferredReport }

  public var outputMetadataLength: Int { kept?.metadata ?? (isSocketBuffer ? 0 : machine.packet.metadataCount) }

  public func describe(_ trap: Trap) -> TrapDescription { machine.describe(trap) }

  public func describe(_ redirect: Redirect) -> String {
    guard case .interface(let index, let ingress) = redirect, let device = device(index) else {
      return machine.describe(redirect)
    }
    return "\(device.spec.name)\(ingress ? " ingress" : "")"
  }

  /// What a prog_array takes for a program of that name of any object, the first object's before the others'.
  public func programNumber(named name: String) -> UInt32? {
    objects.lazy.compactMap { $0.programs[name] }.first.map(Machine.programNumber)
  }

  /// The same for one object.
  public func programNumber(named name: String, in object: String) -> UInt32? {
    objects.first { $0.name == object }?.programs[name].map(Machine.programNumber)
  }

  public func programName(number: UInt32) -> String? {
    machine.programs.first { Machine.programNumber($0.index) == number }?.spec.name
  }

  /// The objects' names, in order.
  public var objectNames: [String] { objects.map(\.name) }

  /// The object's types, for its maps.
  public func types(of object: String) -> TypeInfo? { spec.objects.first { $0.name == object }?.file.types }

  /// The maps of one object, in its order.
  public func maps(of object: String) -> [any MapAccess] {
    objects.first { $0.name == object }?.maps.map { machine.maps[$0] } ?? []
  }

  /// The device of that ifindex; nil when the set-up has none.
  func device(_ index: UInt32) -> PathDevice? { devices.first { $0.index == index } }

  /// The name of the device that frames come in by, or leave by.
  public var entryName: String { entry.spec.name }

  /// The name of the device of that ifindex, or its number.
  public func deviceName(_ index: UInt32) -> String { device(index)?.spec.name ?? "ifindex \(index)" }

  /// Whether there is a device of that ifindex at all.
  func isThere(_ index: UInt32) -> Bool {
    device(index) != nil || machine.configuration.network.interface(index) != nil
  }
}
