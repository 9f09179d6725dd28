import BPFMachine
import BPFObject
import Capture
import Datapath

/// The kernel: one program of an object, run on each frame by one `BPF_PROG_TEST_RUN`.
///
/// What the kernel does not tell stays unknown: instruction counts are 0 and the target of a redirect is not shown. Time,
/// randomness and the CPU are the machine's.
public final class KernelBackend: Backend {
  /// The program that runs.
  public let program: ProgramSpec
  /// Where it is attached.
  public let hook: Hook
  /// The object in the kernel.
  public let object: KernelObject
  private let loaded: KernelProgram
  private let buffers: TestRunBuffers
  /// `struct xdp_md` handed in, in which only data_end changes, or a `struct __sk_buff` of zeros, with which the kernel sets
  /// wire_len to the length.
  private let context: UnsafeMutableRawBufferPointer

  /// Runs of one call of ``run(_:)``, all on the same frame without a reset, so that a program that changes its frame sees its
  /// own change.
  public var repeatCount = 1

  /// Room for a frame after the run: what a program can make of the largest frame.
  private static let outputCapacity = 1 << 19
  /// `sizeof(struct xdp_md)` and `sizeof(struct __sk_buff)`.
  private static func contextSize(_ program: ProgramSpec) -> Int { program.type == .xdp ? 24 : 192 }

  /// Creates the object's maps, loads `program` and whatever its prog arrays name.
  ///
  /// - Throws: ``KernelError``, with its ``KernelError/rejection`` when the verifier said no.
  public init(object: ObjectFile, program: ProgramSpec, hook: Hook) throws(KernelError) {
    if let reason = KernelAvailability.reason { throw KernelError(message: reason, errno: .operationNotPermitted) }
    var program = program
    if program.type == nil { program.type = hook == .xdp ? .xdp : .schedCLS }
    self.program = program
    self.hook = hook
    self.object = try KernelObject(object)
    loaded = try KernelBackend.load(program, in: self.object)
    let contextSize = KernelBackend.contextSize(program)
    buffers = TestRunBuffers(outputCapacity: KernelBackend.outputCapacity, contextCapacity: contextSize)
    context = .allocate(byteCount: contextSize, alignment: 8)
    context.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { context.deallocate() }

  /// Gives programs from now on an skb with the fields that `setup` sets, where ctx_in can carry them; its path counts only
  /// for `ingress_ifindex`.
  ///
  /// - Throws: ``KernelError`` that names a field which `BPF_PROG_TEST_RUN` cannot set.
  public func prepare(_ setup: SocketBufferSetup) throws(KernelError) {
    if let field = SocketBufferContext.unsettable(setup) {
      throw KernelError(message: "\(field): BPF_PROG_TEST_RUN cannot set it; use --backend simulator")
    }
    SocketBufferContext.write(setup, to: context)
  }

  /// What was done without, one line each.
  public var notes: [String] { object.notes }

  /// The object's maps, in its order.
  public var maps: [any MapAccess] { object.maps }

  /// The same maps for seeding: they take interfaces and sockets that this machine does not have.
  public private(set) lazy var standIns: [StandInMap] = object.maps.map(StandInMap.init)

  /// The name of the program that a prog array shows by that id.
  public func programName(number: UInt32) -> String? { object.programName(id: number) }

  /// The descriptor of the object's program of that name, which is loaded when it was not; nil when there is none.
  public func programNumber(named name: String) throws(BackendError) -> UInt32? {
    do throws(KernelError) { return try object.programNumber(named: name) } catch { throw error.backendError }
  }

  /// Runs the program on `frame`.
  ///
  /// - Throws: `BackendError` with the errno of `BPF_PROG_TEST_RUN`, and for a frame that ``limit(for:)`` names.
  public func run(_ frame: Frame) throws(BackendError) -> Outcome {
    if let limit = KernelBackend.limit(for: frame) {
      throw BackendError(
        message: "packet \(frame.number): \(limit)", errno: ErrorNumber.invalidArgument.rawValue, isFrameLimit: true)
    }
    do throws(ErrorNumber) {
      if program.type == .xdp {
        context.storeBytes(of: UInt32(clamping: frame.bytes.count), toByteOffset: 4, as: UInt32.self)
      }
      let returnValue = try buffers.perform(
        loaded, data: frame.bytes, context: UnsafeRawBufferPointer(context), repeatCount: repeatCount)
      return Outcome(returnValue: returnValue, instructions: 0)
    } catch {
      let limit = hint(for: frame, error)
      throw BackendError(
        message: "packet \(frame.number): running \(program.name) on \(frame.bytes.count) bytes: "
          + "BPF_PROG_TEST_RUN: \(error.name)" + (limit ?? ""), errno: error.rawValue, isFrameLimit: limit != nil)
    }
  }

  /// Nanoseconds of the last run, a mean over its repeats, as the kernel measured it.
  public var duration: UInt32 { buffers.duration }

  /// Always nil: the kernel's verifier lets no program trap.
  public var trap: Trap? { nil }

  /// Always nil: `BPF_PROG_TEST_RUN` shows no target.
  public var redirect: Redirect? { nil }

  /// The frame as the last run left it.
  public var output: UnsafeRawBufferPointer { buffers.data }

  /// Bytes of metadata in front of ``output``.
  public var outputMetadataLength: Int {
    guard program.type == .xdp, buffers.context.count >= 4 else { return 0 }
    return Int(buffers.context.loadUnaligned(as: UInt32.self))
  }

  /// The context as the last run left it.
  public var contextOut: [UInt8] { Array(buffers.context) }

  /// A trap in words; the kernel has none.
  public func describe(_ trap: Trap) -> TrapDescription {
    TrapDescription(
      reason: "no trap happens in the kernel", instruction: trap.slot, function: program.name, source: nil,
      sourceText: nil)
  }

  /// A redirect target in words; the kernel shows none.
  public func describe(_ redirect: Redirect) -> String { "not shown by BPF_PROG_TEST_RUN" }
}

extension KernelBackend {
  /// Bytes of an Ethernet header, the least that `BPF_PROG_TEST_RUN` takes.
  static let shortestFrame = 14
  /// Linear part and 17 page fragments (`MAX_SKB_FRAGS`) of a page each.
  static let longestFrame = 3520 + 17 * 4096

