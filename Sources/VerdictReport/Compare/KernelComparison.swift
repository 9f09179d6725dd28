import BPFMachine
import BPFObject
import Capture
import Datapath

/// Runs a program on the simulator and on another backend, the kernel, in lockstep on the same frames.
///
/// The simulator's clock follows the other side's: a frame's time stamp is not used. What cannot be steered in the other side is
/// varied in further simulators (``variations``), whose answers are the evidence for a ``DivergenceCause``.
public final class KernelComparison {
  /// The simulator.
  public let simulator: any Backend
  /// The backend that it is held against.
  public let kernel: any Backend
  /// Simulators that differ in one thing.
  public let variations: [Variation]
  /// Packets to run at most; nil for all.
  public var limit: Int?
  /// Takes a line a packet, when set.
  public var packetLog: ComparisonLog?
  /// Elements of the kernel's maps that were put there for want of the real ones, by map.
  public var standIns: [String: Set<[UInt8]>] = [:]
  /// Stops the run early, from a signal handler or another thread.
  public let interruption: Interruption
  /// The clock that the kernel has too.
  let clock: () -> UInt64
  private let types: TypeInfo?
  private var outcomes: [Outcome] = []

  /// Why the maps are known to have come apart, and since which packet.
  private(set) var apart: (packet: Int, cause: DivergenceCause)?
  private var mapChecks = 0
  /// When the last packet was run; nil before the first.
  private var lastTime: UInt64?
  private static let mapCheckLimit = 16

  /// A comparison of backends that run the same program with equal maps.
  ///
  /// - Parameter types: the object's own, for the contents of maps.
  public init(
    simulator: any Backend, kernel: any Backend, variations: [Variation], types: TypeInfo?,
    interruption: Interruption = Interruption(), clock: @escaping () -> UInt64 = SystemClock.monotonic
  ) {
    self.simulator = simulator
    self.kernel = kernel
    self.variations = variations
    self.types = types
    self.interruption = interruption
    self.clock = clock
  }

  /// Runs the frames of `source` to its end, to a fault, or to ``limit``. A fault ends the run; what was found stands.
  public func run(_ source: some FrameSource, named capture: String) -> KernelComparisonResult {
    var report = ComparisonReport(program: simulator.program.name, hook: simulator.hook, capture: capture)
    var faults: [ReplayFault] = []
    let watch = ContinuousClock()
    let start = watch.now
    do throws(ReplayFault) {
      while report.packets < UInt64(limit ?? .max) {
        guard !interruption.isRequested else { throw .interrupted }
        guard let frame = try Self.next(source) else { break }
        try run(frame, &report)
      }
    } catch {
      faults.append(error)
    }
    settle()
    compareMaps(&report)
    report.elapsed = watch.now - start
    report.notes += source.notes
    if let packetLog {
      do { try packetLog.finish() } catch { faults.append(.output(error)) }
    }
    if let fault = faults.first(where: \.endsRun) {
      report.partial = "after \(Format.count(report.packets, "packet")): \(fault)"
    }
    return KernelComparisonResult(report: report, faults: faults)
  }

  private static func next(_ source: some FrameSource) throws(ReplayFault) -> Frame? {
    do { return try source.next() } catch { throw .capture(error) }
  }

  private func run(_ frame: Frame, _ report: inout ComparisonReport) throws(ReplayFault) {
    let before = clock()
    let theirs: Outcome
    do {
      theirs = try kernel.run(frame)
    } catch {
      guard error.isFrameLimit else { throw .backend(error) }
      // Neither side runs the frame, so that both keep equal maps.
      report.packets += 1
      report.skipped += 1
      if report.firstSkipped == nil { report.firstSkipped = error.message }
      try log { log throws(OutputError) in try log.record(frame, skipped: error.message) }
      return
    }
    let time = before...max(before, clock())
    lastTime = time.upperBound
    let ours: Outcome
    do throws(BackendError) {
      ours = try simulator.run(frame.at(Variation.middle(time)))
      outcomes.removeAll(keepingCapacity: true)
      for variation in variations { outcomes.append(try variation.backend.run(frame.at(variation.clock(time)))) }
    } catch {
      throw .backend(error)
    }
    report.packets += 1
    guard !agree(ours, theirs) else {
      report.agreed += 1
      try log { log throws(OutputError) in
        try log.record(frame, ComparisonLog.Side(simulator, ours), ComparisonLog.Side(kernel, theirs), causes: [])
      }
      return
    }
    var divergence = Divergence(frame, left: .init(simulator, ours), right: .init(kernel, theirs))
    classify(&divergence, ours)
    report.add(divergence)
    try log { log throws(OutputError) in
      try log.record(
        frame, ComparisonLog.Side(divergence.left), ComparisonLog.Side(divergence.right), causes: divergence.causes)
    }
  }

