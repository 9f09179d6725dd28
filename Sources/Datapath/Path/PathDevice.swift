import BPFMachine

/// A device with its programs loaded.
final class PathDevice {
  let spec: DeviceSpec
  var xdp: RunLink?
  var tcxIngress = UnsafeBufferPointer<RunLink>(start: nil, count: 0)
  var tcxEgress = UnsafeBufferPointer<RunLink>(start: nil, count: 0)
  var ingress = RunFilters()
  var egress = RunFilters()
  /// The other end of a veth pair.
  weak var peer: PathDevice?

  init(spec: DeviceSpec) { self.spec = spec }

  deinit {
    tcxIngress.deallocate()
    tcxEgress.deallocate()
  }

  var index: UInt32 { spec.index }
}

/// A loaded program where it is attached.
struct RunLink {
  /// Index in the machine.
  var program: Int
  /// Index in ``PacketPath/links``.
  var link: Int
}

/// Filters of a hook, ready to run; they lie where the run reaches them without counting references.
final class RunFilters {
  /// Chain 0, where packets come in.
  let first: UnsafeBufferPointer<RunFilter>
  /// The other chains.
  private let others: [UInt32: UnsafeBufferPointer<RunFilter>]

  init(_ chains: [UInt32: [RunFilter]] = [:]) {
    first = UnsafeBufferPointer(copying: chains[0] ?? [])
    others = chains.filter { $0.key != 0 }.mapValues { UnsafeBufferPointer(copying: $0) }
  }

  deinit {
    for filters in [first] + others.values {
      let memory = UnsafeMutableBufferPointer(mutating: filters)
      memory.deinitialize()
      memory.deallocate()
    }
  }

  var isEmpty: Bool { first.isEmpty }

  func chain(_ index: UInt32) -> UnsafeBufferPointer<RunFilter> {
    index == 0 ? first : others[index] ?? UnsafeBufferPointer(start: nil, count: 0)
  }
}

extension UnsafeBufferPointer {
  /// Elements in memory of their own, which whoever makes it gives back.
  init(copying elements: [Element]) {
    guard !elements.isEmpty else {
      self.init(start: nil, count: 0)
      return
    }
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = memory.initialize(from: elements)
    self.init(memory)
  }
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
