import BPFMachine
import BPFObject
import Capture

/// The simulator: one program of an object, on one interface, with the machine's own engines.
///
/// Every program of the object that has the same type is loaded too, so that prog arrays can name it. Time is the capture's:
/// `bpf_ktime_get_ns` gives a frame's time stamp, and never goes back.
public final class SimulatorBackend: Backend {
  public let program: ProgramSpec
  public let hook: Hook
  /// The machine, for its clock, trace and configuration.
  public let machine: Machine
  private let engine: EngineKind
  private let index: Int
  /// Programs of the object that could not be loaded, and why; none of them is the one that runs.
  public private(set) var notes: [String] = []

  /// Sets up a machine with the object's maps and loads `program`.
  /// - Throws: ``BackendError`` for a map or an instruction that cannot be had.
  public init(
    object: ObjectFile, program: ProgramSpec, hook: Hook, engine: EngineKind = .threaded,
    configuration: MachineConfiguration = MachineConfiguration()
  ) throws(BackendError) {
    self.program = program
    self.hook = hook
    self.engine = engine
    do {
      machine = try Machine(maps: object.maps, configuration: configuration)
      index = try machine.load(program)
    } catch {
      throw BackendError(message: "\(object.name): \(error.message)")
    }
    let tables = object.maps.filter { $0.type == .progArray }
    guard !tables.isEmpty else { return }
    loadCallees(object)
    for table in tables { fill(table) }
  }

  private func loadCallees(_ object: ObjectFile) {
    for other in object.programs where other.type == program.type && other.name != program.name {
      do {
        _ = try machine.load(other)
      } catch {
        notes.append(error.message)
      }
    }
  }

  private func fill(_ table: MapSpec) {
    guard let map = machine.map(named: table.name) else { return }
    for (key, name) in table.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let number = programNumber(named: name) else {
        notes.append("\(table.name)[\(key)]: there is no program \(name) to put there")
        continue
      }
      do {
        try map.update(
          withUnsafeBytes(of: key.littleEndian) { Array($0) }, [withUnsafeBytes(of: number.littleEndian) { Array($0) }],
          flags: 0)
      } catch {
        notes.append("\(table.name)[\(key)]: \(error.message)")
      }
    }
  }

  /// What a prog_array holds for the program of that name; nil when no such program was loaded.
  public func programNumber(named name: String) -> UInt32? {
    machine.programs.first { $0.spec.name == name }.map { Machine.programNumber($0.index) }
  }

  public func programName(number: UInt32) -> String? {
    machine.programs.first { Machine.programNumber($0.index) == number }?.spec.name
  }

  public var maps: [any MapAccess] { machine.maps }

  public func run(_ frame: Frame) throws(BackendError) -> Outcome {
    do {
      if _slowPath(hook != .xdp) {
        return try machine.runSocketBuffer(index, on: frame.bytes, timestamp: frame.timestamp, engine: engine)
      }
      return try machine.run(index, on: frame.bytes, timestamp: frame.timestamp, engine: engine)
    } catch {
      throw BackendError(message: "packet \(frame.number): cannot reserve \(frame.bytes.count) bytes for the frame")
    }
  }

  public func settle(for duration: UInt64) { machine.settle(for: duration, engine: engine) }

  public var deferredReport: DeferredReport? { machine.deferredReport }

  public var trap: Trap? { machine.trap }

  public var redirect: Redirect? { machine.redirect }

  public var output: UnsafeRawBufferPointer { hook == .xdp ? machine.packet.output : machine.socketBuffer.output }

  public var outputMetadataLength: Int { hook == .xdp ? machine.packet.metadataCount : 0 }

  public var contextOut: [UInt8] {
    guard hook == .xdp else { return machine.socketBuffer.contextOut }
    let packet = machine.packet
    var context = [UInt8](repeating: 0, count: 24)
    context.withUnsafeMutableBytes {
      $0.storeBytes(of: UInt32(clamping: packet.metadataCount).littleEndian, toByteOffset: 0, as: UInt32.self)
      let linear = packet.output.count - packet.fragmentCount
      $0.storeBytes(of: UInt32(clamping: linear).littleEndian, toByteOffset: 4, as: UInt32.self)
    }
    return context
  }

  /// What the last run of a TC program left beside the frame; nil after XDP.
  public var socketBuffer: SocketBufferState? {
    guard hook != .xdp else { return nil }
    let buffer = machine.socketBuffer
    return SocketBufferState(
      changes: buffer.changes, tag: buffer.tag, tunnel: buffer.tunnelKey, copies: machine.copies)
  }

  public func describe(_ trap: Trap) -> TrapDescription { machine.describe(trap) }

  public func describe(_ redirect: Redirect) -> String { machine.describe(redirect) }
}
