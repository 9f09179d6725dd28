import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `BPF_LOCAL_STORAGE_GET_F_CREATE`.
  private static let create: UInt64 = 1

  /// `bpf_task_storage_get(map, task, value, flags)` and `bpf_cgrp_storage_get(map, cgroup, value, flags)`: the value's address, or
  /// NULL.
  func localStorageGet(_ helper: Int32, _ type: MapType) -> Sequel {
    withStorage(helper, type) { map in
      let (owner, flags) = (registers[2], registers[4])
      guard owner != 0, flags & ~Machine.create == 0 else { return give(0) }
      let known = map.value(of: owner)
      guard known == 0, flags & Machine.create != 0 else { return give(known) }
      guard registers[3] != 0 else { return give(map.make(for: owner, nil)) }
      guard let initial = memory.read(registers[3], map.valueSize) else { return refuse(helper, argument: 3) }
      return give(map.make(for: owner, initial))
    }
  }

  /// `bpf_task_storage_delete(map, task)` and `bpf_cgrp_storage_delete(map, cgroup)`.
  func localStorageDelete(_ helper: Int32, _ type: MapType) -> Sequel {
    withStorage(helper, type) { map in
      guard registers[2] != 0 else { return give(errno: -EINVAL) }
      return give(errno: map.removeValue(of: registers[2]) ? 0 : -ENOENT)
    }
  }

  private func withStorage(_ helper: Int32, _ type: MapType, _ body: (LocalStorageMap) -> Sequel) -> Sequel {
    withMap(helper, where: { $0 == type }) { map in
      // The type says which class it is.
      body(unsafeDowncast(map, to: LocalStorageMap.self))
    }
  }
}
