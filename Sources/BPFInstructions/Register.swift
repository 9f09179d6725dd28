/// A BPF register, r0 to r10 (RFC 9669 section 2): r0 results, r1-r5 arguments, r6-r9 preserved, r10 the frame pointer.
public enum Register: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10

  /// `r0` … `r10`.
  public var description: String { "r\(rawValue)" }
}
