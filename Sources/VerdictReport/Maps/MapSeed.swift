import BPFMachine
import BPFObject
import Datapath

/// Contents for a map, from JSON.
///
/// The file holds an array of entries `{"key": K, "value": V}`, with `"values": [V, …]` or
/// `"values": [{"cpu": 0, "value": V}, …]` for per-CPU maps. That is what `bpftool map dump` and a report's `maps`
/// give; a whole report may stand in the file too. K and V are
/// - numbers, little-endian, of the size of key or value;
/// - addresses (`192.0.2.1`, `2001:db8::1`, `02:00:00:00:00:01`) and, as keys of LPM tries, prefixes (`192.0.2.0/24`);
/// - bytes in hex, `0x0a00002a`, or an array of bytes, each a number or `0x0a`, in the order in which they lie;
/// - with BTF: objects of members by name (members that are not named are zero), arrays, names of enumeration
///   constants, text for `char` arrays;
/// - as values of prog arrays, names of programs.
///
/// For global data (`.rodata`, `.data`, `.bss`) the file holds an object of variables by name; others keep their value.
public struct MapSeed: Sendable {
  /// Where it came from, for messages.
  public let file: String
  private let json: JSON

  /// Reads the text of a seed.
  ///
  /// - Throws: ``SeedError`` with line and column when it is not JSON.
  public init(parsing bytes: [UInt8], file: String) throws(SeedError) {
    self.file = file
    do {
      json = try JSON(parsing: bytes)
    } catch {
      throw SeedError(file: file, message: "line \(error.line), column \(error.column): \(error.message)")
    }
  }

  /// Sets the entries in a loaded map.
  ///
  /// - Parameters:
  ///   - types: the object's types; without them members have no names.
  ///   - program: what stands for a program in a prog array, by the program's name; nil when there is no such program.
  public func load(
    into map: any MapAccess, types: TypeInfo?, program: (String) throws(BackendError) -> UInt32? = { _ in nil }
  ) throws(SeedError) {
    let shape = MapShape(map.spec, types: types)
    for (index, entry) in try entries(for: map.spec).enumerated() {
      do {
        if let outer = map as? any MapOfMapsAccess,
          try load(entry, number: index + 1, into: outer, shape, types, program)
        {
          continue
        }
        let (key, values) = try parse(entry, shape, program)
        try map.update(key, values, flags: 0)
      } catch let error as SeedError {
        throw error
      } catch let fault as ValueFault {
        throw SeedError(file: file, entry: index + 1, member: fault.path, message: fault.message)
      } catch let error as MapError {
        throw SeedError(file: file, entry: index + 1, message: error.message)
      } catch {
        throw SeedError(file: file, entry: index + 1, message: "\(error)")
      }
    }
  }

  /// Sets an entry of a map of maps: `"value"` is the name of a map of the object, or the entries of one that is made; false for
  /// anything else.
  private func load(
    _ entry: JSON, number: Int, into outer: any MapOfMapsAccess, _ shape: MapShape, _ types: TypeInfo?,
    _ program: (String) throws(BackendError) -> UInt32?
  ) throws -> Bool {
    guard outer.spec.type == .arrayOfMaps || outer.spec.type == .hashOfMaps, let value = entry["value"],
      let jsonKey = entry["key"]
    else { return false }
    switch value {
    case .string(let name) where !name.hasPrefix("0x"):
      try outer.putInner(named: name, at: shape.encode(key: jsonKey))
    case .array, .object, .onOneLine:
      var size: UInt32?
      if let given = value["max_entries"] {
        guard case .integer(let count) = given, let count = UInt32(exactly: count), count > 0 else {
          throw ValueFault(path: "value.max_entries", message: "a number of at least 1 expected, found \(given.text)")
        }
        size = count
      }
      let inner = try outer.makeInner(at: shape.encode(key: jsonKey), maxEntries: size)
      try MapSeed(json: value, file: "\(file): entry \(number)").load(into: inner, types: types, program: program)
    default: return false
    }
    return true
  }

