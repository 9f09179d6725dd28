import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The maps of a machine: those of its objects, and those that are made later.
extension Machine {
  /// Makes the maps of one more object; programs that are loaded from now on mean these by their names.
  /// - Parameter shared: The index of a map that stands for one of the object's, such as one pinned under the same name.
  /// - Throws: ``MachineError`` when a map cannot be made.
  package func addObject(maps specs: [MapSpec], shared: (MapSpec) throws(MachineError) -> Int? = { _ in nil })
    throws(MachineError)
  {
    mapIndices = [:]
    var made: [Int] = []
    for spec in specs {
      if let index = try shared(spec) { mapIndices[spec.name] = index } else { made.append(try addMap(spec)) }
    }
    for map in made.map({ maps[$0] }) where map.type == .arrayOfMaps || map.type == .hashOfMaps { fill(map) }
  }

  /// Makes one more map, for example an inner map that user space would make.
  /// - Returns: its index.
  /// - Throws: ``MachineError`` for a definition that the kernel would refuse.
  @discardableResult
  package func addMap(_ spec: MapSpec) throws(MachineError) -> Int {
    let map: BPFMap
    do {
      map = try BPFMap.make(spec, index: maps.count, memory: memory, cpus: configuration.cpus)
    } catch {
      throw MachineError(kind: .map, message: "map \(error.map): \(error.message)")
    }
    if mapCount == mapCapacity {
      let larger = UnsafeMutablePointer<Unmanaged<BPFMap>>.allocate(capacity: mapCapacity * 2)
      larger.moveInitialize(from: mapTable, count: mapCount)
      mapTable.deallocate()
      state.pointee.maps = larger
      mapCapacity *= 2
    }
    mapIndices[spec.name] = maps.count
    maps.append(map)
    if let arena = map as? ArenaMap, state.pointee.arenaUser == 0 {
      state.pointee.arenaUser = arena.userAddress & ~0xffff_ffff
      state.pointee.arenaGuest = arena.guestAddress & ~0xffff_ffff
    }
    if map.layout.fields.contains(where: { $0.kind.ownsObjects }) { map.objects = Unmanaged.passUnretained(self) }
    (mapTable + mapCount).initialize(to: Unmanaged.passUnretained(map))
    state.pointee.mapCount += 1
    (map as? MapOfMaps).map(connect)
    (map as? MapOfMaps)?.definition = { [unowned self] number in
      number > 0 && Int(number) <= mapCount ? maps[Int(number) - 1].spec : nil
    }
    return map.index
  }

  /// Lets a map of maps make and find what it holds.
  private func connect(_ outer: MapOfMaps) {
    let names = mapIndices
    outer.find = { [unowned self] name in (names[name] ?? mapIndices[name]).map { maps[$0] } }
    outer.map = { [unowned self] number in number > 0 && Int(number) <= mapCount ? maps[Int(number) - 1] : nil }
    outer.make = { [unowned self] spec throws(MapError) in
      let known = mapIndices
      defer { mapIndices = known }
      do throws(MachineError) {
        return maps[try addMap(spec)]
      } catch {
        throw MapError(map: spec.name, errno: EINVAL, message: error.message)
      }
    }
  }

  /// What a map of maps holds for the map of that index: never 0.
  package static func mapNumber(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index + 1) }

  /// Sets the inner maps that a map's definition names.
  private func fill(_ map: BPFMap) {
    for (key, name) in map.spec.initialSlots.sorted(by: { $0.key < $1.key }) {
      guard let inner = mapIndices[name] else {
        notes.append("\(map.spec.name)[\(key)]: there is no map \(name) to put there")
        continue
      }
      do {
        try map.update(
          withUnsafeBytes(of: key.littleEndian) { Array($0) },
          [withUnsafeBytes(of: Machine.mapNumber(inner).littleEndian) { Array($0) }], flags: 0)
      } catch {
        notes.append("\(map.spec.name)[\(key)]: \(error.message)")
      }
    }
  }

  /// The map of that name.
  package func map(named name: String) -> BPFMap? { mapIndices[name].map { maps[$0] } }
}
