/// Reads one map's definition from the type of its variable: each member's name says what, its type how much.
struct MapDefinition {
  let types: TypeInfo
  let name: String
  /// Where the variable is in .maps, for messages.
  let offset: Int
  /// Offset of the `values` array within the variable.
  private(set) var values: Int?
  private(set) var notes: [String] = []

  init(types: TypeInfo, name: String, offset: Int) {
    self.types = types
    self.name = name
    self.offset = offset
  }

  mutating func read(_ type: UInt32) throws(ObjectError) -> MapSpec {
    try read(type, name: name, isInner: false)
  }

  private mutating func read(_ type: UInt32, name: String, isInner: Bool) throws(ObjectError) -> MapSpec {
    guard let id = types.resolved(type), case .structure(let body) = types[id] else {
      throw fault("is no struct, but \(types.declaration(of: type))")
    }
    var map = MapSpec(name: name, rawType: 0, keySize: 0, valueSize: 0, maxEntries: 0)
    for member in body.members {
      switch member.name {
      case "type": map.rawType = try number(member)
      case "max_entries": map.maxEntries = try number(member)
      case "map_flags": map.flags = try number(member)
      case "numa_node", "inner_map_idx": break
      case "pinning": map.pinning = try number(member)
      case "map_extra": map.extra = try longNumber(member)
      case "key_size": map.keySize = try agreed(try number(member), map.keySize, member)
      case "value_size": map.valueSize = try agreed(try number(member), map.valueSize, member)
      case "key":
        (map.keyTypeID, map.keySize) = try pointee(member, map.keySize)
      case "value":
        (map.valueTypeID, map.valueSize) = try pointee(member, map.valueSize)
        map.layout = ValueLayout(of: map.valueTypeID, in: types)
      case "values":
        guard !isInner else { throw fault("has a map within a map within a map") }
        values = Int(member.bitOffset / 8)
        try readValues(member, into: &map)
      default: notes.append("map \(name): field \(member.name) is not known")
      }
    }
    guard map.rawType != 0 else { throw fault("has no type") }
    // A ring buffer's value type is for its reader; the kernel takes none, and cilium/ebpf leaves it out as well.
    if map.type == .ringbuf || map.type == .userRingbuf, map.keySize == 0, map.valueTypeID != 0 { map.valueSize = 0 }
    return map
  }

  /// `values`: an array of pointers to programs, or to maps of one definition.
  private mutating func readValues(_ member: BTFMember, into map: inout MapSpec) throws(ObjectError) {
    guard let array = types.resolved(member.type), case .array(let element, _, _) = types[array],
      let pointer = types.resolved(element), case .pointer(let to) = types[pointer], let target = types.resolved(to)
    else { throw fault("field values is no array of pointers") }
    map.valueSize = try agreed(4, map.valueSize, member)
    switch types.kind(of: target) {
    case .prototype: break
    case .structure: map.inner = [try read(target, name: name + ".inner", isInner: true)]
    default: throw fault("field values points to \(types.declaration(of: to)), neither a program nor a map")
    }
  }

  /// `__uint(name, N)`: a pointer to an array of N integers.
  private func number(_ member: BTFMember) throws(ObjectError) -> UInt32 {
    let value = try longNumber(member)
    guard let short = UInt32(exactly: value) else { throw fault("field \(member.name): \(value) is too large") }
    return short
  }

  /// `__uint` again, or `__ulong(name, N)`: an enumeration of one constant.
  private func longNumber(_ member: BTFMember) throws(ObjectError) -> UInt64 {
    let id = types.resolved(member.type)
    if let id, case .enumeration(let body) = types[id], let value = body.values.first?.value {
      return body.is64Bit || body.isSigned ? UInt64(bitPattern: value) : UInt64(UInt32(truncatingIfNeeded: value))
    }
    if let id, case .pointer(let to) = types[id], let array = types.resolved(to),
      case .array(_, _, let count) = types[array]
    {
      return UInt64(count)
    }
    throw fault("field \(member.name) is no __uint, but \(types.declaration(of: member.type))")
  }

  /// `__type(key, T)`: a pointer to T.
  private func pointee(_ member: BTFMember, _ known: UInt32) throws(ObjectError) -> (UInt32, UInt32) {
    guard let id = types.resolved(member.type), case .pointer(let to) = types[id] else {
      throw fault("field \(member.name) is no __type, but \(types.declaration(of: member.type))")
    }
    guard let size = types.size(of: to).flatMap(UInt32.init(exactly:)) else {
      throw fault("field \(member.name): the size of \(types.declaration(of: to)) is not known")
    }
    return (to, try agreed(size, known, member))
  }

  private func agreed(_ size: UInt32, _ known: UInt32, _ member: BTFMember) throws(ObjectError) -> UInt32 {
    guard known == 0 || known == size else {
      throw fault("field \(member.name): \(size) bytes contradict \(known) given before")
    }
    return size
  }

  private func fault(_ message: String) -> ObjectError {
    ObjectError(kind: .badMap, section: ObjectLoader.mapsSection, offset: offset, message: "map \(name) \(message)")
  }
}
