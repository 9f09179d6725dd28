import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// `BPF_RB_NO_WAKEUP` and `BPF_RB_FORCE_WAKEUP`; the modelled reader needs no waking.
  private static let wakeupFlags: UInt64 = 3

  /// `bpf_ringbuf_output(map, data, size, flags)`.
  func ringBufferOutput() -> Sequel {
    withRing(130) { ring in
      let size = registers[3]
      guard size <= UInt64(UInt32.max), let source = memory.read(registers[2], Int(size)) else {
        return refuse(130, argument: 2)
      }
      guard registers[4] & ~Machine.wakeupFlags == 0 else { return give(errno: -EINVAL) }
      guard let record = ring.reserve(size) else { return give(errno: -EAGAIN) }
      record.copyMemory(from: source, byteCount: Int(size))
      RingBufferMap.commit(record, discard: false)
      state.pointee.hasRecords = true
      return give(0)
    }
  }

  /// `bpf_ringbuf_reserve(map, size, flags)`: a record's address, or NULL.
  func ringBufferReserve() -> Sequel {
    withRing(131) { ring in
      registers[3] == 0 ? give(reserveRecord(ring, registers[2]) ?? 0) : give(0)
    }
  }

  /// The guest address of a new record; nil when there is no room.
  func reserveRecord(_ ring: RingBufferMap, _ size: UInt64) -> UInt64? {
    guard let record = ring.reserve(size) else { return nil }
    state.pointee.hasRecords = true
    if let address = memory.openWindow(record, count: Int(size)) { return address }
    RingBufferMap.commit(record, discard: true)
    return nil
  }

  /// `bpf_ringbuf_submit(data, flags)` and `bpf_ringbuf_discard(data, flags)`.
  func ringBufferCommit(_ helper: Int32, discard: Bool) -> Sequel {
    guard let record = memory.closeWindow(registers[1]) else { return refuse(helper, argument: 1) }
    RingBufferMap.commit(record, discard: discard)
    return give(0)
  }

  /// `bpf_ringbuf_query(map, flags)`.
  func ringBufferQuery() -> Sequel {
    withRing(134) { ring in give(ring.query(registers[2])) }
  }

  /// `bpf_user_ringbuf_drain(map, callback, ctx, flags)`: a call for each sample, until one returns 1; the number of calls.
  func userRingBufferDrain() -> Sequel {
    withMap(209, where: { $0 == .userRingbuf }) { map in
      guard let function = GuestFunction(address: registers[2]) else { return refuse(209, argument: 2) }
      guard registers[4] & ~Machine.wakeupFlags == 0 else { return give(errno: -EINVAL) }
      return begin(Callback(function: function, context: registers[3], source: .samples(map: map.index)))
    }
  }

  /// `BPF_MAX_USER_RINGBUF_SAMPLES`.
  static let sampleLimit: UInt64 = 128 << 10

  /// Shows the next sample of a user ring buffer through a dynptr.
  /// - Returns: the dynptr's address; nil when there is no sample.
  func presentSample(of index: Int) -> UInt64? {
    guard let ring = maps[index] as? UserRingBufferMap, let sample = ring.take() else { return nil }
    if sampleBlocks.map({ $0.data.byteCount < sample.count }) ?? true {
      guard
        let data = try? memory.allocate(byteCount: max(sample.count, 4096), stride: 8, access: .readWrite),
        let dynptr = try? memory.allocate(byteCount: GuestDynptr.byteCount, stride: 8, access: .readWrite)
      else { return nil }
      sampleBlocks = (data, dynptr)
    }
    guard let (data, dynptr) = sampleBlocks else { return nil }
    sample.withUnsafeBytes { if let base = $0.baseAddress { data.host.copyMemory(from: base, byteCount: $0.count) } }
    memory.regions[data.firstRegion].bounds = Region.bounds(count: sample.count, writable: true)
    GuestDynptr(data: data.address, size: UInt32(clamping: sample.count), kind: .local).store(dynptr.host)
    return dynptr.address
  }

  @inline(__always)
  private func withRing(_ helper: Int32, _ body: (RingBufferMap) -> Sequel) -> Sequel {
    withMap(helper, where: { $0 == .ringbuf }) { map in
      // The type says which class it is.
      body(unsafeDowncast(map, to: RingBufferMap.self))
    }
  }

  /// Hands on what the rings hold, after a run that put something in.
  @inline(never)
  func drainRings() {
    state.pointee.hasRecords = false
    if state.pointee.trap != nil {
      // What a run leaves reserved would hold up everything behind it; the verifier lets no such program in.
      memory.closeWindows { RingBufferMap.commit($0, discard: true) }
    }
    guard configuration.eventReader == .present else { return }
    for case let ring as RingBufferMap in maps {
      ring.drain { bytes in
        events?(MachineEvent(map: ring.index, cpu: configuration.cpu, bytes: Array(bytes)))
      }
    }
  }
}
