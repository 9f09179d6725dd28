import BPFMachine
import BPFObject
import Datapath

/// The contents of a map, typed through BTF where the object has types, else in hex.
///
/// In JSON the entries have the form of a seed (``MapSeed``), so that what was dumped can be loaded again.
public struct MapDump: Sendable {
  struct Entry: Sendable {
    var key: TypedValue
    /// One, or one a CPU.
    var values: [TypedValue]
    /// Which of the values are not all zero bytes.
    var isSet: [Bool]
    /// What the map holds that this entry of a map of maps is.
    var inner: [MapDump] = []
  }

  /// Name of the map.
  public private(set) var name: String
  /// The kernel's name of its type, or its number.
  public let type: String
  private let isPerCPU: Bool
  /// Array types have every index, whether it was ever written or not.
  private let isArray: Bool
  private let hasKeys: Bool
  private let entries: [Entry]

  /// Reads every element of `map`.
  ///
  /// - Parameters:
  ///   - types: the object's own; nil shows bytes in hex.
  ///   - program: the name of the program that a prog array shows as a number.
  public init(
    _ map: any MapAccess, types: TypeInfo?, program: (UInt32) -> String? = { _ in nil }
  ) throws(MapError) {
    let spec = map.spec
    let shape = MapShape(spec, types: types)
    name = spec.name
    type = spec.type?.name ?? "type \(spec.rawType)"
    isPerCPU = spec.type?.isPerCPU ?? false
    isArray = spec.type == .array || spec.type == .percpuArray || spec.type == .cpumap || spec.type == .devmap
    hasKeys = spec.keySize > 0
    // A hash has no order of its own; sorted by key, a dump is the same whatever made it.
    let listed = try map.entries()
    let isHash =
      switch spec.type {
      case .hash, .percpuHash, .lruHash, .lruPercpuHash, .lpmTrie, .hashOfMaps, .devmapHash: true
      default: false
      }
    let sorted = isHash ? listed.sorted { $0.key.lexicographicallyPrecedes($1.key) } : listed
    let outer = map as? any MapOfMapsAccess
    var entries: [Entry] = []
    for entry in sorted {
      var shown = Entry(
        key: shape.decode(key: entry.key),
        values: entry.values.map { shape.decode(value: $0, program: program) },
        isSet: entry.values.map { $0.contains { $0 != 0 } })
      if let inner = outer?.inner(at: entry.key) {
        shown.inner = [try MapDump(inner, types: types, program: program)]
        shown.values = [.word(inner.spec.name)]
      }
      entries.append(shown)
    }
    self.entries = entries
  }

  /// The maps of every object of a path, each named with its object where there are several; a map that objects share is there
  /// once.
  public static func all(of path: PacketPath) throws(MapError) -> [MapDump] {
    var dumps: [MapDump] = []
    var seen: Set<ObjectIdentifier> = []
    for object in path.objectNames {
      for map in path.maps(of: object) where seen.insert(ObjectIdentifier(map)).inserted {
        var dump = try MapDump(map, types: path.types(of: object), program: path.programName)
        if path.objectNames.count > 1 { dump.name = "\(object)/\(dump.name)" }
        dumps.append(dump)
      }
    }
    return dumps
  }

  /// `{name, type, entries: [{key, value} | {key, values: [{cpu, value}]}]}`.
  package var json: JSON {
    .object([("name", .string(name)), ("type", .string(type)), ("entries", .array(entries.map(json)))])
  }

  private func json(_ entry: Entry) -> JSON {
    var members: [(String, JSON)] = hasKeys ? [("key", entry.key.json)] : []
    if isPerCPU {
      let values = entry.values.enumerated().map { cpu, value in
        JSON.object([("cpu", .integer(Int64(cpu))), ("value", value.json)])
      }
      members.append(("values", .array(values)))
    } else if let inner = entry.inner.first {
      members.append(("value", inner.json))
    } else {
      members.append(("value", entry.values.first?.json ?? .null))
    }
    return .onOneLine(members)
  }

  /// An element a line, or a line a CPU; in arrays, elements and CPUs that are all zero are only counted.
  public var text: String {
    let count = UInt64(entries.count)
    var text = "map \(name) (\(type)): \(Format.grouped(count)) \(count == 1 ? "entry" : "entries")\n"
    var hidden = 0
    for entry in entries {
      if isArray, !entry.isSet.contains(true) {
        hidden += 1
        continue
      }
      if isPerCPU, entry.values.count > 1 {
        text += "  \(entry.key.text):\n"
        for (cpu, value) in entry.values.enumerated() where entry.isSet[cpu] {
          text += "    cpu \(cpu): \(value.text)\n"
        }
        if !entry.isSet.contains(true) { text += "    zero on every CPU\n" }
      } else {
        text += "  \(hasKeys ? "\(entry.key.text): " : "")\(entry.values.first?.text ?? "")\n"
      }
    }
    if hidden > 0 {
      text += "  \(Format.grouped(UInt64(hidden))) \(hidden == 1 ? "entry" : "entries") of zeros not shown\n"
    }
    return text
  }
}
