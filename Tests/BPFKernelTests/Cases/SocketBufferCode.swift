import KernelRecordings

/// A classifier that calls helpers in turn and keeps what each returned, then fields of its context and words of its stack.
struct SocketBufferCode {
  enum Argument {
    case value(Int64)
    /// `r10 + offset`.
    case stack(Int)
  }

  private var code = Code()

  /// Begins, when there is a `stack`, with the stack from -128 on set to it, and zeroes behind it.
  init(stack: [UInt8] = []) {
    guard !stack.isEmpty else { return }
    var bytes = stack
    while bytes.count < 128 { bytes.append(0) }
    code.stackBytes(-128, bytes)
  }

  /// Calls `helper(skb, arguments…)` and reports r0.
  mutating func call(_ helper: Int32, _ arguments: Argument...) {
    code.add(Slots.movReg(1, 6))
    for (index, argument) in arguments.enumerated() {
      let register = UInt8(index + 2)
      switch argument {
      case .value(let value): code.constant(register, UInt64(bitPattern: value))
      case .stack(let offset): code.stackAddress(register, offset)
      }
    }
    code.add(Slots.call(helper))
    code.report(0)
  }

  /// Reports a field of `struct __sk_buff`.
  mutating func field(_ offset: Int16, _ size: Slots.Size = .u32) {
    code.add(Slots.load(size, 7, 6, offset))
    code.report(7)
  }

  /// Reports how much can be accessed directly.
  mutating func reportLinear() {
    code.add(Slots.load(.u32, 2, 6, 80), Slots.load(.u32, 3, 6, 76), Slots.alu64(0x1, 2, 3))
    code.report(2)
  }

  mutating func reportStack(_ offset: Int, words: Int) { code.reportStack(offset, words: words) }

  mutating func add(_ body: (inout Code) -> Void) { body(&code) }

  func `case`(
    _ name: String, packet: String = ClassifierCases.packet(), context: String? = ClassifierCases.context([]),
    type: String = "sched_cls"
  ) -> RecordedCase {
    var code = code
    code.exit(0)
    return RecordedCase(
      name: name, type: type, slots: code.text, maps: [code.resultMap], packet: packet, context: context)
  }
}