  private func log(_ body: (ComparisonLog) throws(OutputError) -> Void) throws(ReplayFault) {
    guard let packetLog else { return }
    do { try body(packetLog) } catch { throw .output(error) }
  }

  private func agree(_ ours: Outcome, _ theirs: Outcome) -> Bool {
    guard ours.returnValue == theirs.returnValue, !ours.isTrapped,
      simulator.outputMetadataLength == kernel.outputMetadataLength, simulator.output.isSame(kernel.output)
    else { return false }
    let context = simulator.contextOut
    return context.isEmpty || kernel.contextOut.isEmpty || context == kernel.contextOut
  }

  // MARK: Causes

  private func classify(_ divergence: inout Divergence, _ ours: Outcome) {
    if ours.isTrapped {
      guard let trap = simulator.trap, trap.reason.isNotSimulated else {
        divergence.causes = [.fault]
        return
      }
      divergence.causes = [.notSimulated]
      if mapsDiffer() { apart = (divergence.packet, .notSimulated) }
      return
    }
    var causes: [DivergenceCause] = []
    var isExplained = true
    func explain(_ isAnswered: (Int) -> Bool) {
      let found = DivergenceCause.varied.first { cause in
        variations.indices.contains { variations[$0].cause == cause && !outcomes[$0].isTrapped && isAnswered($0) }
      }
      if let found {
        if !causes.contains(found) { causes.append(found) }
      } else {
        isExplained = false
      }
    }
    if divergence.hasOtherVerdict {
      let wanted = UInt32(bitPattern: divergence.right.verdict.code)
      explain { outcomes[$0].returnValue == wanted }
    }
    if divergence.hasOtherContext {
      if let cause = causeOfContext(divergence.left.context, divergence.right.context) {
        if !causes.contains(cause) { causes.append(cause) }
      } else {
        isExplained = false
      }
    }
    if divergence.hasOtherOutput, let cause = causeOfOutput() {
      if !causes.contains(cause) { causes.append(cause) }
    } else if divergence.hasOtherOutput {
      isExplained = false
    }
    if isExplained {
      divergence.causes = causes
      return
    }
    if apart == nil, evictionsDiffer() { apart = (divergence.packet, .eviction) }
    if let apart {
      divergence.causes = [apart.cause]
      if apart.packet != divergence.packet { divergence.follows = apart.packet }
    } else {
      divergence.causes = [.fault]
    }
  }

  /// The cause whose variations leave the kernel's context, or differ from the simulator's in every word in which the kernel's
  /// does: a field that holds a time is never the kernel's to the nanosecond.
  private func causeOfContext(_ ours: [UInt8], _ theirs: [UInt8]) -> DivergenceCause? {
    func words(_ context: [UInt8], apartFrom other: [UInt8]) -> Set<Int> {
      Set((0..<min(context.count, other.count)).filter { context[$0] != other[$0] }.map { $0 / 4 })
    }
    guard ours.count == theirs.count else { return nil }
    let wanted = words(theirs, apartFrom: ours)
    return DivergenceCause.varied.first { cause in
      let contexts = variations.indices
        .filter { variations[$0].cause == cause && !outcomes[$0].isTrapped }.map { variations[$0].backend.contextOut }
      let varied = contexts.reduce(into: Set<Int>()) { $0.formUnion(words($1, apartFrom: ours)) }
      return contexts.contains(theirs) || !contexts.isEmpty && wanted.isSubset(of: varied)
    }
  }

