import BPFMachine
import Capture
import Datapath

/// Everything that is counted of a run. A packet costs a few additions.
struct Tally: ~Copyable {
  var packets = 0
  var verdicts = VerdictCounter()
  var instructions = InstructionHistogram()
  var traps = TrapCounter()
  /// Frames that the snap length cut.
  var cut: UInt64 = 0
  /// Packets of no class.
  var unclassified = VerdictCounter()
  /// Packets of several classes.
  var overlaps: UInt64 = 0
  var outputFaults: [ReplayFault] = []
  var notes: [String] = []

  @inline(__always)
  mutating func record(_ frame: Frame, _ outcome: Outcome, _ backend: some Backend) {
    packets &+= 1
    verdicts.record(code: Int32(bitPattern: outcome.returnValue), bytes: frame.bytes.count)
    instructions.record(outcome.instructions)
    if frame.bytes.count < frame.wireLength { cut &+= 1 }
    if outcome.isTrapped { recordTrap(of: backend) }
  }

  @inline(never)
  private mutating func recordTrap(of backend: some Backend) {
    if let trap = backend.trap { traps.record(trap) }
  }

  /// What the counts tell besides the tables.
  var allNotes: [String] {
    var notes: [String] = []
    if cut > 0 {
      notes.append("\(Format.count(cut, "frame")) cut by the snap length; the program saw what was captured")
    }
    if overlaps > 0 { notes.append("\(Format.count(overlaps, "packet")) counted in more than one class") }
    return notes + self.notes
  }
}
