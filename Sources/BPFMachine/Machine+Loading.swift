import BPFInstructions
import BPFObject

/// Binding programs to a machine.
extension Machine {
  /// Loads a program: decodes it, binds its references to this machine's maps, compiles it.
  /// - Returns: its index, for ``run(_:engine:)``.
  /// - Throws: ``MachineError`` for an undefined instruction or a jump to nowhere.
  public func load(_ spec: ProgramSpec) throws(MachineError) -> Int {
    var unresolved: Set<Int> = []
    for (slot, reference) in spec.references where !canResolve(reference, in: spec) { unresolved.insert(slot) }
    let decoded: DecodedProgram
    do {
      decoded = try DecodedProgram(spec.instructions, unresolved: unresolved)
    } catch {
      throw MachineError(kind: .instruction, message: "program \(spec.name): \(error)")
    }
    let program = LoadedProgram(
      spec: spec, index: programs.count, decoded: decoded, unresolved: unresolved, constants: &constants
    ) { slot, kind, value in self.resolve(spec.references[slot], kind: kind, value: value) }
    programs.append(program)
    constantValues.deallocate()
    constantValues = .allocate(capacity: max(constants.values.count, 1))
    constantValues.initialize(from: constants.values, count: constants.values.count)
    state.pointee.constants = UnsafePointer(constantValues)
    state.pointee.starts.deallocate()
    state.pointee.starts = .allocate(capacity: programs.count)
    state.pointee.programCount = programs.count
    state.pointee.starts.initialize(from: programs.map { UnsafeRawPointer($0.threaded.base) }, count: programs.count)
    return program.index
  }

  private func canResolve(_ reference: Reference, in spec: ProgramSpec) -> Bool {
    switch reference {
    case .map(let name), .mapValue(let name, _): mapIndices[name] != nil
    case .function: true
    // A weak symbol that the kernel lacks has address 0 (libbpf), which the program tests before it uses it.
    case .kernelVariable(let name, let weak):
      weak || KernelFunctionTable.address(name) != nil || kernelVariable(name) != nil
    case .kernelFunction(let name, _): KernelFunctionTable.function(name, for: spec.type) != nil
    case .unresolved: false
    }
  }

  private func resolve(_ reference: Reference?, kind: WideImmediate, value: UInt64) -> UInt64? {
    switch reference {
    case .map(let name):
      return mapIndices[name].map { GuestMap.address(index: $0) }
    case .mapValue(let name, let offset):
      if let arena = map(named: name) as? ArenaMap { return arena.userAddress &+ UInt64(offset) }
      guard let map = map(named: name) as? ArrayMap else { return nil }
      return map.slab.guest(0) &+ UInt64(offset)
    case .kernelVariable(let name, let weak):
      // The address of a kfunc (bpf_ksym_exists), which is tested and never read.
      if let address = KernelFunctionTable.address(name) { return address }
      return weak ? 0 : kernelVariable(name)
    default:
      return nil
    }
  }
}
