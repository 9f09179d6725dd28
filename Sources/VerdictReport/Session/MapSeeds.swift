import BPFMachine
import BPFObject
import Datapath

/// Seeds for several maps, each by the name of its map.
public struct MapSeeds: Sendable {
  private var seeds: [(name: String, seed: MapSeed)] = []

  /// No seeds.
  public init() {}

  /// Adds a seed for the map of that name; `.rodata`, `.data` and `.bss` name global data.
  public mutating func add(_ seed: MapSeed, for name: String) { seeds.append((name, seed)) }

  /// Sets global data, before the object is loaded.
  ///
  /// - Throws: ``SeedError``; also for a name that is no map of the object.
  public func set(in object: inout ObjectFile) throws(SeedError) {
    for (name, seed) in seeds {
      guard let index = object.maps.firstIndex(where: { $0.name == name || $0.section == name && $0.isData }) else {
        let known = object.maps.map(\.name).joined(separator: ", ")
        throw SeedError(
          file: seed.file,
          message: "the object has no map '\(name)'" + (known.isEmpty ? ", nor any other" : "; there are \(known)"))
      }
      if object.maps[index].isData { try seed.set(in: &object.maps[index], types: object.types) }
    }
  }

  /// Sets the entries of the loaded maps; global data was set before.
  ///
  /// - Parameter maps: what to set them in, in place of the backend's own maps.
  public func load(into backend: any Backend, maps: [any MapAccess]? = nil, types: TypeInfo?) throws(SeedError) {
    try load(into: maps ?? backend.maps, types: types) { name throws(BackendError) in
      try backend.programNumber(named: name)
    }
  }

  /// Sets the entries of maps.
  ///
  /// - Parameter programNumber: what a prog_array takes for a program.
  public func load(
    into maps: [any MapAccess], types: TypeInfo?, programNumber: (String) throws(BackendError) -> UInt32?
  ) throws(SeedError) {
    for (name, seed) in seeds {
      guard let map = maps.first(where: { $0.spec.name == name }), !map.spec.isData else { continue }
      try seed.load(into: map, types: types, program: programNumber)
    }
  }
}

extension MapSpec {
  /// True for .rodata, .data, .bss and their like.
  var isData: Bool { initialContents != nil }
}
