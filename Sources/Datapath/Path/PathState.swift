import BPFMachine

/// The packet, or the copy, in hand: what changes while it is on its way. It lies behind one pointer, so that the run over a
/// capture touches no class field that is tracked.
struct PathState {
  /// What became of it.
  var fate = Fate.pass
  var end = Journey.End.here
  /// Who has the last word so far: the link, or -1.
  var decider = -1
  /// What a redirect helper noted and nobody took up yet (`bpf_redirect_info`).
  var pending: Redirect?
  /// The target of the redirect that was done.
  var done: Redirect?
  /// Sends within sends (`dev_xmit_recursion`).
  var transmitDepth = 0
  /// act_mirred within act_mirred.
  var mirredDepth = 0
  /// From one device to the next.
  var hops = 0
  /// Which copy it is; nil for the packet itself.
  var copy: Int?
  /// On the way in.
  var atIngress = true
  /// An skb, not in a driver's buffer.
  var isSocketBuffer = false
  /// A program was stopped by a trap.
  var isStopped = false
  /// It has gone where what comes in waits.
  var isWaiting = false
}

/// What is kept over a packet's copies, behind the same pointer.
struct PathTotals {
  /// Instructions that the packet and its copies took so far.
  var instructions = 0
  /// A program was stopped, on the packet's way or on a copy's.
  var hasTrapped = false
  /// Copies of the packet in hand.
  var copies = 0
  /// Steps are kept.
  var keepsSteps = false
  /// What the one program of a path returned, where nothing else was kept of the packet; -1 otherwise.
  var codeAlone: Int32 = -1
  /// Where ways ended last, and how often in a row; ``PacketPath/ends`` has the rest.
  var lastEnd = Journey.End.here
  var lastEndCount: UInt64 = 0
  /// Steps or copies of the packet before have to be thrown away.
  var hasDetails = false
}

/// The fields of the packet in hand, by name.
extension PacketPath {
  @inline(__always) var current: PathState {
    get { state.pointee }
    _modify { yield &state.pointee }
  }
  @inline(__always) var decider: Int {
    get { state.pointee.decider }
    set { state.pointee.decider = newValue }
  }
  @inline(__always) var pending: Redirect? {
    get { state.pointee.pending }
    set { state.pointee.pending = newValue }
  }
  @inline(__always) var done: Redirect? {
    get { state.pointee.done }
    set { state.pointee.done = newValue }
  }
  @inline(__always) var hops: Int {
    get { state.pointee.hops }
    set { state.pointee.hops = newValue }
  }
  @inline(__always) var transmitDepth: Int {
    get { state.pointee.transmitDepth }
    set { state.pointee.transmitDepth = newValue }
  }
  @inline(__always) var mirredDepth: Int {
    get { state.pointee.mirredDepth }
    set { state.pointee.mirredDepth = newValue }
  }
  @inline(__always) var atIngress: Bool {
    get { state.pointee.atIngress }
    set { state.pointee.atIngress = newValue }
  }
  @inline(__always) var isSocketBuffer: Bool {
    get { state.pointee.isSocketBuffer }
    set { state.pointee.isSocketBuffer = newValue }
  }
  @inline(__always) var isStopped: Bool {
    get { state.pointee.isStopped }
    set { state.pointee.isStopped = newValue }
  }
  @inline(__always) var isWaiting: Bool {
    get { state.pointee.isWaiting }
    set { state.pointee.isWaiting = newValue }
  }

  /// Keeps every step of a packet's way, for who asks for ``journey``.
  public var keepsSteps: Bool {
    @inline(__always) get { totals.pointee.keepsSteps }
    set { totals.pointee.keepsSteps = newValue }
  }
}
