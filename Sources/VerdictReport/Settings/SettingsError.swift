/// A settings file that cannot be followed: where, what, and what was expected.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// From 1; nil when the file as a whole is at fault.
  public var line: Int?
  /// In characters, from 1.
  public var column: Int?
  public var message: String

  package init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  /// One line: `options.yaml:3:7: message`.
  public var description: String {
    let place = [line, column].compactMap { $0.map(String.init) }
    return ([file] + place).joined(separator: ":") + ": " + message
  }
}
