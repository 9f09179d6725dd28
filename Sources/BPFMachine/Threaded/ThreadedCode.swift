import BPFInstructions

/// A program compiled for the threaded engine: one ``ThreadedInstruction`` for each operation, then one that traps.
final class ThreadedCode {
  let base: UnsafeMutablePointer<ThreadedInstruction>
  let count: Int

  init(operations: [Operation], targets: [Int32], unresolved: Set<Int>, constants: inout ConstantPool) {
    var code: [ThreadedInstruction] = []
    code.reserveCapacity(operations.count + 1)
    for (index, operation) in operations.enumerated() {
      if unresolved.contains(index) {
        code.append(ThreadedInstruction(Control.unresolved))
      } else {
        let distance = Int32(truncatingIfNeeded: Int(targets[index]) - index - 1)
        code.append(ThreadedInstruction(operation, distance: distance, constants: &constants))
      }
    }
    for index in operations.indices where !unresolved.contains(index) {
      if let fusion = Fusion.find(operations, at: index, excluding: unresolved) { code[index].fuse(fusion.handler) }
    }
    code.append(ThreadedInstruction(Control.fellOffEnd))
    count = operations.count
    base = .allocate(capacity: code.count)
    base.initialize(from: code, count: code.count)
  }

  deinit { base.deallocate() }

  /// The element at a host address; nil outside this code.
  func element(at address: UnsafeRawPointer) -> Int? {
    let distance = address - UnsafeRawPointer(base)
    guard distance >= 0, distance <= count * MemoryLayout<ThreadedInstruction>.stride else { return nil }
    return distance / MemoryLayout<ThreadedInstruction>.stride
  }
}

extension ThreadedInstruction {
  init(_ handler: Handler, _ destination: UInt8 = 0, _ source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0) {
    self.handler = UInt(bitPattern: unsafeBitCast(handler, to: Int.self))
    self.destination = destination
    self.source = source
    self.offset = offset
    self.immediate = immediate
  }

  /// Lets `handler` run this instruction and those after it.
  mutating func fuse(_ handler: Handler) {
    self.handler = UInt(bitPattern: unsafeBitCast(handler, to: Int.self))
  }

  /// The compiled form of one operation; `distance` is where its jump or call goes, in elements from the next one.
  init(_ operation: Operation, distance: Int32, constants: inout ConstantPool) {
    switch operation {
    case .alu(let alu, let width, let destination, .register(let source)):
      self.init(alu.handler(width, immediate: false), destination.rawValue, source.rawValue)
    case .alu(let alu, let width, let destination, .immediate(let value)):
      self.init(alu.handler(width, immediate: true), destination.rawValue, immediate: value)
    case .negate(let width, let register):
      self.init(Unary.negate(width), register.rawValue, register.rawValue)
    case .moveSignExtended(let width, let size, let destination, let source):
      self.init(Unary.moveSignExtended(width, from: size), destination.rawValue, source.rawValue)
    case .addressSpaceCast(let toUser, let destination, let source):
      let handler = toUser ? Control.castToUser : Control.castToKernel
      self.init(handler, destination.rawValue, source.rawValue)
    case .byteSwap(let order, let size, let register):
      self.init(Unary.byteSwap(order, size), register.rawValue, register.rawValue)
    case .load(let size, let signed, let destination, let base, let offset):
      let handler = size.loadHandler(signed: signed, stack: CallFrame.holds(base, offset, size))
      self.init(handler, destination.rawValue, base.rawValue, offset: offset)
    case .loadAcquire(let size, let destination, let base, let offset):
      let handler = size.loadHandler(signed: false, stack: CallFrame.holds(base, offset, size))
      self.init(handler, destination.rawValue, base.rawValue, offset: offset)
    case .store(let size, let base, let offset, .register(let source)),
      .storeRelease(let size, let base, let offset, let source):
      let handler = size.storeHandler(immediate: false, stack: CallFrame.holds(base, offset, size))
      self.init(handler, base.rawValue, source.rawValue, offset: offset)
    case .store(let size, let base, let offset, .immediate(let value)):
      let handler = size.storeHandler(immediate: true, stack: CallFrame.holds(base, offset, size))
      self.init(handler, base.rawValue, offset: offset, immediate: value)
    case .atomic(let atomic, let fetch, let size, let base, let offset, let source):
      self.init(atomic.handler(size, fetch: fetch), base.rawValue, source.rawValue, offset: offset)
    case .loadImmediate(let destination, _, let value):
      if let small = Int32(exactly: Int64(bitPattern: value)) {
        self.init(ALU.mov.handler(.w64, immediate: true), destination.rawValue, immediate: small)
      } else {
        self.init(Control.loadConstant, destination.rawValue, immediate: constants.index(of: value))
      }
    case .loadAbsolute(let size, let index):
      self.init(Control.loadAbsolute, offset: Int16(size.rawValue), immediate: index)
    case .loadIndirect(let size, let source, let index):
      self.init(Control.loadIndirect, 0, source.rawValue, offset: Int16(size.rawValue), immediate: index)
    case .jump:
      self.init(Control.gotoLong, immediate: distance)
    case .branch(let condition, let width, let left, .register(let right), _):
      let handler = condition.handler(width, immediate: false)
      self.init(handler, left.rawValue, right.rawValue, offset: Int16(truncatingIfNeeded: distance))
    case .branch(let condition, let width, let left, .immediate(let value), _):
      let handler = condition.handler(width, immediate: true)
      self.init(handler, left.rawValue, offset: Int16(truncatingIfNeeded: distance), immediate: value)
    case .mayGoto:
      self.init(Control.mayGoto, offset: Int16(truncatingIfNeeded: distance))
    case .callHelper(let id):
      self.init(Control.callHelperByNumber, immediate: id)
    case .callSubprogram:
      self.init(Control.callSubprogram, immediate: distance)
    case .callKernelFunction(let call, _):
      self.init(Control.kernelFunction, immediate: call)
    case .callRegister(let register):
      self.init(Control.callRegister, register.rawValue)
    case .exit:
      self.init(Control.exit)
    }
  }
}

extension CallFrame {
  /// True when an access at a constant offset from the frame pointer lies in the frame, whatever the program does.
  static func holds(_ base: Register, _ offset: Int16, _ size: MemorySize) -> Bool {
    base == .r10 && offset >= -Int16(stackBytes) && Int(offset) + Int(size.rawValue) <= 0
  }
}
