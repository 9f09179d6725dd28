import BPFObject

/// How the keys and values of one map are read and written.
struct MapShape {
  let spec: MapSpec
  private let key: Shape?
  private let value: Shape?
  /// What the samples of a user ring buffer are, when its definition says.
  private let sample: Shape?
  /// True when keys are a prefix length and the 4 or 16 bytes of an address.
  private let hasPrefixKeys: Bool

  init(_ spec: MapSpec, types: TypeInfo?) {
    self.spec = spec
    let keySize = Int(spec.keySize)
    key = types.flatMap { Shape(of: spec.keyTypeID, in: $0, size: keySize) }
    value = types.flatMap { Shape(of: spec.valueTypeID, in: $0, size: Int(spec.valueSize)) }
    let sampleType = spec.type == .userRingbuf ? spec.valueTypeID : 0
    sample = types.flatMap { types in
      types.size(of: sampleType).flatMap { Shape(of: sampleType, in: types, size: $0) }
    }
    hasPrefixKeys = spec.type == .lpmTrie && (keySize == 8 || keySize == 20) && (key?.isPrefix ?? true)
  }

  /// Maps whose keys are an index.
  private var hasIndexKeys: Bool {
    guard spec.keySize == 4 else { return false }
    switch spec.type {
    case .array, .percpuArray, .progArray, .perfEventArray, .cgroupArray, .arrayOfMaps, .devmap, .cpumap, .xskmap,
      .sockmap,
      .reuseportSockarray:
      return true
    default: return spec.initialContents != nil
    }
  }

  func decode(key bytes: [UInt8]) -> TypedValue {
    if hasPrefixKeys, bytes.count == Int(spec.keySize), let address = NetworkAddress.text(bytes.dropFirst(4)) {
      let length = Bits.load(bytes, at: 0, count: 32)
      if length <= UInt64(bytes.count - 4) * 8 { return .word("\(address)/\(length)") }
    }
    if hasIndexKeys, bytes.count == 4, key == nil || key?.isNumber == true {
      return .plain(.unsigned(Bits.load(bytes, at: 0, count: 32)))
    }
    return key?.decode(bytes) ?? .word(Hex.text(bytes))
  }

  func decode(value bytes: [UInt8], program: (UInt32) -> String? = { _ in nil }) -> TypedValue {
    if spec.type == .progArray, bytes.count == 4 {
      let number = UInt32(truncatingIfNeeded: Bits.load(bytes, at: 0, count: 32))
      if let name = program(number) { return .word(name) }
    }
    return value?.decode(bytes) ?? .word(Hex.text(bytes))
  }

  func encode(key json: JSON) throws(ValueFault) -> [UInt8] {
    let size = Int(spec.keySize)
    if spec.type == .lpmTrie, case .string(let text) = json, let prefix = NetworkAddress.prefix(text) {
      guard prefix.bytes.count == size - 4 else {
        throw ValueFault(
          path: "key", message: "\(text) has \(prefix.bytes.count) bytes of address, the map's keys have \(size - 4)")
      }
      return (0..<4).map { UInt8(truncatingIfNeeded: prefix.length >> (8 * $0)) } + prefix.bytes
    }
    let expected = hasPrefixKeys ? "a prefix such as \(size == 8 ? "192.0.2.0/24" : "2001:db8::/32")" : nil
    return try encode(json, key, size: size, path: "key", expected: expected)
  }

  /// One value; members that are not named are zero, or as they are in `base`.
  func encode(value json: JSON, path: String, over base: [UInt8]? = nil) throws(ValueFault) -> [UInt8] {
    if spec.type == .userRingbuf { return try encode(sample: json, path: path) }
    return try encode(json, value, size: Int(spec.valueSize), path: path, over: base)
  }

  /// A sample has any size: that of its type, when the map names one, else that of the bytes.
  private func encode(sample json: JSON, path: String) throws(ValueFault) -> [UInt8] {
    if let sample {
      var bytes = [UInt8](repeating: 0, count: sample.size)
      try sample.encode(json, into: &bytes, at: 0, path: path)
      return bytes
    }
    switch json {
    case .string(let text): return try RawValue.bytes(json, size: Hex.bytes(text)?.count ?? 0, path: path)
    case .array(let elements): return try RawValue.bytes(json, size: elements.count, path: path)
    default: throw ValueFault(path: path, message: "hex or an array of bytes expected, found \(json.kind)")
    }
  }

  private func encode(
    _ json: JSON, _ shape: Shape?, size: Int, path: String, expected: String? = nil, over base: [UInt8]? = nil
  ) throws(ValueFault) -> [UInt8] {
    guard let shape else {
      if case .object = json {
        throw ValueFault(path: path, message: "the object has no type for it, so that members have no place; give hex")
      }
      return try RawValue.bytes(json, size: size, path: path, expected: expected)
    }
    var bytes = base ?? [UInt8](repeating: 0, count: size)
    if let expected, case .string(let text) = json, Hex.bytes(text) == nil {
      throw ValueFault(path: path, message: "\(expected) expected, found \(json.text)")
    }
    try shape.encode(json, into: &bytes, at: 0, path: path)
    return bytes
  }
}

extension Shape {
  /// True for a length and an address, as the keys of an LPM trie are.
  fileprivate var isPrefix: Bool {
    guard case .structure(_, let fields) = self, fields.count == 2, fields[1].bitOffset == 32, fields[1].bits == nil,
      case .integer(size: 4, _) = fields[0].shape
    else { return false }
    return fields[1].shape.isAddressLike
  }

  private var isAddressLike: Bool {
    switch self {
    case .address, .bytes(size: 4), .bytes(size: 16), .integer(size: 4, _): true
    case .array(.integer(let size, _), let count): size * count == 4 || size * count == 16
    case .structure(_, let fields): fields.count == 1 && fields[0].shape.isAddressLike
    default: false
    }
  }

  fileprivate var isNumber: Bool {
    switch self {
    case .integer, .address(size: 4): true
    default: false
    }
  }
}