  /// The cause whose variations leave the kernel's frame, or differ from the simulator's frame wherever the kernel's does.
  private func causeOfOutput() -> DivergenceCause? {
    let theirs = kernel.output
    let ours = simulator.output
    let length = simulator.outputMetadataLength
    return DivergenceCause.varied.first { cause in
      let group = variations.indices.filter { variations[$0].cause == cause && !outcomes[$0].isTrapped }
        .map { variations[$0].backend }
      if group.contains(where: {
        $0.outputMetadataLength == kernel.outputMetadataLength && $0.output.isSame(theirs)
      }) {
        return true
      }
      guard ours.count == theirs.count, length == kernel.outputMetadataLength else { return false }
      let others = group.filter { $0.outputMetadataLength == length && $0.output.count == ours.count }.map(\.output)
      guard !others.isEmpty else { return false }
      return Self.runs(ours, theirs).allSatisfy { run in
        run.contains { index in others.contains { $0[index] != ours[index] } }
      }
    }
  }

  /// Where two frames of one length differ.
  private static func runs(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var index = 0
    while index < left.count {
      let start = index
      while index < left.count, left[index] != right[index] { index += 1 }
      if index > start { runs.append(start..<index) } else { index += 1 }
    }
    return runs
  }

  /// Timers that the kernel has run since the last packet are due on the other side too.
  private func settle() {
    guard let lastTime else { return }
    let passed = clock() &- lastTime
    for backend in [simulator] + variations.map(\.backend) { backend.settle(for: passed) }
  }

  // MARK: Maps

  /// Whether the contents of any map differ now; asked a few times only, since it reads all of them.
  private func mapsDiffer() -> Bool {
    guard apart == nil, mapChecks < Self.mapCheckLimit else { return false }
    mapChecks += 1
    return mapPairs.contains { ours, theirs in
      let difference = try? MapDifference(
        ours, theirs, variations: [], types: nil, ignoring: standIns[ours.spec.name] ?? [])
      return difference != nil
    }
  }

  /// Whether an LRU map that was full holds other elements than the kernel's.
  private func evictionsDiffer() -> Bool {
    mapPairs.contains { ours, theirs in
      guard ours is HashMap, let mine = try? ours.entries(), let other = try? theirs.entries(),
        MapDifference.wasFull(ours, elements: max(mine.count, other.count))
      else { return false }
      return Set(mine.map(\.key)) != Set(other.map(\.key))
    }
  }

  private var mapPairs: [(any MapAccess, any MapAccess)] {
    simulator.maps.compactMap { map in
      kernel.maps.first { $0.spec.name == map.spec.name }.map { (map, $0) }
    }
  }

  private func compareMaps(_ report: inout ComparisonReport) {
    for (ours, theirs) in mapPairs where !ours.spec.isReadOnly {
      let name = ours.spec.name
      if let reason = MapDifference.obstacle(to: ours.spec) {
        report.uncomparedMaps.append("\(name): \(reason)")
        continue
      }
      do throws(MapError) {
        let varied = variations.compactMap { variation in
          variation.backend.maps.first { $0.spec.name == name }.map { (variation.cause, $0) }
        }
        report.comparedMaps += 1
        guard
          var difference = try MapDifference(
            ours, theirs, variations: varied, types: types, ignoring: standIns[name] ?? [])
        else { continue }
        if let apart { difference.settle(for: apart.cause) }
        report.maps.append(difference)
      } catch {
        report.uncomparedMaps.append("\(name): \(error.message)")
      }
    }
  }
}

extension Frame {
  /// The frame at another time.
  fileprivate func at(_ time: UInt64) -> Frame {
    Frame(bytes: bytes, wireLength: wireLength, timestamp: time, number: number, interface: interface)
  }
}

extension Trap.Reason {
  /// True where the simulator lacks something, and the program is not to blame.
  fileprivate var isNotSimulated: Bool {
    switch self {
    case .unknownHelper, .unknownKernelFunction, .unresolvedReference, .kernelStructure: true
    default: false
    }
  }
}

extension UnsafeRawBufferPointer {
  /// True when both hold the same bytes.
  func isSame(_ other: UnsafeRawBufferPointer) -> Bool { count == other.count && elementsEqual(other) }
}
