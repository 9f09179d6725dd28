import BPFMachine
import BPFObject
import Datapath

/// What programs hand to user space, as it comes: samples of perf rings, records of ring buffers, lines of bpf_trace_printk.
///
/// As JSON Lines, or a line an event for people. Nothing is kept: an event is written and forgotten.
public final class EventLog {
  /// How events are written.
  public enum Form: Sendable {
    case json
    case text
  }

  private let output: OutputBuffer
  private let form: Form
  private let maps: [MapSpec]
  private let types: EventTypes
  /// The first fault of writing; nothing is written after it.
  private(set) var fault: OutputError?
  /// Number of the packet that runs or ran last.
  var packet = 0
  private var count: UInt64 = 0
  private var written: UInt64 = 0

  /// Writes to the file at `path`; `-` is standard output.
  public init(path: String, form: Form, object: ObjectFile, types: EventTypes) throws(OutputError) {
    output = try OutputBuffer(path: path)
    self.form = form
    self.types = types
    maps = object.maps
  }

  /// Writes to standard error.
  public init(form: Form, object: ObjectFile, types: EventTypes) {
    output = OutputBuffer.standardError()
    self.form = form
    self.types = types
    maps = object.maps
  }

  /// Takes the events of `machine`, besides whoever takes them now.
  public func attach(to machine: Machine) {
    let (trace, events) = (machine.trace, machine.events)
    machine.trace = { [unowned machine] line in
      trace?(line)
      self.write(line, machine)
    }
    machine.events = { [unowned machine] event in
      events?(event)
      self.write(event, machine)
    }
  }

  /// After each packet: on a terminal or in a pipe, an event is there when its packet has been run.
  func packetEnded() {
    guard form == .text, count > written else { return }
    written = count
    guarded { () throws(OutputError) in try output.flush() }
  }

  /// Hands the last lines to the system.
  func finish() throws(OutputError) {
    if let fault { throw fault }
    try output.flush()
  }

  private func guarded(_ body: () throws(OutputError) -> Void) {
    guard fault == nil else { return }
    do throws(OutputError) { try body() } catch { fault = error }
  }

  // MARK: Lines

  private func write(_ line: String, _ machine: Machine) {
    count += 1
    guarded { () throws(OutputError) in
      switch form {
      case .json:
        try output.append(JSON.object(head(machine, "trace") + [("text", .string(line))]).text + "\n")
      case .text:
        try output.append("\(place(machine)) trace: \(line)\n")
      }
    }
  }

  private func write(_ event: MachineEvent, _ machine: Machine) {
    count += 1
    let data = event.bytes.dropLast(event.packetBytes)
    let choice = types.choice(map: event.map, count: data.count)
    let value = choice.map { $0.shape.decode(Array(data.prefix($0.shape.size))) }
    guarded { () throws(OutputError) in
      switch form {
      case .json: try output.append(json(event, machine, data, choice, value).text + "\n")
      case .text: try output.append(text(event, machine, data, choice, value) + "\n")
      }
    }
  }

  private func name(_ map: Int) -> String { maps.indices.contains(map) ? maps[map].name : "map \(map)" }

  private func kind(_ map: Int) -> String {
    maps.indices.contains(map) && maps[map].type == .perfEventArray ? "perf" : "ringbuf"
  }

  /// `time` is seconds since 1970 with nine decimals; a callback's event belongs to no packet.
  private func head(_ machine: Machine, _ kind: String) -> [(String, JSON)] {
    var members: [(String, JSON)] = []
    switch machine.origin {
    case .packet: members.append(("packet", .integer(Int64(packet))))
    case .timer(let map): members += [("packet", .null), ("timer", .string(name(map)))]
    case .work(let map): members += [("packet", .null), ("work", .string(name(map)))]
    }
    return members + [
      ("time", .string(EventLog.time(machine.clock))), ("cpu", .integer(Int64(machine.configuration.cpu))),
      ("kind", .string(kind)),
    ]
  }

  private func json(
    _ event: MachineEvent, _ machine: Machine, _ data: ArraySlice<UInt8>, _ choice: EventTypes.Choice?,
    _ value: TypedValue?
  ) -> JSON {
    var members = head(machine, kind(event.map))
    members += [("map", .string(name(event.map))), ("size", .integer(Int64(data.count)))]
    if let choice, let value {
      members += [
        ("type", .string(choice.name)), ("type_from", .string(choice.source.rawValue)), ("value", value.json),
      ]
    }
    members.append(("bytes", .string(Hex.text(data))))
    if event.packetBytes > 0 {
      members.append(("packet_bytes", .string(Hex.text(event.bytes.suffix(event.packetBytes)))))
    }
    return .object(members)
  }

  private func place(_ machine: Machine) -> String {
    let origin =
      switch machine.origin {
      case .packet: "packet \(packet)"
      case .timer(let map): "timer of \(name(map))"
      case .work(let map): "work of \(name(map))"
      }
    return "\(EventLog.time(machine.clock)) \(origin) cpu \(machine.configuration.cpu)"
  }

  private func text(
    _ event: MachineEvent, _ machine: Machine, _ data: ArraySlice<UInt8>, _ choice: EventTypes.Choice?,
    _ value: TypedValue?
  ) -> String {
    var text = "\(place(machine)) \(kind(event.map)) \(name(event.map)): "
    if let choice, let value {
      text += "\(choice.name)\(choice.source == .size ? "?" : "") \(value.text)"
      if choice.shape.size < data.count { text += " + \(hex(data.dropFirst(choice.shape.size)))" }
    } else {
      text += hex(data)
    }
    if event.packetBytes > 0 { text += ", \(Format.count(UInt64(event.packetBytes), "byte")) of the packet" }
    return text
  }

  /// At most 64 bytes of it.
  private func hex(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.count <= 64 ? Hex.text(bytes) : Hex.text(bytes.prefix(64)) + "… (\(bytes.count) bytes)"
  }

  private static func time(_ clock: UInt64) -> String {
    let fraction = String(clock % 1_000_000_000)
    return "\(clock / 1_000_000_000).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
  }
}
