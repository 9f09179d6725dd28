/// The objects that programs allocate, each with bounds of its own for as long as it lives.
///
/// An object lies in a slot of a pool for its size, and is seen by the guest through a region of its own while there are
/// regions left, so that a freed object cannot be read; the rest is seen through the pool's region. What a program holds when
/// its run ends, which the verifier allows no program, is freed then.
///
/// Unsafe inside, safe outside: every object is found by its guest address, which is checked.
struct ObjectHeap {
  private unowned(unsafe) let memory: GuestMemory
  private let storage: UnsafeMutablePointer<Storage>

  /// Regions that objects have for themselves.
  private static let windowCount = 8000
  /// Bytes of a pool; untouched pages take no memory.
  private static let poolBytes = 1 << 28
  /// `BPF_MEM_ALLOC_SIZE_MAX`: the sizes of kernel/bpf/memalloc.c less its header.
  static let largestObject = 4096 - 8
  /// `BPF_GLOBAL_PERCPU_MA_MAX_SIZE`
  static let largestPerCPUObject = 512

  /// Pools by the logarithm of their slots' size; the largest holds a per-CPU object's copies.
  private static let poolCount = 17

  private struct Storage {
    var pools: UnsafeMutablePointer<Pool>
    var types: UnsafeMutablePointer<ObjectType>
    var typeCount = 0
    var typeCapacity = 8
    var windows: UnsafeMutablePointer<ObjectPlace>?
    var firstWindow = 0
    var freeWindow: Int32 = -1
    var usedWindows: Int32 = 0
    /// References that the running program holds.
    var held = 0
    /// Objects that live.
    var count = 0
  }

  private struct Pool {
    var host: UnsafeMutableRawPointer
    /// 0 for a pool that was never needed.
    var region = 0
    var shift: Int
    var records: UnsafeMutablePointer<Record>
    var used: Int32 = 0
    var free: Int32 = -1
  }

  private struct Record {
    /// Index of the type; -1 for a slot that is free.
    var type: Int32
    /// The next free slot.
    var next: Int32
    /// Region of its own, counted from the first; -1 for none.
    var window: Int32
    /// References that the running program holds.
    var held: Int32
  }

  /// Where an object's slot is; for a free window, the next one.
  struct ObjectPlace {
    var pool: Int32
    var slot: Int32
  }

  /// A live object.
  struct Object {
    var place: ObjectPlace
    /// Index of its type.
    var type: Int
    var host: UnsafeMutableRawPointer
    /// Guest address of its first byte.
    var address: UInt64
  }

  init(memory: GuestMemory) {
    self.memory = memory
    storage = .allocate(capacity: 1)
    storage.initialize(
      to: Storage(pools: .allocate(capacity: ObjectHeap.poolCount), types: .allocate(capacity: 8)))
    let nothing = UnsafeMutableRawPointer(storage)
    for shift in 0..<ObjectHeap.poolCount {
      (storage.pointee.pools + shift).initialize(
        to: Pool(host: nothing, shift: shift, records: nothing.assumingMemoryBound(to: Record.self)))
    }
  }

  /// Frees what the heap has; the machine that owns it calls it at its end.
  func deallocate() {
    for shift in 0..<ObjectHeap.poolCount where storage.pointee.pools[shift].region > 0 {
      storage.pointee.pools[shift].records.deallocate()
    }
    for index in 0..<storage.pointee.typeCount { storage.pointee.types[index].fields.deallocate() }
    storage.pointee.pools.deallocate()
    storage.pointee.types.deallocate()
    storage.pointee.windows?.deallocate()
    storage.deallocate()
  }

  /// Objects that live.
  var count: Int { storage.pointee.count }
  /// References that the running program holds.
  var held: Int { storage.pointee.held }

