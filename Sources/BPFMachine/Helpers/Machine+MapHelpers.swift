import BPFObject

extension Machine {
  /// Calls `body` with the map that r1 names, when it is of those types.
  @inline(__always)
  func withMap(
    _ helper: Int32, argument: Int = 1, where isAllowed: (MapType) -> Bool, _ body: (BPFMap) -> Sequel
  ) -> Sequel {
    guard let index = mapIndex(argument: argument) else { return refuse(helper, argument: argument) }
    return state.pointee.maps[index]._withUnsafeGuaranteedRef { map in
      isAllowed(map.type) ? body(map) : trap(.mapNotAllowed(helper: helper, map: index))
    }
  }

  /// Calls `body` with the map that r1 names and the key that r2 points to.
  @inline(__always)
  private func withMapAndKey(
    _ helper: Int32, _ isAllowed: (BPFMap) -> Bool, _ body: (BPFMap, UnsafeMutableRawPointer) -> Sequel
  ) -> Sequel {
    guard let index = mapIndex(argument: 1) else { return refuse(helper, argument: 1) }
    return state.pointee.maps[index]._withUnsafeGuaranteedRef { map in
      guard isAllowed(map) else { return trap(.mapNotAllowed(helper: helper, map: index)) }
      guard let key = memory.read(registers[2], map.keySize) else { return refuse(helper, argument: 2) }
      return body(map, key)
    }
  }

  /// `bpf_map_lookup_elem(map, key)`: the value's address, or NULL.
  func mapLookupElement() -> Sequel {
    withMapAndKey(1, { $0.allowsLookup }) { map, key in give(map.address(of: key, cpu: configuration.cpu)) }
  }

  /// `bpf_map_update_elem(map, key, value, flags)`.
  func mapUpdateElement() -> Sequel {
    withMapAndKey(2, { $0.allowsChange }) { map, key in
      guard let value = memory.read(registers[3], map.valueSize) else { return refuse(2, argument: 3) }
      return give(errno: map.set(key, value, flags: registers[4], cpu: configuration.cpu))
    }
  }

  /// `bpf_map_delete_elem(map, key)`.
  func mapDeleteElement() -> Sequel {
    withMapAndKey(3, { $0.allowsChange }) { map, key in give(errno: map.remove(key)) }
  }

  /// `bpf_map_push_elem(map, value, flags)`.
  func mapPushElement() -> Sequel {
    withMap(87, where: \.hasValuesWithoutKeys) { map in
      guard let value = memory.read(registers[2], map.valueSize) else { return refuse(87, argument: 2) }
      return give(errno: map.push(value, flags: registers[3]))
    }
  }

  /// `bpf_map_pop_elem(map, value)`.
  func mapPopElement() -> Sequel {
    withMap(88, where: { $0 == .queue || $0 == .stack }) { map in
      guard let value = memory.write(registers[2], map.valueSize) else { return refuse(88, argument: 2) }
      return give(errno: map.pop(value))
    }
  }

  /// `bpf_map_peek_elem(map, value)`.
  func mapPeekElement() -> Sequel {
    withMap(89, where: \.hasValuesWithoutKeys) { map in
      guard let value = memory.write(registers[2], map.valueSize) else { return refuse(89, argument: 2) }
      return give(errno: map.peek(value))
    }
  }

  /// `bpf_map_lookup_percpu_elem(map, key, cpu)`: the value's address, or NULL, also for a CPU that there is not.
  func mapLookupPerCPUElement() -> Sequel {
    withMap(195, where: \.isPerCPU) { map in
      guard let key = memory.read(registers[2], map.keySize) else { return refuse(195, argument: 2) }
      let cpu = UInt32(truncatingIfNeeded: registers[3])
      return give(cpu < UInt32(truncatingIfNeeded: map.copies) ? map.address(of: key, cpu: Int(cpu)) : 0)
    }
  }
}

extension MapType {
  /// Types that take `bpf_map_push_elem`.
  fileprivate var hasValuesWithoutKeys: Bool { self == .queue || self == .stack || self == .bloomFilter }
}
