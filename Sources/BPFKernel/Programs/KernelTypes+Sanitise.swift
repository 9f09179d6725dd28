extension KernelTypes {
  /// Kinds of kernel Documentation/bpf/btf.rst that matter here.
  private enum Kind: UInt32 {
    case integer = 1
    case structure = 4
    case typedef = 8
    case function = 12
    case variable = 14
    case dataSection = 15
  }

  /// BTF that says less, for a kernel that refuses what clang writes: a data section's layout is the linker's to fill in, and
  /// extern functions and variables exist only for the loader. Ids stay as they are.
  ///
  /// - Data sections become empty anonymous structs, extern variables one-byte integers, extern functions typedefs of their
  ///   prototypes.
  /// - Returns: nil when `btf` is not well-formed enough to be rewritten.
  static func sanitised(_ btf: [UInt8]) -> [UInt8]? {
    func word(_ offset: Int) -> UInt32? {
      guard offset >= 0, offset <= btf.count - 4 else { return nil }
      return btf.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }
    guard let headerLength = word(4), let typeOffset = word(8), let typeLength = word(12), let stringOffset = word(16),
      let stringLength = word(20)
    else { return nil }
    let strings = Int(headerLength) + Int(stringOffset)
    guard strings + Int(stringLength) <= btf.count else { return nil }
    var types: [UInt8] = []
    types.reserveCapacity(Int(typeLength))
    func append(_ words: UInt32...) {
      for word in words { withUnsafeBytes(of: word.littleEndian) { types.append(contentsOf: $0) } }
    }

    var position = Int(headerLength) + Int(typeOffset)
    let end = position + Int(typeLength)
    guard end <= btf.count else { return nil }
    while position < end {
      guard let name = word(position), let info = word(position + 4), let sizeOrType = word(position + 8),
        let extra = extraBytes(info)
      else { return nil }
      let next = position + 12 + extra
      guard next <= end else { return nil }
      let linkage = info & 0xffff
      switch Kind(rawValue: info >> 24 & 31) {
      case .dataSection: append(0, Kind.structure.rawValue << 24, 0)
      case .variable where word(position + 12) == 2: append(name, Kind.integer.rawValue << 24, 1, 8)
      case .function where linkage == 2: append(name, Kind.typedef.rawValue << 24, sizeOrType)
      default: types.append(contentsOf: btf[position..<next])
      }
      position = next
    }

    var result = Array(btf[..<4])
    for field in [24, 0, UInt32(types.count), UInt32(types.count), stringLength] as [UInt32] {
      withUnsafeBytes(of: field.littleEndian) { result.append(contentsOf: $0) }
    }
    result.append(contentsOf: types)
    result.append(contentsOf: btf[strings..<strings + Int(stringLength)])
    return result
  }

  /// Bytes after the 12 of `struct btf_type`; nil for a kind that is not known.
  static func extraBytes(_ info: UInt32) -> Int? {
    let count = Int(info & 0xffff)
    switch info >> 24 & 31 {
    case 1, 14, 17: return 4
    case 2, 7, 8, 9, 10, 11, 12, 16, 18: return 0
    case 3: return 12
    case 4, 5, 15, 19: return 12 * count
    case 6, 13: return 8 * count
    default: return nil
    }
  }
}
