/// The runtime form of one instruction: the handler's address and its operands. 16 bytes.
///
/// `lddw` takes one element here, so a jump's distance in elements is a count of instructions; offsets are recomputed when a
/// program is compiled.
struct ThreadedInstruction {
  /// Address of a ``Handler``.
  var handler: UInt
  var destination: UInt8
  var source: UInt8
  /// Memory displacement, or jump distance in elements from the next one.
  var offset: Int16
  /// Immediate; index into the constants for 64-bit ones.
  var immediate: Int32
}

/// A handler runs one instruction and jumps to the next one's handler: `return next(…)` compiles to an indirect jump, so the
/// host stack does not grow. Five arguments stay in registers from handler to handler:
/// instruction, state, budget mark, host address of the frame's top, region table.
///
/// The budget mark is the value that `instruction + 1` may not exceed: the address of the first instruction plus
/// 16 times the budget, moved along by every jump's distance. Straight-line code costs nothing to count, and
/// `budget - (mark - (instruction + 1)) / 16` instructions have run at any time.
typealias Handler =
  @convention(c) (
    UnsafeRawPointer, UnsafeMutableRawPointer, Int, UnsafeMutableRawPointer, UnsafeMutableRawPointer
  ) -> Int
