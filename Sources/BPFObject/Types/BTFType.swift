/// One type of the BPF Type Format, without its name (kernel Documentation/bpf/btf.rst, linux/btf.h).
///
/// Other types are named by id; ``TypeInfo`` finds them. Sizes count bytes, as in the format, unless said otherwise.
public enum BTFType: Hashable, Sendable {
  /// Id 0.
  case void
  /// `BTF_KIND_INT`.
  case int(BTFInt)
  /// `BTF_KIND_PTR`.
  case pointer(to: UInt32)
  /// `BTF_KIND_ARRAY`; one dimension, a further one is the element's.
  case array(element: UInt32, index: UInt32, count: UInt32)
  /// `BTF_KIND_STRUCT`.
  case structure(BTFComposite)
  /// `BTF_KIND_UNION`.
  case union(BTFComposite)
  /// `BTF_KIND_ENUM` and `BTF_KIND_ENUM64`.
  case enumeration(BTFEnumeration)
  /// `BTF_KIND_FWD`: a struct or union declared and not defined.
  case forward(isUnion: Bool)
  /// `BTF_KIND_TYPEDEF`.
  case typedef(of: UInt32)
  /// `BTF_KIND_VOLATILE`.
  case volatile(of: UInt32)
  /// `BTF_KIND_CONST`.
  case const(of: UInt32)
  /// `BTF_KIND_RESTRICT`.
  case restrict(of: UInt32)
  /// `BTF_KIND_TYPE_TAG`: an attribute of the type that it wraps; its name is the attribute.
  case typeTag(of: UInt32)
  /// `BTF_KIND_FUNC`.
  case function(prototype: UInt32, linkage: BTFLinkage)
  /// `BTF_KIND_FUNC_PROTO`.
  case prototype(returns: UInt32, parameters: [BTFParameter])
  /// `BTF_KIND_VAR`.
  case variable(type: UInt32, linkage: BTFLinkage)
  /// `BTF_KIND_DATASEC`: an ELF section and the variables in it.
  case dataSection(size: UInt32, variables: [BTFSectionVariable])
  /// `BTF_KIND_FLOAT`.
  case float(size: UInt32)
  /// `BTF_KIND_DECL_TAG`: an attribute of a declaration; the component is a member or parameter, -1 for the whole.
  case declarationTag(of: UInt32, component: Int32)

  /// The kind of this type; a 64-bit enumeration tells itself by its size alone.
  public var kind: BTFKind {
    switch self {
    case .void: .void
    case .int: .int
    case .pointer: .pointer
    case .array: .array
    case .structure: .structure
    case .union: .union
    case .enumeration(let enumeration): enumeration.is64Bit ? .enumeration64 : .enumeration
    case .forward: .forward
    case .typedef: .typedef
    case .volatile: .volatile
    case .const: .const
    case .restrict: .restrict
    case .typeTag: .typeTag
    case .function: .function
    case .prototype: .prototype
    case .variable: .variable
    case .dataSection: .dataSection
    case .float: .float
    case .declarationTag: .declarationTag
    }
  }
}

/// `BTF_KIND_*` of linux/btf.h.
public enum BTFKind: UInt8, CaseIterable, Sendable {
  case void = 0
  case int, pointer, array, structure, union, enumeration, forward, typedef, volatile, const, restrict, function
  case prototype, variable, dataSection, float, declarationTag, typeTag, enumeration64
}

/// An integer type.
public struct BTFInt: Hashable, Sendable {
  /// Bytes of storage.
  public var size: UInt32
  /// Bits in use; less than 8 × size in old-style bit fields only.
  public var bits: UInt8
  /// Where those bits begin, from the least significant.
  public var bitOffset: UInt8
  /// `BTF_INT_SIGNED`.
  public var isSigned: Bool
  /// `BTF_INT_CHAR`; compilers seldom set it, so a one-byte integer named `char` counts too: ``TypeInfo/isCharacter(_:)``.
  public var isChar: Bool
  /// `BTF_INT_BOOL`.
  public var isBool: Bool

  /// An integer of that storage and width.
  public init(
    size: UInt32, bits: UInt8, bitOffset: UInt8 = 0, isSigned: Bool = false, isChar: Bool = false, isBool: Bool = false
  ) {
    self.size = size
    self.bits = bits
    self.bitOffset = bitOffset
    self.isSigned = isSigned
    self.isChar = isChar
    self.isBool = isBool
  }
}

/// The body of a struct or union.
public struct BTFComposite: Hashable, Sendable {
  /// Bytes.
  public var size: UInt32
  /// In declaration order.
  public var members: [BTFMember]

  /// A body of that size.
  public init(size: UInt32, members: [BTFMember]) {
    self.size = size
    self.members = members
  }
}

/// A member of a struct or union.
public struct BTFMember: Hashable, Sendable {
  /// Empty for an anonymous struct or union, whose members belong to the outer one's name space.
  public var name: String
  /// BTF id.
  public var type: UInt32
  /// Offset in bits from the start of the struct or union.
  public var bitOffset: UInt32
  /// Width in bits of a bit field; 0 for a plain member.
  public var bitFieldSize: UInt8

  /// A member at that place.
  public init(name: String, type: UInt32, bitOffset: UInt32, bitFieldSize: UInt8 = 0) {
    self.name = name
    self.type = type
    self.bitOffset = bitOffset
    self.bitFieldSize = bitFieldSize
  }
}

/// The body of an enumeration.
public struct BTFEnumeration: Hashable, Sendable {
  /// Bytes of storage: 1, 2, 4 or 8.
  public var size: UInt32
  /// True when its constants are signed.
  public var isSigned: Bool
  /// True for `BTF_KIND_ENUM64`.
  public var is64Bit: Bool
  /// In declaration order.
  public var values: [BTFEnumerator]

  /// An enumeration of those constants.
  public init(size: UInt32, isSigned: Bool, is64Bit: Bool = false, values: [BTFEnumerator]) {
    self.size = size
    self.isSigned = isSigned
    self.is64Bit = is64Bit
    self.values = values
  }
}

/// One constant of an enumeration.
public struct BTFEnumerator: Hashable, Sendable {
  /// The constant in C.
  public var name: String
  /// Sign-extended when the enumeration is signed, else zero-extended.
  public var value: Int64

  /// A constant of that value.
  public init(name: String, value: Int64) {
    self.name = name
    self.value = value
  }
}

/// A parameter of a function; a last one with no name and type 0 stands for `...`.
public struct BTFParameter: Hashable, Sendable {
  /// Empty in prototypes that name no parameters.
  public var name: String
  /// BTF id.
  public var type: UInt32

  /// A parameter of that type.
  public init(name: String, type: UInt32) {
    self.name = name
    self.type = type
  }
}

/// A variable's place in its section.
public struct BTFSectionVariable: Hashable, Sendable {
  /// Id of a `BTF_KIND_VAR`, or of a `BTF_KIND_FUNC` in .ksyms.
  public var type: UInt32
  /// Bytes from the section's start.
  public var offset: UInt32
  /// Bytes.
  public var size: UInt32

  /// A variable at that place.
  public init(type: UInt32, offset: UInt32, size: UInt32) {
    self.type = type
    self.offset = offset
    self.size = size
  }
}

/// `BTF_VAR_*` and `BTF_FUNC_*`: how a name is bound.
public enum BTFLinkage: UInt32, Sendable {
  case isStatic = 0
  case global = 1
  case external = 2
}
