/// The number that a CO-RE relocation comes to, in one set of types.
struct COREValue: Hashable {
  var value: UInt64
  /// Bytes of the member, for the size of a load or store; 0 when that does not follow from the relocation.
  var size = 0
  /// The member's type.
  var type: UInt32 = 0
  /// False where compilers may rightly have written another number: bit fields and type ids.
  var isCertain = true

  /// Computes the number; nil when the access gives none, for instance the byte offset of a function.
  init?(_ access: COREAccess, in types: TypeInfo) {
    switch access.kind {
    case .fieldExists, .typeExists, .typeMatches, .enumValueExists: value = 1
    case .typeIDLocal, .typeIDTarget:
      value = UInt64(access.root)
      isCertain = false
    case .typeSize:
      guard let size = types.size(of: access.root) else { return nil }
      value = UInt64(size)
    case .enumValue:
      guard let step = access.steps.first, case .enumeration(let body) = types[step.type],
        step.index < body.values.count
      else { return nil }
      value = UInt64(bitPattern: body.values[step.index].value)
    case .fieldByteOffset, .fieldByteSize, .fieldSigned, .fieldLeftShift, .fieldRightShift:
      value = 0
      guard let step = access.steps.last else { return nil }
      guard step.name != nil else {
        guard computeElement(access, step, types) else { return nil }
        return
      }
      let members = types.members(of: step.type)
      guard step.index < members.count, computeMember(access, members[step.index], types) else { return nil }
    }
  }

  /// The number of a relocation whose target was not found; nil when the instruction cannot stand without it.
  init?(missing kind: CORERelocation.Kind) {
    switch kind {
    case .fieldExists, .typeIDTarget, .typeExists, .typeSize, .typeMatches, .enumValueExists: value = 0
    default: return nil
    }
  }

  private mutating func computeElement(_ access: COREAccess, _ step: COREAccess.Step, _ types: TypeInfo) -> Bool {
    switch access.kind {
    case .fieldByteOffset:
      guard let size = COREValue.elementSize(of: step.type, types) else { return false }
      value = UInt64(access.bitOffset / 8)
      self.size = size
      type = step.type
    case .fieldByteSize:
      guard let size = types.size(of: step.type) else { return false }
      value = UInt64(size)
    default: return false
    }
    return true
  }

  private mutating func computeMember(_ access: COREAccess, _ member: BTFMember, _ types: TypeInfo) -> Bool {
    guard let id = types.resolved(member.type), var bytes = types.size(of: id) else { return false }
    let isBitField = member.bitFieldSize > 0
    var offset = access.bitOffset / 8
    var bits = Int(member.bitFieldSize)
    if isBitField {
      guard bytes > 0, bytes <= 8 else { return false }
      offset = offset / bytes * bytes
      // The smallest load that holds all the bits.
      while access.bitOffset + bits - offset * 8 > bytes * 8 {
        guard bytes < 8 else { return false }
        bytes *= 2
        offset = access.bitOffset / 8 / bytes * bytes
      }
    } else {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: 8)
      guard !overflow else { return false }
      bits = product
    }
    isCertain = !isBitField
    switch access.kind {
    case .fieldByteOffset:
      value = UInt64(offset)
      if !isBitField {
        guard let size = COREValue.elementSize(of: id, types) else { return false }
        self.size = size
        type = id
      }
    case .fieldByteSize: value = UInt64(bytes)
    case .fieldSigned:
      switch types[id] {
      case .int(let int): value = int.isSigned ? 1 : 0
      case .enumeration(let body): value = body.isSigned ? 1 : 0
      default: value = 0
      }
      isCertain = true
    case .fieldLeftShift: value = UInt64(bitPattern: Int64(64 &- (access.bitOffset &+ bits &- offset &* 8)))
    case .fieldRightShift:
      value = UInt64(bitPattern: Int64(64 &- bits))
      isCertain = true
    default: return false
    }
    return true
  }

  /// Size of what an array holds in the end, since that is what one load reads.
  private static func elementSize(of id: UInt32, _ types: TypeInfo) -> Int? {
    var id = id
    for _ in 0..<TypeInfo.depthLimit {
      guard let next = types.resolved(id) else { return nil }
      guard case .array(let element, _, _) = types[next] else { return types.size(of: next) }
      id = element
    }
    return nil
  }
}
