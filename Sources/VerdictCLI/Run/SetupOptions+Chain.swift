import BPFMachine
import BPFObject
import Datapath
import VerdictReport

/// Several programs on the hooks of devices: from a chain file, or by repeated `--program`.
extension SetupOptions {
  /// True when the options ask for more than one program.
  var asksForChain: Bool { chain != nil || programs.count > 1 || programs.contains { Link(parsing: $0)?.path != nil } }

  /// `NAME`, a program of the object that is run, or `FILE:NAME` or `FILE:`, one of another object.
  private struct Link {
    var path: String?
    var name: String?

    init?(parsing text: String) {
      // A section may hold a colon; an object's name ends in .o or .c.
      guard let colon = text.lastIndex(of: ":"), [".o", ".c"].contains(String(text[..<colon].suffix(2))) else {
        name = text
        return
      }
      path = String(text[..<colon])
      let rest = text[text.index(after: colon)...]
      name = rest.isEmpty ? nil : String(rest)
    }
  }

  /// An object of a chain, made one for the target kernel, with the seeds of its maps.
  private struct Member {
    var name: String
    var file: ObjectFile
    var seeds = MapSeeds()
    var notes: [String] = []
  }

  /// The chain that the options describe.
  /// - Parameter object: The object that the command names, if it names one.
  func path(_ object: String?) async throws -> (prepared: Prepared, backend: PacketPath) {
    if let chain { return try await path(file: chain, object) }
    guard let object else { throw Failure(.usage, "give an object, or a chain file with --chain") }
    let links = programs.compactMap(Link.init)
    var paths: [String] = []
    for path in links.map({ $0.path ?? object }) where !paths.contains(path) { paths.append(path) }
    let names = SetupOptions.names(of: paths)
    var members: [Member] = []
    for (path, name) in zip(paths, names) { members.append(try await member(name, path)) }
    for map in maps where !members.contains(where: { $0.file.hasMap(map.name) }) {
      throw Failure(.usage, "--map \(map.name)=\(map.value): no object has a map of that name")
    }
    let spec = try attach(links, object, paths, members)
    return try make(spec, members)
  }

  /// Names by which reports call the objects: their files', and numbered where two are alike.
  private static func names(of paths: [String]) -> [String] {
    var names: [String] = []
    for path in paths {
      let file = path.split(separator: "/").last.map(String.init) ?? path
      let name = file.split(separator: ".").first.map(String.init) ?? file
      names.append(names.contains(name) ? "\(name)\(names.count + 1)" : name)
    }
    return names
  }

  private func member(_ name: String, _ path: String) async throws -> Member {
    var member = Member(name: name, file: try await ObjectArgument.load(path, verbose: verbose))
    try setMaxEntries(of: &member.file, ignoringOthers: true)
    member.notes = try await kernel.target.bind(&member.file)
    for map in maps where member.file.hasMap(map.name) {
      member.seeds.add(try MapSeed(parsing: try InputFile.read(map.value), file: map.value), for: map.name)
    }
    try member.seeds.set(in: &member.file)
    return member
  }

  // MARK: By repeated --program

  /// The device of programs that no chain file places.
  private static let device = "eth0"

  private func attach(
    _ links: [Link], _ object: String, _ paths: [String], _ members: [Member]
  ) throws -> PathSpec {
    var device = DeviceSpec(name: SetupOptions.device, index: try configuration().ingressInterface)
    var hooks: [Hook] = []
    for link in links {
      guard let index = paths.firstIndex(of: link.path ?? object) else { continue }
      let member = members[index]
      let program = try member.file.chooseProgram(link.name)
      let reference = ProgramReference(object: member.name, program: program.name)
      let hook = program.hook ?? self.hook
      switch hook {
      case .xdp?:
        guard device.xdp == nil else {
          throw Failure(
            .usage, "--program \(program.name): an interface has one XDP program; several are a dispatcher's (libxdp)")
        }
        device.xdp = reference
      case .tcIngress?, .tcEgress?: try attach(program, reference, hook == .tcEgress ? .egress : .ingress, &device)
      default:
        throw Failure(
          .badData,
          "\(member.file.name): program \(program.name) is in section '\(program.section)', which is no XDP or TC "
            + "section; give --hook to run it as if it were")
      }
      if let hook { hooks.append(hook) }
    }
    let direction: Direction =
      hook == .tcEgress || hooks.allSatisfy { $0 == .tcEgress } ? .egress : .ingress
    return PathSpec(
      objects: members.map { .init(name: $0.name, file: $0.file) }, devices: [device], entry: device.name,
      direction: direction)
  }

