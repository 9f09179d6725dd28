import BPFMachine
import BPFObject

/// A map that keeps what it is given, in order.
final class FakeMap: MapAccess {
  let spec: MapSpec
  private(set) var stored: [MapEntry] = []

  init(
    _ type: MapType, key: UInt32, value: UInt32, keyType: UInt32 = 0, valueType: UInt32 = 0, name: String = "m",
    entries: [MapEntry] = []
  ) {
    spec = MapSpec(
      name: name, rawType: type.rawValue, keySize: key, valueSize: value, maxEntries: 16, keyTypeID: keyType,
      valueTypeID: valueType)
    stored = entries
  }

  func entries() throws(MapError) -> [MapEntry] { stored }
  func lookup(_ key: [UInt8]) throws(MapError) -> [[UInt8]]? { stored.first { $0.key == key }?.values }
  func update(_ key: [UInt8], _ values: [[UInt8]], flags: UInt64) throws(MapError) {
    guard stored.count < 16 else { throw MapError(map: spec.name, errno: 7, message: "E2BIG: no more room") }
    stored.append(MapEntry(key: key, values: values))
  }
  func delete(_ key: [UInt8]) throws(MapError) { stored.removeAll { $0.key == key } }
}
