/// An entry of the symbol table.
struct ELFSymbol: Sendable {
  let index: Int
  var name: String
  let value: UInt64
  let size: UInt64
  let type: Kind
  let binding: Binding
  /// `STV_*`: 1 internal, 2 hidden.
  let visibility: UInt8
  var section: Place

  /// `STT_*`.
  struct Kind: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8
    static let none = Kind(rawValue: 0)
    static let object = Kind(rawValue: 1)
    static let function = Kind(rawValue: 2)
    static let section = Kind(rawValue: 3)
    static let file = Kind(rawValue: 4)
  }

  /// `STB_*`.
  struct Binding: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8
    static let local = Binding(rawValue: 0)
    static let global = Binding(rawValue: 1)
    static let weak = Binding(rawValue: 2)
  }

  /// `st_shndx`.
  enum Place: Hashable, Sendable {
    case undefined
    case index(Int)
    /// `SHN_ABS`, `SHN_COMMON` and other numbers that name no section.
    case reserved(UInt16)
  }

  init?(_ data: ByteView, at place: Int, index: Int, strings: ByteView?) {
    guard let name = data.u32(at: place), let info = data.u8(at: place + 4), let other = data.u8(at: place + 5),
      let section = data.u16(at: place + 6), let value = data.u64(at: place + 8), let size = data.u64(at: place + 16)
    else { return nil }
    self.index = index
    self.name = strings?.string(at: Int(name)) ?? ""
    self.value = value
    self.size = size
    type = Kind(rawValue: info & 15)
    binding = Binding(rawValue: info >> 4)
    visibility = other & 3
    self.section =
      switch section {
      case 0: .undefined
      case 0xff00...: .reserved(section)
      default: .index(Int(section))
      }
  }

  /// Seen from other files: neither local nor hidden. The kernel verifies such functions on their own.
  var isExported: Bool { binding != .local && visibility != 1 && visibility != 2 }

  /// The name, or the number of a symbol that has none.
  var label: String { name.isEmpty ? "#\(index)" : name }
}
