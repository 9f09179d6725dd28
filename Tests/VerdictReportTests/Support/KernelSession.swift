import BPFKernel
import BPFMachine
import BPFObject
import Capture
import Datapath
import Foundation
import Testing

@testable import VerdictReport

/// A program on the simulator and in the kernel with the same contents in its maps.
struct KernelSession {
  static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func objects(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasSuffix(".o") }.sorted().map { "\(directory)/\($0)" }
  }

  static let fixtures = objects(in: package.appending(path: "fixtures").path)
  /// Where Debian's xdp-tools and libxdp1 put theirs.
  static let installed = objects(in: "/usr/lib/x86_64-linux-gnu/bpf")

  var object: ObjectFile
  var program: ProgramSpec
  private var seeds = MapSeeds()
  /// Entries for maps, in addition to the seeds.
  private var entries: [(map: String, entry: MapEntry)] = []

  /// An example program with its seeds, or an installed one with entries made of what is in the captures.
  init(path: String, program: ProgramSpec, captures: [String]) throws {
    object = try ObjectFile(path: path)
    self.program = program
    let name = URL(filePath: path).lastPathComponent.prefix { $0 != "." }
    let folder = Self.package.appending(path: "fixtures/seeds").path
    if path.hasPrefix(Self.package.path) {
      for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasPrefix("\(name).") {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
        seeds.add(
          try MapSeed(parsing: bytes, file: file), for: String(file.dropFirst(name.count + 1).dropLast(".json".count)))
      }
    } else {
      if name == "xdp-dispatcher" {
        // Ten programs, and the next one after every verdict.
        let conf =
          #"{"conf": {"num_progs_enabled": 10, "chain_call_actions": [\#((0..<10).map { _ in "4294967295" }.joined(separator: ","))]}}"#
        seeds.add(try MapSeed(parsing: Array(conf.utf8), file: "conf"), for: ".rodata")
      }
      entries = try Self.harvest(captures, for: object.maps)
    }
    try seeds.set(in: &object)
    object = KernelObject.configured(object)
    self.program = try #require(object.programs.first { $0.name == program.name })
  }

  private var hook: Hook { program.hook ?? .xdp }

  /// Every second address and port of the captures, for xdp-filter's maps: source and destination, TCP and UDP.
  private static func harvest(_ captures: [String], for maps: [MapSpec]) throws -> [(map: String, entry: MapEntry)] {
    var keys: [String: [[UInt8]]] = [:]
    let frames = CaptureChain(captures, limit: 50)
    while let frame = try frames.next() {
      let headers = Dissection(Array(frame.bytes))
      for field in headers.fields where !field.name.contains("#") {
        let bytes = Array(headers.frame[field.byteRange])
        switch field.name {
        case "eth.src", "eth.dst": keys["filter_ethernet", default: []].append(bytes)
        case "ip.src", "ip.dst": keys["filter_ipv4", default: []].append(bytes)
        case "ipv6.src", "ipv6.dst": keys["filter_ipv6", default: []].append(bytes)
        case "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport":
          keys["filter_ports", default: []].append(bytes + [0, 0])
        default: break
        }
      }
    }
    var entries: [(map: String, entry: MapEntry)] = []
    for map in maps {
      let unique = Set(keys[map.name] ?? []).sorted { $0.lexicographicallyPrecedes($1) }
      for (index, key) in unique.enumerated() where index.isMultiple(of: 2) {
        entries.append((map.name, MapEntry(key: key, values: [[15, 0, 0, 0, 0, 0, 0, 0]])))
      }
    }
    return entries
  }

  private func seed(_ backend: any Backend, _ maps: [any MapAccess]) throws {
    try seeds.load(into: backend, maps: maps, types: object.types)
    for (name, entry) in entries {
      try maps.first { $0.spec.name == name }?.update(entry.key, entry.values, flags: 0)
    }
  }

  private func simulator(_ configuration: MachineConfiguration) throws -> SimulatorBackend {
    let backend = try SimulatorBackend(object: object, program: program, hook: hook, configuration: configuration)
    try seed(backend, backend.maps)
    return backend
  }

  /// Runs frames on both.
  func compare(_ frames: some FrameSource) throws -> KernelComparisonResult {
    try CPUPinning.withOneCPU { cpu in
      var configuration = MachineConfiguration()
      configuration.cpus = PossibleCPUs.count
      configuration.cpu = cpu ?? 0
      let kernel = try KernelBackend(object: object, program: program, hook: hook)
      try seed(kernel, kernel.standIns)
      let backend = try simulator(configuration)
      let use = HelperUse(of: backend, in: object)
      let comparison = KernelComparison(
        simulator: backend, kernel: kernel,
        variations: try Variation.all(for: use, configuration: configuration, make: simulator), types: object.types)
      for map in kernel.standIns where !map.keys.isEmpty { comparison.standIns[map.spec.name] = map.keys }
      return comparison.run(frames, named: "captures")
    }
  }
}

/// The first frames of several captures, one after the other, numbered through. A capture that breaks off ends there.
final class CaptureChain: FrameSource {
  private var waiting: ArraySlice<String>
  private let limit: Int
  private var reader: CaptureReader?
  private var number = 0
  private let lent = UnsafeMutablePointer<Frame>.allocate(capacity: 1)
  /// The captures that gave frames, each with the number of its first.
  private(set) var starts: [(name: String, first: Int)] = []

  init(_ captures: [String], limit: Int) {
    waiting = captures[...]
    self.limit = limit
  }

  deinit { lent.deallocate() }

  func nextFrames(limit: Int) throws(CaptureError) -> UnsafeBufferPointer<Frame> {
    guard limit > 0, let frame = try frame() else { return UnsafeBufferPointer(start: nil, count: 0) }
    lent.initialize(to: frame)
    return UnsafeBufferPointer(start: lent, count: 1)
  }

  private func frame() throws(CaptureError) -> Frame? {
    while true {
      if let reader, reader.statistics.frames < limit {
        var frame: Frame?
        do throws(CaptureError) { frame = try reader.next() } catch {}
        if let frame {
          if frame.number == 1 { starts.append((reader.path, number + 1)) }
          number += 1
          return Frame(
            bytes: frame.bytes, wireLength: frame.wireLength, timestamp: frame.timestamp, number: number,
            interface: frame.interface)
        }
      }
      guard let path = waiting.popFirst() else { return nil }
      reader = try CaptureReader(path: path)
    }
  }
}