  private init(json: JSON, file: String) {
    self.json = json
    self.file = file
  }

  /// Sets variables of a data section before anything is loaded, so that read-only data can be set too.
  public func set(in spec: inout MapSpec, types: TypeInfo?) throws(SeedError) {
    let shape = MapShape(spec, types: types)
    var variables = json
    if case .object(let members) = json, members.count <= 10, json["maps"] != nil || json["entries"] != nil {
      variables = try entries(for: spec).first?["value"] ?? json
    } else if case .array(let list) = json, let only = list.first, list.count == 1 {
      variables = only["value"] ?? only
    }
    do {
      spec.initialContents = try shape.encode(value: variables, path: "", over: spec.initialContents)
    } catch {
      throw SeedError(file: file, member: error.path, message: error.message)
    }
  }

  private func entries(for spec: MapSpec) throws(SeedError) -> [JSON] {
    var json = json
    if case .array(let maps)? = json["maps"] {
      guard let own = maps.first(where: { $0["name"] == .string(spec.name) }) else {
        throw SeedError(file: file, message: "the report has no map '\(spec.name)'")
      }
      json = own
    }
    switch json["entries"] ?? json {
    case .array(let entries): return entries
    case let other: throw SeedError(file: file, message: "an array of entries expected, found \(other.kind)")
    }
  }

  private func parse(
    _ entry: JSON, _ shape: MapShape, _ program: (String) throws(BackendError) -> UInt32?
  ) throws(ValueFault) -> (key: [UInt8], values: [[UInt8]]) {
    guard case .object(let members) = entry else {
      throw ValueFault(path: "", message: "an object with key and value expected, found \(entry.kind)")
    }
    if let other = members.first(where: { !["key", "value", "values", "formatted"].contains($0.0) }) {
      throw ValueFault(path: other.0, message: "an entry has a key and a value, or values, and nothing else")
    }
    var key: [UInt8] = []
    if shape.spec.keySize > 0 {
      guard let json = entry["key"] else { throw ValueFault(path: "key", message: "missing") }
      key = try shape.encode(key: json)
    }
    switch (entry["value"], entry["values"]) {
    case (let value?, nil): return (key, [try parse(value: value, "value", shape, program)])
    case (nil, .array(let values)?):
      guard shape.spec.type?.isPerCPU == true else {
        throw ValueFault(path: "values", message: "the map has one value for all CPUs; give \"value\"")
      }
      return (key, try parse(values: values, shape, program))
    case (nil, let other?): throw ValueFault(path: "values", message: "an array expected, found \(other.kind)")
    case (nil, nil): throw ValueFault(path: "value", message: "missing")
    default: throw ValueFault(path: "values", message: "\"value\" is there too; give one of them")
    }
  }

  private func parse(
    values: [JSON], _ shape: MapShape, _ program: (String) throws(BackendError) -> UInt32?
  ) throws(ValueFault) -> [[UInt8]] {
    var parsed: [[UInt8]] = []
    for (index, json) in values.enumerated() {
      var value = json
      if case .object(let members) = json, members.count == 2, case .integer(let cpu)? = json["cpu"],
        let own = json["value"]
      {
        guard cpu == index else {
          throw ValueFault(
            path: "values[\(index)].cpu", message: "CPUs are listed from 0; \(index) expected, found \(cpu)")
        }
        value = own
      }
      parsed.append(try parse(value: value, "values[\(index)]", shape, program))
    }
    return parsed
  }

  private func parse(
    value: JSON, _ path: String, _ shape: MapShape, _ program: (String) throws(BackendError) -> UInt32?
  ) throws(ValueFault) -> [UInt8] {
    if shape.spec.type == .progArray, case .string(let name) = value, !name.hasPrefix("0x") {
      let number: UInt32?
      do throws(BackendError) { number = try program(name) } catch {
        throw ValueFault(path: path, message: error.message)
      }
      guard let number else { throw ValueFault(path: path, message: "there is no program '\(name)' in the object") }
      return (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    return try shape.encode(value: value, path: path)
  }
}
