import BPFInstructions
import BPFMachine
import BPFObject

extension KernelProbe {
  /// Whether the smallest program of that type loads.
  static func programType(_ type: ProgramType) -> Feature {
    let attachType: AttachType? =
      switch type {
      case .cgroupSockAddr: .cgroupINET4Connect
      case .cgroupSockopt: .cgroupGetsockopt
      case .skLookup: .skLookup
      case .tracing: .traceFentry
      case .lsm: .lsmMAC
      case .netfilter: .netfilter
      default: nil
      }
    var spec = tinyProgram(
      type: type, returning: 1, attachType: attachType?.rawValue ?? 0,
      flags: type == .syscall ? ProgramFlags.sleepable : 0)
    if type == .cgroupSockopt || type == .flowDissector { spec.instructions[0].immediate = 0 }
    var request = LoadRequest(spec: spec, type: type.rawValue, slots: spec.instructions, license: "GPL")
    switch type {
    case .tracing, .lsm, .structOps, .ext: request.attachTypeID = 1
    default: break
    }
    do throws(ErrorNumber) {
      _ = try request.load()
      return Feature(name: type.name, supported: true)
    } catch {
      // Those four cannot be loaded without a target; a kernel that knows them complains about that in the log.
      let isKnown = request.attachTypeID != 0 && (error == .internalNotSupported || !request.log().isEmpty)
      return Feature(name: type.name, supported: isKnown, reason: isKnown ? nil : error.name)
    }
  }

  /// The helpers that a program of that type may call.
  static func helpers(_ type: ProgramType) -> Helpers {
    let numbers = (1...Int32(HelperTable.names.count)).filter { isAvailable($0, type) }
    return Helpers(
      programType: type.name, available: numbers.compactMap(HelperTable.name),
      gplOnly: numbers.filter { isGPLOnly($0, type) }.compactMap(HelperTable.name))
  }

  /// True when a program of that type may call the helper with that number.
  ///
  /// The call is given no arguments: the verifier says whether it knows the helper before it looks at them.
  package static func isAvailable(_ helper: Int32, _ type: ProgramType) -> Bool {
    let log = callLog(helper, type, license: "GPL")
    return !["invalid func", "unknown func", "cannot use helper", "not supported by this kernel"]
      .contains { log.contains($0) }
  }

  package static func isGPLOnly(_ helper: Int32, _ type: ProgramType) -> Bool {
    callLog(helper, type, license: "Apache-2.0").contains("GPL-restricted")
  }

  private static func callLog(_ helper: Int32, _ type: ProgramType, license: String) -> String {
    let slots = [Instruction(opcode: 0x85, immediate: helper), Instruction(opcode: 0x95)]
    let spec = ProgramSpec(name: "probe", section: type.name, type: type, instructions: slots)
    return LoadRequest(spec: spec, type: type.rawValue, slots: slots, license: license).log()
  }
}
