/// The way of one packet past the hooks of the devices: each program and action that saw it, and what became of it.
public struct Journey: Sendable {
  /// One program or action that ran.
  public struct Step: Hashable, Sendable {
    /// Index in ``PacketPath/links``.
    public var link: Int
    /// What it returned.
    public var code: Int32

    /// Link `link` returned `code`.
    public init(link: Int, code: Int32) {
      self.link = link
      self.code = code
    }
  }

  /// In order; empty when nobody asked for it.
  public var steps: [Step] = []
  /// What became of the packet.
  public var fate = Fate.pass
  /// Index in ``PacketPath/links`` of the link whose word stood at the last hook; nil when none had one.
  public var decider: Int?
  /// Where the packet was when its way ended, or what took it away.
  public var end = End.here
  /// What became of the copies that were sent on the way, in their order.
  public var copies: [Journey] = []

  /// A way that has not begun.
  public init() {}

  /// How the way ended.
  public enum End: Hashable, Sendable {
    /// Where the packet came in.
    case here
    /// At another device of that ifindex, on the way out of it or into it.
    case device(UInt32, Direction)
    /// On a target of an XDP redirect.
    case target
    /// At a device, after a thousand others.
    case elsewhere
    /// Dropped for want of something, in words.
    case lost(Loss)
  }

  /// Why a packet was dropped that no program wanted dropped.
  public enum Loss: String, Sendable {
    case noDevice = "no such device"
    case deviceDown = "the device is down"
    case noTarget = "a redirect without a target"
    case noPeer = "the device has no peer"
    case peerAtEgress = "bpf_redirect_peer outside ingress"
    case recursion = "recursion limit"
    case reclassifyLoop = "reclassify loop"
    case mirredLoop = "mirred recursion limit"
    case noChain = "goto to a chain without filters"
    case noNeighbour = "no neighbour"
    case unroutable = "no IP packet, or no way for it"
    case hops = "more hops than a packet may take"
    case stopped = "the program was stopped"
    case tooShort = "a frame without an Ethernet header"
  }
}

/// Which way a packet goes through a device.
public enum Direction: String, Hashable, CaseIterable, Sendable {
  case ingress, egress
}
