import Yams

/// A value in a settings file (YAML 1.1, and so JSON too), which knows its place.
///
/// Whoever reads it asks for what it must be; what it is instead becomes a ``SettingsError`` with line and column.
package struct SettingsNode {
  /// The file's name, for errors.
  package let file: String
  /// Where it is in the file's structure: `routes[2].via`; empty at the top.
  package let path: String
  private let node: Node

  private init(file: String, path: String, node: Node) {
    self.file = file
    self.path = path
    self.node = node
  }

  /// The top of a file; an empty one has no members.
  package init(parsing bytes: [UInt8], file: String) throws(SettingsError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SettingsError(file: file, message: "is not UTF-8 text")
    }
    do {
      self.init(file: file, path: "", node: try compose(yaml: text) ?? Node([(Node, Node)]()))
    } catch {
      throw SettingsError(error, file: file)
    }
  }

  /// A fault at this place.
  package func fault(_ message: String) -> SettingsError {
    let mark = node.mark
    return SettingsError(
      file: file, line: mark?.line, column: mark?.column, message: path.isEmpty ? message : "\(path): \(message)")
  }

  private func expected(_ what: String) -> SettingsError { fault("\(what) expected, found \(found)") }

  private var found: String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "'\(scalar.string)'"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  // MARK: Structure

  /// The members of a mapping by name, in the file's order.
  package func members() throws(SettingsError) -> [(name: String, value: SettingsNode)] {
    try members { _ in nil }
  }

  /// The members of a mapping; `refuse` says what is wrong with a name.
  private func members(refuse: (String) -> String?) throws(SettingsError) -> [(name: String, value: SettingsNode)] {
    guard case .mapping(let mapping) = node else { throw expected("a mapping of names to values") }
    var members: [(name: String, value: SettingsNode)] = []
    for (key, value) in mapping {
      guard case .scalar(let name) = key else { throw fault("a name expected, found a structure") }
      if let message = refuse(name.string) {
        throw SettingsNode(file: file, path: path, node: key).fault(message)
      }
      let path = path.isEmpty ? name.string : "\(path).\(name.string)"
      members.append((name.string, SettingsNode(file: file, path: path, node: value)))
    }
    return members
  }

  /// The members of a mapping that may have no others than `known`.
  package func members(of known: [String]) throws(SettingsError) -> [String: SettingsNode] {
    let members = try members { name in
      known.contains(name)
        ? nil : "there is no '\(name)' here, but \(known.map { "'\($0)'" }.joined(separator: ", "))"
    }
    return Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
  }

  /// The elements of a list.
  package func elements() throws(SettingsError) -> [SettingsNode] {
    guard case .sequence(let sequence) = node else { throw expected("a list") }
    return sequence.enumerated().map { SettingsNode(file: file, path: "\(path)[\($0)]", node: $1) }
  }

  /// True for a list, false for a single value.
  package var isList: Bool { node.sequence != nil }

  /// True for a mapping.
  package var isMapping: Bool { node.mapping != nil }

  // MARK: Values

  /// The text of a single value, as it is written.
  package func text() throws(SettingsError) -> String {
    guard case .scalar(let scalar) = node else { throw expected("a single value") }
    return scalar.string
  }

  /// A whole number, decimal or with `0x`, within `range`.
  package func number<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self, in range: ClosedRange<Number> = Number.min...Number.max
  ) throws(SettingsError) -> Number {
    let text = try text()
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let value = isHexadecimal ? Number(text.dropFirst(2), radix: 16) : Number(text)
    guard let value, range.contains(value) else {
      throw expected("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// `true` or `false`, also `yes`, `no`, `on` and `off`.
  package func boolean() throws(SettingsError) -> Bool {
    guard let value = Bool.construct(from: try scalar()) else { throw expected("true or false") }
    return value
  }

  private func scalar() throws(SettingsError) -> Node.Scalar {
    guard case .scalar(let scalar) = node else { throw expected("a single value") }
    return scalar
  }

  /// One of the words of a type.
  package func word<Word: RawRepresentable & CaseIterable>(
    _ type: Word.Type = Word.self
  ) throws(SettingsError) -> Word where Word.RawValue == String {
    guard let value = Word(rawValue: try text()) else {
      throw expected(Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return value
  }

  /// A span of time, such as `1.5s`, `20ms`, `3us`, `7ns`, `2min`; a bare number is in seconds. In nanoseconds.
  package func nanoseconds() throws(SettingsError) -> UInt64 {
    let text = try text()
    let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("ms", 1e6), ("min", 60e9), ("s", 1e9), ("", 1e9)]
    for (suffix, factor) in units where text.hasSuffix(suffix) {
      guard let value = Double(text.dropLast(suffix.count)), value >= 0, value * factor < 0x1p63 else { break }
      return UInt64((value * factor).rounded())
    }
    throw expected("a span of time, such as 20ms or 1.5s,")
  }

  // MARK: Addresses

  /// The 4 or 16 bytes of an IPv4 or IPv6 address.
  package func address() throws(SettingsError) -> [UInt8] {
    guard let bytes = NetworkAddress.bytes(try text()), bytes.count != 6 else {
      throw expected("an IPv4 or IPv6 address")
    }
    return bytes
  }

  /// A MAC address, in the low 48 bits with the first byte on top.
  package func linkAddress() throws(SettingsError) -> UInt64 {
    guard let bytes = NetworkAddress.bytes(try text()), bytes.count == 6 else {
      throw expected("a MAC address, such as 02:00:00:00:00:01,")
    }
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A prefix, such as `192.0.2.0/24`; an address alone stands for itself.
  package func prefix() throws(SettingsError) -> (bytes: [UInt8], length: Int) {
    let text = try text()
    if let prefix = NetworkAddress.prefix(text) { return (prefix.bytes, Int(prefix.length)) }
    guard let bytes = NetworkAddress.bytes(text), bytes.count != 6 else {
      throw expected("a prefix, such as 192.0.2.0/24,")
    }
    return (bytes, bytes.count * 8)
  }

  /// Bytes: hexadecimal text with or without `0x`, or a list of numbers.
  package func bytes() throws(SettingsError) -> [UInt8] {
    if isList {
      var bytes: [UInt8] = []
      for element in try elements() { bytes.append(try element.number()) }
      return bytes
    }
    let text = try text()
    let digits = Array((text.hasPrefix("0x") ? text.dropFirst(2) : text[...]).utf8)
    guard digits.count % 2 == 0 else { throw expected("an even number of hexadecimal digits") }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
        throw expected("hexadecimal digits")
      }
      bytes.append(byte)
    }
    return bytes
  }
}

extension SettingsError {
  fileprivate init(_ error: any Error, file: String) {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      self.init(file: file, line: mark.line, column: mark.column, message: problem)
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { $0.description }.sorted().joined(separator: ", ")
      self.init(
        file: file, line: context.mark.line, column: context.mark.column, message: "\(names) is there twice")
    case YamlError.reader(let problem, _, _, _):
      self.init(file: file, message: problem)
    default:
      self.init(file: file, message: "is not YAML: \(error)".split(separator: "\n").joined(separator: " "))
    }
  }
}
