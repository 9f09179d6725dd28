import BPFInstructions
import BPFObject

/// What the running kernel offers, found by asking it.
public struct KernelProbe {
  /// `r0 = value; exit`.
  static func tinyProgram(type: ProgramType, returning value: Int32, attachType: UInt32 = 0) -> ProgramSpec {
    ProgramSpec(
      name: "probe", section: type.name, type: type, attachType: attachType,
      instructions: [Instruction(opcode: 0xb7, immediate: value), Instruction(opcode: 0x95)])
  }
}
