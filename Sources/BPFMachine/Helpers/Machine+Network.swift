#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `bpf_fib_lookup(ctx, params, plen, flags)`, answered from ``MachineConfiguration/network``.
  func lookupRoute() -> Sequel {
    let count = Int(UInt32(truncatingIfNeeded: registers[3]))
    guard let parameters = memory.write(registers[2], count) else { return refuse(69, argument: 2) }
    let flags = UInt32(truncatingIfNeeded: registers[4])
    guard count >= RouteQuery.byteCount, flags & ~RouteQuery.Flag.all == 0 else { return give(errno: -EINVAL) }
    let query = RouteQuery(parameters, routing, flags: flags)
    guard state.pointee.runsOnSocketBuffer, query.length == 0 else {
      return give(errno: query.answer(checksLength: true))
    }
    // An skb without a given length is held against the device itself: `is_skb_forwardable`.
    let answer = query.answer(checksLength: false)
    guard answer == 0, let device = routing.device(query.interface) else { return give(errno: answer) }
    query.setMTU(device.mtu)
    let limit = Int(device.mtu) + Int(device.headerLength) + Machine.tagLength
    let isForwardable = device.isUp && frameBytes.count <= limit
    return give(errno: isForwardable ? 0 : RouteQuery.Answer.fragmentationNeeded)
  }

  /// `VLAN_HLEN`.
  private static let tagLength = 4

  /// `bpf_check_mtu(ctx, ifindex, mtu_len, len_diff, flags)` (net/core/filter.c, bpf_xdp_check_mtu and bpf_skb_check_mtu).
  func checkMTU() -> Sequel {
    guard let length = memory.write(registers[3], 4) else { return refuse(163, argument: 3) }
    let index = UInt32(truncatingIfNeeded: registers[2])
    let difference = Int32(truncatingIfNeeded: registers[4])
    let isFrame = !state.pointee.runsOnSocketBuffer
    // BPF_MTU_CHK_SEGS, for skbs only, asks about the segments of a GSO packet.
    let segments = registers[5] & 1 != 0
    guard registers[5] & ~(isFrame ? 0 : 1) == 0 else { return give(errno: -EINVAL) }
    let asked = Int32(bitPattern: length.loadUnaligned(as: UInt32.self))
    guard isFrame || !segments || difference == 0 && asked == 0 else { return give(errno: -EINVAL) }
    let own = configuration.ingressInterface
    guard let device = routing.device(index == 0 ? own : index) else { return give(errno: -ENODEV) }
    // In `int`, as there.
    let header = Int32(truncatingIfNeeded: device.headerLength)
    let limit = Int32(bitPattern: device.mtu) &+ header
    let size = (asked == 0 ? Int32(truncatingIfNeeded: frameLength(isFrame)) : asked &+ header) &+ difference
    length.storeBytes(of: device.mtu, as: UInt32.self)
    // BPF_MTU_CHK_RET_FRAG_NEEDED
    return give(errno: size > limit ? 1 : 0)
  }

  /// XDP counts the linear part alone.
  private func frameLength(_ isFrame: Bool) -> Int { isFrame ? packet.end - packet.data : frameBytes.count }
}
