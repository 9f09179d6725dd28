/// What a running kernel answered, so that the simulator can be held against it where there is no kernel.
///
/// A file of Tests/BPFKernelTests/Recorded is one recording: a JSON object with the kernel's release and the cases. Bytes are
/// hexadecimal text; a run of one byte is shortened to `00*4000`, and parts are separated by a space.
///
/// A case is played so: its maps are created in order; its programs other than the main one are loaded and put into their
/// prog arrays; the operations are done from user space, in order; the main program is loaded and run once on the packet
/// with BPF_PROG_TEST_RUN, with `context` as ctx_in where there is one; the maps are listed.
public struct Recording: Codable, Sendable {
  /// `uname -r`.
  public var kernel: String
  public var cases: [RecordedCase]

  public init(kernel: String, cases: [RecordedCase]) {
    self.kernel = kernel
    self.cases = cases
  }
}

/// One question to the kernel and its answer.
public struct RecordedCase: Codable, Sendable {
  /// A sentence.
  public var name: String
  /// Program type as bpftool names it: `xdp`, `sched_cls`.
  public var type: String
  /// `prog_flags`; 32 is BPF_F_XDP_HAS_FRAGS.
  public var flags: UInt32
  /// Slots of the main program, 8 bytes each; empty when only operations are asked for. A reference to a map is a `lddw` with
  /// source 5 (BPF_PSEUDO_MAP_IDX: the map) or 6 (BPF_PSEUDO_MAP_IDX_VALUE: its first value plus the second immediate), whose
  /// immediate is an index in `maps`.
  public var slots: String
  public var maps: [RecordedMap]
  public var callees: [RecordedCallee]
  public var operations: [RecordedOperation]
  public var packet: String
  /// ctx_in (`struct xdp_md` or `struct __sk_buff`); nil for none.
  public var context: String?
  /// The kernel's answer.
  public var answer: RecordedAnswer

  public init(
    name: String, type: String = "xdp", flags: UInt32 = 0, slots: String = "", maps: [RecordedMap] = [],
    callees: [RecordedCallee] = [], operations: [RecordedOperation] = [], packet: String = "", context: String? = nil,
    answer: RecordedAnswer = RecordedAnswer()
  ) {
    self.name = name
    self.type = type
    self.flags = flags
    self.slots = slots
    self.maps = maps
    self.callees = callees
    self.operations = operations
    self.packet = packet
    self.context = context
    self.answer = answer
  }
}

/// A map of a case.
public struct RecordedMap: Codable, Sendable {
  public var name: String
  /// Map type as bpftool names it: `lru_hash`.
  public var type: String
  public var keySize: UInt32
  public var valueSize: UInt32
  public var maxEntries: UInt32
  public var flags: UInt32
  /// `map_extra`.
  public var extra: UInt64?
  /// Index of the map in the case that is the template of this map of maps.
  public var inner: Int?
  /// The first value, for a map that is frozen before programs are loaded.
  public var contents: String?

  public init(
    name: String, type: String, keySize: UInt32, valueSize: UInt32, maxEntries: UInt32, flags: UInt32 = 0,
    extra: UInt64? = nil, inner: Int? = nil, contents: String? = nil
  ) {
    self.name = name
    self.extra = extra
    self.inner = inner
    self.contents = contents
    self.type = type
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
    self.flags = flags
  }
}

/// A program that stands in a prog array before the main program runs. It has the main program's type and flags.
public struct RecordedCallee: Codable, Sendable {
  /// Index of the prog array in the case's maps.
  public var map: Int
  public var key: UInt32
  public var slots: String

  public init(map: Int, key: UInt32, slots: String) {
    self.map = map
    self.key = key
    self.slots = slots
  }
}

/// A map operation from user space, and its result.
public struct RecordedOperation: Codable, Sendable {
  /// `update`, `delete`, `lookup`.
  public var operation: String
  /// Index in the case's maps.
  public var map: Int
  public var key: String
  /// What an update writes (to every CPU's value).
  public var value: String
  /// Index of the map that an update puts into a map of maps.
  public var inner: Int?
  /// BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2, …
  public var flags: UInt64
  /// `ENOENT`; empty when it succeeded.
  public var errno: String
  /// What a lookup found (the first CPU's value).
  public var found: String?

  public init(
    _ operation: String, map: Int, key: String, value: String = "", inner: Int? = nil, flags: UInt64 = 0
  ) {
    self.inner = inner
    self.operation = operation
    self.map = map
    self.key = key
    self.value = value
    self.flags = flags
    errno = ""
  }
}

/// What the kernel said.
public struct RecordedAnswer: Codable, Sendable {
  /// Where it refused, when it did: `create` (a map), `load` (the verifier), `run` (BPF_PROG_TEST_RUN).
  public var refusedAt: String?
  /// Why it refused.
  public var errno: String?
  /// The verifier's last line, for the reader: its words change from kernel to kernel.
  public var reason: String?
  /// r0.
  public var returnValue: UInt32?
  /// data_out: from data_meta to the end of the frame.
  public var output: String?
  /// ctx_out, when ctx_in was given.
  public var context: String?
  /// The elements of each map after the run or the operations, for array, hash, LRU hash, LPM trie, queue, stack and ring buffer
  /// maps; null for other types.
  public var maps: [[RecordedEntry]?]?

  public init() {}
}

/// An element of a map; hash types are sorted by the bytes of their keys.
public struct RecordedEntry: Codable, Hashable, Sendable {
  public var key: String
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}
