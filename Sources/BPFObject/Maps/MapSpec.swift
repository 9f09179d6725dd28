/// A map as its object file defines it: a `.maps` variable, a legacy `maps` entry, or a data section.
public struct MapSpec: Sendable {
  /// Name of the variable, of the symbol, or of the data section.
  public var name: String
  /// `enum bpf_map_type`; kept as a number so that a type Verdict does not know can still be named.
  public var rawType: UInt32
  /// Bytes of a key; 0 for data-less types such as ring buffers.
  public var keySize: UInt32
  /// Bytes of a value.
  public var valueSize: UInt32
  /// Most elements that it holds; bytes for a ring buffer.
  public var maxEntries: UInt32
  /// `BPF_F_NO_PREALLOC`, `BPF_F_RDONLY_PROG` and the other map_flags.
  public var flags: UInt32
  /// `map_extra`, for example a bloom filter's number of hashes.
  public var extra: UInt64
  /// BTF id of the key, 0 when unknown.
  public var keyTypeID: UInt32
  /// BTF id of the value, 0 when unknown; the DATASEC for a data section.
  public var valueTypeID: UInt32
  /// `LIBBPF_PIN_BY_NAME` and the like.
  public var pinning: UInt32
  /// The section it came from: `.maps`, `maps`, `.rodata`, `.data.counters`, …
  public var section: String
  /// What a data section holds at start; nil for declared maps.
  public var initialContents: [UInt8]?
  /// True for .rodata, .rodata.* and .kconfig: frozen before the program runs, read-only for it too.
  public var isReadOnly: Bool
  /// The template of an inner map, for map-in-map types. Holds at most one element.
  public var inner: [MapSpec]
  /// Declared initial values of prog arrays and maps of maps: key index to the name of a program or map.
  public var initialSlots: [UInt32: String]

  /// The members of its values that belong to the kernel, by the value's type.
  package var layout = ValueLayout()

  /// A map from its parts; those left out are as a map declared without them.
  public init(
    name: String, rawType: UInt32, keySize: UInt32, valueSize: UInt32, maxEntries: UInt32, flags: UInt32 = 0,
    extra: UInt64 = 0, keyTypeID: UInt32 = 0, valueTypeID: UInt32 = 0, pinning: UInt32 = 0,
    section: String = ".maps", initialContents: [UInt8]? = nil, isReadOnly: Bool = false, inner: [MapSpec] = [],
    initialSlots: [UInt32: String] = [:]
  ) {
    self.name = name
    self.rawType = rawType
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
    self.flags = flags
    self.extra = extra
    self.keyTypeID = keyTypeID
    self.valueTypeID = valueTypeID
    self.pinning = pinning
    self.section = section
    self.initialContents = initialContents
    self.isReadOnly = isReadOnly
    self.inner = inner
    self.initialSlots = initialSlots
  }

  /// The type, when Verdict knows it.
  public var type: MapType? { MapType(rawValue: rawType) }
}
