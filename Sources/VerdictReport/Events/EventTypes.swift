import BPFMachine
import BPFObject

/// Which struct an event holds. Ring buffers and perf rings carry bytes, so that it is told, declared or guessed.
public struct EventTypes: Sendable {
  /// Where a type is from.
  public enum Source: String, Hashable, Sendable {
    /// `--event-type`.
    case given
    /// The map's definition names a value type.
    case map
    /// No other struct of the object that could be one has the event's size.
    case size
  }

  /// The type of an event.
  struct Choice: Sendable {
    var name: String
    var shape: Shape
    var source: Source
  }

  private let maps: [MapSpec]
  private let types: TypeInfo?
  /// Structs by the index of their map.
  private var given: [Int: UInt32] = [:]
  /// Structs that an event may be, by their size.
  private var candidates: [Int: [UInt32]] = [:]

  /// The types of an object.
  public init(_ object: ObjectFile) {
    maps = object.maps
    types = object.types
    guard let types = object.types else { return }
    let excluded = Self.notEvents(object, types)
    let named = Self.namedForReaders(types)
    for id in types.ids {
      switch types.kind(of: id) {
      case .structure?, .union?: break
      default: continue
      }
      let name = types.name(of: id)
      guard !name.isEmpty, !excluded.contains(id), !Self.kernelTypes.contains(name), let size = types.size(of: id),
        size > 0
      else { continue }
      candidates[size, default: []].append(id)
    }
    for (size, ids) in candidates where ids.count > 1 {
      let preferred = ids.filter(named.contains)
      if preferred.count == 1 { candidates[size] = preferred }
    }
  }

  /// Says what the events of a map are.
  ///
  /// - Throws: ``EventTypeError`` for a map or a struct that the object does not have.
  public mutating func set(_ type: String, forMap map: String) throws(EventTypeError) {
    guard let index = maps.firstIndex(where: { $0.name == map }) else {
      throw EventTypeError(map: map, type: type, message: "the object has no map '\(map)'")
    }
    guard let types else { throw EventTypeError(map: map, type: type, message: "the object has no types (BTF)") }
    let bare = type.hasPrefix("struct ") ? String(type.dropFirst(7)) : type
    let kinds: [BTFKind] = [.structure, .union, .typedef]
    guard let id = kinds.lazy.compactMap({ types.id(named: bare, kind: $0) }).first else {
      throw EventTypeError(map: map, type: type, message: "the object's types have no struct '\(bare)'")
    }
    given[index] = id
  }

  /// The type of the `count` bytes of an event of that map; nil when it is not known.
  func choice(map: Int, count: Int) -> Choice? {
    guard let types, maps.indices.contains(map) else { return nil }
    if let id = given[map] { return choice(id, count, .given, types) }
    let value = maps[map].valueTypeID
    if value != 0, isStructure(value, types), let choice = choice(value, count, .map, types) { return choice }
    guard let only = candidates[count], only.count == 1 else { return nil }
    return choice(only[0], count, .size, types)
  }

  private func isStructure(_ id: UInt32, _ types: TypeInfo) -> Bool {
    switch types.resolved(id).flatMap({ types.kind(of: $0) }) {
    case .structure?, .union?: true
    default: false
    }
  }

  /// An event may be longer than its struct, with more bytes behind it, and not shorter.
  private func choice(_ id: UInt32, _ count: Int, _ source: Source, _ types: TypeInfo) -> Choice? {
    guard let size = types.size(of: id), size <= count, let shape = Shape(of: id, in: types, size: size) else {
      return nil
    }
    return Choice(name: types.name(of: id), shape: shape, source: source)
  }

  /// Structs that a variable points to. Loaders that make code of types ask for such variables, which nothing uses, to have the
  /// structs of events among the object's types.
  private static func namedForReaders(_ types: TypeInfo) -> Set<UInt32> {
    var named: Set<UInt32> = []
    for id in types.ids {
      guard case .variable(let type, _)? = types[id], let pointer = types.resolved(type),
        case .pointer(let to)? = types[pointer], let target = types.resolved(to)
      else { continue }
      named.insert(target)
    }
    return named
  }

  /// Structs that are something else: keys and values of maps, and what these consist of; and what other rings hold.
  private static func notEvents(_ object: ObjectFile, _ types: TypeInfo) -> Set<UInt32> {
    var excluded: Set<UInt32> = []
    func exclude(_ id: UInt32, _ depth: Int) {
      guard depth < 16, let id = types.resolved(id), excluded.insert(id).inserted else { return }
      if case .array(let element, _, _) = types[id] { exclude(element, depth + 1) }
      for member in types.members(of: id) { exclude(member.type, depth + 1) }
    }
    for map in object.maps where !map.isData {
      exclude(map.keyTypeID, 0)
      exclude(map.valueTypeID, 0)
    }
    return excluded
  }

  /// What a program includes to read packets and contexts.
  private static let kernelTypes: Set<String> = [
    "xdp_md", "__sk_buff", "xdp_buff", "sk_buff", "ethhdr", "iphdr", "ipv6hdr", "tcphdr", "udphdr", "icmphdr",
    "icmp6hdr", "vlan_hdr", "vlanhdr", "arphdr", "in_addr", "in6_addr", "bpf_timer", "bpf_spin_lock", "bpf_dynptr",
    "bpf_fib_lookup", "bpf_sock", "bpf_sock_tuple", "bpf_tunnel_key", "bpf_redir_neigh", "bpf_map", "list_head",
    "hlist_node", "bpf_wq", "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount",
  ]
}

/// `--event-type` that cannot be met.
public struct EventTypeError: Error, Sendable, CustomStringConvertible {
  public var map: String
  public var type: String
  public var message: String

  public var description: String { "--event-type \(map)=\(type): \(message)" }
}
