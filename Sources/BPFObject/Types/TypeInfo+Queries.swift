extension TypeInfo {
  /// The id behind typedefs, `const`, `volatile`, `restrict` and type tags; nil when the id does not exist, or when the
  /// wrappers lead in a circle.
  public func resolved(_ id: UInt32) -> UInt32? {
    var id = id
    for _ in 0..<TypeInfo.depthLimit {
      switch kind(of: id) {
      case nil: return nil
      case .typedef, .volatile, .const, .restrict, .typeTag: id = target(of: id)
      default: return id
      }
    }
    return nil
  }

  /// The id behind `const`, `volatile`, `restrict` and type tags, typedefs kept.
  public func withoutQualifiers(_ id: UInt32) -> UInt32? {
    var id = id
    for _ in 0..<TypeInfo.depthLimit {
      switch kind(of: id) {
      case nil: return nil
      case .volatile, .const, .restrict, .typeTag: id = target(of: id)
      default: return id
      }
    }
    return nil
  }

  /// The third word of a record, which is the id that a wrapper wraps.
  func target(of id: UInt32) -> UInt32 { offset(of: id).map { word($0 + 8) } ?? 0 }

  /// Size in bytes; nil for void, functions, forward declarations, and types without end. Pointers are 8 bytes.
  public func size(of id: UInt32) -> Int? {
    // Read from the record, not decoded: a struct's members play no part.
    var id = id
    var elements = 1
    for _ in 0..<TypeInfo.depthLimit {
      guard let at = offset(of: id), let kind = kind(of: id) else { return nil }
      switch kind {
      case .int, .structure, .union, .enumeration, .enumeration64, .dataSection, .float:
        return product(elements, Int(word(at + 8)))
      case .pointer: return product(elements, 8)
      case .array:
        guard let next = product(elements, Int(word(at + 20))) else { return nil }
        elements = next
        id = word(at + 12)
      case .typedef, .volatile, .const, .restrict, .typeTag, .variable: id = word(at + 8)
      case .void, .forward, .function, .prototype, .declarationTag: return nil
      }
    }
    return nil
  }

  private func product(_ left: Int, _ right: Int) -> Int? {
    let (result, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? nil : result
  }

  /// Every id whose name is `name`, in order; of one kind only, when `kind` is given.
  public func ids(named name: String, kind wanted: BTFKind? = nil) -> [UInt32] {
    let name = Array(name.utf8)
    guard !name.isEmpty, let strings else { return [] }
    return ids.filter { id in
      (wanted == nil || kind(of: id) == wanted)
        && (nameOffset(of: id).map { strings.string(at: $0, equals: name) } ?? false)
    }
  }

  /// The first id whose name is `name`; of one kind only, when `kind` is given.
  public func id(named name: String, kind wanted: BTFKind? = nil) -> UInt32? {
    let name = Array(name.utf8)
    guard !name.isEmpty, let strings else { return nil }
    return ids.first { id in
      (wanted == nil || kind(of: id) == wanted)
        && (nameOffset(of: id).map { strings.string(at: $0, equals: name) } ?? false)
    }
  }

  /// Members of the struct or union behind `id`; empty for anything else.
  public func members(of id: UInt32) -> [BTFMember] {
    guard let id = resolved(id) else { return [] }
    switch self[id] {
    case .structure(let body), .union(let body): return body.members
    default: return []
    }
  }

  /// Name of a constant of the enumeration behind `id`; nil when there is none of that value.
  public func enumeratorName(of value: Int64, in id: UInt32) -> String? {
    guard let id = resolved(id), case .enumeration(let body) = self[id] else { return nil }
    return body.values.first { $0.value == value }?.name
  }

  /// True for a one-byte integer that holds text: marked so, or named `char`.
  public func isCharacter(_ id: UInt32) -> Bool {
    guard let id = resolved(id), case .int(let int) = self[id], int.size == 1, !int.isBool else { return false }
    return int.isChar || name(of: id) == "char"
  }

  /// The struct that a function's first parameter points to: `xdp_md` of an XDP program; nil when there is none.
  func contextName(ofFunction id: UInt32) -> String? {
    guard case .function(let prototype, _)? = self[id], case .prototype(_, let parameters)? = self[prototype],
      let parameter = parameters.first, let pointer = resolved(parameter.type), kind(of: pointer) == .pointer,
      let context = resolved(target(of: pointer))
    else { return nil }
    switch kind(of: context) {
    case .structure, .forward: return name(of: context)
    default: return nil
    }
  }

  /// The type in C: `struct flow`, `__u32`, `unsigned char [6]`, `struct sk_buff *`.
  public func declaration(of id: UInt32) -> String { declaration(of: id, depth: 0) }

  private func declaration(of id: UInt32, depth: Int) -> String {
    guard depth < TypeInfo.depthLimit else { return "…" }
    func wrapped(_ prefix: String, _ id: UInt32) -> String { prefix + declaration(of: id, depth: depth + 1) }
    func tagged(_ keyword: String) -> String {
      let name = name(of: id)
      return keyword + " " + (name.isEmpty ? "(anonymous)" : name)
    }
    guard let kind = kind(of: id) else { return "type \(id)" }
    let other = target(of: id)
    switch kind {
    case .void: return "void"
    case .pointer: return wrapped("", other) + " *"
    case .array:
      let at = offset(of: id) ?? 0
      return wrapped("", word(at + 12)) + " [\(word(at + 20))]"
    case .structure: return tagged("struct")
    case .union: return tagged("union")
    case .enumeration, .enumeration64: return tagged("enum")
    case .forward: return tagged(self[id] == .forward(isUnion: true) ? "union" : "struct")
    case .volatile: return wrapped("volatile ", other)
    case .const: return wrapped("const ", other)
    case .restrict, .typeTag: return wrapped("", other)
    case .prototype: return wrapped("", other) + " (…)"
    case .declarationTag, .int, .typedef, .function, .variable, .dataSection, .float: return name(of: id)
    }
  }
}
