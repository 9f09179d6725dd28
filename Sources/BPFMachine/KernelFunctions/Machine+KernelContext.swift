import BPFObject

/// The context as the kernel has it, for `bpf_cast_to_kern_ctx`: `struct xdp_buff` or `struct sk_buff` as the types that the
/// program was loaded for lay it out, with the members that programs read most; all others are 0.
extension Machine {
  /// What programs see of the kernel's structs, and where: the context, its receive queue, its device.
  struct KernelContext {
    var program: Int
    var context: KernelStruct?
    var queue: KernelStruct?
    var device: KernelStruct?
    var block: GuestBlock
  }

  /// Bytes between the structs.
  private static let contextStride = 1 << 14

  /// `bpf_cast_to_kern_ctx(ctx)`.
  func castToKernelContext(program: Int) -> Sequel {
    guard registers[1] == PacketBuffer.contextAddress else { return refuse(kernelArgument: 1) }
    if kernelContext?.program != program { kernelContext = makeKernelContext(program) }
    guard let context = kernelContext else { return give(0) }
    fill(context)
    return give(context.block.address)
  }

  private func makeKernelContext(_ program: Int) -> KernelContext? {
    guard programs.indices.contains(program) else { return nil }
    let spec = programs[program].spec
    let name = state.pointee.runsOnSocketBuffer ? "sk_buff" : "xdp_buff"
    let types = spec.kernelTypes ?? spec.types
    func layout(_ name: String) -> KernelStruct? {
      types.flatMap { KernelStruct(name, in: $0) }.flatMap { $0.size <= Machine.contextStride ? $0 : nil }
    }
    guard
      let block = try? memory.allocate(
        byteCount: 3 * Machine.contextStride, stride: 3 * Machine.contextStride, access: .readOnly)
    else { return nil }
    return KernelContext(
      program: program, context: layout(name), queue: layout("xdp_rxq_info"), device: layout("net_device"), block: block
    )
  }

  private func fill(_ kernel: KernelContext) {
    let stride = Machine.contextStride
    let host = kernel.block.host
    let device = kernel.block.address(at: 2 * stride)
    let interface: UInt32
    if state.pointee.runsOnSocketBuffer {
      interface = contextField(SocketBuffer.Field.interface)
      if let context = kernel.context { fillSocketBuffer(context, host, device) }
    } else {
      interface = configuration.ingressInterface
      func set(_ name: String, _ value: UInt64) { kernel.context?.set([name], value, at: host) }
      set("data", packet.dataAddress)
      set("data_end", packet.endAddress)
      set("data_meta", packet.metadataAddress)
      set("data_hard_start", PacketBuffer.guestStart)
      set("frame_sz", UInt64(PacketBuffer.pageSize))
      set("flags", packet.fragmentCount > 0 ? 1 : 0)
      set("rxq", kernel.block.address(at: stride))
      kernel.queue?.set(["dev"], device, at: host + stride)
      kernel.queue?.set(["queue_index"], UInt64(configuration.receiveQueue), at: host + stride)
    }
    kernel.device?.set(["ifindex"], UInt64(interface), at: host + 2 * stride)
    if let known = configuration.network.interfaces.first(where: { $0.index == interface }) {
      kernel.device?.set(["mtu"], UInt64(known.mtu), at: host + 2 * stride)
      kernel.device?.set(["name"], bytes: known.name.utf8.prefix(15), at: host + 2 * stride)
    }
  }

  private func contextField(_ field: Int) -> UInt32 {
    socketBuffer.contextOut.withUnsafeBytes { bytes in
      field + 4 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: field, as: UInt32.self) : 0
    }
  }

  private func fillSocketBuffer(_ context: KernelStruct, _ host: UnsafeMutableRawPointer, _ device: UInt64) {
    typealias Field = SocketBuffer.Field
    func set(_ name: String, _ value: UInt64) { context.set([name], value, at: host) }
    let linear = socketBuffer.endAddress - socketBuffer.dataAddress
    set("len", UInt64(socketBuffer.count))
    set("data_len", UInt64(socketBuffer.count) - linear)
    set("data", socketBuffer.dataAddress)
    set("head", PacketBuffer.guestStart)
    set("dev", device)
    set("mark", UInt64(contextField(Field.mark)))
    set("priority", UInt64(contextField(Field.priority)))
    set("skb_iif", UInt64(contextField(Field.ingressInterface)))
    set("protocol", UInt64(frameBytes.count >= 14 ? UInt16(frameBytes[12]) | UInt16(frameBytes[13]) << 8 : 0))
  }
}
