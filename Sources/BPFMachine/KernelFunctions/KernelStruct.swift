import BPFObject

/// A struct of the kernel's that programs read, filled in by the names of its members: where they are is what the types say.
struct KernelStruct {
  private let types: TypeInfo
  private let id: UInt32
  /// Bytes.
  let size: Int

  /// The struct of that name; nil when the types do not have it.
  init?(_ name: String, in types: TypeInfo) {
    guard let id = types.id(named: name, kind: .structure), let size = types.size(of: id) else { return nil }
    self.types = types
    self.id = id
    self.size = size
  }

  /// Sets a member, named from the outermost in; nothing when the types leave it out. A bit field takes its width.
  func set(_ path: [String], _ value: UInt64, at host: UnsafeMutableRawPointer) {
    guard let (bit, width) = place(path) else { return }
    for index in 0..<min(width, 64) {
      let position = bit + index
      let mask = UInt8(1 << (position % 8))
      let old = host.load(fromByteOffset: position / 8, as: UInt8.self)
      host.storeBytes(
        of: value >> UInt64(index) & 1 == 1 ? old | mask : old & ~mask, toByteOffset: position / 8, as: UInt8.self)
    }
  }

  /// Sets the first bytes of a member.
  func set(_ path: [String], bytes: some Collection<UInt8>, at host: UnsafeMutableRawPointer) {
    guard let (bit, width) = place(path) else { return }
    for (index, byte) in bytes.prefix(width / 8).enumerated() {
      host.storeBytes(of: byte, toByteOffset: bit / 8 + index, as: UInt8.self)
    }
  }

  /// Where a member is, in bits, within the struct.
  private func place(_ path: [String]) -> (bit: Int, width: Int)? {
    var type = id
    var bit = 0
    var width = size * 8
    for name in path {
      guard let (member, offset) = member(name, of: type, depth: 0) else { return nil }
      bit += offset
      type = member.type
      width = member.bitFieldSize > 0 ? Int(member.bitFieldSize) : (types.size(of: type) ?? 0) * 8
    }
    return bit >= 0 && width > 0 && bit + width <= size * 8 ? (bit, width) : nil
  }

  /// A member and its offset in bits, looked for in nameless structs and unions too.
  private func member(_ name: String, of type: UInt32, depth: Int) -> (BTFMember, Int)? {
    guard depth < 8 else { return nil }
    for member in types.members(of: type) {
      if member.name == name { return (member, Int(member.bitOffset)) }
      if member.name.isEmpty, let (found, offset) = self.member(name, of: member.type, depth: depth + 1) {
        return (found, offset + Int(member.bitOffset))
      }
    }
    return nil
  }
}
