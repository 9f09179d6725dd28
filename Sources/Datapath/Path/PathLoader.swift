import BPFMachine
import BPFObject

/// An object in the machine of a path.
struct PathObject {
  var name: String
  /// Indices of its maps in the machine, in the object's order.
  var maps: [Int]
  /// Indices of its programs in the machine, by name.
  var programs: [String: Int] = [:]
}

/// Puts the objects of a set-up into one machine, and what is attached onto the devices.
struct PathLoader {
  let machine: Machine
  private(set) var objects: [PathObject] = []
  private(set) var links: [PathLink] = []
  private(set) var notes: [String] = []
  private(set) var firstProgram: ProgramSpec
  private let spec: PathSpec
  private var devices: [PathDevice]
  private let seed: UInt64

  init(_ spec: PathSpec, devices: [PathDevice], configuration: MachineConfiguration) throws(BackendError) {
    self.spec = spec
    self.devices = devices
    seed = configuration.seed
    firstProgram = ProgramSpec(name: "nothing", section: "", type: nil, instructions: [])
    do {
      machine = try Machine(maps: [], configuration: configuration)
    } catch {
      throw BackendError(message: error.message)
    }
    let wanted = PathLoader.references(in: spec)
    var pinned: [String: Int] = [:]
    for object in spec.objects {
      try load(object, wanted.filter { $0.object == object.name }.map(\.program), &pinned)
    }
    for device in devices {
      if let name = device.spec.peer {
        guard let peer = devices.first(where: { $0.spec.name == name }) else {
          throw BackendError(message: "device \(device.spec.name): there is no device \(name) to be its peer")
        }
        device.peer = peer
      }
    }
    for device in devices { try attach(device) }
    if let first = links.first(where: { $0.object != nil }), let object = first.object,
      let program = spec.objects.first(where: { $0.name == object })?.file.programs.first(where: {
        $0.name == first.name
      })
    {
      firstProgram = program
    }
  }

  /// Every program that is attached somewhere.
  private static func references(in spec: PathSpec) -> [ProgramReference] {
    spec.devices.flatMap { device -> [ProgramReference] in
      let filters = [device.ingress, device.egress].flatMap { $0.chains.values.flatMap { $0 } }.map(\.filter)
      let actions = filters.flatMap(\.actions).compactMap { action -> ProgramReference? in
        if case .program(let reference, _) = action { reference } else { nil }
      }
      return [device.xdp].compactMap { $0 } + device.tcxIngress + device.tcxEgress + filters.map(\.program) + actions
    }
  }

  // MARK: Objects

  private mutating func load(
    _ object: PathSpec.Object, _ wanted: [String], _ pinned: inout [String: Int]
  ) throws(BackendError) {
    let file = object.file
    var loaded = PathObject(name: object.name, maps: [])
    do throws(MachineError) {
      let known = pinned
      let machine = machine
      try machine.addObject(maps: file.maps) { map throws(MachineError) in
        guard map.pinning == 1, let index = known[map.name] else { return nil }
        guard machine.maps[index].spec.isPinnedAlike(map) else {
          throw MachineError(
            kind: .map, message: "map \(map.name) is pinned by another object with other sizes, type or flags")
        }
        return index
      }
      for map in file.maps {
        guard let index = machine.map(named: map.name)?.index else { continue }
        loaded.maps.append(index)
        if map.pinning == 1 { pinned[map.name] = index }
      }
      for name in wanted where loaded.programs[name] == nil {
        guard let program = file.programs.first(where: { $0.name == name }) else {
          let known = file.programs.map(\.name).joined(separator: ", ")
          throw MachineError(kind: .instruction, message: "there is no program \(name) in it; there are \(known)")
        }
        loaded.programs[name] = try machine.load(program)
      }
    } catch {
      throw BackendError(message: "\(object.name): \(error.message)")
    }
    let tables = file.maps.filter { $0.type == .progArray }
    if !tables.isEmpty {
      loadCallees(of: file, &loaded)
      for table in tables { fill(table, loaded) }
    }
    objects.append(loaded)
  }

  /// Programs that prog arrays may name.
  private mutating func loadCallees(of file: ObjectFile, _ loaded: inout PathObject) {
    let types = Set(file.programs.filter { loaded.programs[$0.name] != nil }.map(\.type))
    for program in file.programs where loaded.programs[program.name] == nil && types.contains(program.type) {
      do { loaded.programs[program.name] = try machine.load(program) } catch { notes.append(error.message) }
    }
  }