  /// Registers a type.
  /// - Returns: its index.
  func add(_ type: ObjectType) -> Int {
    if storage.pointee.typeCount == storage.pointee.typeCapacity {
      let larger = UnsafeMutablePointer<ObjectType>.allocate(capacity: storage.pointee.typeCapacity * 2)
      larger.moveInitialize(from: storage.pointee.types, count: storage.pointee.typeCount)
      storage.pointee.types.deallocate()
      storage.pointee.types = larger
      storage.pointee.typeCapacity *= 2
    }
    (storage.pointee.types + storage.pointee.typeCount).initialize(to: type)
    storage.pointee.typeCount += 1
    return storage.pointee.typeCount - 1
  }

  /// The type of that index.
  @inline(__always)
  func type(_ index: Int) -> UnsafePointer<ObjectType> { UnsafePointer(storage.pointee.types + index) }

  // MARK: Allocating

  /// A new object of zeroes, held once by the running program.
  /// - Parameters:
  ///   - count: bytes.
  ///   - isWritable: whether programs may write to it.
  /// - Returns: nil when there is no room, as when the kernel is out of memory.
  func allocate(type: Int, count: Int, isWritable: Bool = true) -> Object? {
    guard count > 0, count <= 1 << (ObjectHeap.poolCount - 1) else { return nil }
    let shift = max(4, Int.bitWidth - (count - 1).leadingZeroBitCount)
    let pool = storage.pointee.pools + shift
    guard pool.pointee.region > 0 || make(pool) else { return nil }
    let slot: Int32
    if pool.pointee.free >= 0 {
      slot = pool.pointee.free
      pool.pointee.free = pool.pointee.records[Int(slot)].next
    } else {
      guard Int(pool.pointee.used) < ObjectHeap.poolBytes >> shift else { return nil }
      slot = pool.pointee.used
      pool.pointee.used += 1
    }
    let host = pool.pointee.host + Int(slot) << shift
    host.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    let place = ObjectPlace(pool: Int32(shift), slot: slot)
    let window = takeWindow(place)
    pool.pointee.records[Int(slot)] = Record(type: Int32(type), next: -1, window: window, held: 1)
    storage.pointee.held += 1
    storage.pointee.count += 1
    let address = self.address(pool, slot, window)
    if window >= 0 {
      memory.setRegion(
        storage.pointee.firstWindow + Int(window), base: host, lower: address, count: count, writable: isWritable)
    } else {
      // The pool's region shows every slot up to the highest that was ever used.
      memory.setRegion(
        pool.pointee.region, base: pool.pointee.host, lower: GuestMemory.address(region: pool.pointee.region),
        count: Int(pool.pointee.used) << shift, writable: true)
    }
    return Object(place: place, type: type, host: host, address: address)
  }

  private func address(_ pool: UnsafeMutablePointer<Pool>, _ slot: Int32, _ window: Int32) -> UInt64 {
    window >= 0
      ? GuestMemory.address(region: storage.pointee.firstWindow + Int(window))
      : GuestMemory.address(region: pool.pointee.region) + UInt64(slot) << UInt64(pool.pointee.shift)
  }

  private func make(_ pool: UnsafeMutablePointer<Pool>) -> Bool {
    guard let region = memory.reserveRegions(1),
      let host = try? memory.hostBlock(byteCount: ObjectHeap.poolBytes)
    else { return false }
    pool.pointee.host = host
    pool.pointee.region = region
    pool.pointee.records = .allocate(capacity: ObjectHeap.poolBytes >> pool.pointee.shift)
    return true
  }

  private func takeWindow(_ place: ObjectPlace) -> Int32 {
    if storage.pointee.windows == nil {
      guard let first = memory.reserveRegions(ObjectHeap.windowCount) else { return -1 }
      storage.pointee.firstWindow = first
      storage.pointee.windows = .allocate(capacity: ObjectHeap.windowCount)
    }
    guard let windows = storage.pointee.windows else { return -1 }
    let window: Int32
    if storage.pointee.freeWindow >= 0 {
      window = storage.pointee.freeWindow
      storage.pointee.freeWindow = windows[Int(window)].slot
    } else {
      guard Int(storage.pointee.usedWindows) < ObjectHeap.windowCount else { return -1 }
      window = storage.pointee.usedWindows
      storage.pointee.usedWindows += 1
    }
    windows[Int(window)] = place
    return window
  }

