import BPFObject

/// Where the members of `struct nf_conn` are, which programs read.
struct ConnectionLayout {
  /// Bytes.
  private(set) var size: Int
  private(set) var uses: Int
  private(set) var timeout: Int
  private(set) var zone: Int
  private(set) var status: Int
  private(set) var mark: Int
  /// The tuples of both directions.
  private(set) var original: Tuple
  private(set) var reply: Tuple

  /// Offsets from the start of `struct nf_conn` of what `struct nf_conntrack_tuple` has; nil for members that the types leave out.
  struct Tuple {
    var sourceAddress: Int?
    var sourcePort: Int?
    var family: Int?
    var destinationAddress: Int?
    var destinationPort: Int?
    var protocolNumber: Int?
    var direction: Int?

    /// Linux's tuple at an offset.
    init(at start: Int) {
      sourceAddress = start
      sourcePort = start + 16
      family = start + 18
      destinationAddress = start + 20
      destinationPort = start + 36
      protocolNumber = start + 38
      direction = start + 39
    }

    /// The tuple of that type at an offset.
    init(at start: Int, type: UInt32, in types: TypeInfo) {
      func place(_ outer: String, _ inner: String) -> Int? {
        guard let (offset, type) = types.place(of: outer, in: type), let (more, _) = types.place(of: inner, in: type)
        else { return nil }
        return start + offset + more
      }
      sourceAddress = place("src", "u3")
      sourcePort = place("src", "u")
      family = place("src", "l3num")
      destinationAddress = place("dst", "u3")
      destinationPort = place("dst", "u")
      protocolNumber = place("dst", "protonum")
      direction = place("dst", "dir")
    }
  }

  /// Of Linux 6.18 on x86-64 with connection marks.
  static let linux618 = ConnectionLayout()

  private init() {
    size = 248
    uses = 0
    timeout = 8
    zone = 12
    status = 128
    mark = 168
    original = Tuple(at: 32)
    reply = Tuple(at: 88)
  }

  /// As these types have it; what they do not tell of lies behind the rest. nil when they have no such struct.
  init?(_ types: TypeInfo) {
    guard let id = types.id(named: "nf_conn", kind: .structure), let size = types.size(of: id) else { return nil }
    var end = (size + 15) & ~15
    func place(_ name: String) -> Int {
      if let (offset, _) = types.place(of: name, in: id) { return offset }
      defer { end += 8 }
      return end
    }
    uses = place("ct_general")
    timeout = place("timeout")
    zone = place("zone")
    status = place("status")
    mark = place("mark")
    if let (first, array) = types.place(of: "tuplehash", in: id),
      case .array(let element, _, _)? = types.resolved(array).flatMap({ types[$0] }),
      let stride = types.size(of: element), let (offset, tuple) = types.place(of: "tuple", in: element)
    {
      original = Tuple(at: first + offset, type: tuple, in: types)
      reply = Tuple(at: first + offset + stride, type: tuple, in: types)
    } else {
      original = Tuple(at: end)
      reply = Tuple(at: end + 40)
      end += 80
    }
    self.size = end
  }
}

extension TypeInfo {
  /// Offset and type of a member of a struct or union; nil when it has none of that name.
  func place(of name: String, in id: UInt32) -> (offset: Int, type: UInt32)? {
    members(of: id).first { $0.name == name && $0.bitFieldSize == 0 }.map { (Int($0.bitOffset / 8), $0.type) }
  }
}
