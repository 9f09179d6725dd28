import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Helpers on cgroups, answered from ``MachineConfiguration/cgroups``: of the running task, and of the socket of an skb.
extension Machine {
  private var cgroups: CgroupModel { configuration.cgroups }

  /// The path of the cgroup of the skb's socket; nil when it has none.
  private var socketCgroup: String? {
    guard let index = sockets.index(socketBuffer.beside.socket), sockets.sockets[index].state.isFull else { return nil }
    return sockets.sockets[index].cgroup
  }

  /// `bpf_get_cgroup_classid(skb)`: of the socket where the packet is being received, else of the running task.
  func classIdentifier() -> Sequel {
    let path = state.pointee.runsOnSocketBuffer && socketBuffer.beside.isAtIngress ? socketCgroup : cgroups.current
    return give(UInt64(path.map(cgroups.classIdentifier) ?? 0))
  }

  /// `bpf_skb_cgroup_classid(skb)`.
  func socketClassIdentifier() -> Sequel { give(UInt64(socketCgroup.map(cgroups.classIdentifier) ?? 0)) }

  /// `bpf_skb_cgroup_id(skb)`.
  func socketCgroupIdentifier() -> Sequel { give(socketCgroup.map(cgroups.id) ?? 0) }

  /// `bpf_skb_ancestor_cgroup_id(skb, ancestor_level)`.
  func socketAncestorCgroup() -> Sequel {
    let level = Int32(truncatingIfNeeded: registers[2])
    return give(socketCgroup.map { cgroups.ancestor(of: $0, level: level) } ?? 0)
  }

  /// `bpf_get_current_cgroup_id()`.
  func currentCgroup() -> Sequel { give(cgroups.id(cgroups.current)) }

  /// `bpf_get_current_ancestor_cgroup_id(ancestor_level)`.
  func currentAncestorCgroup() -> Sequel {
    give(cgroups.ancestor(of: cgroups.current, level: Int32(truncatingIfNeeded: registers[1])))
  }

  /// `bpf_current_task_under_cgroup(map, index)`.
  func isTaskUnderCgroup() -> Sequel { isUnder(37, map: 1, cgroups.current) }

  /// `bpf_skb_under_cgroup(skb, map, index)`: ENOENT without a socket.
  func isSocketUnderCgroup() -> Sequel {
    socketCgroup.map { isUnder(33, map: 2, $0) } ?? give(errno: -ENOENT)
  }

  private func isUnder(_ helper: Int32, map place: Int, _ path: String) -> Sequel {
    withMap(helper, argument: place, where: { $0 == .cgroupArray }) { map in
      let slot = UInt32(truncatingIfNeeded: registers[place + 1])
      guard slot < UInt32(truncatingIfNeeded: map.capacity) else { return give(errno: -E2BIG) }
      guard let id = map.target(slot) else { return give(errno: -EAGAIN) }
      return give(cgroups.isUnder(path, UInt64(id)) ? 1 : 0)
    }
  }
}
