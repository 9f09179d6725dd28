import BPFInstructions
import BPFObject

/// A program that the kernel's verifier accepted; its descriptor is closed when the object goes.
public final class KernelProgram {
  /// What was loaded.
  public let spec: ProgramSpec
  /// What was done without, one line each: BTF that the kernel refused.
  public let notes: [String]
  package let descriptor: KernelDescriptor

  /// Loads the program (`BPF_PROG_LOAD`), without a log first; after a rejection once more for the log.
  ///
  /// - Parameters:
  ///   - maps: the maps that the program refers to, by name.
  ///   - license: `GPL` and its like open the GPL-only helpers.
  ///   - types: the object's BTF in the kernel; function and line information go with it.
  /// - Throws: ``KernelError``, with its ``KernelError/rejection`` set when the verifier said no.
  public convenience init(
    _ spec: ProgramSpec, maps: [KernelMap] = [], license: String = "GPL", types: KernelTypes? = nil
  ) throws(KernelError) {
    try self.init(spec, maps: maps, license: license, types: types, symbols: KernelSymbols.shared)
  }

  package init(
    _ spec: ProgramSpec, maps: [KernelMap], license: String, types: KernelTypes?,
    symbols: @autoclosure () -> KernelSymbols
  ) throws(KernelError) {
    guard let type = spec.type else {
      throw KernelError(message: "program \(spec.name): section \(spec.section) names no program type")
    }
    var request = LoadRequest(
      spec: spec, type: type.rawValue,
      slots: try KernelProgram.patched(spec, maps: maps, symbols: symbols), license: license)
    var notes: [String] = []
    if let types { request.attach(types) }
    while true {
      let refusal: ErrorNumber
      do throws(ErrorNumber) {
        descriptor = try request.load()
        self.spec = spec
        self.notes = notes
        return
      } catch {
        refusal = error
      }
      let log = request.log()
      let (reason, _) = Rejection.parse(log)
      if request.types != nil, LoadRequest.blamesTypes(reason, refusal) {
        request.detachTypes()
        notes.append("program \(spec.name): loaded without BTF, which the kernel refused: \(reason)")
        continue
      }
      throw KernelProgram.error(spec, refusal, log: log)
    }
  }

  private static func error(_ spec: ProgramSpec, _ errno: ErrorNumber, log: String) -> KernelError {
    guard !log.isEmpty else {
      let advice: String? =
        switch errno {
        case .invalidArgument: "the kernel does not know this program type, attach type or flag"
        case .tooBig: "more instructions than the kernel allows"
        default: nil
        }
      return KernelError("program \(spec.name)", .programLoad, errno, advice: advice)
    }
    var (reason, slot) = Rejection.parse(log)
    if let place = slot, reason.contains("#\(poisonedHelper)"), let why = whyPoisoned(spec, place) { reason = why }
    if reason.contains("device-bound") { reason += ", which BPF_PROG_TEST_RUN does not run" }
    let line = slot.flatMap { spec.sourceLine(at: $0) }
    let rejection = Rejection(
      program: spec.name, reason: reason, slot: slot, source: line.map { "\($0.file):\($0.line)" },
      sourceText: line?.text, log: log)
    let place = rejection.source ?? slot.map { "instruction \($0)" }
    return KernelError(
      message: "program \(spec.name): the kernel's verifier says no (\(errno.name)): \(reason)"
        + (place.map { " at \($0)" } ?? ""), errno: errno, rejection: rejection)
  }

  /// Why the call at `slot` must not be reached: the loader or, for CO-RE, the kernel put it there.
  private static func whyPoisoned(_ spec: ProgramSpec, _ slot: Int) -> String? {
    var reference = spec.references[slot]
    if reference == nil, let types = try? TypeInfo.runningKernel() {
      reference = spec.relocated(against: types).references[slot]
    }
    switch reference {
    case .unresolved(let why): return why
    case .kernelFunction(let name, _): return "this kernel has no kfunc \(name)"
    default: return nil
    }
  }

  /// The id that the kernel gave the program, which a prog array shows in its place; nil when it does not say.
  package var id: UInt32? {
    typealias Field = BPFAttributes.ObjectInformation
    // `struct bpf_prog_info` begins with type and id.
    var information: (type: UInt32, id: UInt32) = (0, 0)
    var attributes = BPFAttributes()
    attributes[Field.descriptor] = descriptor.number
    attributes[Field.size] = 8
    let done = withUnsafeMutableBytes(of: &information) { buffer in
      attributes.set(Field.information, buffer.baseAddress)
      return (try? BPFSyscall.bpf(.objectInformation, &attributes)) != nil
    }
    return done ? information.id : nil
  }
}
