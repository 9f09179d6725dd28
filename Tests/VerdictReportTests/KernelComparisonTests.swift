import BPFMachine
import BPFObject
import Capture
import Datapath
import Testing

@testable import VerdictReport

@Suite("Simulator against kernel")
struct KernelComparisonTests {
  private typealias Answer = ScriptedBackend.Answer

  private static let frames = (1...4).map { [UInt8](repeating: UInt8($0), count: 60) }

  private static func compare(
    simulator: ScriptedBackend, kernel: ScriptedBackend, variations: [Variation] = [], limit: Int? = nil
  ) -> KernelComparisonResult {
    var now: UInt64 = 1000
    let comparison = KernelComparison(
      simulator: simulator, kernel: kernel, variations: variations, types: nil,
      clock: {
        now += 100
        return now
      })
    comparison.limit = limit
    return comparison.run(FrameList(frames), named: "x")
  }

  /// A backend that answers `answer` to packet 2, and passes the others as they are.
  private static func second(maps: [any MapAccess] = [], _ answer: Answer) -> ScriptedBackend {
    ScriptedBackend(maps: maps) { $0.number == 2 ? answer : Answer() }
  }

  @Test("backends that do the same agree, and the simulator's clock is the kernel's, half-way through its run")
  func agreement() {
    let simulator = ScriptedBackend { _ in Answer() }
    let result = Self.compare(simulator: simulator, kernel: ScriptedBackend { _ in Answer() })
    #expect(result.faults.isEmpty)
    #expect(result.report.packets == 4 && result.report.agreed == 4)
    #expect(!result.report.hasFault && result.report.first == nil)
    #expect(simulator.times == [1150, 1350, 1550, 1750])
  }

  @Test("a verdict that this system's network gives is put down to it, and another one is not")
  func network() {
    let other = Variation(.network, Self.second(Answer(verdict: 3)))
    let explained = Self.compare(
      simulator: Self.second(Answer()), kernel: Self.second(Answer(verdict: 3)), variations: [other]
    ).report
    #expect(explained.first?.causes == [.network])
    #expect(!explained.hasFault)
    let unexplained = Self.compare(
      simulator: Self.second(Answer()), kernel: Self.second(Answer(verdict: 1)), variations: [other]
    ).report
    #expect(unexplained.first?.causes == [.fault])
  }

  @Test(
    "whatever differs is found",
    arguments: [
      ("verdict", Answer(verdict: 1)),
      ("bytes", Answer(output: [UInt8](repeating: 2, count: 59) + [9])),
      ("length", Answer(output: [UInt8](repeating: 2, count: 61))),
      ("metadata", Answer(output: [0, 0, 0, 0] + [UInt8](repeating: 2, count: 60), metadata: 4)),
      ("metadata length", Answer(metadata: 4)),
    ])
  private func difference(what: String, answer: Answer) {
    let report = Self.compare(simulator: Self.second(Answer()), kernel: Self.second(answer)).report
    #expect(report.agreed == 3)
    #expect(report.first?.packet == 2)
    #expect(report.first?.causes == [.fault])
    #expect(report.hasFault)
  }

  @Test("contexts are compared where both sides tell")
  func context() {
    let one = Answer(context: [0, 0, 0, 0, 60, 0, 0, 0])
    let other = Answer(context: [0, 0, 0, 0, 56, 0, 0, 0])
    let differing = Self.compare(simulator: Self.second(one), kernel: Self.second(other)).report
    #expect(differing.first?.packet == 2 && differing.hasFault)
    #expect(differing.text.contains("context.data_end"))
    #expect(Self.compare(simulator: Self.second(Answer()), kernel: Self.second(other)).report.agreed == 4)
  }

  @Test(
    "a verdict that the simulator gives too when only one thing is varied has that thing as its cause",
    arguments: [DivergenceCause.time, .randomness, .cpu])
  func variedVerdict(cause: DivergenceCause) {
    let result = Self.compare(
      simulator: Self.second(Answer()), kernel: Self.second(Answer(verdict: 1)),
      variations: [Variation(cause, Self.second(Answer())), Variation(cause, Self.second(Answer(verdict: 1)))])
    #expect(result.report.first?.causes == [cause])
    #expect(result.report.causes[cause]?.packets == 1 && result.report.causes[cause]?.first == 2)
    #expect(!result.report.hasFault)
  }

  @Test("a variation that does something else explains nothing")
  func otherVerdict() {
    let report = Self.compare(
      simulator: Self.second(Answer()), kernel: Self.second(Answer(verdict: 1)),
      variations: [Variation(.time, Self.second(Answer(verdict: 3)))]
    ).report
    #expect(report.first?.causes == [.fault])
  }

