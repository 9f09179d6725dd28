import BPFInstructions
import BPFMachine
import BPFObject

extension KernelProgram {
  /// libbpf's helper number for calls that must not be reached, which no kernel has: the verifier drops them with dead code or
  /// names the number.
  static let poisonedHelper: Int32 = 195_896_080

  /// The slots with every reference resolved: maps by descriptor, functions by distance, kernel symbols by BTF id.
  static func patched(
    _ spec: ProgramSpec, maps: [KernelMap], symbols: () -> KernelSymbols
  ) throws(KernelError) -> [Instruction] {
    var slots = spec.instructions
    func map(_ name: String) throws(KernelError) -> Int32 {
      guard let map = maps.first(where: { $0.spec.name == name }) else {
        throw KernelError(message: "program \(spec.name): map \(name) is not among the maps it is loaded with")
      }
      return map.descriptor.number
    }
    for (slot, reference) in spec.references {
      guard slots.indices.contains(slot) else {
        throw KernelError(message: "program \(spec.name): reference at slot \(slot) is outside the program")
      }
      switch reference {
      case .map(let name):
        setWide(&slots, slot, .mapDescriptor, low: try map(name), high: 0)
      case .mapValue(let name, let offset):
        setWide(&slots, slot, .mapValue, low: try map(name), high: Int32(bitPattern: offset))
      case .function(let target):
        setWide(&slots, slot, .function, low: Int32(clamping: target - slot - 1), high: 0)
      case .kernelFunction(let name, let weak):
        // libbpf looks a kfunc up without its flavour, name___flavour.
        if let id = symbols().function(KernelFunctionTable.essentialName(name)) {
          slots[slot].source = 2
          slots[slot].offset = 0
          slots[slot].immediate = id
        } else if weak {
          poison(&slots, slot)
        } else {
          throw KernelError(
            message:
              "program \(spec.name): this kernel has no kfunc \(name) in its BTF; take a newer kernel, or declare it __weak"
          )
        }
      case .kernelVariable(let name, let weak) where slots[slot].source == WideImmediate.value.rawValue:
        // Declared void: a number.
        guard let address = symbols().address(name) ?? (weak ? 0 : nil) else {
          throw KernelError(message: "program \(spec.name): this kernel has no symbol \(name) in /proc/kallsyms")
        }
        setWide(
          &slots, slot, .value, low: Int32(truncatingIfNeeded: address), high: Int32(truncatingIfNeeded: address >> 32))
      case .kernelVariable(let name, let weak):
        if let id = symbols().variable(name) {
          setWide(&slots, slot, .kernelVariable, low: id, high: 0)
        } else if let id = symbols().function(KernelFunctionTable.essentialName(name)) {
          // The address of a kfunc, for bpf_ksym_exists.
          setWide(&slots, slot, .kernelVariable, low: id, high: 0)
        } else if weak {
          setWide(&slots, slot, .value, low: 0, high: 0)
        } else {
          throw KernelError(message: "program \(spec.name): this kernel has no variable \(name) in its BTF")
        }
      case .unresolved:
        poison(&slots, slot)
      }
    }
    return slots
  }

  private static func setWide(
    _ slots: inout [Instruction], _ slot: Int, _ kind: WideImmediate, low: Int32, high: Int32
  ) {
    slots[slot].source = kind.rawValue
    slots[slot].immediate = low
    if slots.indices.contains(slot + 1) { slots[slot + 1].immediate = high }
  }

  private static func poison(_ slots: inout [Instruction], _ slot: Int) {
    if slots[slot].isWide {
      setWide(&slots, slot, .value, low: 0, high: 0)
    } else {
      slots[slot] = Instruction(opcode: 0x85, immediate: poisonedHelper)
    }
  }
}
