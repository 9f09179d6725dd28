/// The values of a map: `slots` of them, each with one copy a CPU, in guest memory.
package struct ValueSlab {
  package let block: GuestBlock
  package let stride: Int
  package let slots: Int

  package init(memory: GuestMemory, slots: Int, valueSize: Int, copies: Int, writable: Bool) throws(MemoryError) {
    stride = (max(valueSize, 1) + 7) & ~7
    self.slots = slots
    let (bytes, overflow) = slots.multipliedReportingOverflow(by: stride * copies)
    guard !overflow else { throw MemoryError.outOfMemory(.max) }
    block = try memory.allocate(byteCount: bytes, stride: stride, writable: writable)
  }

  /// Host address of a value.
  @inline(__always)
  package func host(_ slot: Int, copy: Int = 0) -> UnsafeMutableRawPointer {
    block.host + (copy &* slots &+ slot) &* stride
  }

  /// Guest address of a value.
  @inline(__always)
  package func guest(_ slot: Int, copy: Int = 0) -> UInt64 {
    block.address(at: (copy &* slots &+ slot) &* stride)
  }
}
