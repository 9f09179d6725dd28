/// A seed that cannot be loaded into its map: which file, which entry, which member.
public struct SeedError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The seed's file.
  public var file: String
  /// The entry in question, from 1; nil when the file as a whole is at fault.
  public var entry: Int?
  /// The member in question, such as `key.port`; empty when there is none.
  public var member: String
  /// What is wrong, and what was expected.
  public var message: String

  package init(file: String, entry: Int? = nil, member: String = "", message: String) {
    self.file = file
    self.entry = entry
    self.member = member
    self.message = message
  }

  /// One line: file, entry, member, message.
  public var description: String {
    var place = file
    if let entry { place += ": entry \(entry)" }
    if !member.isEmpty { place += (entry == nil ? ": " : ", ") + member }
    return "\(place): \(message)"
  }
}
