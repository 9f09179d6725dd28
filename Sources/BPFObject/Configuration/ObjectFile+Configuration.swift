extension ObjectFile {
  /// Gives a `__kconfig` variable its value, by libbpf's rules of what fits what: `y` and `n` go into a `bool`, with `m` into
  /// an `enum libbpf_tristate` or, as letters, into a `char`; text into an array of `char`, cut to its size; numbers into
  /// integers.
  ///
  /// - Throws: ``ObjectError`` of kind ``ObjectError/Kind/badConfiguration``, when the value does not fit the variable's type,
  ///   or when the object has no such variable.
  public mutating func setConfiguration(_ name: String, to value: KernelConfigValue) throws(ObjectError) {
    func fault(_ message: String) -> ObjectError {
      ObjectError(kind: .badConfiguration, file: self.name, message: "__kconfig variable \(name)\(message)")
    }
    guard let index = configuration.firstIndex(where: { $0.name == name }),
      let map = maps.firstIndex(where: { $0.section == ObjectLoader.configurationMap }),
      var contents = maps[map].initialContents
    else { throw fault(": the object has none of that name") }
    let variable = configuration[index]
    let start = Int(variable.offset)
    guard let type = KernelConfigType(of: variable.typeID, in: types), start + Int(variable.size) <= contents.count
    else { throw fault(" is of type \(types?.declaration(of: variable.typeID) ?? "?"), which takes no option") }
    guard let bytes = type.bytes(of: value, size: Int(variable.size)) else {
      throw fault(": \(value) is no value of type \(types?.declaration(of: variable.typeID) ?? "?")")
    }
    contents.replaceSubrange(start..<start + bytes.count, with: bytes)
    maps[map].initialContents = contents
    configuration[index].isSet = true
  }
}

/// What a `__kconfig` variable can hold (libbpf's `enum kcfg_type`).
private enum KernelConfigType {
  case bool
  case character(isSigned: Bool)
  case integer(isSigned: Bool)
  case tristate
  case text

  init?(of id: UInt32, in types: TypeInfo?) {
    guard let types, let id = types.resolved(id) else { return nil }
    switch types[id] {
    case .int(let int) where int.isBool: self = .bool
    case .int(let int) where int.size == 1: self = .character(isSigned: int.isSigned)
    case .int(let int) where int.size <= 8: self = .integer(isSigned: int.isSigned)
    case .enumeration where types.name(of: id) == "libbpf_tristate": self = .tristate
    case .array(let element, _, let count):
      guard count > 0, case .character? = KernelConfigType(of: element, in: types) else { return nil }
      self = .text
    default: return nil
    }
  }

  /// The bytes that stand for `value`; nil when it does not fit.
  func bytes(of value: KernelConfigValue, size: Int) -> [UInt8]? {
    switch (self, value) {
    case (.bool, .tristate(let state)): state == .module ? nil : padded([state.rawValue], size)
    case (.tristate, .tristate(let state)): padded([state.rawValue], size)
    case (.character, .tristate(let state)): state.letter.asciiValue.map { [$0] }
    case (.integer(let isSigned), .number(let number)), (.character(let isSigned), .number(let number)):
      Self.fits(number, size: size, isSigned: isSigned)
        ? (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } : nil
    case (.text, .text(let text)): padded(Array(text.utf8.prefix(size - 1)), size)
    default: nil
    }
  }

  private static func fits(_ number: UInt64, size: Int, isSigned: Bool) -> Bool {
    guard size < 8 else { return true }
    let bits = UInt64(8 * size)
    guard isSigned else { return number >> bits == 0 }
    return number &+ (1 << (bits - 1)) < 1 << bits
  }

  private func padded(_ bytes: [UInt8], _ size: Int) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: max(0, size - bytes.count))
  }
}
