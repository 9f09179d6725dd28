/// `union bpf_attr` of linux/bpf.h, laid out by hand: a zeroed buffer written through named offsets.
///
/// Each command's fields are a table of ``Field`` (`MapCreate`, `ProgramLoad`, …). The kernel refuses a non-zero byte that it
/// does not know, so that only what was written, rounded up to eight bytes, is handed over.
package struct BPFAttributes: ~Copyable {
  /// A little-endian number of the union at `offset`.
  package struct Field<Value: FixedWidthInteger & Sendable>: Sendable {
    let offset: Int
    init(_ offset: Int) { self.offset = offset }
  }

  /// Bytes of the buffer; more than any command of Linux 6.18 takes.
  static let capacity = 192

  /// The union itself.
  package let pointer: UnsafeMutableRawPointer
  /// Bytes that a field written so far reaches to.
  private(set) var used = 0

  package init() {
    pointer = .allocate(byteCount: Self.capacity, alignment: 8)
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: Self.capacity)
  }

  deinit { pointer.deallocate() }

  /// What the size argument of bpf(2) says.
  package var size: Int { (used + 7) & ~7 }

  package subscript<Value>(_ field: Field<Value>) -> Value {
    get { pointer.loadUnaligned(fromByteOffset: field.offset, as: Value.self) }
    set {
      pointer.storeBytes(of: newValue, toByteOffset: field.offset, as: Value.self)
      used = max(used, field.offset + MemoryLayout<Value>.size)
    }
  }

  /// An address; what it points to must outlive the call.
  package mutating func set(_ field: Field<UInt64>, _ address: UnsafeRawPointer?) {
    self[field] = UInt64(UInt(bitPattern: address))
  }

  /// A `char [16]` name: the characters that the kernel allows, at most 15.
  package mutating func setName(_ offset: Int, _ name: String) {
    for (index, byte) in BPFAttributes.objectName(name).enumerated() {
      self[Field<UInt8>(offset + index)] = byte
    }
  }

  /// `bpf_obj_name_cpy` takes letters, digits, `_` and `.`; anything else becomes `_`.
  static func objectName(_ name: String) -> [UInt8] {
    name.utf8.prefix(15).map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
        byte
      default: UInt8(ascii: "_")
      }
    }
  }
}
