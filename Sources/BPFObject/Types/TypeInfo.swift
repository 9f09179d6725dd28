/// The BPF Type Format: types by id, as in .BTF or /sys/kernel/btf/vmlinux (kernel Documentation/bpf/btf.rst).
///
/// Bytes are checked for their outline when they are read and decoded type by type when asked for, so that a kernel's
/// hundred thousand types cost little. What an id or a name offset points to may still be anything: every question has
/// an answer for ids that do not exist and for types that contain themselves.
public struct TypeInfo: Sendable {
  /// The whole of .BTF, header and all.
  public private(set) var bytes: [UInt8]
  /// First id that is described here; id 0 is void.
  var firstID: UInt32 { 1 }
  /// Offset in `bytes` of each type, from `firstID`.
  private let offsets: [UInt32]
  private let stringStart: Int
  private let stringCount: Int

  /// How many wrappers, nested members or dimensions are followed before a type is taken to contain itself.
  static let depthLimit = 64

  /// Reads .BTF.
  ///
  /// - Throws: ``ObjectError`` of kind ``ObjectError/Kind/badTypes``, with the offset in these bytes, when the header or the
  ///   outline of a type is not well-formed, or when they are big-endian.
  public init(bytes: [UInt8]) throws(ObjectError) {
    func fault(_ message: String, _ offset: Int? = nil) -> ObjectError {
      ObjectError(kind: .badTypes, section: ".BTF", offset: offset, message: message)
    }
    let view = ByteView(bytes)
    guard let magic = view.u16(at: 0), let version = view.u8(at: 2), let headerLength = view.u32(at: 4),
      let typeOffset = view.u32(at: 8), let typeLength = view.u32(at: 12), let stringOffset = view.u32(at: 16),
      let stringLength = view.u32(at: 20)
    else { throw fault("\(bytes.count) bytes are too few for a BTF header of 24") }
    if magic == 0x9feb {
      throw fault("types are big-endian; compile with -target bpfel", 0)
    }
    guard magic == 0xeb9f else { throw fault("magic 0x\(String(magic, radix: 16)) is not BTF's 0xeb9f", 0) }
    guard version == 1 else { throw fault("BTF version \(version) is not known; 1 is", 2) }
    guard headerLength >= 24, Int(headerLength) <= bytes.count else {
      throw fault("header length \(headerLength) does not fit \(bytes.count) bytes", 4)
    }
    let header = Int(headerLength)
    guard typeOffset % 4 == 0 else { throw fault("types begin at \(typeOffset), no multiple of 4", 8) }
    guard Int(typeOffset) + Int(typeLength) <= bytes.count - header else {
      throw fault("types at \(typeOffset), \(typeLength) bytes, end past the end", 8)
    }
    guard Int(stringOffset) + Int(stringLength) <= bytes.count - header else {
      throw fault("strings at \(stringOffset), \(stringLength) bytes, end past the end", 16)
    }
    stringStart = header + Int(stringOffset)
    stringCount = Int(stringLength)
    guard stringCount > 0, bytes[stringStart] == 0, bytes[stringStart + stringCount - 1] == 0 else {
      throw fault("the string table does not begin and end with a zero byte", stringStart)
    }
    let types = header + Int(typeOffset)
    offsets = try TypeInfo.outline(of: bytes, in: types..<types + Int(typeLength), strings: stringCount)
    self.bytes = bytes
  }

  /// The offset of each type record, or the first place where there is none.
  private static func outline(
    of bytes: [UInt8], in range: Range<Int>, strings: Int
  ) throws(ObjectError) -> [UInt32] {
    var offsets: [UInt32] = []
    offsets.reserveCapacity(range.count / 28)
    var fault: ObjectError?
    bytes.withUnsafeBytes { all in
      var at = range.lowerBound
      while at < range.upperBound {
        func stop(_ message: String) {
          fault = ObjectError(
            kind: .badTypes, section: ".BTF", offset: at, message: "type \(offsets.count + 1): \(message)")
        }
        guard range.upperBound - at >= 12 else { return stop("the record is cut short") }
        let name = UInt32(littleEndian: all.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        let info = UInt32(littleEndian: all.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
        guard name < strings else { return stop("name offset \(name) is outside the \(strings) bytes of strings") }
        let kind = UInt8(truncatingIfNeeded: info >> 24 & 0x1f)
        let count = Int(info & 0xffff)
        let size: Int
        switch kind {
        case 1, 14, 17: size = 16
        case 2, 7, 8, 9, 10, 11, 12, 16, 18: size = 12
        case 3: size = 24
        case 4, 5, 15, 19: size = 12 + 12 * count
        case 6, 13: size = 12 + 8 * count
        default: return stop("kind \(kind) is not known")
        }
        guard size <= range.upperBound - at else { return stop("the record of \(size) bytes is cut short") }
        offsets.append(UInt32(truncatingIfNeeded: at))
        at += size
      }
    }
    if let fault { throw fault }
    return offsets
  }

  /// Number of types, void not counted: ids run from 1 to this.
  public var count: Int { offsets.count }

  /// Every id but void's.
  public var ids: Range<UInt32> { firstID..<firstID + UInt32(truncatingIfNeeded: offsets.count) }

  /// Where the record of `id` begins in ``bytes``; nil for void and for ids that do not exist.
  func offset(of id: UInt32) -> Int? {
    guard ids.contains(id) else { return nil }
    return Int(offsets[Int(id - firstID)])
  }

  /// The string at an offset of the string table; nil outside it.
  public func string(at offset: UInt32) -> String? {
    strings?.string(at: Int(offset))
  }

  /// The string table.
  var strings: ByteView? { ByteView(bytes).slice(at: stringStart, count: stringCount) }

  /// Kind of the type of that id; nil when there is none.
  public func kind(of id: UInt32) -> BTFKind? {
    guard id != 0 else { return .void }
    guard let at = offset(of: id) else { return nil }
    return BTFKind(rawValue: bytes[at + 7] & 0x1f)
  }

  /// Offset of the type's name in the string table.
  func nameOffset(of id: UInt32) -> Int? {
    guard let at = offset(of: id) else { return nil }
    return Int(word(at))
  }

  /// Name of the type, without `struct` or `enum`; empty for anonymous types, void and ids that do not exist.
  public func name(of id: UInt32) -> String {
    guard let offset = nameOffset(of: id) else { return "" }
    return strings?.string(at: offset) ?? ""
  }

  /// The 32-bit word at `offset` of ``bytes``; 0 past the end.
  @inline(__always)
  func word(_ offset: Int) -> UInt32 {
    guard offset >= 0, offset <= bytes.count - 4 else { return 0 }
    return bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
  }

  /// Overwrites a word: sizes and offsets that only the linker knows.
  mutating func setWord(_ value: UInt32, at offset: Int) {
    guard offset >= 0, offset <= bytes.count - 4 else { return }
    withUnsafeBytes(of: value.littleEndian) { source in
      for index in 0..<4 { bytes[offset + index] = source[index] }
    }
  }
}
