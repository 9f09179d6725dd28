extension Machine {
  /// Bytes of each variable; a simulated kernel has no types to tell its size by.
  private static let variableSize = 1 << 16

  /// The address of a variable of the kernel (`__ksym`): read-only zeroes, the same for every CPU. Nil when there is no
  /// room for one more.
  func kernelVariable(_ name: String) -> UInt64? {
    if let known = kernelVariables[name] { return known }
    guard
      let block = try? memory.allocate(
        byteCount: Machine.variableSize, stride: Machine.variableSize, access: .readOnly)
    else { return nil }
    kernelVariables[name] = block.address(at: 0)
    return kernelVariables[name]
  }
}
