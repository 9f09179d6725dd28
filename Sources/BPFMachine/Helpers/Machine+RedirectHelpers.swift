import BPFObject

extension Machine {
  /// `BPF_F_BROADCAST` and `BPF_F_EXCLUDE_INGRESS` of linux/bpf.h.
  private static let broadcast: UInt64 = 1 << 3
  private static let excludeIngress: UInt64 = 1 << 4
  private static let aborted: UInt64 = 0
  private static let redirectAction: UInt64 = 4

  /// `bpf_redirect(ifindex, flags)` in XDP: flags must be 0 (net/core/filter.c, bpf_xdp_redirect).
  func redirectToInterface() -> Sequel {
    guard registers[2] == 0 else { return give(Machine.aborted) }
    redirect = .interface(UInt32(truncatingIfNeeded: registers[1]), ingress: false)
    return give(Machine.redirectAction)
  }

  private static func redirects(_ type: MapType) -> Bool {
    switch type {
    case .devmap, .devmapHash, .cpumap, .xskmap: true
    default: false
    }
  }

  /// `bpf_redirect_map(map, key, flags)` (include/linux/filter.h, __bpf_xdp_redirect_map): the low two flag bits are the
  /// answer when the entry is empty.
  func redirectThroughMap() -> Sequel {
    withMap(51, where: Machine.redirects) { table in
      let flags = registers[3]
      let isDevmap = table.type == .devmap || table.type == .devmapHash
      let allowed: UInt64 = isDevmap ? Machine.broadcast | Machine.excludeIngress : 0
      guard flags & ~(3 | allowed) == 0 else { return give(Machine.aborted) }
      let key = UInt32(truncatingIfNeeded: registers[2])
      if flags & Machine.broadcast != 0 {
        redirect = .broadcast(index: table.index, excludeIngress: flags & Machine.excludeIngress != 0)
        return give(Machine.redirectAction)
      }
      guard let value = table.target(key) else {
        redirect = nil
        return give(flags & 3)
      }
      redirect = .map(index: table.index, key: UInt64(key), value: value)
      return give(Machine.redirectAction)
    }
  }
}
