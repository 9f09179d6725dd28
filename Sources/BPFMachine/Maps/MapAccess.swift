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

/// A map of maps as user space sees it.
public protocol MapOfMapsAccess: MapAccess {
  /// Makes a map as the definition of the inner ones has it and puts it at `key`.
  ///
  /// - Parameter maxEntries: how many elements it has; nil for as many as the definition says.
  func makeInner(at key: [UInt8], maxEntries: UInt32?) throws(MapError) -> any MapAccess
  /// Puts the object's map of that name at `key`.
  func putInner(named name: String, at key: [UInt8]) throws(MapError)
  /// The map at `key`; nil when there is none, or when it is not known which.
  func inner(at key: [UInt8]) -> (any MapAccess)?
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
