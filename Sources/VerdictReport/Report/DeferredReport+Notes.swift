import BPFMachine

extension DeferredReport {
  /// True when there was anything to defer.
  var isOfNote: Bool { timers + works > 0 || started > 0 }

  /// What the reader of a report should know: a line each.
  var notes: [String] {
    var notes: [String] = []
    let callbacks = [(timers, "timer callback"), (works, "work queue callback")].filter { $0.0 > 0 }
    if !callbacks.isEmpty {
      let counts = callbacks.map { Format.count($0.0, $0.1) }.joined(separator: " and ")
      notes.append(
        "\(counts) between packets: \(Format.count(instructions, "instruction")), not counted in any packet's")
    }
    if isBounded {
      notes.append(
        "more than \(Format.grouped(UInt64(Machine.deferredLimit))) callbacks were due before one packet; the rest had to wait"
      )
    }
    if started > 0 {
      notes.append(
        "\(Format.count(UInt64(started), "timer")) not due yet, the first \(Format.duration(.nanoseconds(Int64(clamping: untilNext)))) "
          + "after the end; --settle DURATION runs on")
    }
    return notes
  }
}
