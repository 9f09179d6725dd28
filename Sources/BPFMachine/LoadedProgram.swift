import BPFInstructions
import BPFObject

/// A program bound to a machine: decoded, its references replaced by guest addresses, and compiled for the threaded engine.
package final class LoadedProgram {
  package let spec: ProgramSpec
  /// Index among the machine's programs.
  package let index: Int
  /// The operations in order; `lddw` is one element. A bound `lddw` has kind ``WideImmediate/value``.
  package let operations: [Operation]
  /// Slot of each element.
  package let slots: [Int]
  /// Absolute element index that a jump, branch or call goes to; -1 for everything else.
  package let targets: [Int32]
  /// Elements whose call the loader could not resolve.
  package let unresolved: Set<Int>
  /// Some instruction reads a byte where `__sk_buff.tstamp_type` is (`tstamp_type_access`).
  let readsTimestampType: Bool
  /// The element that the program's exception callback begins with; nil when it has none.
  let exceptionCallback: Int?
  /// The compiled form.
  let threaded: ThreadedCode

  init(
    spec: ProgramSpec, index: Int, decoded: DecodedProgram, unresolved unresolvedSlots: Set<Int>,
    constants: inout ConstantPool, resolve: (Int, WideImmediate, UInt64) -> UInt64?
  ) {
    self.spec = spec
    self.index = index
    var operations: [Operation] = []
    var targets: [Int32] = []
    var unresolved: Set<Int> = []
    operations.reserveCapacity(decoded.instructions.count)
    for (element, instruction) in decoded.instructions.enumerated() {
      var operation = instruction.operation
      var target = instruction.jumpTarget
      var isResolved = !unresolvedSlots.contains(instruction.slot)
      if case .loadImmediate(let register, let kind, let value) = operation, kind != .value || !isResolved {
        if kind == .function, let function = instruction.functionTarget, let entry = decoded.index(of: function) {
          operation = .loadImmediate(register, .value, GuestFunction(program: index, element: entry).address)
        } else if let address = resolve(instruction.slot, kind, value) {
          operation = .loadImmediate(register, .value, address)
          isResolved = true
        } else {
          isResolved = false
        }
      }
      if case .callKernelFunction = operation, isResolved {
        operation = .callKernelFunction(
          id: KernelFunctionTable.call(spec.references[instruction.slot], from: index), module: 0)
      }
      if case .callSubprogram = operation, isResolved { target = instruction.functionTarget }
      operations.append(operation)
      targets.append(Int32(truncatingIfNeeded: target.flatMap { decoded.index(of: $0) } ?? -1))
      if !isResolved { unresolved.insert(element) }
    }
    self.operations = operations
    self.targets = targets
    self.unresolved = unresolved
    slots = decoded.instructions.map(\.slot)
    readsTimestampType = operations.contains { operation in
      if case .load(.u8, _, _, _, let offset) = operation {
        Int(offset) == SocketBuffer.Field.timestampType
      } else {
        false
      }
    }
    exceptionCallback = spec.exceptionCallback.flatMap { decoded.index(of: $0.slot) }
    threaded = ThreadedCode(
      operations: operations, targets: targets, unresolved: unresolved, constants: &constants)
  }

  /// The slot of an element; past the end, the number of slots.
  package func slot(ofElement element: Int) -> Int {
    slots.indices.contains(element) ? slots[element] : spec.instructions.count
  }
}

/// The address of a function, as `lddw` with `BPF_PSEUDO_FUNC` gives it to a helper that takes a callback.
///
/// Its high bits select no region, so it can be neither read nor written.
package struct GuestFunction {
  package var program: Int
  package var element: Int

  package init(program: Int, element: Int) {
    self.program = program
    self.element = element
  }

  /// The function at a guest address; nil when it is none.
  package init?(address: UInt64) {
    guard address & 0xffff_c000_0000_0000 == 0xffff_c000_0000_0000 else { return nil }
    program = Int(address >> 24 & 0x3f_ffff)
    element = Int(address & 0xff_ffff)
  }

  /// Its guest address.
  package var address: UInt64 {
    0xffff_c000_0000_0000 | UInt64(program & 0x3f_ffff) << 24 | UInt64(element & 0xff_ffff)
  }
}

/// The address of a map, as `lddw` with `BPF_PSEUDO_MAP_FD` gives it to helpers. Not readable either.
package enum GuestMap {
  private static let tag: UInt64 = 0xffff_8880_0000_0000

  /// The handle of the map with that index.
  package static func address(index: Int) -> UInt64 { tag | UInt64(index) << 8 }

  /// The index that a handle stands for; nil when it is none.
  @inline(__always)
  package static func index(address: UInt64) -> Int? {
    guard address & 0xffff_fff0_0000_00ff == tag & 0xffff_fff0_0000_00ff else { return nil }
    return Int(truncatingIfNeeded: address >> 8 & 0xfff_ffff)
  }
}

/// 64-bit immediates of every program of a machine, each once.
struct ConstantPool {
  private(set) var values: [UInt64] = []
  private var indices: [UInt64: Int32] = [:]

  /// The index of `value`.
  mutating func index(of value: UInt64) -> Int32 {
    if let index = indices[value] { return index }
    let index = Int32(truncatingIfNeeded: values.count)
    values.append(value)
    indices[value] = index
    return index
  }
}
