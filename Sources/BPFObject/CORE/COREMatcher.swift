/// Finds in a target's types what an access means in the object's own, by libbpf's rules (relo_core.c): names decide, a
/// suffix `___flavour` does not count, and types need only be alike enough to be read the same way.
struct COREMatcher {
  let local: TypeInfo
  let target: TypeInfo
  /// Comparisons left: hostile types can nest so that a full search never ends.
  private(set) var budget: Int

  init(local: TypeInfo, target: TypeInfo, budget: Int) {
    self.local = local
    self.target = target
    self.budget = budget
  }

  /// The name without its flavour: `sk_buff` of `sk_buff___v5`.
  static func essential(_ name: String) -> Substring.UTF8View {
    let bytes = Array(name.utf8)
    let underscore = UInt8(ascii: "_")
    var index = bytes.count - 5
    while index >= 0 {
      if bytes[index] != underscore, bytes[index + 1...index + 3].allSatisfy({ $0 == underscore }),
        bytes[index + 4] != underscore
      {
        return name.utf8.prefix(index + 1)
      }
      index -= 1
    }
    return name.utf8.prefix(bytes.count)
  }

  static func sameEssentialName(_ left: String, _ right: String) -> Bool {
    essential(left).elementsEqual(essential(right))
  }

  /// Equal kinds, or two enumerations of either width.
  static func alike(_ left: BTFKind, _ right: BTFKind) -> Bool {
    left == right || (isEnumeration(left) && isEnumeration(right))
  }

  private static func isEnumeration(_ kind: BTFKind) -> Bool { kind == .enumeration || kind == .enumeration64 }

  /// The types of the target that the local type may be: of a kind like it and of its name, flavours aside.
  static func candidates(for id: UInt32, _ local: TypeInfo, in target: TypeInfo) -> [UInt32] {
    guard let kind = local.kind(of: id), let strings = target.strings else { return [] }
    let name = Array(essential(local.name(of: id)))
    guard !name.isEmpty else { return [] }
    return target.ids.filter { candidate in
      guard let other = target.kind(of: candidate), alike(kind, other), let offset = target.nameOffset(of: candidate),
        strings.string(at: offset, startsWith: name)
      else { return false }
      return essential(target.name(of: candidate)).elementsEqual(name)
    }
  }

  /// The access within the candidate; nil when the candidate has nothing like it.
  mutating func match(_ access: COREAccess, with candidate: UInt32) -> COREAccess? {
    var found = COREAccess(kind: access.kind, root: candidate)
    switch access.kind.subject {
    case .type:
      let isMatch =
        access.kind == .typeMatches
        ? typesMatch(access.root, candidate) : typesAreCompatible(access.root, candidate)
      return isMatch ? found : nil
    case .enumerator:
      guard let name = access.steps.first?.name, let id = target.resolved(candidate),
        case .enumeration(let body) = target[id],
        let index = body.values.firstIndex(where: { COREMatcher.sameEssentialName($0.name, name) })
      else { return nil }
      found.steps = [COREAccess.Step(type: id, index: index, name: body.values[index].name)]
      return found
    case .field: return matchField(access, candidate, &found) ? found : nil
    }
  }

  private mutating func matchField(_ access: COREAccess, _ candidate: UInt32, _ found: inout COREAccess) -> Bool {
    var id = candidate
    for (position, step) in access.steps.enumerated() {
      guard let container = target.resolved(id) else { return false }
      if step.name != nil {
        guard let next = matchMember(step, container, &found, depth: 0) else { return false }
        id = next
        continue
      }
      // The first index steps over whole roots; later ones go into arrays.
      if position == 0 {
        id = container
      } else {
        guard case .array(let element, _, let count) = target[container],
          step.index < Int(count) || found.isFlexible(count, target), let next = target.resolved(element)
        else { return false }
        id = next
      }
      guard found.enterElement(step.index, of: id, target) else { return false }
    }
    return true
  }

  /// Looks for a member of that name, through anonymous structs and unions too; gives its type.
  private mutating func matchMember(
    _ step: COREAccess.Step, _ container: UInt32, _ found: inout COREAccess, depth: Int
  ) -> UInt32? {
    guard depth < COREAccess.depthLimit, found.steps.count < COREAccess.depthLimit, spend(),
      let id = target.resolved(container)
    else { return nil }
    let wanted = local.members(of: step.type)
    guard spend(wanted.count) else { return nil }
    guard step.index < wanted.count else { return nil }
    for (index, member) in target.members(of: id).enumerated() {
      guard spend() else { return nil }
      if member.name.isEmpty {
        found.bitOffset += Int(member.bitOffset)
        if let type = matchMember(step, member.type, &found, depth: depth + 1) { return type }
        found.bitOffset -= Int(member.bitOffset)
      } else if member.name == step.name {
        guard fieldsAreCompatible(wanted[step.index].type, member.type) else { return nil }
        found.bitOffset += Int(member.bitOffset)
        found.steps.append(COREAccess.Step(type: id, index: index, name: member.name))
        return member.type
      }
    }
    return nil
  }

  /// False when the search has gone on for too long.
  mutating func spend(_ count: Int = 1) -> Bool {
    budget -= count
    return budget > 0
  }

  /// Alike enough to read a member: any two structs or unions, pointers, integers, enumerations of one name.
  private func fieldsAreCompatible(_ localID: UInt32, _ targetID: UInt32) -> Bool {
    var (left, right) = (localID, targetID)
    for _ in 0..<TypeInfo.depthLimit {
      guard let one = local.resolved(left), let other = target.resolved(right), let kind = local.kind(of: one),
        let otherKind = target.kind(of: other)
      else { return false }
      let composites: Set<BTFKind> = [.structure, .union]
      if composites.contains(kind), composites.contains(otherKind) { return true }
      guard COREMatcher.alike(kind, otherKind) else { return false }
      switch kind {
      case .pointer, .float: return true
      case .forward, .enumeration, .enumeration64:
        let (name, otherName) = (local.name(of: one), target.name(of: other))
        return name.isEmpty || otherName.isEmpty || COREMatcher.sameEssentialName(name, otherName)
      case .int: return isWholeInteger(local[one]) && isWholeInteger(target[other])
      case .array:
        guard case .array(let element, _, _) = local[one], case .array(let otherElement, _, _) = target[other]
        else { return false }
        (left, right) = (element, otherElement)
      default: return false
      }
    }
    return false
  }

  /// Not a bit field of the old kind.
  func isWholeInteger(_ type: BTFType?) -> Bool {
    if case .int(let int) = type { int.bitOffset == 0 } else { false }
  }
}
