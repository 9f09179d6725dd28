import BPFObject

/// A loaded map as user space sees it, simulated or in a kernel: what seeds and dumps go through.
public protocol MapAccess: AnyObject {
  /// What the map was made from.
  var spec: MapSpec { get }
  /// Every element, in the map's own defined order; array types list every index.
  func entries() throws(MapError) -> [MapEntry]
  /// The element of `key`, one value, or one a CPU for per-CPU types; nil when there is none.
  func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]?
  /// Sets an element. `values` holds one value, which every CPU gets, or one a CPU for per-CPU types.
  func update(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError)
  /// Removes an element.
  func delete(_ key: [UInt8]) throws(MapError)
}

/// One element of a map.
public struct MapEntry: Hashable, Sendable {
  public var key: [UInt8]
  /// One value, or one a CPU for per-CPU types.
  public var values: [[UInt8]]

  public init(key: [UInt8], values: [[UInt8]]) {
    self.key = key
    self.values = values
  }
}

/// A map operation that failed as bpf(2) would fail it.
public struct MapError: Error, Hashable, Sendable {
  /// Name of the map.
  public var map: String
  /// Positive errno: E2BIG, ENOENT, EEXIST, EINVAL, EPERM.
  public var errno: Int32
  /// What was tried, for the reader.
  public var message: String

  public init(map: String, errno: Int32, message: String) {
    self.map = map
    self.errno = errno
    self.message = message
  }
}
