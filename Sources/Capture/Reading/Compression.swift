/// A compressed form of a capture file, known by its first bytes.
package enum Compression: Hashable, Sendable, CaseIterable {
  case gzip, xz, zstd

  /// How many bytes tell the form.
  static let magicLength = 6

  /// The form of a file that begins with `bytes`; nil for none of these.
  init?(magic bytes: [UInt8]) {
    switch bytes {
    case _ where bytes.starts(with: [0x1f, 0x8b]): self = .gzip
    case _ where bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]): self = .xz
    // RFC 8878: a frame, or a skippable frame, of which 16 magic numbers are set aside.
    case _ where bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]): self = .zstd
    case _ where bytes.count >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1...3].elementsEqual([0x2a, 0x4d, 0x18]):
      self = .zstd
    default: return nil
    }
  }

  /// The program that decompresses standard input to standard output when told `-dc`.
  package var program: String {
    switch self {
    case .gzip: "gzip"
    case .xz: "xz"
    case .zstd: "zstd"
    }
  }

  /// Whether the program's exit status means that all of the file was decompressed. gzip's 2 is a warning, such as for
  /// trailing zeros.
  func isSuccess(exitStatus: Int32) -> Bool {
    exitStatus == 0 || (self == .gzip && exitStatus == 2)
  }
}
