import BPFMachine

/// A device with its programs loaded.
final class PathDevice {
  let spec: DeviceSpec
  var xdp: RunLink?
  var tcxIngress: [RunLink] = []
  var tcxEgress: [RunLink] = []
  var ingress = RunFilters()
  var egress = RunFilters()
  /// The other end of a veth pair.
  weak var peer: PathDevice?

  init(spec: DeviceSpec) { self.spec = spec }

  var index: UInt32 { spec.index }
}

/// A loaded program where it is attached.
struct RunLink {
  /// Index in the machine.
  var program: Int
  /// Index in ``PacketPath/links``.
  var link: Int
}

/// Filters of a hook, ready to run.
struct RunFilters {
  /// Chain 0, where packets come in.
  var first: [RunFilter] = []
  /// The other chains.
  var others: [UInt32: [RunFilter]] = [:]

  var isEmpty: Bool { first.isEmpty }

  func chain(_ index: UInt32) -> [RunFilter] { index == 0 ? first : others[index] ?? [] }
}

/// A filter, ready to run.
struct RunFilter {
  var run: RunLink
  var protocolNumber: UInt16
  var classIdentifier: UInt32
  var isDirectAction: Bool
  var actions: [RunAction] = []
}

/// An action with its state.
final class RunAction {
  let kind: Kind
  let link: Int

  enum Kind {
    case generic(ActionCode, GenericVariation?)
    case mirred(Mirred, PathDevice)
    case edit(SocketBufferEdit)
    case program(RunLink, default: ActionCode)
    case police(TokenBucket, Police)
    case vlan(TagChange, ActionCode)
  }

  /// Packets so far, of act_gact's `determ`.
  var packets: UInt32 = 0
  /// Behind act_gact's `netrand`.
  var random: RandomState
  /// What a bucket holds.
  var tokens = TokenBucket.State()

  init(kind: Kind, link: Int, seed: UInt64) {
    self.kind = kind
    self.link = link
    random = RandomState(seed: seed &+ UInt64(link))
    if case .police(let bucket, _) = kind { tokens = bucket.full(at: 0) }
  }
}
