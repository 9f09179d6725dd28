/// One CO-RE record of .BTF.ext: an instruction whose number depends on the types of the kernel that it runs on.
public struct CORERelocation: Hashable, Sendable {
  /// Slot in the linked program.
  public var slot: Int
  /// The root type, in the object's own types.
  public var typeID: UInt32
  /// Indices that lead from the root to the member, such as `0:1:2`; an enumerator's index for enum kinds.
  public var access: String
  /// Offset of ``access`` in the BTF string table.
  public var accessOffset: UInt32
  /// `enum bpf_core_relo_kind` as it stands in the file.
  public var rawKind: UInt32

  /// A record from its parts.
  public init(slot: Int, typeID: UInt32, access: String, accessOffset: UInt32 = 0, rawKind: UInt32) {
    self.slot = slot
    self.typeID = typeID
    self.access = access
    self.accessOffset = accessOffset
    self.rawKind = rawKind
  }

  /// What is asked for; nil for a number that linux/bpf.h does not define.
  public var kind: Kind? { Kind(rawValue: rawKind) }

  /// `enum bpf_core_relo_kind` of linux/bpf.h.
  public enum Kind: UInt32, CaseIterable, Sendable {
    /// Offset of the member in bytes.
    case fieldByteOffset = 0
    /// Size of the member in bytes.
    case fieldByteSize = 1
    /// 1 when the member exists, else 0.
    case fieldExists = 2
    /// 1 when the member is signed, else 0.
    case fieldSigned = 3
    /// Left shift that brings a bit field to the top of 64 bits.
    case fieldLeftShift = 4
    /// Right shift that brings it back down.
    case fieldRightShift = 5
    /// Id of the type in the object's own types.
    case typeIDLocal = 6
    /// Id of the type in the target's types.
    case typeIDTarget = 7
    /// 1 when the type exists, else 0.
    case typeExists = 8
    /// Size of the type in bytes.
    case typeSize = 9
    /// 1 when the enumerator exists, else 0.
    case enumValueExists = 10
    /// Value of the enumerator.
    case enumValue = 11
    /// 1 when a type exists that matches in depth, else 0.
    case typeMatches = 12

    /// As libbpf and the kernel print it: `byte_off`, `type_exists`.
    public var name: String {
      switch self {
      case .fieldByteOffset: "byte_off"
      case .fieldByteSize: "byte_sz"
      case .fieldExists: "field_exists"
      case .fieldSigned: "signed"
      case .fieldLeftShift: "lshift_u64"
      case .fieldRightShift: "rshift_u64"
      case .typeIDLocal: "local_type_id"
      case .typeIDTarget: "target_type_id"
      case .typeExists: "type_exists"
      case .typeSize: "type_size"
      case .enumValueExists: "enumval_exists"
      case .enumValue: "enumval_value"
      case .typeMatches: "type_matches"
      }
    }
  }
}
