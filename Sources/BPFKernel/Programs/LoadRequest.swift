import BPFInstructions
import BPFObject

/// What `BPF_PROG_LOAD` is given; tried with and without a log, with and without types.
struct LoadRequest {
  private typealias Field = BPFAttributes.ProgramLoad

  let spec: ProgramSpec
  let type: UInt32
  let slots: [UInt64]
  let license: [UInt8]
  /// `attach_btf_id`: the kernel type that a tracing program hangs on; 0 for none.
  var attachTypeID: UInt32 = 0
  /// Largest log that is asked for, in bytes.
  static let maximumLog = 1 << 26

  private(set) var types: KernelTypes?
  /// `struct bpf_func_info` records: slot, type id.
  private var functions: [UInt32] = []
  /// `struct bpf_line_info` records: slot, file name, text, line and column.
  private var lines: [UInt32] = []
  /// `struct bpf_core_relo` records: byte offset of the instruction, type id, access string, kind.
  private var relocations: [UInt32] = []

  init(spec: ProgramSpec, type: UInt32, slots: [Instruction], license: String) {
    self.spec = spec
    self.type = type
    self.slots = slots.map { $0.rawValue.littleEndian }
    self.license = Array(license.utf8.prefix(127)) + [0]
  }

  /// Adds BTF with function and line information, when the object has it for every function.
  mutating func attach(_ types: KernelTypes) {
    // The kernel applies CO-RE to itself, by the same rules as libbpf.
    relocations = spec.coreRelocations.flatMap {
      [UInt32(clamping: $0.slot * 8), $0.typeID, $0.accessOffset, $0.rawKind]
    }
    guard !spec.functions.isEmpty, spec.functions.allSatisfy({ $0.typeID != nil }) else { return }
    self.types = types
    functions = spec.functions.flatMap { [UInt32(clamping: $0.slot), $0.typeID ?? 0] }
    lines = spec.sourceLines.flatMap { line in
      [
        UInt32(clamping: line.slot), line.fileOffset, line.textOffset,
        UInt32(clamping: line.line) << 10 | UInt32(clamping: min(line.column, 1023)),
      ]
    }
    // The verifier wants a line at the first slot of every function.
    let starts = Set(spec.sourceLines.map(\.slot))
    if !spec.functions.allSatisfy({ starts.contains($0.slot) }) { lines = [] }
  }

  mutating func detachTypes() {
    types = nil
    functions = []
    lines = []
    relocations = []
  }

  /// True when a refusal is about BTF and not about what the program does.
  static func blamesTypes(_ reason: String, _ errno: ErrorNumber) -> Bool {
    guard errno == .invalidArgument || errno == .accessDenied || errno == .noEntry else { return false }
    return [
      "func_info", "func info", "line_info", "BTF", "btf", "Invalid insn code at line_info", "missing bpf_line_info",
    ]
    .contains { reason.contains($0) }
  }

  /// Loads without a log.
  func load() throws(ErrorNumber) -> KernelDescriptor {
    do {
      return try load(log: nil)
    } catch {
      guard error == .operationNotPermitted, BPFSyscall.mock == nil, BPFSyscall.liftLockedMemoryLimit() else {
        throw error
      }
      return try load(log: nil)
    }
  }

  /// The verifier's log of a program that it refuses, in full: the buffer grows until it fits.
  func log() -> String {
    var capacity = 1 << 18
    while true {
      let log = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
      defer { log.deallocate() }
      log[0] = 0
      do throws(ErrorNumber) {
        _ = try load(log: log)
        return ""
      } catch {
        if error == .noSpace, capacity < LoadRequest.maximumLog {
          capacity <<= 2
          continue
        }
        return String(decoding: log.prefix { $0 != 0 }, as: UTF8.self)
      }
    }
  }

  private func load(log: UnsafeMutableRawBufferPointer?) throws(ErrorNumber) -> KernelDescriptor {
    var attributes = BPFAttributes()
    attributes[Field.type] = type
    attributes[Field.slotCount] = UInt32(clamping: slots.count)
    attributes[Field.flags] = spec.flags
    attributes.setName(Field.nameOffset, spec.name)
    if spec.attachType != 0 { attributes[Field.expectedAttachType] = spec.attachType }
    if attachTypeID != 0 { attributes[Field.attachTypeID] = attachTypeID }
    if let log {
      attributes[Field.logLevel] = 1
      attributes[Field.logSize] = UInt32(clamping: log.count)
      attributes.set(Field.log, log.baseAddress)
    }
    let result: Result<Int32, ErrorNumber> = slots.withUnsafeBytes { slots in
      license.withUnsafeBytes { license in
        functions.withUnsafeBytes { functions in
          lines.withUnsafeBytes { lines in
            relocations.withUnsafeBytes { relocations in
              attributes.set(Field.slots, slots.baseAddress)
              attributes.set(Field.license, license.baseAddress)
              if let types {
                attributes[Field.btf] = types.descriptor.number
                attributes[Field.functionRecordSize] = 8
                attributes.set(Field.functions, functions.baseAddress)
                attributes[Field.functionCount] = UInt32(clamping: functions.count / 8)
                if !relocations.isEmpty {
                  attributes.set(Field.relocations, relocations.baseAddress)
                  attributes[Field.relocationRecordSize] = 16
                  attributes[Field.relocationCount] = UInt32(clamping: relocations.count / 16)
                }
                if !lines.isEmpty {
                  attributes[Field.lineRecordSize] = 16
                  attributes.set(Field.lines, lines.baseAddress)
                  attributes[Field.lineCount] = UInt32(clamping: lines.count / 16)
                }
              }
              return LoadRequest.perform(&attributes)
            }
          }
        }
      }
    }
    return KernelDescriptor(try result.get())
  }

  /// The verifier gives up with EAGAIN when a signal comes; loading again is harmless.
  private static func perform(_ attributes: inout BPFAttributes) -> Result<Int32, ErrorNumber> {
    var tries = 5
    while true {
      do throws(ErrorNumber) {
        return .success(try BPFSyscall.bpf(.programLoad, &attributes))
      } catch {
        tries -= 1
        if error == .tryAgain, tries > 0 { continue }
        return .failure(error)
      }
    }
  }
}
