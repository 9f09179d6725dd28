import BPFMachine
import BPFObject

/// Where two maps that should hold the same do not, by typed field.
public struct MapDifference: Sendable {
  /// One value, or one element, that differs.
  public struct Item: Sendable {
    /// The key in words.
    public var key: String
    /// The CPU whose value it is, for per-CPU maps.
    public var cpu: Int?
    /// The field, such as `last.packets`; empty for the whole value or element.
    public var field: String
    /// Its value in the simulator; nil when the element is not there.
    public var left: String?
    /// Its value in the kernel; nil when the element is not there.
    public var right: String?
    /// The most probable cause.
    public var cause: DivergenceCause
  }

  /// Name of the map.
  public let map: String
  /// bpftool's name of its type.
  public let type: String
  /// Elements in the simulator and in the kernel.
  public let counts: (left: Int, right: Int)
  /// Elements that differ, or are on one side only.
  public private(set) var elements = 0
  /// What differs, at most ``limit`` items.
  public private(set) var items: [Item] = []
  /// How many values and elements differ by each cause.
  public private(set) var causes: [DivergenceCause: Int] = [:]

  /// Items that are listed at most.
  public static let limit = 20

  /// True when no cause is known for some of it.
  public var isFault: Bool { causes[.fault] != nil }

  /// What is unexplained is put down to a cause that is known to have set the maps apart before.
  mutating func settle(for cause: DivergenceCause) {
    guard let unexplained = causes.removeValue(forKey: .fault) else { return }
    causes[cause, default: 0] += unexplained
    for index in items.indices where items[index].cause == .fault { items[index].cause = cause }
  }

  /// An array has all of its elements, and each is a system call.
  private static let elementLimit: UInt32 = 1 << 20

  /// Why maps of that kind are not compared; nil when they are.
  static func obstacle(to spec: MapSpec) -> String? {
    switch spec.type {
    case .perfEventArray: "what was written to it is gone"
    case .userRingbuf: "the kernel does not say what was taken from it"
    case .bloomFilter: "the kernel does not list what is in it"
    case .xskmap, .sockmap, .sockhash, .reuseportSockarray: "the kernel does not show sockets"
    case .arena: "the kernel does not show pages"
    case .array where spec.maxEntries > elementLimit, .percpuArray where spec.maxEntries > elementLimit:
      "\(Format.count(UInt64(spec.maxEntries), "element")), of which at most \(Format.grouped(UInt64(elementLimit))) are read"
    default: nil
    }
  }

  /// Compares the contents of two maps; nil when they are the same.
  ///
  /// - Parameters:
  ///   - variations: the same map in simulators that differ in one thing.
  ///   - ignoring: keys whose values are not compared.
  init?(
    _ left: any MapAccess, _ right: any MapAccess, variations: [(DivergenceCause, any MapAccess)],
    types: TypeInfo?, ignoring: Set<[UInt8]>
  ) throws(MapError) {
    let spec = left.spec
    map = spec.name
    type = spec.type?.name ?? "type \(spec.rawType)"
    guard Self.obstacle(to: spec) == nil else { return nil }
    let mine = MapContents(try left.entries(), spec, ignoring: ignoring)
    let other = MapContents(try right.entries(), spec, ignoring: ignoring)
    counts = (mine.values.count, other.values.count)
    if mine.values == other.values { return nil }
    var varied: [(DivergenceCause, MapContents)] = []
    for (cause, map) in variations { varied.append((cause, MapContents(try map.entries(), spec, ignoring: ignoring))) }
    let shape = MapShape(spec, types: types)
    let hasEvicted = Self.wasFull(left, elements: max(mine.keys.count, other.keys.count))
    for key in mine.keys + other.keys.filter({ mine.values[$0] == nil }) {
      let values = (mine.values[key], other.values[key])
      guard values.0 != values.1 else { continue }
      elements += 1
      let text = spec.keySize > 0 ? shape.decode(key: key).text : "number \(Bits.load(key, at: 0, count: 32) + 1)"
      if let one = values.0, let two = values.1 {
        addFields(one, two, key: key, text, shape, varied, hasEvicted)
      } else {
        let cause =
          hasEvicted
          ? .eviction
          : varied.first { values.0 != nil ? $0.1.values[key] == nil : Set($0.1.keys) != Set(mine.keys) }?.0
        add(
          Item(
            key: text, cpu: nil, field: "", left: values.0.map { Self.text($0, shape) },
            right: values.1.map { Self.text($0, shape) }, cause: cause ?? .fault))
      }
    }
  }