  /// Why `BPF_PROG_TEST_RUN` cannot run on `frame` whatever the program; nil when it can.
  public static func limit(for frame: Frame) -> String? {
    if frame.bytes.count < shortestFrame {
      return "\(frame.bytes.count) bytes: BPF_PROG_TEST_RUN takes no frame shorter than an Ethernet header (14 bytes)"
    }
    if frame.bytes.count > longestFrame {
      return "\(frame.bytes.count) bytes: BPF_PROG_TEST_RUN takes no frame longer than \(longestFrame) bytes"
    }
    return nil
  }

  /// What EINVAL means for a classifier, whose limits depend on the kernel's release.
  private func hint(for frame: Frame, _ errno: ErrorNumber) -> String? {
    guard program.type != .xdp, errno == .invalidArgument else { return nil }
    if frame.bytes.count > 3712 {
      return "; for classifiers this kernel takes no frame longer than a page less its headroom"
    }
    let header: Int? =
      switch (frame.bytes[12], frame.bytes[13]) {
      case (0x08, 0x00): 20
      case (0x86, 0xdd): 40
      default: nil
      }
    guard let header, frame.bytes.count < KernelBackend.shortestFrame + header else { return nil }
    return "; for classifiers this kernel takes no IPv4 or IPv6 frame without a whole IP header"
  }

  /// Loads `program`. `BPF_PROG_TEST_RUN` refuses programs for devmap and cpumap entries, which are loaded as plain XDP:
  /// that is all the same to them, but for a devmap program's `egress_ifindex`.
  private static func load(_ program: ProgramSpec, in object: KernelObject) throws(KernelError) -> KernelProgram {
    guard program.type == .xdp else { return try object.load(program) }
    switch AttachType(rawValue: program.attachType) {
    case .xdpDevmap, .xdpCpumap:
      var plain = program
      plain.attachType = AttachType.xdp.rawValue
      do throws(KernelError) {
        return try object.load(plain)
      } catch {
        throw KernelError(
          message: "program \(program.name): BPF_PROG_TEST_RUN does not run programs for devmap and cpumap entries, "
            + "nor is it a plain XDP program: \(error.message)", errno: error.errno, rejection: error.rejection)
      }
    default: return try object.load(program)
    }
  }
}
