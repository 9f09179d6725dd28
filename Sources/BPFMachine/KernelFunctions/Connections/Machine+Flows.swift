import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The flow table (net/netfilter/nf_flow_table_bpf.c).
extension Machine {
  /// `NF_BPF_FLOWTABLE_OPTS_SZ`, and the size of `struct bpf_fib_lookup`.
  private static let optionSize: UInt64 = 4
  private static let queryBytes = 64

  /// `bpf_xdp_flow_lookup(ctx, fib_tuple, opts, opts_size)`: the flow's `struct flow_offload_tuple_rhash`, or NULL with the error in
  /// the options.
  func flowLookup(program: Int) -> Sequel {
    guard let query = memory.read(registers[2], Machine.queryBytes) else { return refuse(kernelArgument: 2) }
    guard let options = memory.write(registers[3], 4) else { return refuse(kernelArgument: 3) }
    func fail(_ code: Int32) -> Sequel {
      options.storeBytes(of: code, as: Int32.self)
      return give(0)
    }
    guard registers[4] & 0xffff_ffff == Machine.optionSize else { return fail(-EINVAL) }
    let family = query.load(as: UInt8.self)
    guard family == 2 || family == 10 else { return fail(-EAFNOSUPPORT) }
    let count = family == 2 ? 4 : 16
    func bytes(_ offset: Int, _ count: Int) -> [UInt8] {
      [UInt8](UnsafeRawBufferPointer(start: query + offset, count: count))
    }
    func port(_ offset: Int) -> UInt16 {
      UInt16(bigEndian: query.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    let direction = ConnectionModel.Direction(
      source: bytes(16, count), sourcePort: port(2), destination: bytes(32, count), destinationPort: port(4))
    let protocolNumber = query.load(fromByteOffset: 1, as: UInt8.self)
    let ingress = query.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    guard
      let index = configuration.flows.flows.firstIndex(where: {
        $0.direction == direction && $0.protocolNumber == protocolNumber && $0.ingress == ingress
      })
    else { return fail(-ENOENT) }
    guard let address = flowAddress(index, program: program) else { return trap(.unresolvedReference) }
    return give(address)
  }

  /// Where the flow's struct is, which is made when it is first asked for.
  private func flowAddress(_ index: Int, program: Int) -> UInt64? {
    if let known = flowAddresses[index] { return known }
    guard programs.indices.contains(program) else { return nil }
    let spec = programs[program].spec
    let name = "flow_offload_tuple_rhash"
    let layout =
      spec.kernelTypes.flatMap { KernelStruct(name, in: $0) } ?? spec.types.flatMap { KernelStruct(name, in: $0) }
    guard let layout, layout.size > 0,
      let block = try? memory.allocate(byteCount: layout.size, stride: layout.size, access: .readOnly)
    else { return nil }
    let flow = configuration.flows.flows[index]
    let is4 = flow.direction.source.count == 4
    func set(_ path: String..., value: UInt64) { layout.set(["tuple"] + path, value, at: block.host) }
    func set(_ path: String..., bytes: some Collection<UInt8>) {
      layout.set(["tuple"] + path, bytes: bytes, at: block.host)
    }
    set(is4 ? "src_v4" : "src_v6", bytes: flow.direction.source)
    set(is4 ? "dst_v4" : "dst_v6", bytes: flow.direction.destination)
    set("src_port", value: UInt64(flow.direction.sourcePort.bigEndian))
    set("dst_port", value: UInt64(flow.direction.destinationPort.bigEndian))
    set("iifidx", value: UInt64(flow.ingress))
    set("l3proto", value: is4 ? 2 : 10)
    set("l4proto", value: UInt64(flow.protocolNumber))
    set("dir", value: flow.isReply ? 1 : 0)
    set("xmit_type", value: UInt64(flow.transmission))
    set("mtu", value: UInt64(flow.mtu))
    set("out", "ifidx", value: UInt64(flow.egress))
    set("out", "hw_ifidx", value: UInt64(flow.egress))
    set("out", "h_source", bytes: Machine.linkBytes(flow.source))
    set("out", "h_dest", bytes: Machine.linkBytes(flow.destination))
    flowAddresses[index] = block.address
    return block.address
  }

  private static func linkBytes(_ address: UInt64) -> [UInt8] {
    (0..<6).map { UInt8(truncatingIfNeeded: address >> (40 - 8 * UInt64($0))) }
  }
}
