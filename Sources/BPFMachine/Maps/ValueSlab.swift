import BPFObject

/// The values of a map: `slots` of them, each with one copy a CPU, in guest memory.
package struct ValueSlab {
  package let block: GuestBlock
  package let stride: Int
  package let slots: Int

  /// Room for values as `spec` has them, with what programs may do to them: `BPF_F_RDONLY_PROG` and `BPF_F_WRONLY_PROG`.
  package init(_ spec: MapSpec, memory: GuestMemory, slots: Int, copies: Int = 1) throws(MemoryError) {
    stride = (max(Int(spec.valueSize), 1) + 7) & ~7
    self.slots = slots
    let (bytes, overflow) = slots.multipliedReportingOverflow(by: stride * copies)
    guard !overflow else { throw MemoryError.outOfMemory(.max) }
    block = try memory.allocate(byteCount: bytes, stride: stride, access: spec.programAccess)
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

extension ValueSlab {
  /// Which value of the first copy has a byte at that guest address, and which byte of it.
  func element(at address: UInt64) -> (slot: Int, offset: Int)? {
    guard block.holds(region: Int(truncatingIfNeeded: address >> 32)) else { return nil }
    let offset = block.offset(of: address)
    return offset < slots * stride ? (offset / stride, offset % stride) : nil
  }
}

extension MapSpec {
  /// What programs may do with values.
  var programAccess: GuestAccess {
    if isReadOnly || flags & MapFlags.readOnlyForPrograms != 0 { return .readOnly }
    return flags & MapFlags.writeOnlyForPrograms != 0 ? .writeOnly : .readWrite
  }
}
