import BPFObject

extension Inspection {
  /// One JSON object: `object, license, btf_types, programs, maps, sections, notes`; with the code, `disassembly` in each program.
  public var json: String {
    JSON.object([
      ("object", .string(object.name)), ("license", .string(object.license)),
      ("btf_types", object.types.map { .integer(Int64($0.count)) } ?? .null),
      ("programs", .array(object.programs.map(json))), ("maps", .array(object.maps.map(json))),
      ("sections", .array(object.sections.map(json))), ("notes", .array(object.notes.map(JSON.string))),
    ]).prettyText + "\n"
  }

  private func json(_ program: ProgramSpec) -> JSON {
    let uses = uses(of: program)
    var members: [(String, JSON)] = [
      ("name", .string(program.name)), ("section", .string(program.section)),
      ("type", program.type.map { .string($0.name) } ?? .null),
      ("instructions", .integer(Int64(uses.instructions))),
      ("functions", .array(program.functions.map { .string($0.name) })),
      ("helpers", .array(uses.helpers.map(JSON.string))),
      ("kernel_functions", .array(uses.kernelFunctions.map(JSON.string))),
      ("maps", .array(uses.maps.map(JSON.string))),
    ]
    if disassembles { members.append(("disassembly", .array(listing(of: program).map(JSON.string)))) }
    return .object(members)
  }

  private func json(_ map: MapSpec) -> JSON {
    .object([
      ("name", .string(map.name)), ("type", .string(map.type?.name ?? String(map.rawType))),
      ("key_size", .integer(Int64(map.keySize))), ("value_size", .integer(Int64(map.valueSize))),
      ("key", .string(typeName(map.keyTypeID, size: map.keySize))),
      ("value", .string(typeName(map.valueTypeID, size: map.valueSize))),
      ("max_entries", .integer(Int64(map.maxEntries))), ("flags", .integer(Int64(map.flags))),
      ("section", .string(map.section)),
    ])
  }

  private func json(_ section: SectionSummary) -> JSON {
    .object([
      ("name", .string(section.name)), ("bytes", .unsigned(section.size)), ("kind", .string(kind(of: section))),
    ])
  }
}