  /// Sections `tcx/…` are links; every other TC section is a filter in direct-action mode, its prio the next one.
  private func attach(
    _ program: ProgramSpec, _ reference: ProgramReference, _ direction: Direction, _ device: inout DeviceSpec
  ) throws(Failure) {
    guard program.type != .schedACT else {
      throw Failure(.usage, "--program \(program.name): an action hangs on a filter; use --chain FILE.yaml")
    }
    if program.section.hasPrefix("tcx/") {
      let isThere = (direction == .ingress ? device.tcxIngress : device.tcxEgress).contains(reference)
      guard !isThere else {
        throw Failure(.usage, "--program \(program.name): a tcx hook takes a program once (EEXIST)")
      }
      if direction == .ingress { device.tcxIngress.append(reference) } else { device.tcxEgress.append(reference) }
      return
    }
    let count = (direction == .ingress ? device.ingress : device.egress).chains[0]?.count ?? 0
    let filter = Filter(program: reference, priority: UInt16(clamping: count + 1))
    do {
      if direction == .ingress { try device.ingress.add(filter) } else { try device.egress.add(filter) }
    } catch {
      throw Failure(.usage, "--program \(program.name): too many filters")
    }
  }

  // MARK: By a file

  private func path(file path: String, _ object: String?) async throws -> (prepared: Prepared, backend: PacketPath) {
    if let object { throw Failure(.usage, "\(object): with --chain the file names the objects") }
    if let program = programs.first {
      throw Failure(.usage, "--program \(program): with --chain the file names the programs")
    }
    let file = try ChainFile(parsing: try InputFile.read(path), file: path)
    var members: [Member] = []
    for entry in file.objects {
      var member = Member(name: entry.name, file: try await ObjectArgument.load(entry.path, verbose: verbose))
      for (map, entries) in entry.maxEntries {
        guard let index = member.file.maps.firstIndex(where: { $0.name == map }) else {
          throw Failure(.badData, "\(path): objects.\(entry.name).max_entries: \(entry.path) has no map \(map)")
        }
        member.file.maps[index].maxEntries = entries
      }
      try setMaxEntries(of: &member.file, ignoringOthers: true)
      member.notes = try await kernel.target.bind(&member.file)
      for (map, seed) in entry.maps {
        member.seeds.add(try MapSeed(parsing: try InputFile.read(seed), file: seed), for: map)
      }
      for map in maps where member.file.hasMap(map.name) {
        member.seeds.add(try MapSeed(parsing: try InputFile.read(map.value), file: map.value), for: map.name)
      }
      try member.seeds.set(in: &member.file)
      members.append(member)
    }
    let direction: Direction? =
      switch hook {
      case .tcEgress?: .egress
      case .xdp?, .tcIngress?: .ingress
      default: nil
      }
    let spec = try file.spec(of: members.map { .init(name: $0.name, file: $0.file) }, direction: direction)
    return try make(spec, members)
  }

  private func make(_ spec: PathSpec, _ members: [Member]) throws -> (prepared: Prepared, backend: PacketPath) {
    var configuration = try configuration()
    // With a file, the devices are those that it and the options name; without, any may be there.
    if chain != nil { for device in spec.devices { device.add(to: &configuration.network) } }
    let path = try PacketPath(spec, engine: engine, configuration: configuration)
    say(path.notes)
    for member in members {
      try member.seeds.load(into: path.maps(of: member.name), types: member.file.types) { name in
        path.programNumber(named: name, in: member.name)
      }
    }
    var notes: [String] = []
    for member in members {
      for note in member.notes { notes.append(members.count > 1 ? "\(member.name): \(note)" : note) }
    }
    notes += SetupOptions.unseen(spec)
    let prepared = Prepared(
      object: members[0].file, program: path.program, hook: .chain, seeds: MapSeeds(), notes: notes)
    return (prepared, path)
  }

  /// Hooks of the entry device that no frame comes to by itself.
  private static func unseen(_ spec: PathSpec) -> [String] {
    guard let entry = spec.devices.first(where: { $0.name == spec.entry }) else { return [] }
    if spec.direction == .ingress, !entry.tcxEgress.isEmpty || !entry.egress.chains.isEmpty {
      return ["frames come into \(entry.name); what is attached to its way out sees only what is sent there"]
    }
    if spec.direction == .egress, entry.xdp != nil || !entry.tcxIngress.isEmpty || !entry.ingress.chains.isEmpty {
      return ["frames leave by \(entry.name); what is attached to its way in sees only what comes back there"]
    }
    return []
  }
}

extension DeviceSpec {
  /// Makes it a device that helpers find; what the options file says of it besides stays.
  fileprivate func add(to network: inout NetworkModel) {
    var interface = network.interfaces.first { $0.index == index } ?? NetworkModel.Interface(index: index, name: name)
    if let mtu { interface.mtu = mtu }
    interface.isUp = isUp
    if let address { interface.linkAddress = address }
    network.interfaces.removeAll { $0.index == index }
    network.interfaces.append(interface)
  }
}

extension ObjectFile {
  /// Whether a seed of that name is for this object.
  fileprivate func hasMap(_ name: String) -> Bool { maps.contains { $0.name == name || $0.section == name } }
}
