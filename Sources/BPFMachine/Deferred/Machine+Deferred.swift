import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Machine {
  /// Callbacks that run at most before a packet. A timer that starts itself anew without delay would else never end.
  public static let deferredLimit = 1_000_000

  /// Runs what timers and work queues have left to do, until `duration` nanoseconds after the last packet; the clock is then
  /// there.
  public func settle(for duration: UInt64 = 0, engine: EngineKind = .threaded) {
    let (end, overflow) = clock.addingReportingOverflow(duration)
    runDue(at: overflow ? .max : end, engine: engine)
    clock = overflow ? .max : end
  }

  /// What runs, or ran last.
  public var origin: Trap.Origin {
    guard let item = runningItem else { return .packet }
    return item.kind == .timer ? .timer(map: item.map) : .work(map: item.map)
  }

  /// What became of timers and work queues so far.
  public var deferredReport: DeferredReport {
    var report = deferredCounts
    report.started = deferred.startedCount
    report.untilNext = report.started == 0 ? 0 : deferred.nextExpiry &- min(clock, deferred.nextExpiry)
    return report
  }

  /// Runs the callbacks that are due at `time`, in order, each with the clock at its own time.
  @inline(never)
  func runDue(at time: UInt64, engine: EngineKind) {
    var calls = 0
    while deferred.nextExpiry <= time {
      guard calls < Machine.deferredLimit else {
        deferredCounts.isBounded = true
        break
      }
      guard let item = deferred.next(dueAt: time) else { break }
      calls += 1
      clock = max(clock, item.expiry)
      run(item, engine: engine)
    }
    state.pointee.nextExpiry = deferred.nextExpiry
  }

  private func run(_ item: DeferredCalls.Item, engine: EngineKind) {
    guard let function = item.function, isFunction(function),
      let element = maps[item.map].element(at: item.value)
    else { return }
    deferred.running = item.id
    runningItem = item
    begin()
    registers[1] = GuestMap.address(index: item.map)
    registers[2] = maps[item.map].withKey(ofElement: element.slot) { presentKey($0, depth: CallFrame.maximum) }
    registers[3] = item.value
    var outcome = run(function, engine: engine)
    if state.pointee.hasLeftovers { outcome = finish(outcome, of: function.program) }
    deferred.running = 0
    defer { runningItem = nil }
    if item.kind == .timer { deferredCounts.timers += 1 } else { deferredCounts.works += 1 }
    deferredCounts.instructions &+= UInt64(outcome.instructions)
    if state.pointee.hasRecords { drainRings() }
    guard outcome.isTrapped, var trap = trap else { return }
    trap.origin = origin
    let cause = deferredCounts.causes.first {
      $0.program == trap.program && $0.slot == trap.slot && $0.origin == trap.origin
    }
    if let cause {
      deferredCounts.counts[cause, default: 0] += 1
    } else {
      deferredCounts.causes.append(trap)
      deferredCounts.counts[trap] = 1
    }
    state.pointee.trap = nil
  }

  // MARK: Members of values

  /// The host address of a timer or work item that an argument points to; nil when it is none.
  private func member(_ kind: DeferredCalls.Kind) -> UnsafeMutableRawPointer? {
    memory.write(registers[1], DeferredCalls.memberSize(kind))
  }

  /// What the helpers that take an initialised member do with it: EINVAL when it is not.
  private func withItem(_ helper: Int32, _ kind: DeferredCalls.Kind, _ body: (Int) -> Sequel) -> Sequel {
    guard let member = member(kind) else { return refuse(helper, argument: 1) }
    guard member.loadUnaligned(as: UInt64.self) != 0 else { return give(errno: -EINVAL) }
    guard let index = deferred.item(of: member), deferred.items[index].kind == kind else {
      return refuse(helper, argument: 1)
    }
    return body(index)
  }

  /// `__bpf_async_init`: the member that r1 points to, of a value of the map that r2 names.
  private func initialise(_ helper: Int32, _ kind: DeferredCalls.Kind) -> Sequel {
    guard let index = mapIndex(argument: 2) else { return refuse(helper, argument: 2) }
    let map = maps[index]
    guard let member = member(kind), let element = map.element(at: registers[1]),
      map.layout.fields.contains(where: { $0.offset == element.offset && $0.kind == kind.field })
    else { return refuse(helper, argument: 1) }
    guard deferred.item(of: member) == nil else { return give(errno: -EBUSY) }
    guard map.hasUserReference else { return give(errno: -EPERM) }
    map.deferred = deferred
    deferred.make(kind, map: index, value: registers[1] &- UInt64(element.offset), member: member)
    return give(0)
  }

  /// `__bpf_async_set_callback`.
  private func setCallback(_ helper: Int32, _ kind: DeferredCalls.Kind) -> Sequel {
    withItem(helper, kind) { index in
      guard maps[deferred.items[index].map].hasUserReference else { return give(errno: -EPERM) }
      guard let function = GuestFunction(address: registers[2]), isFunction(function) else {
        return refuse(helper, argument: 2)
      }
      deferred.setFunction(function, of: index)
      return give(0)
    }
  }

  private func start(_ index: Int, at time: UInt64) -> Sequel {
    deferred.start(index, at: time)
    state.pointee.nextExpiry = deferred.nextExpiry
    return give(0)
  }

  // MARK: Timers

  /// `bpf_timer_init(timer, map, flags)`: the flags name CLOCK_REALTIME, CLOCK_MONOTONIC or CLOCK_BOOTTIME, which are one here.
  func timerInit() -> Sequel {
    [0, 1, 7].contains(registers[3]) ? initialise(169, .timer) : give(errno: -EINVAL)
  }

  /// `bpf_timer_set_callback(timer, callback)`.
  func timerSetCallback() -> Sequel { setCallback(170, .timer) }

  /// `BPF_F_TIMER_ABS` and `BPF_F_TIMER_CPU_PIN`.
  private static let absoluteTime: UInt64 = 1
  private static let timerFlags: UInt64 = 3
  /// `KTIME_MAX`.
  private static let never = UInt64(Int64.max)

  /// `bpf_timer_start(timer, nsecs, flags)`. Times are signed in the kernel: an absolute one below 0 has passed, a relative one
  /// below 0 is as good as never (`ktime_add_safe`).
  func timerStart() -> Sequel {
    let (time, flags) = (registers[2], registers[3])
    guard flags & ~Machine.timerFlags == 0 else { return give(errno: -EINVAL) }
    return withItem(171, .timer) { index in
      guard deferred.items[index].function != nil else { return give(errno: -EINVAL) }
      if flags & Machine.absoluteTime != 0 { return start(index, at: time <= Machine.never ? time : 0) }
      let (end, overflow) = clock.addingReportingOverflow(time)
      let isNever = overflow || time > Machine.never || end > Machine.never
      return start(index, at: isNever ? Machine.never : end)
    }
  }

  /// `bpf_timer_cancel(timer)`: 1 when it was started, else 0; the callback is forgotten.
  func timerCancel() -> Sequel {
    withItem(172, .timer) { index in
      guard deferred.items[index].id != deferred.running else { return give(errno: -EDEADLK) }
      deferred.setFunction(nil, of: index)
      let wasStarted = deferred.stop(index)
      state.pointee.nextExpiry = deferred.nextExpiry
      return give(wasStarted ? 1 : 0)
    }
  }

  // MARK: Work queues

  /// `bpf_wq_init(wq, map, flags)`.
  func workInit() -> Sequel { registers[3] & 0xffff_ffff == 0 ? initialise(0, .work) : give(errno: -EINVAL) }

  /// `bpf_wq_set_callback_impl(wq, callback, flags, aux)`.
  func workSetCallback() -> Sequel {
    registers[3] & 0xffff_ffff == 0 ? setCallback(0, .work) : give(errno: -EINVAL)
  }

  /// `bpf_wq_start(wq, flags)`: the callback runs as soon as the program is done, once however often it was started.
  func workStart() -> Sequel {
    guard registers[2] & 0xffff_ffff == 0 else { return give(errno: -EINVAL) }
    return withItem(0, .work) { index in
      guard deferred.items[index].function != nil else { return give(errno: -EINVAL) }
      return deferred.items[index].place >= 0 ? give(0) : start(index, at: clock)
    }
  }
}

extension DeferredCalls {
  /// Bytes of `struct bpf_timer` and `struct bpf_wq`.
  static func memberSize(_ kind: Kind) -> Int { 16 }
}

extension DeferredCalls.Kind {
  /// The member that holds it.
  fileprivate var field: SpecialField.Kind { self == .timer ? .timer : .workqueue }
}
