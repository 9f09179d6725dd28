import BPFInstructions

/// A program as its object file describes it: linked with the subprograms it calls, bound to nothing yet.
public struct ProgramSpec: Sendable {
  /// Name of the function symbol.
  public var name: String
  /// Section as written, for example `xdp.frags/devmap`; libbpf's leading `?` is removed.
  public var section: String
  /// Program type from the section name or, where that tells none, from the program's parameter; nil when neither does.
  public var type: ProgramType?
  /// True where ``type`` is not what the section's name says.
  public var isTypeInferred = false
  /// Program type from the parameter alone, by its BTF: XDP for `struct xdp_md *`, a classifier for `struct __sk_buff *`.
  public var contextType: ProgramType?
  /// Expected attach type from the section name (`enum bpf_attach_type`), 0 when there is none.
  public var attachType: UInt32
  /// `BPF_F_XDP_HAS_FRAGS` and the like, as the section name asks.
  public var flags: UInt32
  /// False for a section that begins with `?`.
  public var loadsByDefault: Bool
  /// The main program's slots, then those of every subprogram that it reaches; calls between them are resolved.
  public var instructions: [Instruction]
  /// What the `lddw` and `call` slots refer to, by slot. Slots not named here stand as they are.
  public var references: [Int: Reference]
  /// The functions in ``instructions``, by first slot; the main program comes first.
  public var functions: [FunctionSpec]
  /// What the program's main function names with the tag `exception_callback:`, for `bpf_throw`; one of ``functions``.
  public var exceptionCallback: FunctionSpec?
  /// Source positions from .BTF.ext, ascending by slot; empty without BTF.
  public var sourceLines: [SourceLine]
  /// CO-RE records of .BTF.ext, not applied yet, ascending by slot.
  public var coreRelocations: [CORERelocation] = []
  /// The types that CO-RE went by; nil when there was nothing to relocate.
  public var kernelTypes: TypeInfo?
  /// The object's types, in which ``coreRelocations`` and ``functions`` name theirs; nil without .BTF.
  public var types: TypeInfo?

  /// A program from its parts.
  public init(
    name: String, section: String, type: ProgramType?, attachType: UInt32 = 0, flags: UInt32 = 0,
    loadsByDefault: Bool = true, instructions: [Instruction], references: [Int: Reference] = [:],
    functions: [FunctionSpec] = [], sourceLines: [SourceLine] = []
  ) {
    self.name = name
    self.section = section
    self.type = type
    self.attachType = attachType
    self.flags = flags
    self.loadsByDefault = loadsByDefault
    self.instructions = instructions
    self.references = references
    self.functions = functions
    self.sourceLines = sourceLines
  }

  /// The function that holds `slot`.
  public func function(at slot: Int) -> FunctionSpec? {
    functions.last { $0.slot <= slot }
  }

  /// The source position of `slot`: the last one at or before it in the same function.
  public func sourceLine(at slot: Int) -> SourceLine? {
    var low = 0
    var high = sourceLines.count
    while low < high {
      let middle = (low + high) / 2
      if sourceLines[middle].slot <= slot { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let line = sourceLines[low - 1]
    guard let function = function(at: slot), line.slot >= function.slot else { return nil }
    return line
  }
}

/// What a slot refers to.
public enum Reference: Hashable, Sendable {
  /// The map of that name (`lddw` with `BPF_PSEUDO_MAP_FD`).
  case map(String)
  /// The value of that map's element 0, plus an offset in bytes (`BPF_PSEUDO_MAP_VALUE`): global data.
  case mapValue(String, offset: UInt32)
  /// The function at that slot of this program (`BPF_PSEUDO_FUNC`): a callback.
  case function(slot: Int)
  /// A `__ksym` function.
  case kernelFunction(String, weak: Bool)
  /// A `__ksym` variable: `lddw` with `BPF_PSEUDO_BTF_ID`, or a plain one for a variable declared `void`, which only
  /// /proc/kallsyms knows.
  case kernelVariable(String, weak: Bool)
  /// A call that cannot be resolved; the reason is printed when a packet reaches it.
  case unresolved(String)
}

/// A function within a linked program.
public struct FunctionSpec: Hashable, Sendable {
  /// Name of the symbol.
  public var name: String
  /// First slot in the linked program.
  public var slot: Int
  /// Number of slots.
  public var count: Int
  /// BTF id of its `BTF_KIND_FUNC`, from .BTF.ext's func_info.
  public var typeID: UInt32?
  /// True for a global (non-static) function, which the kernel verifies on its own.
  public var isGlobal: Bool

  /// A function at that place.
  public init(name: String, slot: Int, count: Int, typeID: UInt32? = nil, isGlobal: Bool = false) {
    self.name = name
    self.slot = slot
    self.count = count
    self.typeID = typeID
    self.isGlobal = isGlobal
  }
}

/// One line_info record of .BTF.ext.
public struct SourceLine: Hashable, Sendable {
  /// Slot in the linked program.
  public var slot: Int
  /// Path as the compiler was given it.
  public var file: String
  /// The text of the source line, as the compiler recorded it.
  public var text: String
  /// Line, from 1.
  public var line: Int
  /// Column, from 1; 0 when unknown.
  public var column: Int
  /// Offset of the file name in the BTF string table, for handing line_info to the kernel.
  public var fileOffset: UInt32
  /// Offset of the text in the BTF string table.
  public var textOffset: UInt32

  /// A position from its parts.
  public init(
    slot: Int, file: String, text: String, line: Int, column: Int, fileOffset: UInt32 = 0, textOffset: UInt32 = 0
  ) {
    self.slot = slot
    self.file = file
    self.text = text
    self.line = line
    self.column = column
    self.fileOffset = fileOffset
    self.textOffset = textOffset
  }
}