  /// Whether an LRU map had to give up elements: when it was full, or, with a list of its own for each CPU
  /// (`BPF_F_NO_COMMON_LRU`), when one CPU's share was.
  static func wasFull(_ map: any MapAccess, elements: Int) -> Bool {
    guard let map = map as? HashMap, map.spec.type == .lruHash || map.spec.type == .lruPercpuHash else { return false }
    let noCommonList: UInt32 = 1 << 1
    return map.evictions > 0 || elements >= Int(map.spec.maxEntries) || map.spec.flags & noCommonList != 0
  }

  private mutating func add(_ item: Item) {
    causes[item.cause, default: 0] += 1
    if items.count < Self.limit { items.append(item) }
  }

  private static func text(_ values: [[UInt8]], _ shape: MapShape) -> String {
    values.map { shape.decode(value: $0).text }.joined(separator: ", ")
  }

  /// The fields in which two values differ, for each CPU.
  private mutating func addFields(
    _ one: [[UInt8]], _ two: [[UInt8]], key: [UInt8], _ text: String, _ shape: MapShape,
    _ varied: [(DivergenceCause, MapContents)], _ hasEvicted: Bool
  ) {
    for cpu in 0..<max(one.count, two.count) where one.indices.contains(cpu) && two.indices.contains(cpu) {
      guard one[cpu] != two[cpu] else { continue }
      let left = Fields(one[cpu], shape)
      let right = Fields(two[cpu], shape)
      // A value that cannot be shown by its type is shown in hex: then the fields are not the same.
      let paths = left.paths == right.paths ? left.paths : [""]
      for path in paths {
        let values = (left[path], right[path])
        guard values.0 != values.1 else { continue }
        let cause = varied.first { _, contents in
          guard let value = contents.values[key], value.indices.contains(cpu) else { return true }
          return Fields(value[cpu], shape)[path] != values.0
        }
        add(
          Item(
            key: text, cpu: one.count > 1 ? cpu : nil, field: path, left: values.0, right: values.1,
            cause: cause?.0 ?? (hasEvicted ? .eviction : .fault)))
      }
    }
  }
}

/// The elements of a map as far as two backends can agree on them.
private struct MapContents {
  /// In the map's order.
  let keys: [[UInt8]]
  let values: [[UInt8]: [[UInt8]]]

  init(_ entries: [MapEntry], _ spec: MapSpec, ignoring: Set<[UInt8]>) {
    // What has no keys goes by its place.
    let entries =
      spec.keySize > 0
      ? entries
      : entries.enumerated().map { place, entry in
        MapEntry(key: withUnsafeBytes(of: UInt32(clamping: place).littleEndian) { Array($0) }, values: entry.values)
      }
    keys = entries.map(\.key)
    values = Dictionary(
      entries.map { entry in
        (entry.key, ignoring.contains(entry.key) ? [] : entry.values.map { Self.comparable($0, spec) })
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Numbers that a backend gives to programs and maps are its own.
  private static func comparable(_ value: [UInt8], _ spec: MapSpec) -> [UInt8] {
    switch spec.type {
    case .progArray, .arrayOfMaps, .hashOfMaps: []
    case .devmap, .devmapHash, .cpumap: Array(value.prefix(4))
    default: value
    }
  }
}

/// A value taken apart into its fields.
private struct Fields {
  private(set) var paths: [String] = []
  private var values: [String: String] = [:]
  private let whole: String

  init(_ bytes: [UInt8], _ shape: MapShape) {
    whole = Hex.text(bytes)
    add(bytes.count == Int(shape.spec.valueSize) ? shape.decode(value: bytes) : .word(whole), "")
  }

  /// The field as text; the whole value in hex for a path that it does not have.
  subscript(path: String) -> String { values[path] ?? whole }

  private mutating func add(_ value: TypedValue, _ path: String) {
    switch value {
    case .structure(let fields):
      for (name, value) in fields { add(value, path.isEmpty ? name : "\(path).\(name)") }
    case .array(let elements):
      for (index, element) in elements.enumerated() { add(element, "\(path)[\(index)]") }
    default:
      // The overlapping members of a union have names of their own; so has everything else.
      if values.updateValue(value.text, forKey: path) == nil { paths.append(path) }
    }
  }
}
