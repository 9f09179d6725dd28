/// .BTF.ext: what BTF says of code, by section name and ascending by slot (kernel Documentation/bpf/btf.rst, section 3).
struct TypeExtension: Sendable {
  /// Type of the function that begins at a slot.
  private(set) var functions: [String: [FunctionRecord]] = [:]
  private(set) var lines: [String: [LineRecord]] = [:]
  private(set) var relocations: [String: [CORERelocation]] = [:]
  /// The same in the order of the file; slots count within sections.
  private(set) var relocationsInOrder: [CORERelocation] = []

  /// `struct bpf_func_info`.
  struct FunctionRecord: Sendable {
    var slot: Int
    var typeID: UInt32
  }

  /// `struct bpf_line_info`.
  struct LineRecord: Sendable {
    var slot: Int
    var fileOffset: UInt32
    var textOffset: UInt32
    /// Line in the upper 22 bits, column in the lower 10.
    var place: UInt32
  }

  init(bytes: [UInt8], types: TypeInfo) throws(ObjectError) {
    let view = ByteView(bytes)
    guard let magic = view.u16(at: 0), let headerLength = view.u32(at: 4), headerLength >= 24,
      Int(headerLength) <= view.count
    else { throw TypeExtension.fault("\(bytes.count) bytes do not hold a header", 0) }
    guard magic == 0xeb9f else {
      throw TypeExtension.fault(
        magic == 0x9feb ? "types are big-endian" : "magic 0x\(String(magic, radix: 16)) is not BTF's 0xeb9f", 0)
    }
    let header = Int(headerLength)
    try TypeExtension.records(view, header, at: 8, minimum: 8, types) { section, record in
      guard let offset = record.u32(at: 0), let type = record.u32(at: 4) else { return }
      functions[section, default: []].append(FunctionRecord(slot: Int(offset / 8), typeID: type))
    }
    try TypeExtension.records(view, header, at: 16, minimum: 16, types) { section, record in
      guard let offset = record.u32(at: 0), let file = record.u32(at: 4), let text = record.u32(at: 8),
        let place = record.u32(at: 12)
      else { return }
      lines[section, default: []].append(
        LineRecord(slot: Int(offset / 8), fileOffset: file, textOffset: text, place: place))
    }
    if header >= 32 {
      try TypeExtension.records(view, header, at: 24, minimum: 16, types) { section, record in
        guard let offset = record.u32(at: 0), let type = record.u32(at: 4), let access = record.u32(at: 8),
          let kind = record.u32(at: 12)
        else { return }
        let relocation = CORERelocation(
          slot: Int(offset / 8), typeID: type, access: types.string(at: access) ?? "", accessOffset: access,
          rawKind: kind)
        relocations[section, default: []].append(relocation)
        relocationsInOrder.append(relocation)
      }
    }
    for key in functions.keys { functions[key]?.sort { $0.slot < $1.slot } }
    for key in lines.keys { lines[key]?.sort { $0.slot < $1.slot } }
    for key in relocations.keys { relocations[key]?.sort { $0.slot < $1.slot } }
  }

  /// Walks one sub-section: a record size, then for each ELF section its name, a count and that many records.
  private static func records(
    _ view: ByteView, _ header: Int, at place: Int, minimum: Int, _ types: TypeInfo,
    _ body: (String, ByteView) -> Void
  ) throws(ObjectError) {
    guard let offset = view.u32(at: place), let length = view.u32(at: place + 4), length > 0 else { return }
    let start = header + Int(offset)
    guard let table = view.slice(at: start, count: Int(length)), let size = table.u32(at: 0) else {
      throw fault("\(length) bytes at \(offset) end past the end of \(view.count) bytes", place)
    }
    guard size >= minimum, size % 4 == 0 else {
      throw fault("records of \(size) bytes; at least \(minimum) are needed", start)
    }
    var at = 4
    while at < table.count {
      guard let name = table.u32(at: at), let count = table.u32(at: at + 4) else {
        throw fault("a section's header is cut short", start + at)
      }
      at += 8
      guard Int(count) <= (table.count - at) / Int(size) else {
        throw fault("\(count) records of \(size) bytes are cut short", start + at)
      }
      guard let section = types.string(at: name) else {
        throw fault("section name offset \(name) is outside the strings", start + at - 8)
      }
      for _ in 0..<Int(count) {
        if let record = table.slice(at: at, count: Int(size)) { body(section, record) }
        at += Int(size)
      }
    }
  }

  private static func fault(_ message: String, _ offset: Int) -> ObjectError {
    ObjectError(kind: .badTypes, section: ".BTF.ext", offset: offset, message: message)
  }
}