  @Test("bytes that vary explain bytes that differ there, and none elsewhere")
  func variedBytes() {
    func frame(_ changes: [Int: UInt8]) -> Answer {
      var bytes = [UInt8](repeating: 2, count: 60)
      for (index, value) in changes { bytes[index] = value }
      return Answer(output: bytes)
    }
    func report(_ kernel: Answer) -> ComparisonReport {
      Self.compare(
        simulator: Self.second(frame([:])), kernel: Self.second(kernel),
        variations: [Variation(.time, Self.second(frame([20: 7])))]
      ).report
    }
    #expect(report(frame([20: 99])).first?.causes == [.time])
    // A carry reaches the byte beside.
    #expect(report(frame([20: 99, 21: 3])).first?.causes == [.time])
    #expect(report(frame([20: 99, 40: 3])).first?.causes == [.fault])
    #expect(report(frame([40: 3])).first?.causes == [.fault])
  }

  @Test("each part of a divergence needs its own cause")
  func parts() {
    let verdict = Variation(.randomness, Self.second(Answer(verdict: 1)))
    let other = [UInt8](repeating: 2, count: 61)
    let bytes = Variation(.time, Self.second(Answer(output: other)))
    let kernel = Answer(verdict: 1, output: other)
    func causes(_ variations: [Variation]) -> [DivergenceCause]? {
      Self.compare(simulator: Self.second(Answer()), kernel: Self.second(kernel), variations: variations)
        .report.first?.causes
    }
    #expect(causes([verdict, bytes]) == [.randomness, .time])
    #expect(causes([verdict]) == [.fault])
  }

  @Test("a helper that is not simulated is a cause; any other trap is a fault")
  func traps() {
    func causes(_ reason: Trap.Reason) -> [DivergenceCause]? {
      Self.compare(simulator: Self.second(Answer(verdict: 0, trap: reason)), kernel: Self.second(Answer()))
        .report.first?.causes
    }
    #expect(causes(.unknownHelper(69)) == [.notSimulated])
    #expect(causes(.unknownKernelFunction) == [.notSimulated])
    #expect(causes(.badRead(address: 0, size: 4)) == [.fault])
    #expect(causes(.budgetExhausted) == [.fault])
  }

  @Test("what follows from maps that came apart at a helper that is not simulated has that cause")
  func follows() throws {
    let own = FakeMap(.hash, key: 1, value: 1)
    let theirs = FakeMap(.hash, key: 1, value: 1, entries: [MapEntry(key: [1], values: [[1]])])
    let simulator = Self.second(maps: [own], Answer(verdict: 0, trap: .unknownHelper(69)))
    let kernel = ScriptedBackend(maps: [theirs]) { Answer(verdict: $0.number == 4 ? 1 : 2) }
    let report = Self.compare(simulator: simulator, kernel: kernel).report
    #expect(report.causes[.notSimulated]?.packets == 2)
    #expect(!report.hasFault)
    #expect(report.maps.map(\.map) == ["m"])
    // With maps that are the same, the fourth packet is a fault.
    try theirs.delete([1])
    #expect(Self.compare(simulator: simulator, kernel: kernel).report.firstFault?.packet == 4)
  }

  @Test("a frame that the kernel cannot be given is run on neither side")
  func frameLimit() {
    let simulator = ScriptedBackend { _ in Answer() }
    let kernel = ScriptedBackend { frame throws(BackendError) in
      if frame.number == 2 { throw BackendError(message: "packet 2: too short", errno: 22, isFrameLimit: true) }
      return Answer()
    }
    let result = Self.compare(simulator: simulator, kernel: kernel)
    #expect(result.faults.isEmpty)
    #expect(result.report.packets == 4 && result.report.skipped == 1 && result.report.agreed == 3)
    #expect(result.report.firstSkipped == "packet 2: too short")
    #expect(simulator.times.count == 3)
  }

  @Test("a kernel that fails leaves what was found before")
  func kernelFault() {
    let kernel = ScriptedBackend { frame throws(BackendError) in
      if frame.number == 3 { throw BackendError(message: "packet 3: BPF_PROG_TEST_RUN: ENOMEM", errno: 12) }
      return Answer()
    }
    let result = Self.compare(simulator: ScriptedBackend { _ in Answer() }, kernel: kernel)
    #expect(result.report.packets == 2 && result.report.agreed == 2)
    #expect(result.report.partial == "after 2 packets: packet 3: BPF_PROG_TEST_RUN: ENOMEM")
    #expect(result.faults.count == 1)
  }

  @Test("a limit ends the comparison")
  func limited() {
    let pass = { ScriptedBackend { _ in Answer() } }
    #expect(Self.compare(simulator: pass(), kernel: pass(), limit: 3).report.packets == 3)
  }

  // MARK: Maps

