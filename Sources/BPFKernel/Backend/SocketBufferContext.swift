import BPFMachine

/// `struct __sk_buff` as ctx_in of `BPF_PROG_TEST_RUN` (net/bpf/test_run.c, convert___skb_to_skb).
enum SocketBufferContext {
  /// The first field that `setup` sets and ctx_in cannot carry.
  static func unsettable(_ setup: SocketBufferSetup) -> String? {
    let plain = SocketBufferSetup()
    let fields: [(name: String, isSet: Bool)] = [
      ("queue_mapping", setup.queueMapping != plain.queueMapping), ("tc_index", setup.index != plain.index),
      ("hash", setup.hash != plain.hash), ("napi_id", setup.networkPoll != plain.networkPoll),
      ("tstamp_type", setup.timestampType != plain.timestampType), ("pkt_type", setup.packetType != nil),
      ("gso_type", setup.segmentation != nil), ("checksum", setup.checksum != plain.checksum),
      ("tunnel", setup.tunnel != nil), ("linear", setup.linearCount != plain.linearCount),
      ("vlan_offload", setup.takesTag),
    ]
    return fields.first(where: \.isSet)?.name
  }

  /// Writes the fields that are settable.
  static func write(_ setup: SocketBufferSetup, to context: UnsafeMutableRawBufferPointer) {
    typealias Field = SocketBuffer.Field
    func set(_ offset: Int, _ value: UInt32) { context.storeBytes(of: value, toByteOffset: offset, as: UInt32.self) }
    set(Field.mark, setup.mark)
    set(Field.priority, setup.priority)
    set(Field.ingressInterface, setup.ingressInterface ?? (setup.path == .ingress ? 1 : 0))
    set(Field.interface, setup.interface ?? 0)
    for (word, value) in setup.control.prefix(5).enumerated() { set(Field.control + 4 * word, value) }
    context.storeBytes(of: setup.timestamp, toByteOffset: Field.timestamp, as: UInt64.self)
    set(Field.wireLength, setup.wireLength ?? 0)
    set(Field.segments, UInt32(setup.segments))
    set(Field.segmentSize, UInt32(setup.segmentSize))
    context.storeBytes(of: setup.hardwareTimestamp, toByteOffset: Field.hardwareTimestamp, as: UInt64.self)
  }
}
