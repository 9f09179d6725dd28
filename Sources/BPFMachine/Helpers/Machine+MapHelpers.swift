extension Machine {
  /// Calls `body` with the map that r1 names and the key that r2 points to.
  @inline(__always)
  private func withMapAndKey(
    _ helper: Int32, _ body: (BPFMap, UnsafeMutableRawPointer) -> Sequel
  ) -> Sequel {
    guard let index = GuestMap.index(address: registers[1]), index < mapCount else {
      return refuse(helper, argument: 1)
    }
    return mapTable[index]._withUnsafeGuaranteedRef { map in
      guard let key = memory.read(registers[2], map.keySize) else { return refuse(helper, argument: 2) }
      return body(map, key)
    }
  }

  /// `bpf_map_lookup_elem(map, key)`: the value's address, or NULL.
  func mapLookupElement() -> Sequel {
    withMapAndKey(1) { map, key in give(map.address(of: key, cpu: configuration.cpu)) }
  }

  /// `bpf_map_update_elem(map, key, value, flags)`.
  func mapUpdateElement() -> Sequel {
    withMapAndKey(2) { map, key in
      guard let value = memory.read(registers[3], map.valueSize) else { return refuse(2, argument: 3) }
      return give(errno: map.set(key, value, flags: registers[4], cpu: configuration.cpu))
    }
  }

  /// `bpf_map_delete_elem(map, key)`.
  func mapDeleteElement() -> Sequel {
    withMapAndKey(3) { map, key in give(errno: map.remove(key)) }
  }
}
