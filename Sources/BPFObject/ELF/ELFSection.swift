/// A section header and the bytes that it announces.
struct ELFSection: Sendable {
  let index: Int
  var name = ""
  let nameOffset: UInt32
  let type: Kind
  let flags: UInt64
  let offset: UInt64
  let size: UInt64
  let link: UInt32
  let info: UInt32
  /// The section's bytes; nil for `SHT_NOBITS`, and when they are not all in the file.
  let data: ByteView?

  /// `SHT_*`.
  struct Kind: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32
    static let null = Kind(rawValue: 0)
    static let bits = Kind(rawValue: 1)
    static let symbolTable = Kind(rawValue: 2)
    static let rela = Kind(rawValue: 4)
    static let noBits = Kind(rawValue: 8)
    static let rel = Kind(rawValue: 9)
    static let wideSymbolIndices = Kind(rawValue: 18)
  }

  /// Most bytes that the zero-filled sections of an object may ask for; a map's value cannot be larger anyway.
  static let zeroFillLimit: UInt64 = 1 << 28

  init?(_ bytes: ByteView, at place: Int, index: Int) {
    guard let name = bytes.u32(at: place), let type = bytes.u32(at: place + 4), let flags = bytes.u64(at: place + 8),
      let offset = bytes.u64(at: place + 24), let size = bytes.u64(at: place + 32),
      let link = bytes.u32(at: place + 40),
      let info = bytes.u32(at: place + 44)
    else { return nil }
    self.index = index
    nameOffset = name
    self.type = Kind(rawValue: type)
    self.flags = flags
    self.offset = offset
    self.size = size
    self.link = link
    self.info = info
    if self.type == .noBits || self.type == .null {
      data = nil
    } else if let start = Int(exactly: offset), let count = Int(exactly: size) {
      data = bytes.slice(at: start, count: count)
    } else {
      data = nil
    }
  }

  /// Refuses a section whose bytes are not all in the file.
  func check(fileSize: Int) throws(ObjectError) {
    if type == .noBits {
      guard size <= ELFSection.zeroFillLimit else {
        throw ObjectError(
          kind: .badSection, section: label, message: "\(size) zero-filled bytes; at most \(ELFSection.zeroFillLimit)")
      }
    } else if type != .null, data == nil {
      throw ObjectError(
        kind: offset <= UInt64(fileSize) ? .truncated : .badSection, section: label,
        message: "\(size) bytes at \(offset) end past the end of the file, \(fileSize) bytes")
    }
  }

  /// `SHF_EXECINSTR`.
  var isExecutable: Bool { flags & 4 != 0 }
  /// `SHF_ALLOC`.
  var isAllocated: Bool { flags & 2 != 0 }

  /// The name, or the number of a section that has none.
  var label: String { name.isEmpty ? "#\(index)" : name }

  /// What the section holds at start: its bytes, or zeros.
  var contents: [UInt8] {
    if let data { return data.array }
    return type == .noBits ? [UInt8](repeating: 0, count: Int(min(size, ELFSection.zeroFillLimit))) : []
  }
}
