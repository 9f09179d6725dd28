extension SocketBuffer {
  /// `struct __sk_buff` as `BPF_PROG_TEST_RUN` writes it back (net/bpf/test_run.c, convert_skb_to___skb): the fields that it
  /// copies, and zeros elsewhere.
  package var contextOut: [UInt8] {
    var copy = [UInt8](repeating: 0, count: SocketBuffer.contextSize)
    let context = contextBytes
    for range in SocketBuffer.writtenBack {
      for offset in range { copy[offset] = context[offset] }
    }
    // ctx_in comes back with what is not written over: gso_size is as it went in.
    for offset in Field.segmentSize..<Field.timestampType {
      copy[offset] = template.load(fromByteOffset: offset, as: UInt8.self)
    }
    return copy
  }

  /// mark; priority, ingress_ifindex, ifindex; cb; tstamp, wire_len, gso_segs; hwtstamp.
  private static let writtenBack = [
    Field.mark..<Field.mark + 4, Field.priority..<Field.interface + 4, Field.control..<Field.hash,
    Field.timestamp..<Field.wireLength + 8, Field.hardwareTimestamp..<contextSize,
  ]
}