  private static func maps(
    _ type: MapType, _ mine: [MapEntry], _ theirs: [MapEntry], varied: [(DivergenceCause, [MapEntry])] = [],
    value: UInt32 = 8
  ) -> ComparisonReport {
    func backend(_ entries: [MapEntry]) -> ScriptedBackend {
      ScriptedBackend(maps: [FakeMap(type, key: 4, value: value, entries: entries)]) { _ in Answer() }
    }
    return compare(
      simulator: backend(mine), kernel: backend(theirs),
      variations: varied.map { Variation($0.0, backend($0.1)) }
    ).report
  }

  private static func entry(_ key: UInt8, _ values: [UInt8]...) -> MapEntry {
    MapEntry(key: [key, 0, 0, 0], values: values.map { $0 + [UInt8](repeating: 0, count: 8 - $0.count) })
  }

  @Test("maps that hold the same in another order are the same")
  func sameMaps() {
    let report = Self.maps(.hash, [Self.entry(1, [5]), Self.entry(2, [6])], [Self.entry(2, [6]), Self.entry(1, [5])])
    #expect(report.comparedMaps == 1 && report.maps.isEmpty)
  }

  @Test("values and elements that differ are listed, for each CPU")
  func otherMaps() throws {
    let report = Self.maps(
      .percpuHash, [Self.entry(1, [5], [6]), Self.entry(2, [1], [1])],
      [Self.entry(1, [5], [7]), Self.entry(3, [1], [1])])
    let map = try #require(report.maps.first)
    #expect(report.hasFault && map.elements == 3)
    #expect(map.items.map(\.cpu) == [1, nil, nil])
    #expect(map.items.map { $0.left == nil } == [false, false, true])
    #expect(map.items.map { $0.right == nil } == [false, true, false])
  }

  @Test("a value that varies with one thing differs by it")
  func variedMaps() {
    let causes = Self.maps(
      .hash, [Self.entry(1, [5]), Self.entry(2, [1])], [Self.entry(1, [9]), Self.entry(2, [1])],
      varied: [
        (.time, [Self.entry(1, [5]), Self.entry(2, [1])]), (.randomness, [Self.entry(1, [6]), Self.entry(2, [1])]),
      ]
    ).maps.first?.causes
    #expect(causes == [.randomness: 1])
    let other = Self.maps(
      .hash, [Self.entry(1, [5]), Self.entry(2, [1])], [Self.entry(1, [5]), Self.entry(2, [9])],
      varied: [(.randomness, [Self.entry(1, [6]), Self.entry(2, [1])])]
    ).maps.first?.causes
    #expect(other == [.fault: 1])
  }

  @Test(
    "numbers that a backend gives to programs are its own; devices count, and the programs behind them do not",
    arguments: [
      (MapType.progArray, [5, 0, 0, 0], [9, 0, 0, 0], true), (.arrayOfMaps, [5, 0, 0, 0], [9, 0, 0, 0], true),
      (.devmap, [1, 0, 0, 0, 7], [1, 0, 0, 0, 8], true), (.devmap, [1, 0, 0, 0, 7], [2, 0, 0, 0, 7], false),
      (.bloomFilter, [1], [2], true), (.ringbuf, [1], [2], false), (.queue, [1], [2], false), (.xskmap, [1], [2], true),
      (.array, [1], [2], false),
    ] as [(MapType, [UInt8], [UInt8], Bool)])
  func kinds(type: MapType, one: [UInt8], two: [UInt8], same: Bool) {
    #expect(Self.maps(type, [Self.entry(1, one)], [Self.entry(1, two)]).maps.isEmpty == same)
  }
}

@Suite("Reachable helpers")
struct HelperUseTests {
  private static func use(_ fixture: String) throws -> HelperUse {
    let path = KernelSession.package.appending(path: "fixtures/\(fixture).bpf.o").path
    let object = try ObjectFile(path: path)
    let program = try #require(object.programs.first { $0.name == fixture })
    return HelperUse(of: try SimulatorBackend(object: object, program: program, hook: .xdp), in: object)
  }

  @Test("the limiter reads the clock, the sampler draws numbers, the firewall does neither")
  func helpers() throws {
    let limiter = try Self.use("synflood")
    #expect(limiter.usesTime && !limiter.usesRandomness)
    let sampler = try Self.use("sampler")
    #expect(sampler.usesRandomness && !sampler.usesTime)
    let firewall = try Self.use("firewall")
    #expect(!firewall.usesTime && !firewall.usesRandomness)
  }

  @Test("programs that tail calls go to count too")
  func tailCalls() throws {
    let parsers = try Self.use("parsers")
    #expect(parsers.programs.first == "parsers")
    #expect(Set(parsers.programs).isSuperset(of: ["parse_ipv4", "parse_ipv6", "parse_tcp", "parse_udp", "parse_icmp"]))
  }
}
