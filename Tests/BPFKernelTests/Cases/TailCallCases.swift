import KernelRecordings

/// bpf_tail_call: where it falls through, and how far a chain goes.
enum TailCallCases {
  static let tailCall: Int32 = 12
  static let table = RecordedMap(name: "table", type: "prog_array", keySize: 4, valueSize: 4, maxEntries: 4)

  static var all: [RecordedCase] { single + [chain, pair, context] }

  static var single: [RecordedCase] {
    [(0, "a program"), (1, "an empty slot"), (4, "an index past the end"), (-1, "index -1")].map { index, what in
      var code = Code()
      code.add(Slots.movReg(1, 6))
      code.map(2, 1)
      code.add(Slots.mov(3, Int32(index)), Slots.call(tailCall), Slots.mov(7, 55))
      code.report(7)
      code.exit(7)
      var callee = Code()
      callee.add(Slots.mov(1, 77))
      callee.report(1)
      callee.exit(3)
      return RecordedCase(
        name: "tail_call to \(what)", slots: code.text, maps: [code.resultMap, table],
        callees: [RecordedCallee(map: 1, key: 0, slots: callee.text)], packet: frame(64))
    }
  }

  /// Counts in the result, then calls `index`; falls through with `verdict`.
  static func counter(_ index: Int32, verdict: Int32) -> Code {
    var code = Code()
    code.add(Slots.load(.u64, 7, 9, 0), Slots.add(7, 1))
    code.report(7)
    code.add(Slots.movReg(1, 6))
    code.map(2, 1)
    code.add(Slots.mov(3, index), Slots.call(tailCall))
    code.exit(verdict)
    return code
  }

  static var chain: RecordedCase {
    let code = counter(0, verdict: 1)
    return RecordedCase(
      name: "a program that calls itself runs 34 times, then falls through", slots: code.text,
      maps: [code.resultMap, table], callees: [RecordedCallee(map: 1, key: 0, slots: code.text)], packet: frame(64))
  }

  static var pair: RecordedCase {
    let first = counter(0, verdict: 1)
    return RecordedCase(
      name: "two programs that call each other share the limit", slots: first.text, maps: [first.resultMap, table],
      callees: [
        RecordedCallee(map: 1, key: 0, slots: counter(1, verdict: 2).text),
        RecordedCallee(map: 1, key: 1, slots: counter(0, verdict: 3).text),
      ], packet: frame(64))
  }

  /// What a callee sees of an adjusted frame.
  static var context: RecordedCase {
    var code = Code()
    code.add(Slots.movReg(1, 6), Slots.mov(2, -10), Slots.call(AdjustCases.adjustHead))
    code.report(0)
    code.add(Slots.movReg(1, 6))
    code.map(2, 1)
    code.add(Slots.mov(3, 0), Slots.call(tailCall))
    code.exit(1)
    var callee = Code()
    callee.reportLengths()
    callee.exit(2)
    var results = code.resultMap
    results.valueSize = 16
    return RecordedCase(
      name: "a callee sees the frame as the caller left it", slots: code.text, maps: [results, table],
      callees: [RecordedCallee(map: 1, key: 0, slots: callee.text)], packet: frame(64))
  }
}
