import BPFObject

extension Inspection {
  /// For people.
  public var text: String {
    var text = "\(object.name): license \(object.license.isEmpty ? "none" : object.license)"
    text += object.types.map { ", BTF with \(Format.grouped(UInt64($0.count))) types\n" } ?? ", no BTF\n"
    text += "\nPROGRAMS\n" + programs
    if !object.maps.isEmpty { text += "\nMAPS\n" + maps }
    text += "\nSECTIONS\n" + sections
    if !object.notes.isEmpty { text += "\nNOTES\n" + object.notes.map { "\($0)\n" }.joined() }
    if disassembles {
      for program in object.programs {
        text += "\n\(program.name) (\(program.section))\n"
        text += listing(of: program).map { "\($0)\n" }.joined()
      }
    }
    return text
  }

  private var programs: String {
    var text = object.programs.isEmpty ? "none\n" : ""
    for program in object.programs {
      text += "\(program.name): section \(program.section), type \(program.type?.name ?? "unknown"), "
      let uses = uses(of: program)
      text += "\(uses.instructions) instructions"
      if program.functions.count > 1 { text += " in \(program.functions.count) functions" }
      text += program.loadsByDefault ? "\n" : ", not loaded unless asked for\n"
      if !uses.helpers.isEmpty { text += "  helpers: \(uses.helpers.joined(separator: ", "))\n" }
      if !uses.kernelFunctions.isEmpty { text += "  kernel: \(uses.kernelFunctions.joined(separator: ", "))\n" }
      if !uses.maps.isEmpty { text += "  maps: \(uses.maps.joined(separator: ", "))\n" }
    }
    return text
  }

  private var sections: String {
    var table = TextTable([.left, .right, .left])
    table.rows = [["NAME", "BYTES", "KIND"]]
    for section in object.sections {
      table.rows.append([section.name, Format.grouped(section.size), kind(of: section)])
    }
    return table.text
  }

  private var maps: String {
    var table = TextTable([.left, .left, .left, .left, .right, .left, .left])
    table.rows.append(["NAME", "TYPE", "KEY", "VALUE", "ENTRIES", "FLAGS", "SECTION"])
    for map in object.maps {
      table.rows.append([
        map.name, map.type?.name ?? "unknown type \(map.rawType)", typeName(map.keyTypeID, size: map.keySize),
        typeName(map.valueTypeID, size: map.valueSize), String(map.maxEntries),
        map.flags == 0 ? "-" : "0x" + String(map.flags, radix: 16), map.section,
      ])
    }
    return table.text
  }
}