  // MARK: Finding

  /// The object that holds a guest address; nil when none that lives does.
  func object(at address: UInt64) -> Object? {
    let region = Int(truncatingIfNeeded: address >> 32)
    let place: ObjectPlace
    if let windows = storage.pointee.windows, region >= storage.pointee.firstWindow,
      region < storage.pointee.firstWindow + Int(storage.pointee.usedWindows)
    {
      place = windows[region - storage.pointee.firstWindow]
    } else {
      guard region > 0,
        let shift = (0..<ObjectHeap.poolCount).first(where: { storage.pointee.pools[$0].region == region })
      else { return nil }
      place = ObjectPlace(pool: Int32(shift), slot: Int32(truncatingIfNeeded: (address & 0xffff_ffff) >> UInt64(shift)))
    }
    // What a free window names is any number.
    guard place.pool >= 0, Int(place.pool) < ObjectHeap.poolCount else { return nil }
    let pool = storage.pointee.pools + Int(place.pool)
    guard pool.pointee.region > 0, place.slot >= 0, place.slot < pool.pointee.used else { return nil }
    let record = pool.pointee.records[Int(place.slot)]
    guard record.type >= 0 else { return nil }
    let start = self.address(pool, place.slot, record.window)
    // A pool's region shows objects that have a window, too.
    guard start >> 32 == address >> 32 else { return nil }
    return Object(
      place: place, type: Int(record.type), host: pool.pointee.host + Int(place.slot) << pool.pointee.shift,
      address: start)
  }

  /// True for an address in a region that an object had for itself.
  func hadObject(at address: UInt64) -> Bool {
    let index = Int(truncatingIfNeeded: address >> 32) - storage.pointee.firstWindow
    return storage.pointee.windows != nil && index >= 0 && index < Int(storage.pointee.usedWindows)
  }

  /// The object that begins at a guest address.
  func object(startingAt address: UInt64) -> Object? {
    guard let object = object(at: address), object.address == address else { return nil }
    return object
  }

  // MARK: Holding and freeing

  /// Notes that the running program holds one reference more, or fewer.
  func hold(_ object: Object, _ change: Int32) {
    let record = storage.pointee.pools[Int(object.place.pool)].records + Int(object.place.slot)
    // A program that gives back what it does not hold is one that no verifier has seen.
    let before = record.pointee.held
    record.pointee.held = max(0, before &+ change)
    storage.pointee.held += Int(record.pointee.held - before)
  }

  /// Ends an object's life: no access to it succeeds from now on.
  func free(_ object: Object) {
    let pool = storage.pointee.pools + Int(object.place.pool)
    let record = pool.pointee.records + Int(object.place.slot)
    let window = record.pointee.window
    if window >= 0 {
      memory.emptyRegion(storage.pointee.firstWindow + Int(window))
      storage.pointee.windows?[Int(window)] = ObjectPlace(pool: -1, slot: storage.pointee.freeWindow)
      storage.pointee.freeWindow = window
    }
    storage.pointee.held -= Int(record.pointee.held)
    storage.pointee.count -= 1
    record.pointee = Record(type: -1, next: pool.pointee.free, window: -1, held: 0)
    pool.pointee.free = object.place.slot
  }

  /// The objects that the running program holds, and how often; for the end of a run.
  func heldObjects() -> [(object: Object, count: Int)] {
    var result: [(Object, Int)] = []
    for shift in 0..<ObjectHeap.poolCount where storage.pointee.pools[shift].region > 0 {
      let pool = storage.pointee.pools + shift
      for slot in 0..<pool.pointee.used {
        let record = pool.pointee.records[Int(slot)]
        guard record.type >= 0, record.held > 0 else { continue }
        let object = Object(
          place: ObjectPlace(pool: Int32(shift), slot: slot), type: Int(record.type),
          host: pool.pointee.host + Int(slot) << shift, address: address(pool, slot, record.window))
        result.append((object, Int(record.held)))
      }
    }
    return result
  }
}
