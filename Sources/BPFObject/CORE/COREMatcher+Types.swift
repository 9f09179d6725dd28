extension COREMatcher {
  /// Deepest nesting that libbpf follows.
  private static let levelLimit = 32

  /// `bpf_core_types_are_compat`: what makes a type "exist". Structs need only share their name, which the caller saw to.
  mutating func typesAreCompatible(_ localID: UInt32, _ targetID: UInt32) -> Bool {
    guard let kind = local.kind(of: localID), let other = target.kind(of: targetID), COREMatcher.alike(kind, other)
    else { return false }
    return typesAreCompatible(localID, targetID, level: COREMatcher.levelLimit)
  }

  private mutating func typesAreCompatible(_ localID: UInt32, _ targetID: UInt32, level: Int) -> Bool {
    var (left, right) = (localID, targetID)
    for _ in 0..<COREMatcher.levelLimit {
      guard spend(), let one = local.resolved(left), let other = target.resolved(right), let kind = local.kind(of: one),
        let otherKind = target.kind(of: other), COREMatcher.alike(kind, otherKind)
      else { return false }
      switch (local[one], target[other]) {
      case (.void, _), (.structure, _), (.union, _), (.enumeration, _), (.forward, _): return true
      case (.int, _): return isWholeInteger(local[one]) && isWholeInteger(target[other])
      case (.pointer(let to), .pointer(let otherTo)): (left, right) = (to, otherTo)
      case (.array(let element, _, _), .array(let otherElement, _, _)): (left, right) = (element, otherElement)
      case (.prototype(let returns, let parameters), .prototype(let otherReturns, let otherParameters)):
        guard parameters.count == otherParameters.count, level > 0 || parameters.isEmpty else { return false }
        for (parameter, otherParameter) in zip(parameters, otherParameters) {
          guard typesAreCompatible(parameter.type, otherParameter.type, level: level - 1) else { return false }
        }
        (left, right) = (returns, otherReturns)
      default: return false
      }
    }
    return false
  }

  /// `bpf_core_types_match`: every member of the local type has one of its name and of a matching type in the target.
  mutating func typesMatch(_ localID: UInt32, _ targetID: UInt32) -> Bool {
    typesMatch(localID, targetID, behindPointer: false, level: COREMatcher.levelLimit)
  }

  private mutating func typesMatch(
    _ localID: UInt32, _ targetID: UInt32, behindPointer: Bool, level: Int
  ) -> Bool {
    guard level > 0 else { return false }
    var (left, right, behindPointer) = (localID, targetID, behindPointer)
    for _ in 0..<COREMatcher.levelLimit {
      guard spend(), let one = local.resolved(left), let other = target.resolved(right), let type = local[one],
        let otherType = target[other], namesMatch(local.name(of: one), target.name(of: other))
      else { return false }
      switch (type, otherType) {
      case (.void, .void): return true
      case (.forward(let isUnion), .forward(let otherIsUnion)): return isUnion == otherIsUnion
      case (.forward(let isUnion), .structure): return behindPointer && !isUnion
      case (.forward(let isUnion), .union): return behindPointer && isUnion
      case (.enumeration(let body), .enumeration(let otherBody)):
        return body.size == otherBody.size && body.values.count <= otherBody.values.count
          && enumeratorsMatch(body, otherBody)
      case (.structure, .forward(let isUnion)): return behindPointer && !isUnion
      case (.union, .forward(let isUnion)): return behindPointer && isUnion
      case (.structure(let body), .structure(let otherBody)), (.union(let body), .union(let otherBody)):
        return behindPointer || membersMatch(body, otherBody, level: level)
      case (.int(let int), .int(let otherInt)):
        return int.size == otherInt.size && int.isSigned == otherInt.isSigned
      case (.pointer(let to), .pointer(let otherTo)):
        behindPointer = true
        (left, right) = (to, otherTo)
      case (.array(let element, _, let count), .array(let otherElement, _, let otherCount)):
        guard count == otherCount else { return false }
        (left, right) = (element, otherElement)
      case (.prototype(let returns, let parameters), .prototype(let otherReturns, let otherParameters)):
        guard parameters.count == otherParameters.count else { return false }
        for (parameter, otherParameter) in zip(parameters, otherParameters) {
          guard typesMatch(parameter.type, otherParameter.type, behindPointer: behindPointer, level: level - 1)
          else { return false }
        }
        (left, right) = (returns, otherReturns)
      default: return false
      }
    }
    return false
  }

  private func namesMatch(_ name: String, _ other: String) -> Bool {
    other.isEmpty ? name.isEmpty : COREMatcher.sameEssentialName(name, other)
  }

  private mutating func enumeratorsMatch(_ body: BTFEnumeration, _ other: BTFEnumeration) -> Bool {
    for value in body.values {
      var isFound = false
      for candidate in other.values where !isFound {
        guard spend() else { return false }
        isFound = namesMatch(value.name, candidate.name)
      }
      if !isFound { return false }
    }
    return true
  }

  private mutating func membersMatch(_ body: BTFComposite, _ other: BTFComposite, level: Int) -> Bool {
    guard body.members.count <= other.members.count else { return false }
    for member in body.members {
      var isFound = false
      for candidate in other.members where !isFound {
        guard spend() else { return false }
        guard namesMatch(member.name, candidate.name) else { continue }
        isFound = typesMatch(member.type, candidate.type, behindPointer: false, level: level - 1)
      }
      if !isFound { return false }
    }
    return true
  }
}
