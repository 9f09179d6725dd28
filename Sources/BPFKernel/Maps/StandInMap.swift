import BPFMachine
import BPFObject

/// A kernel's map of devices or sockets, seeded with what this machine does not have.
///
/// The kernel takes only interfaces that exist and AF_XDP sockets of this process. `BPF_PROG_TEST_RUN` executes no redirect, so
/// that any other will do: the loopback interface stands in for an interface, and a socket of its own for a socket. All other
/// maps are as they are.
public final class StandInMap: MapAccess, MapOfMapsAccess {
  private let map: KernelMap
  /// Keys whose element is a stand-in.
  public private(set) var keys: Set<[UInt8]> = []
  /// Stand-ins that were put in, one line each.
  public private(set) var notes: [String] = []
  /// An xskmap forgets a socket that is closed.
  private var sockets: [ReceivingSocket] = []

  /// Seeds `map`.
  public init(_ map: KernelMap) { self.map = map }

  public var spec: MapSpec { map.spec }
  public func entries() throws(MapError) -> [MapEntry] { try map.entries() }
  public func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? { try map.lookup(key) }

  public func makeInner(at key: [UInt8], maxEntries: UInt32?) throws(MapError) -> any MapAccess {
    try map.makeInner(at: key, maxEntries: maxEntries)
  }

  public func putInner(named name: String, at key: [UInt8]) throws(MapError) { try map.putInner(named: name, at: key) }
  public func inner(at key: [UInt8]) -> (any MapAccess)? { map.inner(at: key) }

  public func delete(_ key: [UInt8]) throws(MapError) {
    try map.delete(key)
    keys.remove(key)
  }

  /// `lo` of every network namespace.
  private static let loopback: [UInt8] = [1, 0, 0, 0]

  public func update(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    switch spec.type {
    case .xskmap: try updateSocket(key, values, flags: flags)
    case .devmap, .devmapHash: try updateDevice(key, values, flags: flags)
    default: try map.update(key, values, flags: flags)
    }
  }

  private func updateDevice(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    do {
      try map.update(key, values, flags: flags)
    } catch {
      // EINVAL is also what the kernel says of a wrong size or flag; then the loopback interface is refused as well.
      guard let value = values.first, value.count >= 4, error.errno == ErrorNumber.invalidArgument.rawValue else {
        throw error
      }
      do { try map.update(key, [StandInMap.loopback + value.dropFirst(4)], flags: flags) } catch _ { throw error }
      let index = value.prefix(4).reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
      note("map \(spec.name): there is no interface \(index) here; lo stands in for it", key)
    }
  }

  private func updateSocket(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    let socket: ReceivingSocket
    do throws(ErrorNumber) { socket = try ReceivingSocket() } catch {
      throw MapError(
        map: spec.name, errno: error.rawValue,
        message: "map \(spec.name): an AF_XDP socket to stand in cannot be made: \(error.name)")
    }
    try map.update(key, [withUnsafeBytes(of: socket.descriptor.number.littleEndian) { Array($0) }], flags: flags)
    sockets.append(socket)
    note("map \(spec.name): sockets of Verdict's own stand in for those of the seed", key)
  }

  private func note(_ text: String, _ key: [UInt8]) {
    keys.insert(key)
    if !notes.contains(text) { notes.append(text) }
  }
}
