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

  /// Fields of the context that programs set, and that are otherwise than when the frame came in.
  package var changes: [(name: String, value: UInt64)] {
    var changes: [(name: String, value: UInt64)] = []
    for (name, field) in SocketBuffer.settable {
      let value = contextField(field)
      if value != template.load(fromByteOffset: field, as: UInt32.self) { changes.append((name, UInt64(value))) }
    }
    if timestamp != template.load(fromByteOffset: Field.timestamp, as: UInt64.self) {
      changes.append(("tstamp", timestamp))
    }
    return changes
  }

  private static let settable = [
    ("mark", Field.mark), ("priority", Field.priority), ("queue_mapping", Field.queueMapping),
    ("tc_index", Field.index), ("tc_classid", Field.classIdentifier), ("cb[0]", Field.control),
    ("cb[1]", Field.control + 4), ("cb[2]", Field.control + 8), ("cb[3]", Field.control + 12),
    ("cb[4]", Field.control + 16), ("gso_size", Field.segmentSize),
  ]

  /// mark; priority, ingress_ifindex, ifindex; cb; tstamp, wire_len, gso_segs; hwtstamp.
  private static let writtenBack = [
    Field.mark..<Field.mark + 4, Field.priority..<Field.interface + 4, Field.control..<Field.hash,
    Field.timestamp..<Field.wireLength + 8, Field.hardwareTimestamp..<contextSize,
  ]
}