  private mutating func fill(_ table: MapSpec, _ loaded: PathObject) {
    guard let map = machine.map(named: table.name) else { return }
    for (key, name) in table.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let index = loaded.programs[name] else {
        notes.append("\(table.name)[\(key)]: there is no program \(name) to put there")
        continue
      }
      let number = Machine.programNumber(index)
      do {
        try map.update(
          withUnsafeBytes(of: key.littleEndian) { Array($0) }, [withUnsafeBytes(of: number.littleEndian) { Array($0) }],
          flags: 0)
      } catch {
        notes.append("\(table.name)[\(key)]: \(error.message)")
      }
    }
  }

  // MARK: Attachments

  private mutating func attach(_ device: PathDevice) throws(BackendError) {
    let spec = device.spec
    if let program = spec.xdp {
      device.xdp = try link(program, spec.name, .xdp(generic: spec.isGenericXDP), [.xdp], "an XDP program")
    }
    device.tcxIngress = try attach(spec.tcxIngress, spec.name, .ingress)
    device.ingress = try attach(spec.ingress, spec.name, .ingress)
    device.tcxEgress = try attach(spec.tcxEgress, spec.name, .egress)
    device.egress = try attach(spec.egress, spec.name, .egress)
  }

  private mutating func attach(
    _ programs: [ProgramReference], _ device: String, _ direction: Direction
  ) throws(BackendError) -> UnsafeBufferPointer<RunLink> {
    var made: [RunLink] = []
    for (position, program) in programs.enumerated() {
      made.append(
        try link(program, device, .tcx(direction, position: position + 1), [.schedCLS], "a TC classifier"))
    }
    return UnsafeBufferPointer(copying: made)
  }

  private mutating func attach(
    _ list: FilterList, _ device: String, _ direction: Direction
  ) throws(BackendError) -> RunFilters {
    var made: [UInt32: [RunFilter]] = [:]
    for (chain, entries) in list.chains.sorted(by: { $0.key < $1.key }) {
      var filters: [RunFilter] = []
      for entry in entries { filters.append(try attach(entry, chain, device, direction)) }
      made[chain] = filters
    }
    return RunFilters(made)
  }

  private mutating func attach(
    _ entry: FilterList.Entry, _ chain: UInt32, _ device: String, _ direction: Direction
  ) throws(BackendError) -> RunFilter {
    let filter = entry.filter
    let place = PathLink.Place.filter(
      direction, chain: chain, priority: entry.priority, handle: entry.handle, isDirectAction: filter.isDirectAction)
    var made = RunFilter(
      run: try link(filter.program, device, place, [.schedCLS], "a TC classifier"),
      protocolNumber: filter.protocolNumber, classIdentifier: filter.classIdentifier,
      isDirectAction: filter.isDirectAction)
    for (position, action) in filter.actions.enumerated() {
      made.actions.append(
        try attach(
          action, device,
          .action(
            direction, chain: chain, priority: entry.priority, handle: entry.handle, position: position + 1)))
    }
    return made
  }

  private mutating func attach(
    _ action: FilterAction, _ device: String, _ place: PathLink.Place
  ) throws(BackendError) -> RunAction {
    let kind: RunAction.Kind
    switch action {
    case .program(let program, let control):
      let run = try link(program, device, place, [.schedACT], "a TC action")
      return RunAction(kind: .program(run, default: control), link: run.link, seed: seed)
    case .generic(let control, let variation): kind = .generic(control, variation)
    case .edit(let edit): kind = .edit(edit)
    case .police(let police): kind = .police(TokenBucket(police), police)
    case .vlan(let change, let control): kind = .vlan(change, control)
    case .mirred(let mirred):
      guard let target = devices.first(where: { $0.spec.name == mirred.device }) else {
        throw BackendError(message: "mirred: there is no device \(mirred.device)")
      }
      kind = .mirred(mirred, target)
    }
    links.append(PathLink(device: device, place: place, object: nil, name: action.kindName))
    return RunAction(kind: kind, link: links.count - 1, seed: seed)
  }

  private mutating func link(
    _ reference: ProgramReference, _ device: String, _ place: PathLink.Place, _ types: [ProgramType], _ what: String
  ) throws(BackendError) -> RunLink {
    let link = PathLink(device: device, place: place, object: reference.object, name: reference.program)
    guard let object = objects.first(where: { $0.name == reference.object }),
      let file = spec.objects.first(where: { $0.name == reference.object })?.file
    else {
      throw BackendError(message: "\(link.position): there is no object \(reference.object)")
    }
    guard let index = object.programs[reference.program],
      let program = file.programs.first(where: { $0.name == reference.program })
    else {
      throw BackendError(message: "\(link.position): \(reference.object) has no program \(reference.program)")
    }
    // A section that says nothing lets a program be anything.
    guard program.type.map(types.contains) ?? true else {
      throw BackendError(
        message: "\(link.position): \(reference.program) is in section '\(program.section)', not \(what)")
    }
    links.append(link)
    return RunLink(program: index, link: links.count - 1)
  }
}

extension FilterAction {
  /// The name of the kernel's module, without `act_`.
  public var kindName: String {
    switch self {
    case .generic: "gact"
    case .mirred: "mirred"
    case .edit: "skbedit"
    case .program: "bpf"
    case .police: "police"
    case .vlan: "vlan"
    }
  }
}

extension MapSpec {
  /// What libbpf compares before it takes a pinned map for one that an object defines.
  fileprivate func isPinnedAlike(_ other: MapSpec) -> Bool {
    rawType == other.rawType && keySize == other.keySize && valueSize == other.valueSize
      && maxEntries == other.maxEntries && flags == other.flags
  }
}
