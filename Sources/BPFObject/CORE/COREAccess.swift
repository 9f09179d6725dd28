/// What a CO-RE relocation is about: a member, a type or an enumerator, in the object's types or in a target's
/// (libbpf's `bpf_core_spec`).
struct COREAccess: Sendable {
  let kind: CORERelocation.Kind
  let root: UInt32
  /// From the root on; anonymous structs and unions in between are left out.
  var steps: [Step] = []
  /// Offset of the member from the start of the root.
  var bitOffset = 0

  /// A named member, an enumerator, or an array index.
  struct Step: Sendable {
    /// The struct or union of the member, the enumeration, or the element type of the array.
    var type: UInt32
    var index: Int
    /// Nil for an array index.
    var name: String?
  }

  /// `BPF_CORE_SPEC_MAX_LEN`: levels of nesting.
  static let depthLimit = 64

  init(kind: CORERelocation.Kind, root: UInt32) {
    self.kind = kind
    self.root = root
  }

  /// Reads the relocation in the object's own types; nil when it makes no sense there.
  init?(_ relocation: CORERelocation, kind: CORERelocation.Kind, in types: TypeInfo) {
    self.init(kind: kind, root: relocation.typeID)
    guard types.kind(of: root) != nil, !relocation.access.isEmpty else { return nil }
    let indices = relocation.access.split(separator: ":", omittingEmptySubsequences: false).map { Int32($0) }
    guard indices.count <= COREAccess.depthLimit else { return nil }
    let path = indices.compactMap { $0.flatMap { $0 >= 0 ? Int($0) : nil } }
    guard path.count == indices.count else { return nil }
    switch kind.subject {
    case .type: guard path == [0] else { return nil }
    case .enumerator: guard path.count == 1, readEnumerator(path[0], types) else { return nil }
    case .field: guard readField(path, types) else { return nil }
    }
  }

  private mutating func readEnumerator(_ index: Int, _ types: TypeInfo) -> Bool {
    guard let id = types.resolved(root), case .enumeration(let body) = types[id], index < body.values.count
    else { return false }
    steps = [Step(type: id, index: index, name: body.values[index].name)]
    return true
  }

  private mutating func readField(_ path: [Int], _ types: TypeInfo) -> Bool {
    guard var id = types.resolved(root), enterElement(path[0], of: id, types) else { return false }
    for index in path.dropFirst() {
      guard let container = types.resolved(id) else { return false }
      switch types[container] {
      case .structure(let body), .union(let body):
        guard index < body.members.count else { return false }
        let member = body.members[index]
        bitOffset += Int(member.bitOffset)
        if !member.name.isEmpty { steps.append(Step(type: container, index: index, name: member.name)) }
        id = member.type
      case .array(let element, _, let count):
        guard index < Int(count) || isFlexible(count, types), let next = types.resolved(element),
          enterElement(index, of: next, types)
        else { return false }
        id = next
      default: return false
      }
    }
    return true
  }

  /// Adds an array index: `index` elements of type `id`.
  mutating func enterElement(_ index: Int, of id: UInt32, _ types: TypeInfo) -> Bool {
    guard steps.count < COREAccess.depthLimit, let size = types.size(of: id) else { return false }
    let (bits, overflow) = index.multipliedReportingOverflow(by: size)
    guard !overflow, bits < 1 << 50 else { return false }
    steps.append(Step(type: id, index: index, name: nil))
    bitOffset += bits * 8
    return true
  }

  /// True when an array of `count` elements, met after the last step, is a flexible one: last in its struct, without size.
  func isFlexible(_ count: UInt32, _ types: TypeInfo) -> Bool {
    guard count == 0, let last = steps.last, last.name != nil else { return false }
    return last.index == types.members(of: last.type).count - 1
  }

  /// The access in C: `struct sk_buff.cb[2]`, `enum xdp_action.XDP_TX`, `struct flow`.
  func path(in types: TypeInfo) -> String {
    var text = types.declaration(of: root)
    for (position, step) in steps.enumerated() {
      if let name = step.name {
        text += ".\(name)"
      } else if position > 0 || step.index > 0 {
        text += "[\(step.index)]"
      }
    }
    return text
  }
}

extension CORERelocation.Kind {
  enum Subject {
    case field
    case type
    case enumerator
  }

  var subject: Subject {
    switch self {
    case .fieldByteOffset, .fieldByteSize, .fieldExists, .fieldSigned, .fieldLeftShift, .fieldRightShift: .field
    case .typeIDLocal, .typeIDTarget, .typeExists, .typeSize, .typeMatches: .type
    case .enumValueExists, .enumValue: .enumerator
    }
  }
}
