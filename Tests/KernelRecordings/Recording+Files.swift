import BPFInstructions
import BPFObject
import Foundation

extension Recording {
  /// Where the recordings are kept.
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("BPFKernelTests/Recorded")

  /// A recording by name, without `.json`.
  public static func load(_ name: String) throws -> Recording {
    try JSONDecoder().decode(
      Recording.self, from: Data(contentsOf: directory.appendingPathComponent(name + ".json")))
  }

  /// The names of all recordings. Tests take these as arguments and go through the cases themselves: a case as an argument
  /// would be written out as JSON for each run.
  public static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return files.filter { $0.hasSuffix(".json") }.sorted().map { String($0.dropLast(5)) }
  }()

  /// Writes the recording under that name.
  public func save(_ name: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (encoder.encode(self) + [10]).write(to: Self.directory.appendingPathComponent(name + ".json"))
  }
}

extension RecordedMap {
  /// The definition of the map, without its template.
  fileprivate var spec: MapSpec {
    MapSpec(
      name: name, rawType: MapType.allCases.first { $0.name == type }?.rawValue ?? 0, keySize: keySize,
      valueSize: valueSize, maxEntries: maxEntries, flags: flags, extra: extra ?? 0,
      initialContents: contents.map(HexText.bytes), isReadOnly: contents != nil)
  }
}

extension RecordedCase {
  /// The definitions of the maps.
  public var specs: [MapSpec] {
    maps.map { map in
      var spec = map.spec
      if let inner = map.inner { spec.inner = [maps[inner].spec] }
      return spec
    }
  }

  /// The main program; nil when the case has only operations.
  public var program: ProgramSpec? { slots.isEmpty ? nil : spec(named: "main", slots) }

  /// A program that stands in a prog array.
  public func program(_ callee: RecordedCallee) -> ProgramSpec {
    spec(named: "callee_\(callee.map)_\(callee.key)", callee.slots)
  }

  /// A program with its references by map name, as an object file gives them.
  private func spec(named name: String, _ slots: String) -> ProgramSpec {
    var instructions = Instruction.slots(in: HexText.bytes(slots))
    var references: [Int: Reference] = [:]
    for slot in instructions.indices where instructions[slot].isWide && instructions[slot].source >= 5 {
      let map = maps[Int(instructions[slot].immediate)].name
      if instructions[slot].source == 5 {
        references[slot] = .map(map)
        instructions[slot].source = 1
      } else {
        references[slot] = .mapValue(map, offset: UInt32(bitPattern: instructions[slot + 1].immediate))
        instructions[slot].source = 2
      }
    }
    let starts =
      [0]
      + instructions.indices.filter { instructions[$0].opcode == 0x85 && instructions[$0].source == 1 }
      .map { $0 + 1 + Int(instructions[$0].immediate) }
    let functions = Set(starts).sorted()
    let ends = functions.dropFirst() + [instructions.count]
    return ProgramSpec(
      name: name, section: type, type: ProgramType.allCases.first { $0.name == type }, flags: flags,
      instructions: instructions, references: references,
      functions: zip(functions, ends).map { FunctionSpec(name: "\(name)_\($0)", slot: $0, count: $1 - $0) })
  }
}
