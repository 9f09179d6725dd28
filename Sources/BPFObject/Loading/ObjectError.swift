/// An object file, or its type information, that cannot be used: what is wrong, and where.
public struct ObjectError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public var kind: Kind
  /// Path or name of the file.
  public var file: String
  /// Section in which it was found; nil when the fault is in the file as a whole.
  public var section: String?
  /// Offset in bytes within that section, or within the file without one; nil when no single place is at fault.
  public var offset: Int?
  /// The fault in words, with the numbers that matter.
  public var message: String

  /// An error of that kind at that place.
  public init(kind: Kind, file: String = "", section: String? = nil, offset: Int? = nil, message: String) {
    self.kind = kind
    self.file = file
    self.section = section
    self.offset = offset
    self.message = message
  }

  /// The kinds of faults, for those who react to them differently.
  public enum Kind: Hashable, Sendable {
    /// The file cannot be opened or read; a positive errno.
    case unreadable(errno: Int32)
    /// The file does not begin as an ELF file does.
    case notELF
    /// The file, or a part of it, ends before what its headers announce.
    case truncated
    /// A proper ELF file of a kind that is not a little-endian 64-bit BPF object.
    case wrongFormat
    /// A section header points outside the file or contradicts itself.
    case badSection
    /// A symbol points nowhere.
    case badSymbol
    /// A relocation points nowhere, or to what cannot stand there.
    case badRelocation
    /// .BTF or .BTF.ext is not well-formed.
    case badTypes
    /// A map definition cannot be read.
    case badMap
    /// A program's code cannot be linked.
    case badProgram
    /// A kernel's configuration cannot be read, or does not fit the `__kconfig` variables.
    case badConfiguration
  }

  /// One line: file, section and offset, and the fault.
  public var description: String {
    var place = file
    if let section { place += place.isEmpty ? section : ": section \(section)" }
    if let offset { place += (place.isEmpty ? "" : section == nil ? ": " : " ") + "offset \(offset)" }
    return place.isEmpty ? message : "\(place): \(message)"
  }

  /// The same error, of a file with that name.
  func inFile(_ name: String) -> ObjectError {
    var copy = self
    copy.file = name
    return copy
  }
}
