/// Cgroups and maps as kernel objects: one cgroup is there, the root.
extension Machine {
  /// The id of the root cgroup, and its address, of which nothing can be read.
  private static let rootCgroup: UInt64 = 1
  private static let rootCgroupAddress: UInt64 = 0xffff_ffff_8300_0000

  /// `bpf_cgroup_from_id(id)`.
  func cgroupFromIdentifier() -> Sequel {
    give(registers[1] == Machine.rootCgroup ? Machine.rootCgroupAddress : 0)
  }

  /// `bpf_cgroup_ancestor(cgroup, level)`: NULL below the root.
  func cgroupAncestor() -> Sequel {
    give(UInt32(truncatingIfNeeded: registers[2]) == 0 ? registers[1] : 0)
  }

  /// `bpf_map_sum_elem_count(map)`: 0 for maps that keep no count (kernel/bpf/map_iter.c).
  func mapElementSum() -> Sequel {
    guard let index = mapIndex(argument: 1) else { return refuse(kernelArgument: 1) }
    return give(UInt64(maps[index] is HashMap ? maps[index].keys().count : 0))
  }
}
