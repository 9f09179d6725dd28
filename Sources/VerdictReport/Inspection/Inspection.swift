import BPFInstructions
import BPFMachine
import BPFObject

/// What is in an object: programs with the helpers they call, maps, sections, and the code.
public struct Inspection: Sendable {
  let object: ObjectFile
  let disassembles: Bool

  /// - Parameter disassembles: whether the code is shown too.
  public init(_ object: ObjectFile, disassembles: Bool = false) {
    self.object = object
    self.disassembles = disassembles
  }

  /// What a program reaches out for, by name.
  struct Uses {
    /// Instructions; a 64-bit immediate load counts once.
    var instructions = 0
    var helpers: [String] = []
    var kernelFunctions: [String] = []
    var maps: [String] = []
  }

  func uses(of program: ProgramSpec) -> Uses {
    var helpers: Set<Int32> = []
    var kernelFunctions: Set<String> = []
    var maps: Set<String> = []
    var slot = 0
    var instructions = 0
    while slot < program.instructions.count {
      let decoded = try? Operation.decode(program.instructions, at: slot)
      if case .callHelper(let id)? = decoded?.0, program.references[slot] == nil { helpers.insert(id) }
      slot += max(1, decoded?.1 ?? 1)
      instructions += 1
    }
    for reference in program.references.values {
      switch reference {
      case .map(let name), .mapValue(let name, _): maps.insert(name)
      case .kernelFunction(let name, _), .kernelVariable(let name, _): kernelFunctions.insert(name)
      case .function, .unresolved: break
      }
    }
    return Uses(
      instructions: instructions, helpers: helpers.sorted().map(Self.helperName),
      kernelFunctions: kernelFunctions.sorted(),
      maps: object.maps.map(\.name).filter(maps.contains))
  }

  private static func helperName(_ id: Int32) -> String {
    HelperTable.name(id).map { "bpf_\($0)" } ?? "unknown helper #\(id)"
  }

  /// The code of `program`, a line an instruction, label or source line.
  func listing(of program: ProgramSpec) -> [String] {
    let references = program.references.compactMapValues { reference -> SymbolicReference? in
      switch reference {
      case .map(let name): .map(name)
      case .mapValue(let name, let offset): .mapValue(name, offset: offset)
      case .kernelFunction(let name, _), .kernelVariable(let name, _): .symbol(name)
      case .function(let slot): .function(program.function(at: slot)?.name ?? "\(slot)")
      case .unresolved: nil
      }
    }
    let symbols = Disassembler.Symbols(
      helper: { HelperTable.name($0).map { "bpf_\($0)" } }, reference: { references[$0] })
    let functions = Dictionary(
      program.functions.map { ($0.slot, $0.name) }, uniquingKeysWith: { first, _ in first })
    let lines = Dictionary(
      program.sourceLines.map { ($0.slot, Listing.Source(text: $0.text, place: "\($0.file):\($0.line)")) },
      uniquingKeysWith: { first, _ in first })
    return Listing(program.instructions, symbols: symbols, functions: functions, sourceLines: lines).lines()
  }

  /// Key or value of a map in C, when its type is known, else its size.
  func typeName(_ id: UInt32, size: UInt32) -> String {
    guard size > 0 else { return "-" }
    guard id != 0, let types = object.types else { return "\(size) bytes" }
    if case .dataSection? = types[id] { return "\(size) bytes" }
    return types.declaration(of: id)
  }

  /// What a section is for, by its header (ELF's SHT_ and SHF_ numbers).
  func kind(of section: SectionSummary) -> String {
    switch section.type {
    case 1 where section.flags & 4 != 0: "code"
    case 1 where section.flags & 2 != 0: section.flags & 1 != 0 ? "data" : "read-only data"
    case 1: "information"
    case 2: "symbols"
    case 3: "strings"
    case 4, 9: "relocations"
    case 8: "zeros"
    default: "type \(section.type)"
    }
  }
}
